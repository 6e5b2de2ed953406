"""Rows of logits become losses, and while a row is in the cache dL/dlogits: p − y, where that is all."""

from __future__ import annotations

import math

from ..kernels.compile import kernel
from ..kernels.vector import EXACT, exp_down, largest


# Regrouped, (m − x) + log Σ would lose log Σ next to a large m.
@kernel(fastmath=EXACT)
def row_losses(losses, dlogits, row, logits, targets, weight, ignore_index, smoothing, factor):
    """losses (R,) = −Σ w q log softmax(logits), and dlogits (R, C) = factor · dlosses/dlogits

    where q is 1 − ε for the target and ε / C more for every class, ε = smoothing. dlogits without rows, (0, C), is
    left out; it may be the same memory as logits (R, C), for each row is first copied to `row` (C,).
    targets (R,), weight (C,).
    """
    R, C = logits.shape
    number = row.dtype.type
    share = smoothing / C
    shared = share * sum_of(weight) if smoothing > 0 else 0.0
    for r in range(R):
        t = targets[r]
        if t == ignore_index:
            losses[r] = 0
            dlogits[r:r + 1] = 0
            continue
        for c in range(C):
            row[c] = logits[r, c]
        m = largest(row)
        sure = (1 - smoothing) * weight[t]
        below = sure * (m - row[t])  # how far the target's logit is below the largest
        if smoothing > 0:
            below += share * sum_below(row, weight, m)  # and all others
        total = exponentials(row, m)
        losses[r] = below + (sure + shared) * math.log(total)
        if dlogits.shape[0]:
            scale, spread = number(factor * (sure + shared) / total), number(factor * share)
            for c in range(C):
                dlogits[r, c] = scale * row[c]
            if smoothing > 0:
                for c in range(C):
                    dlogits[r, c] -= spread * weight[c]
            dlogits[r, t] -= number(factor * sure)


@kernel
def exponentials(row, m):
    """row (C,) becomes exp(row − m); returns their sum"""
    total = row.dtype.type(0)
    for c in range(row.size):
        row[c] = exp_down(row[c] - m)
        total += row[c]
    return total


@kernel
def sum_of(x):
    """Σ x"""
    total = x.dtype.type(0)
    for n in range(x.size):
        total += x[n]
    return total


@kernel
def sum_below(row, weight, m):
    """Σ weight (m − row)"""
    total = row.dtype.type(0)
    for c in range(row.size):
        total += weight[c] * (m - row[c])
    return total
