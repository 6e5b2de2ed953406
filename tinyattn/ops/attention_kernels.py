"""Kernels of attention: two kinds of scores, what is made of them, and the gradients, for a block of batch rows.

Nothing is computed for padding: what the mask leaves out is passed over.
"""

from __future__ import annotations

import numpy as np

from ..kernels.compile import kernel
from ..kernels.vector import exp, tanh


@kernel
def score_dot(queries, keys, mask, scale, scores):
    """scores (B, T, S) = scale · queries (B, T, H) · keys (B, S, H), for the real keys only"""
    B, T, S = scores.shape
    H = queries.shape[2]
    for b in range(B):
        for t in range(T):
            for s in range(S):
                if mask[b, s]:
                    total = scale * 0
                    for j in range(H):
                        total += queries[b, t, j] * keys[b, s, j]
                    scores[b, t, s] = scale * total


@kernel
def score_dot_backward(queries, keys, scale, dscores, dqueries, dkeys):
    """dqueries += scale · dscores · keys,  dkeys += scale · dscoresᵀ · queries"""
    B, T, S = dscores.shape
    H = queries.shape[2]
    for b in range(B):
        for t in range(T):
            for s in range(S):
                ds = scale * dscores[b, t, s]
                if ds != 0:
                    for j in range(H):
                        dqueries[b, t, j] += ds * keys[b, s, j]
                    for j in range(H):
                        dkeys[b, s, j] += ds * queries[b, t, j]


@kernel
def score_additive(queries, keys, v, mask, scores):
    """scores (B, T, S) = v (A,) · tanh(queries (B, T, A) + keys (B, S, A)), for the real keys only"""
    B, T, S = scores.shape
    A = v.shape[0]
    for b in range(B):
        for t in range(T):
            for s in range(S):
                if mask[b, s]:
                    total = v.dtype.type(0)
                    for a in range(A):
                        total += v[a] * tanh(queries[b, t, a] + keys[b, s, a])
                    scores[b, t, s] = total


@kernel
def score_additive_backward(queries, keys, v, dscores, dqueries, dkeys, dv):
    """dv (B, A) += dscores · tanh;  dqueries and dkeys += dscores · v · (1 − tanh²), summed over the other's steps"""
    B, T, S = dscores.shape
    A = v.shape[0]
    row = np.empty(A, v.dtype)
    for b in range(B):
        for t in range(T):
            for s in range(S):
                ds = dscores[b, t, s]
                if ds != 0:
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


@kernel
def weigh(mask, values, weights, context):
    """weights (B, T, S) come as scores and become their softmax over real keys; context (B, T, D) = weights · values"""
    B, T, S = weights.shape
    D = values.shape[2]
    for b in range(B):
        for t in range(T):
            highest = weights.dtype.type(-np.inf)
            for s in range(S):
                if mask[b, s] and weights[b, t, s] > highest:
                    highest = weights[b, t, s]
            if highest == -np.inf:  # no real key, or none with a finite score
                highest = weights.dtype.type(0)
            total = 0.0
            for s in range(S):
                weights[b, t, s] = exp(weights[b, t, s] - highest) if mask[b, s] else 0.0
                total += weights[b, t, s]
            for d in range(D):
                context[b, t, d] = 0
            for s in range(S):
                if weights[b, t, s] != 0:
                    weights[b, t, s] /= total
                    for d in range(D):
                        context[b, t, d] += weights[b, t, s] * values[b, s, d]


@kernel
def weigh_backward(values, weights, dcontext, dweights, dscores, dvalues):
    """dvalues += weightsᵀ · dcontext;  dscores = weights · (dw − Σ weights · dw), dw = dweights + dcontext · valuesᵀ"""
    B, T, S = weights.shape
    D = values.shape[2]
    for b in range(B):
        for t in range(T):
            mean = 0.0
            for s in range(S):
                w, dw = weights[b, t, s], dweights[b, t, s]
                if w != 0:
                    for d in range(D):
                        dw += dcontext[b, t, d] * values[b, s, d]
                    for d in range(D):
                        dvalues[b, s, d] += w * dcontext[b, t, d]
                dscores[b, t, s] = dw
                mean += w * dw
            for s in range(S):
                dscores[b, t, s] = weights[b, t, s] * (dscores[b, t, s] - mean)
