"""Kernels of attention: two kinds of scores, what is made of them, and the gradients, for a block of batch rows.

Keys after the last real one are passed over: of a row with S' keys up to there only the first S' are looked at.
"""

from __future__ import annotations

import numpy as np

from ..kernels.compile import kernel
from ..kernels.matmul import matmul_packed, pack
from ..kernels.tile import tile_size
from ..kernels.vector import exp_down, largest, tanh

MANY = 32  # rows and columns of weights from which on packing pays


@kernel
def count_real(mask):
    """How many keys there are up to the last real one; mask (S,)"""
    S = mask.shape[0]
    while S > 0 and not mask[S - 1]:
        S -= 1
    return S


@kernel
def dots(a, b, n, c):
    """C (M, n) = A (M, K) · B (n, K)ᵀ, two rows of A with four of B at a time, so that what is loaded serves several.

    Beyond the last row the last one is taken again, and gives the same once more.
    """
    M, K = a.shape
    for i in range(0, M, 2):
        i1 = min(i + 1, M - 1)
        for j in range(0, n, 4):
            j1, j2, j3 = min(j + 1, n - 1), min(j + 2, n - 1), min(j + 3, n - 1)
            x0 = x1 = x2 = x3 = y0 = y1 = y2 = y3 = a.dtype.type(0)
            for k in range(K):
                x0 += a[i, k] * b[j, k]
                x1 += a[i, k] * b[j1, k]
                x2 += a[i, k] * b[j2, k]
                x3 += a[i, k] * b[j3, k]
                y0 += a[i1, k] * b[j, k]
                y1 += a[i1, k] * b[j1, k]
                y2 += a[i1, k] * b[j2, k]
                y3 += a[i1, k] * b[j3, k]
            c[i, j], c[i, j1], c[i, j2], c[i, j3] = x0, x1, x2, x3
            c[i1, j], c[i1, j1], c[i1, j2], c[i1, j3] = y0, y1, y2, y3


