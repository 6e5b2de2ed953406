"""Kernels of the GRU: one step, and its time loop, forward and backward. Built as lstm_kernels.py is."""

from __future__ import annotations

import numpy as np

from ..kernels.compile import kernel
from ..kernels.matmul import matmul_packed
from ..kernels.vector import sigmoid, tanh
from .recurrent_kernels import add_steps, put_columns, put_rows, put_steps, still_running, take_rows, take_steps


@kernel
def cell_forward(gates, a, b_ih, b_hh, n_h, h):
    """gates (n, 3H) come as w_ih x and become r, z, n; a (n, 3H) = w_hh h; h (n, H) moves on.

    n_h (n, H) gets w_hn h + b_hn.
    """
    n, H = h.shape
    z0, n0 = H, 2 * H  # where the blocks of z and n begin; that of r begins at 0
    for i in range(n):
        for j in range(2 * H):  # r and z
            gates[i, j] = sigmoid(gates[i, j] + b_ih[j] + a[i, j] + b_hh[j])
        for j in range(H):
            n_h[i, j] = a[i, n0 + j] + b_hh[n0 + j]
        for j in range(H):
            gates[i, n0 + j] = tanh(gates[i, n0 + j] + b_ih[n0 + j] + gates[i, j] * n_h[i, j])
        for j in range(H):  # h' = (1 − z) n + z h
            z = gates[i, z0 + j]
            h[i, j] = (1 - z) * gates[i, n0 + j] + z * h[i, j]


@kernel
def cell_backward(gates, n_h, h, dh, from_x, from_h, db_ih, db_hh):
    """from_x and from_h (n, 3H + PADDING) get dL/d(w_ih x) and dL/d(w_hh h); their sums are added to db_ih and db_hh.

    h (n, H + PADDING) is that before the step. dh (n, H) comes as dL/d(state after it) and leaves as dL/d(state before
    it), except for the part that went through w_hh: that is from_h w_hh, and the caller adds it.
    """
    n, H = dh.shape
    z0, n0 = H, 2 * H
    for i in range(n):
        for j in range(H):  # dn = dh' (1 − z), and through n's tanh
            new = gates[i, n0 + j]
            from_x[i, n0 + j] = dh[i, j] * (1 - gates[i, z0 + j]) * (1 - new * new)
        for j in range(H):  # dz = dh' (h − n), and through z's sigmoid
            z = gates[i, z0 + j]
            from_x[i, z0 + j] = dh[i, j] * (h[i, j] - gates[i, n0 + j]) * z * (1 - z)
        for j in range(H):  # dr = dn (w_hn h + b_hn), and through r's sigmoid
            r = gates[i, j]
            from_x[i, j] = from_x[i, n0 + j] * n_h[i, j] * r * (1 - r)
        for j in range(2 * H):
            from_h[i, j] = from_x[i, j]
        for j in range(H):  # what comes to w_hn h is r times what comes to w_in x
            from_h[i, n0 + j] = from_x[i, n0 + j] * gates[i, j]
        for j in range(H):  # dh = dh' z
            dh[i, j] *= gates[i, z0 + j]
        for j in range(3 * H):
            db_ih[j] += from_x[i, j]
        for j in range(3 * H):
            db_hh[j] += from_h[i, j]


@kernel
def sequence_forward(rows, lengths, reverse, from_zero, x, h0, w_x, w_h, b_ih, b_hh, xs, before, gates, n_h, hs, h_end):
    """All steps of some `rows` of the batch; w_x is w_ihᵀ and w_h is w_hhᵀ, both packed.

    xs (N, E + PADDING) and before (N, H + PADDING) get x and h before each step; gates (N, 3H), n_h (N, H): see above.
    hs (B, T, H) gets the outputs, h_end (B, H) the last state; from_zero: the first one is 0.
    """
    running, E, H = len(rows), x.shape[2], h0.shape[1]
    h, a = np.empty((running, H), hs.dtype), np.zeros((running, 3 * H), hs.dtype)
    take_rows(h, h0, rows)
    start, step = 0, 0
    running = still_running(rows, lengths, running, step)
    while running > 0:
        end = start + running
        take_steps(rows, lengths, reverse, step, xs[start:end], x)
        put_columns(before[start:end], 0, h[:running])
        matmul_packed(xs[start:end, :E], w_x, gates[start:end], False)
        if step > 0 or not from_zero:
            matmul_packed(h[:running], w_h, a[:running], False)
        cell_forward(gates[start:end], a[:running], b_ih, b_hh, n_h[start:end], h[:running])
        put_steps(rows, lengths, reverse, step, h[:running], hs)
        start, step = end, step + 1
        running = still_running(rows, lengths, running, step)
    put_rows(h_end, h, rows)


@kernel
def sequence_backward(rows, lengths, reverse, from_zero, dhs, dh_end, w_ih, w_hh, gates, n_h, before, from_x, from_h,
                      db_ih, db_hh, dx, dh0):
    """All steps, last one first; w_ih (3H, E) and w_hh (3H, H) are packed.

    from_x, from_h (N, 3H + PADDING), db_ih, db_hh (3H,): see cell_backward. dx (B, T, E) and dh0 (B, H) get the
    gradients of the inputs; from_zero: nobody asks for the last one.
    """
    _, T, H = dhs.shape
    count, E = len(rows), dx.shape[2]
    dh, dx_step = np.empty((count, H), dx.dtype), np.empty((count, E), dx.dtype)
    take_rows(dh, dh_end, rows)
    db_ih[:] = 0
    db_hh[:] = 0
    end, running = gates.shape[0], 0
    for step in range(T - 1, -1, -1):
        while running < count and lengths[rows[running]] > step:
            running += 1
        start = end - running
        add_steps(rows, lengths, reverse, step, dh[:running], dhs)
        cell_backward(gates[start:end], n_h[start:end], before[start:end], dh[:running], from_x[start:end],
                      from_h[start:end], db_ih, db_hh)
        matmul_packed(from_x[start:end, : 3 * H], w_ih, dx_step[:running], False)
        put_steps(rows, lengths, reverse, step, dx_step[:running], dx)
        if step > 0 or not from_zero:
            matmul_packed(from_h[start:end, : 3 * H], w_hh, dh[:running], True)
        end = start
    put_rows(dh0, dh, rows)
