"""The video's model in JAX: a step compiled as a whole by XLA, scan over time, parameters donated."""

from functools import partial

import jax
import jax.numpy as jnp

from benchmarks.peers.parameters import batch, initial


def lstm(p, side, layers, x, state):
    """x (B, L, E), state ((layers, B, H), (layers, B, H)) -> outputs (B, L, H), state"""
    finals = []
    for k in range(layers):
        W, b = p[f"{side}.weight_hh_l{k}"].T, p[f"{side}.bias_ih_l{k}"] + p[f"{side}.bias_hh_l{k}"]

        def step(state, gates, W=W):
            h, c = state
            i, f, g, o = jnp.split(gates + h @ W, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        gates = x @ p[f"{side}.weight_ih_l{k}"].T + b
        final, outputs = jax.lax.scan(step, (state[0][k], state[1][k]), gates.swapaxes(0, 1))
        x = outputs.swapaxes(0, 1)
        finals.append(final)
    return x, tuple(jnp.stack(one) for one in zip(*finals))


def loss_of(p, source, target, wanted, layers):
    B, H = len(source), p["encoder.weight_hh_l0"].shape[1]
    zeros = jnp.zeros((layers, B, H))
    h, state = lstm(p, "encoder", layers, p["source_embedding.weight"][source], (zeros, zeros))
    s, _ = lstm(p, "decoder", layers, p["target_embedding.weight"][target], state)
    weights = jax.nn.softmax(s @ h.swapaxes(1, 2))
    logits = jnp.concatenate([weights @ h, s], -1) @ p["output.weight"].T + p["output.bias"]
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), wanted[..., None], -1)
    return -chosen.mean()


@partial(jax.jit, donate_argnums=0, static_argnums=2)
def update(state, ids, layers):
    p, m, v, t = state
    loss, gradient = jax.value_and_grad(loss_of)(p, *ids, layers)
    t = t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
    p = jax.tree.map(lambda p, m, v: p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), p, m, v)
    return (p, m, v, t), loss


def make_step(V, E, H, layers, B, T):
    p = {name: jnp.asarray(x) for name, x in initial(V, E, H, layers).items()}
    zeros = [{name: jnp.zeros_like(x) for name, x in p.items()} for _ in range(2)]
    state, ids = (p, *zeros, jnp.zeros(())), tuple(map(jnp.asarray, batch(V, B, T)))

    def step():
        nonlocal state
        state, loss = update(state, ids, layers)
        return float(loss)  # waits for the end

    return step
