"""Kernels of decoding: a source is read, and translations grow token by token, for all rows of a batch, with no line
of Python in between. The formulas and their names are those of model.py.

Weights come as they lie in the model, where the outputs for one row are dot products, as fast as the weights can be
read from memory; or packed besides, which pays for several rows (see kernels/matmul.py).
"""

from __future__ import annotations

import math

import numpy as np

from tinyattn.kernels.compile import kernel
from tinyattn.kernels.matmul import matmul_packed
from tinyattn.kernels.vector import EXACT, exp, largest, sigmoid, tanh
from tinyattn.text.vocabulary import END

BLOCK = 64  # logits that are passed over at once where the largest of them is not large enough


@kernel
def read(h, keys, h_n, c_n, ids, encoder):
    """Encoder.forward and Attention.keys of one source, ids (S,): h (S, H), keys (S, H), h_n and c_n (layers, H).

    encoder: see decoding_arrays.py. Where keys are h itself, `keys` is not written.
    """
    embedding, lstm, key, key_bias, is_unit = encoder
    S, (layers, H), E = len(ids), h_n.shape, embedding.shape[1]
    directions = len(lstm) // layers
    half = H // directions  # units of a direction
    x, z = np.empty((S, E), h.dtype), np.empty((S, 4 * half), h.dtype)
    h_t, c_t = np.empty((1, half), h.dtype), np.empty(half, h.dtype)
    for t in range(S):
        for e in range(E):
            x[t, e] = embedding[ids[t], e]
    for layer in range(layers):
        for direction in range(directions):
            (bias, w_ih, w_hh), first = lstm[layer * directions + direction], direction * half
            for j in range(half):
                h_t[0, j] = c_t[j] = 0
            fill(z, bias)
            add_dots(z, x, w_ih[0])
            for step in range(S):
                t = step if direction == 0 else S - 1 - step
                add_dots(z[t : t + 1], h_t, w_hh[0])
                lstm_cell(z[t], h_t[0], c_t)
                for j in range(half):
                    h[t, first + j] = h_t[0, j]
            for j in range(half):
                h_n[layer, first + j] = h_t[0, j]
                c_n[layer, first + j] = c_t[j]
        x = h.copy()
    if is_unit:
        for t in range(S):
            unit(keys[t], h[t])
    elif len(key) > 0:
        fill(keys, key_bias)
        add_dots(keys, h, key)


