"""Kernels of the GRU: its time loop, forward and backward, for a block of batch rows. Built as lstm_kernels.py is."""

from __future__ import annotations

import numpy as np

from ..kernels.compile import kernel
from ..kernels.matmul import matmul_packed
from ..kernels.vector import sigmoid, tanh
from .lstm_kernels import PADDING


@kernel
def sequence_forward(w, b_ih, b_hh, lengths, reverse, from_zero, gates, n_h, h_before, hs, h):
    """All steps: h (B, H) goes from the first state to the last. w is w_hhᵀ, packed; the rest: step_forward."""
    B, T, H = hs.shape
    a = np.zeros((B, 3 * H), hs.dtype)
    for step in range(T):
        t = T - 1 - step if reverse else step
        if step > 0 or not from_zero:
            matmul_packed(h, w, a, False)
        step_forward(a, b_ih, b_hh, lengths, t, gates, n_h, h_before, hs, h)


@kernel
def step_forward(a, b_ih, b_hh, lengths, t, gates, n_h, h_before, hs, h):
    """Step t. a (B, 3H) = w_hh h; gates (B, T, 3H) come as w_ih x and become r, z, n; h moves on.

    hs (B, T, H) gets the output; n_h, h_before (B, T, H) keep w_hn h + b_hn and the state that the step began with.
    """
    B, H = h.shape
    z0, n0 = H, 2 * H  # where the blocks of z and n begin; that of r begins at 0
    for b in range(B):
        for j in range(H):
            h_before[b, t, j] = h[b, j]
        if t >= lengths[b]:  # past the row's end: its state stays
            for j in range(H):
                hs[b, t, j] = 0
            continue
        for j in range(2 * H):  # r and z
            gates[b, t, j] = sigmoid(gates[b, t, j] + b_ih[j] + a[b, j] + b_hh[j])
        for j in range(H):
            n_h[b, t, j] = a[b, n0 + j] + b_hh[n0 + j]
        for j in range(H):
            gates[b, t, n0 + j] = tanh(gates[b, t, n0 + j] + b_ih[n0 + j] + gates[b, t, j] * n_h[b, t, j])
        for j in range(H):  # h' = (1 − z) n + z h
            z = gates[b, t, z0 + j]
            h[b, j] = (1 - z) * gates[b, t, n0 + j] + z * h[b, j]
        for j in range(H):
            hs[b, t, j] = h[b, j]


@kernel
def sequence_backward(w, lengths, reverse, from_zero, gates, n_h, h_before, dhs, from_x, from_h, dh):
    """All steps, last one first: dh (B, H) goes from dL/d last state to dL/d first state. w is w_hh, packed.

    from_zero: nobody asks for dL/d first state, so that its last part is left out.
    """
    B, T, H = dhs.shape
    da = np.empty((B, 3 * H + PADDING), dhs.dtype)
    for step in range(T):
        t = step if reverse else T - 1 - step
        step_backward(lengths, t, gates, n_h, h_before, dhs, from_x, from_h, da, dh)
        if step < T - 1 or not from_zero:
            matmul_packed(da[:, : 3 * H], w, dh, True)


@kernel
def step_backward(lengths, t, gates, n_h, h_before, dhs, from_x, from_h, da, dh):
    """Step t. from_x[:, t] gets dL/d(w_ih x); from_h[:, t] and da (B, 3H) get dL/d(w_hh h).

    dh (B, H) comes as dL/d(state after the step) and leaves as dL/d(state before it), except for the part that went
    through w_hh: that is da w_hh, and the caller adds it.
    """
    B, H = dh.shape
    z0, n0 = H, 2 * H
    for b in range(B):
        if t < lengths[b]:
            for j in range(H):
                dh[b, j] += dhs[b, t, j]
            for j in range(H):  # dn = dh' (1 − z), and through n's tanh
                n = gates[b, t, n0 + j]
                da[b, n0 + j] = dh[b, j] * (1 - gates[b, t, z0 + j]) * (1 - n * n)
            for j in range(H):
                from_x[b, t, n0 + j] = da[b, n0 + j]
            for j in range(H):  # dz = dh' (h − n), and through z's sigmoid
                z = gates[b, t, z0 + j]
                da[b, z0 + j] = dh[b, j] * (h_before[b, t, j] - gates[b, t, n0 + j]) * z * (1 - z)
            for j in range(H):  # dr = dn (w_hn h + b_hn), and through r's sigmoid
                r = gates[b, t, j]
                da[b, j] = da[b, n0 + j] * n_h[b, t, j] * r * (1 - r)
            for j in range(H):  # what comes to w_hn h is r times what comes to w_in x
                da[b, n0 + j] *= gates[b, t, j]
            for j in range(H):  # dh = dh' z
                dh[b, j] *= gates[b, t, z0 + j]
        else:  # past the row's end nothing happened: dh goes on as it came
            for j in range(3 * H):
                da[b, j] = 0
            for j in range(H):
                from_x[b, t, n0 + j] = 0
        for j in range(2 * H):
            from_x[b, t, j] = da[b, j]
        for j in range(3 * H):
            from_h[b, t, j] = da[b, j]
