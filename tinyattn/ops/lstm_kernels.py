"""Kernels of the LSTM: its time loop, forward and backward, for a block of batch rows.

Rows of the batch meet only in the matrix products; everything else is done row by row, in loops over the H units.
Each of those loops writes one array: the compiler turns such loops into vector instructions by itself.
"""

from __future__ import annotations

import numpy as np

from ..kernels.compile import kernel
from ..kernels.matmul import matmul_packed
from ..kernels.vector import sigmoid, tanh

PADDING = 16  # rows that lie a power of two apart get into each other's way in the cache: these are never that


@kernel
def sequence_forward(w, bias, lengths, reverse, from_zero, gates, h_before, c_before, hs, h, c):
    """All steps: h and c (B, H) go from the first state to the last. w is w_hhᵀ, packed; the rest: step_forward."""
    B, T, H = hs.shape
    z = np.zeros((B, 4 * H), hs.dtype)
    for step in range(T):
        t = T - 1 - step if reverse else step
        if step > 0 or not from_zero:
            matmul_packed(h, w, z, False)
        step_forward(z, bias, lengths, t, gates, h_before, c_before, hs, h, c)


@kernel
def step_forward(z, bias, lengths, t, gates, h_before, c_before, hs, h, c):
    """Step t. z (B, 4H) = w_hh h; gates (B, T, 4H) come as w_ih x and become i, f, g, o; h and c move on.

    hs (B, T, H) gets the output; h_before, c_before (B, T, H) keep the state that the step began with.
    """
    B, H = h.shape
    f0, g0, o0 = H, 2 * H, 3 * H  # where the blocks of f, g and o begin; that of i begins at 0
    for b in range(B):
        for j in range(H):
            h_before[b, t, j] = h[b, j]
        for j in range(H):
            c_before[b, t, j] = c[b, j]
        if t >= lengths[b]:  # past the row's end: its state stays
            for j in range(H):
                hs[b, t, j] = 0
            continue
        for j in range(2 * H):  # i and f
            gates[b, t, j] = sigmoid(gates[b, t, j] + z[b, j] + bias[j])
        for j in range(H):
            gates[b, t, g0 + j] = tanh(gates[b, t, g0 + j] + z[b, g0 + j] + bias[g0 + j])
        for j in range(H):
            gates[b, t, o0 + j] = sigmoid(gates[b, t, o0 + j] + z[b, o0 + j] + bias[o0 + j])
        for j in range(H):  # c' = f c + i g
            c[b, j] = gates[b, t, f0 + j] * c[b, j] + gates[b, t, j] * gates[b, t, g0 + j]
        for j in range(H):  # h' = o tanh c'
            h[b, j] = gates[b, t, o0 + j] * tanh(c[b, j])
        for j in range(H):
            hs[b, t, j] = h[b, j]


@kernel
def sequence_backward(w, lengths, reverse, from_zero, gates, c_before, dhs, dgates, dh, dc):
    """All steps, last one first: dh and dc (B, H) go from dL/d last state to dL/d first state. w is w_hh, packed.

    from_zero: nobody asks for dL/d first state, so that its last part is left out.
    """
    B, T, H = dhs.shape
    dz = np.empty((B, 4 * H + PADDING), dhs.dtype)
    for step in range(T):
        t = step if reverse else T - 1 - step
        step_backward(lengths, t, gates, c_before, dhs, dgates, dz, dh, dc)
        if step < T - 1 or not from_zero:
            matmul_packed(dz[:, : 4 * H], w, dh, True)


@kernel
def step_backward(lengths, t, gates, c_before, dhs, dgates, dz, dh, dc):
    """Step t. dgates[:, t] and dz (B, 4H) get dL/d(what the gates' σ and tanh were taken of).

    dh and dc (B, H) come as dL/d(state after the step) and leave as dL/d(state before it), except for the part of
    dh that went through w_hh: that is dz w_hh, and the caller adds it.
    """
    B, H = dh.shape
    f0, g0, o0 = H, 2 * H, 3 * H
    for b in range(B):
        if t < lengths[b]:
            for j in range(H):
                dh[b, j] += dhs[b, t, j]
            for j in range(H):  # tanh c', which the forward did not keep
                c = gates[b, t, f0 + j] * c_before[b, t, j] + gates[b, t, j] * gates[b, t, g0 + j]
                dz[b, o0 + j] = tanh(c)
            for j in range(H):  # dc' += dh' o (1 − tanh² c')
                dc[b, j] += dh[b, j] * gates[b, t, o0 + j] * (1 - dz[b, o0 + j] * dz[b, o0 + j])
            for j in range(H):  # do = dh' tanh c', and through o's sigmoid
                o = gates[b, t, o0 + j]
                dz[b, o0 + j] *= dh[b, j] * o * (1 - o)
            for j in range(H):  # dg = dc' i, and through g's tanh
                g = gates[b, t, g0 + j]
                dz[b, g0 + j] = dc[b, j] * gates[b, t, j] * (1 - g * g)
            for j in range(H):  # df = dc' c
                f = gates[b, t, f0 + j]
                dz[b, f0 + j] = dc[b, j] * c_before[b, t, j] * f * (1 - f)
            for j in range(H):  # di = dc' g
                i = gates[b, t, j]
                dz[b, j] = dc[b, j] * gates[b, t, g0 + j] * i * (1 - i)
            for j in range(H):  # dc = dc' f
                dc[b, j] *= gates[b, t, f0 + j]
            for j in range(H):
                dh[b, j] = 0
        else:  # past the row's end nothing happened: dh and dc go on as they came
            for j in range(4 * H):
                dz[b, j] = 0
        for j in range(4 * H):
            dgates[b, t, j] = dz[b, j]