@kernel
def decode(ids, log_p, weights, h, c, fed, previous, rows, limits, logits, never, read_by, sources, decoder):
    """Up to T tokens for each of R rows. Returns how many rows go on after that; -1: the probabilities are NaN.

    At every step each row continues with its likeliest token, until that is the end or limits[rows[r]] tokens are
    there; the rows after it then move up. So h and c (layers, B, H), fed (B, D), previous (B,) and rows (B,) are at any
    time about the first R rows, while ids (B, T, K) and log_p (B, T, K), the K likeliest tokens of each step, and
    weights (B, T, S), what was looked at, are at rows[r]. read_by[rows[r]] is the row's source.

    fed is what the output layer got last, (B, 0) without input feeding. logits (B, V) is memory to work in. never: ids
    that no row says. sources: what was read, h and keys (B, S, H) and lengths (B,). decoder: see decoding_arrays.py.
    """
    embedding, lstm, attends, before, query, is_unit, scale, v, combine, output, output_bias = decoder
    sources_h, keys, lengths = sources
    (layers, _, H), T, R, F = h.shape, ids.shape[1], len(rows), fed.shape[1]
    E, D, joined_size = embedding.shape[1], output[0].shape[1], 2 * H if attends else H
    beside = E + H if before else E  # of what the LSTM reads: where the part that is fed begins
    x_0, z = np.empty((R, beside + F), h.dtype), np.empty((R, 4 * H), h.dtype)
    queries, joined = np.empty((R, H), h.dtype), np.empty((R, joined_size), h.dtype)
    combined, nothing = np.empty((R, D if len(combine[0]) > 0 else 0), h.dtype), np.zeros(D, h.dtype)
    for t in range(T):
        for r in range(R):
            for e in range(E):
                x_0[r, e] = embedding[previous[r], e]
            for k in range(F):
                x_0[r, beside + k] = fed[r, k]

        # The decoder's LSTM, a token on, and then its output asks; or the other way round.
        s = h[layers - 1, :R]
        for looks in (before, not before):
            if looks and attends:
                if len(v) > 0:
                    fill(queries[:R], v * 0)
                    add_dots(queries[:R], s, query)
                for r in range(R):
                    q, b = queries[r] if is_unit or len(v) > 0 else s[r], read_by[rows[r]]
                    if is_unit:
                        unit(q, s[r])
                    S = lengths[b]
                    attend(joined[r, :H], weights[rows[r], t], q, keys[b, :S], sources_h[b, :S], scale, v)
                    if before:
                        for j in range(H):
                            x_0[r, E + j] = joined[r, j]
            if not looks:
                x = x_0[:R]
                for layer in range(layers):
                    (bias, w_ih, w_hh), h_t, c_t = lstm[layer], h[layer, :R], c[layer, :R]
                    fill(z[:R], bias)
                    for w, given in ((w_ih, x), (w_hh, h_t)):  # a loop halves what there is to compile
                        add_product(z[:R], given, w)
                    for r in range(R):
                        lstm_cell(z[r], h_t[r], c_t[r])
                    x = h_t

        # features: context and s side by side, without attention s alone; or what is combined of these
        for r in range(R):
            for j in range(H):
                joined[r, joined_size - H + j] = s[r, j]
        features = joined[:R]
        if len(combine[0]) > 0:
            features = combined[:R]
            fill(features, nothing)
            add_product(features, joined[:R], combine)
            for r in range(R):
                for k in range(D):
                    features[r, k] = tanh(features[r, k])
        for r in range(R):
            for k in range(F):
                fed[r, k] = features[r, k]
        fill(logits[:R], output_bias)
        add_product(logits[:R], features, output)

        # the next token
        going = 0
        for r in range(R):
            row = rows[r]
            if not likeliest(ids[row, t], log_p[row, t], logits[r], never):
                return -1
            token = ids[row, t, 0]
            if token != END and t + 1 < limits[row]:
                rows[going], previous[going] = row, token
                for layer in range(layers):
                    for j in range(H):
                        h[layer, going, j] = h[layer, r, j]
                        c[layer, going, j] = c[layer, r, j]
                for k in range(F):
                    fed[going, k] = fed[r, k]
                going += 1
        R = going
        if R == 0:
            break
    return R


@kernel
def fill(y, bias):
    """y (R, N) = bias (N,)"""
    R, N = y.shape
    for r in range(R):
        for n in range(N):
            y[r, n] = bias[n]


@kernel
def add_product(y, x, w):
    """y (R, N) += x (R, K) weightᵀ, with w: the weight (N, K), and its panels or none"""
    weight, panels = w
    if len(panels) > 0:
        matmul_packed(x, panels, y, True)
    else:
        add_dots(y, x, weight)


@kernel
def add_dots(y, x, weight):
    """y (R, N) += x (R, K) weightᵀ, with weight (N, K) as it lies there"""
    (R, K), N = x.shape, len(weight)
    if R == 1:
        for n in range(N):
            total = weight.dtype.type(0)
            for k in range(K):
                total += weight[n, k] * x[0, k]
            y[0, n] += total
    else:
        for r0 in range(0, R, 4):  # four rows at a time; where there are less, the last one again
            r1, r2, r3 = min(r0 + 1, R - 1), min(r0 + 2, R - 1), min(r0 + 3, R - 1)
            for n in range(N):
                total0 = total1 = total2 = total3 = weight.dtype.type(0)
                for k in range(K):
                    total0 += weight[n, k] * x[r0, k]
                    total1 += weight[n, k] * x[r1, k]
                    total2 += weight[n, k] * x[r2, k]
                    total3 += weight[n, k] * x[r3, k]
                y[r0, n], y[r1, n], y[r2, n], y[r3, n] = (
                    y[r0, n] + total0, y[r1, n] + total1, y[r2, n] + total2, y[r3, n] + total3)