@kernel
def sums(w, x, c):
    """C (M, N) = W (M, K) · X (K or more, N), W with any strides: two rows of C, four of X at a time.

    Where there are many of both, packing X pays.
    """
    (M, K), N = w.shape, x.shape[1]
    if min(M, K) >= MANY:
        width = tile_size()[1] // x.itemsize
        panels = np.empty(((N + width - 1) // width, K, width), x.dtype)
        pack(x[:K], panels)
        matmul_packed(w, panels, c, False)
        return
    zero = x.dtype.type(0)
    for i in range(M):
        for n in range(N):
            c[i, n] = 0
    for i in range(0, M, 2):
        for k in range(0, K, 4):
            k1, k2, k3 = min(k + 1, K - 1), min(k + 2, K - 1), min(k + 3, K - 1)
            a0, a1 = w[i, k], w[i, k1] if k + 1 < K else zero
            a2, a3 = w[i, k2] if k + 2 < K else zero, w[i, k3] if k + 3 < K else zero
            if i + 1 < M:
                b0, b1 = w[i + 1, k], w[i + 1, k1] if k + 1 < K else zero
                b2, b3 = w[i + 1, k2] if k + 2 < K else zero, w[i + 1, k3] if k + 3 < K else zero
                for n in range(N):
                    x0, x1, x2, x3 = x[k, n], x[k1, n], x[k2, n], x[k3, n]
                    c[i, n] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                    c[i + 1, n] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            else:
                for n in range(N):
                    c[i, n] += a0 * x[k, n] + a1 * x[k1, n] + a2 * x[k2, n] + a3 * x[k3, n]


# --- scores -------------------------------------------------------------


@kernel
def score_dot(queries, keys, mask, scale, scores):
    """scores (B, T, S') = scale · queries (B, T, H) · keys (B, S', H)ᵀ"""
    B, T, _ = scores.shape
    for b in range(B):
        real = count_real(mask[b])
        dots(queries[b], keys[b], real, scores[b])
        for t in range(T):
            for s in range(real):
                scores[b, t, s] *= scale


@kernel
def score_dot_backward(queries, keys, mask, scale, dscores, dqueries, dkeys):
    """dqueries = scale · dscores · keys,  dkeys (B, S', H) = scale · dscoresᵀ · queries; dscores are used up"""
    B, T, _ = dscores.shape
    for b in range(B):
        real = count_real(mask[b])
        for t in range(T):
            for s in range(real):
                dscores[b, t, s] *= scale
        sums(dscores[b, :, :real], keys[b], dqueries[b])
        sums(dscores[b, :, :real].T, queries[b], dkeys[b])


@kernel
def score_additive(queries, keys, v, mask, scores):
    """scores (B, T, S') = v (A,) · tanh(queries (B, T, A) + keys (B, S', A))"""
    B, T, _ = scores.shape
    A = v.shape[0]
    for b in range(B):
        for t in range(T):
            for s in range(count_real(mask[b])):
                total = v.dtype.type(0)
                for a in range(A):
                    total += v[a] * tanh(queries[b, t, a] + keys[b, s, a])
                scores[b, t, s] = total


@kernel
def score_additive_backward(queries, keys, v, mask, dscores, dqueries, dkeys, dv):
    """dv (B, A) = dscores · tanh;  dqueries and dkeys = dscores · v · (1 − tanh²), summed over the other's steps.

    All three come as 0.
    """
    B, T, _ = dscores.shape
    A = v.shape[0]
    row = np.empty(A, v.dtype)
    for b in range(B):
        for s in range(count_real(mask[b])):
            for t in range(T):
                ds = dscores[b, t, s]
                for a in range(A):
                    row[a] = tanh(queries[b, t, a] + keys[b, s, a])
                for a in range(A):
                    dv[b, a] += ds * row[a]
                for a in range(A):
                    row[a] = ds * v[a] * (1 - row[a] * row[a])
                for a in range(A):
                    dqueries[b, t, a] += row[a]
                for a in range(A):
                    dkeys[b, s, a] += row[a]


# --- weights and context ------------------------------------------------


@kernel
def weigh(mask, values, weights, context):
    """weights (B, T, S) come as scores and become their softmax over real keys; context (B, T, D) = weights · values"""
    B, T, S = weights.shape
    for b in range(B):
        real = count_real(mask[b])
        for t in range(T):
            row = weights[b, t]
            for s in range(real):
                if not mask[b, s]:
                    row[s] = -np.inf
            highest = largest(row[:real]) if real > 0 else row.dtype.type(0)
            if highest == -np.inf:  # no real key with a finite score
                highest = row.dtype.type(0)
            total = row.dtype.type(0)
            for s in range(real):
                row[s] = exp_down(row[s] - highest)
                total += row[s]
            if total != 0:
                for s in range(real):
                    row[s] /= total
            for s in range(real, S):
                row[s] = 0
        sums(weights[b, :, :real], values[b], context[b])


@kernel
def weigh_backward(mask, values, weights, dcontext, dweights, dscores, dvalues):
    """dvalues (B, S', D) = weightsᵀ · dcontext;  dscores (B, T, S') = weights · (dw − Σ weights · dw)

    with dw = dweights + dcontext · valuesᵀ
    """
    B, T, _ = weights.shape
    for b in range(B):
        real = count_real(mask[b])
        dots(dcontext[b], values[b], real, dscores[b])
        sums(weights[b, :, :real].T, dcontext[b], dvalues[b])
        for t in range(T):
            mean = weights.dtype.type(0)
            for s in range(real):
                dscores[b, t, s] += dweights[b, t, s]
                mean += weights[b, t, s] * dscores[b, t, s]
            for s in range(real):
                dscores[b, t, s] = weights[b, t, s] * (dscores[b, t, s] - mean)
