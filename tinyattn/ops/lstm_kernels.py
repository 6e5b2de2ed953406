"""Kernels of the LSTM: one step, and its time loop, forward and backward, for the rows of the batch that a thread has.

Loops over the H units write one array each: the compiler turns such loops into vector instructions by itself.
How a sequence's steps lie in memory, recurrent.py says.
"""

from __future__ import annotations

import numpy as np

from ..kernels.compile import kernel
from ..kernels.matmul import matmul_packed, pack
from ..kernels.vector import sigmoid, tanh
from .recurrent_kernels import add_steps, put_columns, put_rows, put_steps, still_running, take_rows, take_steps


@kernel
def cell_forward(gates, bias, c, h):
    """gates (n, 4H) come as w_ih x + w_hh h and become i, f, g, o; c (n, H) moves on, h (n, H) gets the new one."""
    n, H = h.shape
    f0, g0, o0 = H, 2 * H, 3 * H  # where the blocks of f, g and o begin; that of i begins at 0
    for r in range(n):
        for j in range(2 * H):  # i and f
            gates[r, j] = sigmoid(gates[r, j] + bias[j])
        for j in range(H):
            gates[r, g0 + j] = tanh(gates[r, g0 + j] + bias[g0 + j])
        for j in range(H):
            gates[r, o0 + j] = sigmoid(gates[r, o0 + j] + bias[o0 + j])
        for j in range(H):  # c' = f c + i g
            c[r, j] = gates[r, f0 + j] * c[r, j] + gates[r, j] * gates[r, g0 + j]
        for j in range(H):  # h' = o tanh c'
            h[r, j] = gates[r, o0 + j] * tanh(c[r, j])


@kernel
def cell_backward(gates, c, dh, dc, dgates, db):
    """dgates (n, 4H + PADDING) get dL/d(what the gates' σ and tanh were taken of); their sum is added to db (4H,).

    c (n, H) is that before the step; dh and dc (n, H) come as dL/d(state after it), dc leaves as dL/dc.
    """
    n, H = dh.shape
    f0, g0, o0 = H, 2 * H, 3 * H
    for r in range(n):
        for j in range(H):  # tanh c', which the forward did not keep
            dgates[r, o0 + j] = tanh(gates[r, f0 + j] * c[r, j] + gates[r, j] * gates[r, g0 + j])
        for j in range(H):  # dc' += dh' o (1 − tanh² c')
            dc[r, j] += dh[r, j] * gates[r, o0 + j] * (1 - dgates[r, o0 + j] * dgates[r, o0 + j])
        for j in range(H):  # do = dh' tanh c', and through o's sigmoid
            o = gates[r, o0 + j]
            dgates[r, o0 + j] *= dh[r, j] * o * (1 - o)
        for j in range(H):  # dg = dc' i, and through g's tanh
            g = gates[r, g0 + j]
            dgates[r, g0 + j] = dc[r, j] * gates[r, j] * (1 - g * g)
        for j in range(H):  # df = dc' c
            f = gates[r, f0 + j]
            dgates[r, f0 + j] = dc[r, j] * c[r, j] * f * (1 - f)
        for j in range(H):  # di = dc' g
            i = gates[r, j]
            dgates[r, j] = dc[r, j] * gates[r, g0 + j] * i * (1 - i)
        for j in range(H):  # dc = dc' f
            dc[r, j] *= gates[r, f0 + j]
        for j in range(4 * H):
            db[j] += dgates[r, j]


@kernel
def pack_forward(w_ih, w_hh, panels):
    """(w_ih | w_hh)ᵀ (E + H, 4H), packed: the product with x | h is w_ih x + w_hh h."""
    E = w_ih.shape[1]
    pack(w_ih.T, panels[:, :E])
    pack(w_hh.T, panels[:, E:])


@kernel
def sequence_forward(rows, lengths, reverse, from_zero, x, h0, c0, w, bias, inputs, gates, cs, hs, h_end, c_end):
    """All steps of some `rows` of the batch; w is what pack_forward made.

    inputs (N, E + H + PADDING), cs (N, H): x | h and c before each step; gates (N, 4H): what they were.
    hs (B, T, H) gets the outputs, h_end and c_end (B, H) the last state; from_zero: the first one is 0.
    """
    running, E, H = len(rows), x.shape[2], h0.shape[1]
    h, c = np.empty((running, H), hs.dtype), np.empty((running, H), hs.dtype)
    take_rows(h, h0, rows)
    take_rows(c, c0, rows)
    start, step = 0, 0
    running = still_running(rows, lengths, running, step)
    while running > 0:
        end = start + running
        take_steps(rows, lengths, reverse, step, inputs[start:end], x)
        put_columns(inputs[start:end], E, h[:running])
        put_columns(cs[start:end], 0, c[:running])
        K = E if from_zero and step == 0 else E + H
        matmul_packed(inputs[start:end, :K], w[:, :K], gates[start:end], False)
        cell_forward(gates[start:end], bias, c[:running], h[:running])
        put_steps(rows, lengths, reverse, step, h[:running], hs)
        start, step = end, step + 1
        running = still_running(rows, lengths, running, step)
    put_rows(h_end, h, rows)
    put_rows(c_end, c, rows)


@kernel
def sequence_backward(rows, lengths, reverse, from_zero, dhs, dh_end, dc_end, w_ih, w_hh, gates, cs, dgates, db, dx,
                      dh0, dc0):
    """All steps, last one first; w_ih (4H, E) and w_hh (4H, H) are packed.

    dgates (N, 4H + PADDING) and db (4H,): see cell_backward. dx (B, T, E), dh0 and dc0 (B, H) get the gradients of the
    inputs; from_zero: nobody asks for the last two.
    """
    _, T, H = dhs.shape
    count, E = len(rows), dx.shape[2]
    dh, dc, dx_step = np.empty((count, H), dx.dtype), np.empty((count, H), dx.dtype), np.empty((count, E), dx.dtype)
    take_rows(dh, dh_end, rows)
    take_rows(dc, dc_end, rows)
    db[:] = 0
    end, running = gates.shape[0], 0
    for step in range(T - 1, -1, -1):
        while running < count and lengths[rows[running]] > step:
            running += 1
        start = end - running
        add_steps(rows, lengths, reverse, step, dh[:running], dhs)
        cell_backward(gates[start:end], cs[start:end], dh[:running], dc[:running], dgates[start:end], db)
        matmul_packed(dgates[start:end, : 4 * H], w_ih, dx_step[:running], False)
        put_steps(rows, lengths, reverse, step, dx_step[:running], dx)
        if step > 0 or not from_zero:
            matmul_packed(dgates[start:end, : 4 * H], w_hh, dh[:running], False)
        end = start
    put_rows(dh0, dh, rows)
    put_rows(dc0, dc, rows)
