"""The video's model in plain NumPy, forward and backward written by hand: what it costs without any engine."""

import numpy as np

from benchmarks.peers.parameters import batch, initial


class Adam:
    def __init__(self, p, lr=1e-3):
        self.p, self.lr, self.t = p, lr, 0
        self.m, self.v = ({name: np.zeros_like(x) for name, x in p.items()} for _ in range(2))

    def step(self, gradient):
        self.t += 1
        size, floor = self.lr / (1 - 0.9**self.t), (1 - 0.999**self.t) ** 0.5
        for name, g in gradient.items():
            m, v = self.m[name], self.v[name]
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            self.p[name] -= size * m / (np.sqrt(v) / floor + 1e-8)


def sigmoid(x):
    return 0.5 * (np.tanh(0.5 * x) + 1)


def lstm(p, side, layers, x, states):
    """x (B, L, E), a state (h, c) a layer -> outputs (B, L, H), final states, and what the way back needs"""
    kept, finals = [], []
    for k in range(layers):
        W, b = p[f"{side}.weight_hh_l{k}"].T, p[f"{side}.bias_ih_l{k}"] + p[f"{side}.bias_hh_l{k}"]
        B, L, _ = x.shape
        H = len(W)
        gates = (x @ p[f"{side}.weight_ih_l{k}"].T + b).reshape(B, L, 4, H)  # i f g o
        hs, cs = np.empty((B, L + 1, H), x.dtype), np.empty((B, L + 1, H), x.dtype)
        hs[:, 0], cs[:, 0] = states[k]
        for t in range(L):
            a = gates[:, t]
            a += (hs[:, t] @ W).reshape(B, 4, H)
            a[:, 2] = np.tanh(a[:, 2])
            a[:, [0, 1, 3]] = sigmoid(a[:, [0, 1, 3]])
            cs[:, t + 1] = a[:, 1] * cs[:, t] + a[:, 0] * a[:, 2]
            hs[:, t + 1] = a[:, 3] * np.tanh(cs[:, t + 1])
        kept.append((x, gates, hs, cs))
        x = hs[:, 1:]
        finals.append((hs[:, -1], cs[:, -1]))
    return x, finals, kept


def lstm_backward(p, side, layers, dx, dfinals, kept, gradient):
    """-> dx of the first layer, d(first states); the parameters' gradients go to `gradient`"""
    dstates = [None] * layers
    for k in reversed(range(layers)):
        x, gates, hs, cs = kept[k]
        B, L, I = x.shape  # noqa: E741
        H = hs.shape[-1]
        W = p[f"{side}.weight_hh_l{k}"]
        da, (dh, dc) = np.empty_like(gates), dfinals[k]
        for t in reversed(range(L)):
            i, f, g, o = (gates[:, t, n] for n in range(4))
            tanh_c = np.tanh(cs[:, t + 1])
            dh = dh + dx[:, t]
            dc = dc + dh * o * (1 - tanh_c * tanh_c)
            da[:, t, 0], da[:, t, 1] = dc * g * i * (1 - i), dc * cs[:, t] * f * (1 - f)
            da[:, t, 2], da[:, t, 3] = dc * i * (1 - g * g), dh * tanh_c * o * (1 - o)
            dh, dc = da[:, t].reshape(B, 4 * H) @ W, dc * f
        da = da.reshape(B * L, 4 * H)
        gradient[f"{side}.weight_ih_l{k}"] = da.T @ x.reshape(B * L, I)
        gradient[f"{side}.weight_hh_l{k}"] = da.T @ hs[:, :-1].reshape(B * L, H)
        gradient[f"{side}.bias_ih_l{k}"] = gradient[f"{side}.bias_hh_l{k}"] = da.sum(0)
        dx = (da @ p[f"{side}.weight_ih_l{k}"]).reshape(B, L, I)
        dstates[k] = dh, dc
    return dx, dstates


def loss_and_gradient(p, source, target, wanted, layers):
    gradient, (B, T), H = {}, target.shape, p["encoder.weight_hh_l0"].shape[1]
    zeros = np.zeros((B, H), p["output.bias"].dtype)
    h, states, encoder_kept = lstm(p, "encoder", layers, p["source_embedding.weight"][source], [(zeros, zeros)] * layers)
    s, _, decoder_kept = lstm(p, "decoder", layers, p["target_embedding.weight"][target], states)
    weights = s @ h.swapaxes(1, 2)
    weights = np.exp(weights - weights.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    both = np.concatenate([weights @ h, s], -1).reshape(B * T, 2 * H)
    logits = both @ p["output.weight"].T + p["output.bias"]
    logits -= logits.max(-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(-1, keepdims=True)
    rows, wanted = np.arange(B * T), wanted.ravel()
    loss = -np.log(logits[rows, wanted]).mean()

    logits[rows, wanted] -= 1
    logits /= B * T
    gradient["output.weight"], gradient["output.bias"] = logits.T @ both, logits.sum(0)
    dcontext, ds = np.split((logits @ p["output.weight"]).reshape(B, T, 2 * H), 2, -1)
    dweights = dcontext @ h.swapaxes(1, 2)
    dscores = weights * (dweights - (dweights * weights).sum(-1, keepdims=True))
    dh = weights.swapaxes(1, 2) @ dcontext + dscores.swapaxes(1, 2) @ s
    dx, dstates = lstm_backward(p, "decoder", layers, ds + dscores @ h, [(zeros, zeros)] * layers, decoder_kept, gradient)
    gradient["target_embedding.weight"] = scattered(dx, target, p["target_embedding.weight"])
    dx, _ = lstm_backward(p, "encoder", layers, dh, dstates, encoder_kept, gradient)
    gradient["source_embedding.weight"] = scattered(dx, source, p["source_embedding.weight"])
    return loss, gradient


def scattered(dx, ids, table):
    gradient = np.zeros_like(table)
    np.add.at(gradient, ids, dx)
    return gradient


def make_step(V, E, H, layers, B, T):
    p, ids = initial(V, E, H, layers), batch(V, B, T)
    adam = Adam(p)

    def step():
        loss, gradient = loss_and_gradient(p, *ids, layers)
        adam.step(gradient)
        return float(loss)

    return step
