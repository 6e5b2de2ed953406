"""The video's model in HIPS autograd: NumPy forward, gradients by its tape, Adam in plain NumPy."""

import autograd.numpy as np
from autograd import value_and_grad

from benchmarks.peers.parameters import batch, initial
from benchmarks.peers.seq2seq_numpy import Adam


def sigmoid(x):
    return 0.5 * (np.tanh(0.5 * x) + 1)


def log_softmax(x):
    x = x - np.max(x, -1, keepdims=True)
    return x - np.log(np.sum(np.exp(x), -1, keepdims=True))


def lstm(p, side, layers, x, states):
    finals = []
    for k in range(layers):
        W, b = p[f"{side}.weight_hh_l{k}"].T, p[f"{side}.bias_ih_l{k}"] + p[f"{side}.bias_hh_l{k}"]
        gates, outputs, (h, c) = np.dot(x, p[f"{side}.weight_ih_l{k}"].T) + b, [], states[k]
        for t in range(x.shape[1]):
            i, f, g, o = np.split(gates[:, t] + np.dot(h, W), 4, axis=-1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            outputs.append(h)
        x = np.stack(outputs, 1)
        finals.append((h, c))
    return x, finals


def loss_of(p, source, target, wanted, layers):
    zeros = np.zeros((len(source), p["encoder.weight_hh_l0"].shape[1]), np.float32)
    h, states = lstm(p, "encoder", layers, p["source_embedding.weight"][source], [(zeros, zeros)] * layers)
    s, _ = lstm(p, "decoder", layers, p["target_embedding.weight"][target], states)
    context = np.matmul(np.exp(log_softmax(np.matmul(s, np.swapaxes(h, 1, 2)))), h)
    log_p = log_softmax(np.dot(np.concatenate([context, s], -1), p["output.weight"].T) + p["output.bias"])
    B, T = wanted.shape
    return -np.mean(log_p[np.arange(B)[:, None], np.arange(T), wanted])


def make_step(V, E, H, layers, B, T):
    p, ids = initial(V, E, H, layers), batch(V, B, T)
    adam, gradient_of = Adam(p), value_and_grad(loss_of)

    def step():
        loss, gradient = gradient_of(p, *ids, layers)
        adam.step(gradient)
        return float(loss)

    return step
