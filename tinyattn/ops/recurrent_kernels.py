"""Kernels for what the LSTM and the GRU do alike: carry rows of the batch between (B, T, ...) and the order of steps.

In that order a step's rows lie side by side, and step follows step: see recurrent.py. `rows` says which rows of the
batch they are, the longest first, so that those still running at a step are the first `running` of them.
"""

from __future__ import annotations

from ..kernels.compile import kernel


@kernel
def still_running(rows, lengths, running, step):
    """How many of the first `running` rows have a step number `step`."""
    while running > 0 and lengths[rows[running - 1]] <= step:
        running -= 1
    return running


@kernel
def place(length, reverse, step):
    """Where in its row step number `step` is: t"""
    return length - 1 - step if reverse else step


@kernel
def take_steps(rows, lengths, reverse, step, part, whole):
    """part (n, K or more) = whole (B, T, K) at this step"""
    n, K = len(part), whole.shape[2]
    for i in range(n):
        b = rows[i]
        t = place(lengths[b], reverse, step)
        for k in range(K):
            part[i, k] = whole[b, t, k]


@kernel
def put_steps(rows, lengths, reverse, step, part, whole):
    """whole (B, T, K) at this step = part (n, K)"""
    n, K = part.shape
    for i in range(n):
        b = rows[i]
        t = place(lengths[b], reverse, step)
        for k in range(K):
            whole[b, t, k] = part[i, k]


@kernel
def add_steps(rows, lengths, reverse, step, part, whole):
    """part (n, K) += whole (B, T, K) at this step"""
    n, K = part.shape
    for i in range(n):
        b = rows[i]
        t = place(lengths[b], reverse, step)
        for k in range(K):
            part[i, k] += whole[b, t, k]


@kernel
def put_columns(whole, column, part):
    """whole (n, K or more), from `column` on, = part (n, K)"""
    n, K = part.shape
    for i in range(n):
        for k in range(K):
            whole[i, column + k] = part[i, k]


@kernel
def take_rows(part, whole, rows):
    """part (n, K) = whole[rows]"""
    for i in range(len(rows)):
        b = rows[i]
        for k in range(whole.shape[1]):
            part[i, k] = whole[b, k]


@kernel
def put_rows(whole, part, rows):
    """whole[rows] = part (n, K)"""
    for i in range(len(rows)):
        b = rows[i]
        for k in range(whole.shape[1]):
            whole[b, k] = part[i, k]