@kernel
def lstm_cell(z, h, c):
    """h and c (H,) one step on, from z (4H,) = w_ih x + b_ih + w_hh h + b_hh, which is used up (see ops/lstm.py)"""
    H = len(h)
    for j in range(2 * H):  # i and f
        z[j] = sigmoid(z[j])
    for j in range(2 * H, 3 * H):
        z[j] = tanh(z[j])
    for j in range(3 * H, 4 * H):
        z[j] = sigmoid(z[j])
    for j in range(H):  # c' = f c + i g
        c[j] = z[H + j] * c[j] + z[j] * z[2 * H + j]
    for j in range(H):  # h' = o tanh c'
        h[j] = z[3 * H + j] * tanh(c[j])


@kernel
def unit(y, x):
    """y = x / |x|; 0 stays 0"""
    total = x.dtype.type(0)
    for j in range(len(x)):
        total += x[j] * x[j]
    factor = x.dtype.type(1 / math.sqrt(total + 1e-12))
    for j in range(len(x)):
        y[j] = x[j] * factor


@kernel
def attend(context, weights, query, keys, h, scale, v):
    """context (H,) = weights · h (S, H) with weights = softmax of scale · query · keys, or of v · tanh(query + keys)
    where there is a v; query (A,), keys (S, A). Of weights the first S are written."""
    (S, A), H = keys.shape, len(context)
    for i in range(S):
        score = weights.dtype.type(0)
        if len(v) > 0:
            for a in range(A):
                score += v[a] * tanh(query[a] + keys[i, a])
        else:
            for a in range(A):
                score += query[a] * keys[i, a]
            score *= scale
        weights[i] = score
    highest, total = largest(weights[:S]), weights.dtype.type(0)
    for i in range(S):
        weights[i] = exp(weights[i] - highest)
        total += weights[i]
    for j in range(H):
        context[j] = 0
    for i in range(S):
        weights[i] /= total
        for j in range(H):
            context[j] += weights[i] * h[i, j]


@kernel
def likeliest(ids, log_p, logits, never):
    """The K likeliest tokens, ids (K,), and their log p (K,), from logits (V,), which are used up, but for the ids
    `never`; the lower id first where two are equal. Ids 0 with -inf: there are no more. False: the
    probabilities are NaN."""
    V, K = len(logits), len(ids)
    highest, total = largest(logits), logits.dtype.type(0)
    for n in range(V):
        total += exp(logits[n] - highest)
    if total != total:
        return False
    log_total = logits.dtype.type(math.log(total))
    for n in never:
        logits[n] = -np.inf
    for k in range(K):
        ids[k], log_p[k] = 0, -np.inf  # log_p holds logits at first
    for first in range(0, V, BLOCK):
        if largest(logits[first : first + BLOCK]) > log_p[K - 1]:
            for n in range(first, min(first + BLOCK, V)):
                if logits[n] > log_p[K - 1]:
                    k = K - 1
                    while k > 0 and logits[n] > log_p[k - 1]:
                        ids[k], log_p[k] = ids[k - 1], log_p[k - 1]
                        k -= 1
                    ids[k], log_p[k] = n, logits[n]
    for k in range(K):
        log_p[k] = log_softmax(log_p[k], highest, log_total)
    return True


@kernel(fastmath=EXACT)
def log_softmax(x, highest, log_total):
    """log softmax of x; regrouped, as kernels otherwise may, it would lose log_total next to a large highest."""
    return (x - highest) - log_total
