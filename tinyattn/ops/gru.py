"""The GRU, gated recurrent unit: one step of it, and a whole sequence of steps.

    r, z = σ(w_ih x + b_ih + w_hh h + b_hh)        the first two of three blocks of H rows, in PyTorch's order
    n = tanh(w_in x + b_in + r · (w_hn h + b_hn))  the third: something new, from as much of h as r lets through
    h' = (1 − z) · n + z · h                       keep some of the state, let something new in

Built as the LSTM is: see lstm.py. One thing differs: r lets only its share of w_hn h through, so that the third block
has two gradients, that of w_in x and, r times as large, that of w_hn h.
Source: Cho et al. 2014; there r multiplies h, before w_hn does. PyTorch's order, and ours, leaves one product w_hh h.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.compile import ready
from ..kernels.matmul import new_panels, pack
from ..kernels.threads import over_blocks
from ..tensor import op
from .activations import sigmoid, tanh
from .elementwise import add, mul, sub
from .fused import fused
from .gru_kernels import cell_backward, cell_forward, sequence_backward, sequence_forward
from .joining import chunk
from .matmul import linear, product
from .recurrent import check, check_lengths, first_rows, first_state, matrix, plan_for, spaced, unroll

# --- the reference: the same in primitive ops ---------------------------


def gru_cell_reference(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    check("gru_cell", x, {"h": h}, w_ih, w_hh, b_ih, b_hh, gates=3)
    h = first_state(h, x, w_hh)
    r_x, z_x, n_x = chunk(linear(x, w_ih, b_ih), 3, 1)
    r_h, z_h, n_h = chunk(linear(h, w_hh, b_hh), 3, 1)
    r, z = sigmoid(add(r_x, r_h)), sigmoid(add(z_x, z_h))
    n = tanh(add(n_x, mul(r, n_h)))
    return add(mul(sub(1.0, z), n), mul(z, h))


def gru_reference(x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, lengths: Any = None,
                  reverse: bool = False) -> tuple[Any, ...]:
    check("gru", x, {"h0": h0}, w_ih, w_hh, b_ih, b_hh, gates=3)

    def cell(x: Any, h: Any) -> tuple[Any]:
        return (gru_cell_reference(x, h, w_ih, w_hh, b_ih, b_hh),)

    states = [first_state(h0, x, w_hh)]  # of no name of its own: pictures call it h
    return unroll(cell, x, states, check_lengths("gru", lengths, *x.shape[:2]), reverse)


# --- fused --------------------------------------------------------------


@op(saves=True)
def gru(x, h0, w_ih, w_hh, b_ih, b_hh, /, lengths=None, reverse=False):
    """hs = h₁ | h₂ | ... | h_T with hₜ = gru_cell(xₜ, hₜ₋₁); then h_T

    h0: the state to begin with (None: 0).
    lengths: how many steps of each row are real (None: all). The steps past them give 0 and leave h alone.
    reverse: read from a row's own last real step to its first.
    Shapes: x (B, T, E), h0 (1, B, H) or None, w_ih (3H, E), w_hh (3H, H), b_ih and b_hh (3H,) or None,
    lengths (B,) of int64, each 0 ... T -> hs (B, T, H), h_T (1, B, H).
    Raises: ValueError for other shapes or lengths, TypeError for other dtypes.
    """
    check("gru", x, {"h0": h0}, w_ih, w_hh, b_ih, b_hh, gates=3)
    lengths = None if lengths is None else check_lengths("gru", lengths, *x.shape[:2])
    return forward(x, h0, w_ih, w_hh, b_ih, b_hh, lengths, reverse)


@gru.joint_gradient
def _(x, h0, w_ih, w_hh, b_ih, b_hh, *, dy, saved, reverse):
    return backward(x, h0, w_ih, w_hh, b_ih, dy, saved, reverse)


@op(saves=True)
def gru_cell(x, h, w_ih, w_hh, b_ih, b_hh, /):
    """h' = one step of a GRU from h

    Shapes: x (B, E), h (B, H) or None for 0, w_ih (3H, E), w_hh (3H, H), b_ih and b_hh (3H,) or None -> h' (B, H).
    Raises: ValueError for other shapes, TypeError for other dtypes.
    """
    check("gru_cell", x, {"h": h}, w_ih, w_hh, b_ih, b_hh, gates=3)
    gates, n_h, h = one_step(x, first_rows(h, x, w_hh), w_ih, w_hh, b_ih, b_hh)
    return h, (gates, n_h)


@gru_cell.joint_gradient
def _(x, h, w_ih, w_hh, b_ih, b_hh, *, dy, saved):
    (gates, n_h), h_before, dh = saved, first_rows(h, x, w_hh), dy.copy()
    from_x, from_h = np.empty_like(gates), np.empty_like(gates)
    db_ih, db_hh = np.zeros(len(w_hh), x.dtype), np.zeros(len(w_hh), x.dtype)
    cell_backward(gates, n_h, h_before, dh, from_x, from_h, db_ih, db_hh)
    if h is None:
        dh = None
    else:
        dh += product(from_h, w_hh)
    db = (None, None) if b_ih is None else (db_ih, db_hh)
    return product(from_x, w_ih), dh, product(from_x.T, x), product(from_h.T, h_before), *db


fused(gru, gru_reference)
fused(gru_cell, gru_cell_reference)


def forward(x, h0, w_ih, w_hh, b_ih, b_hh, lengths, reverse):
    """(hs, h_T), and what backward wants: x, h, gates and w_hn h + b_hn of each step, and the plan."""
    (B, T, E), H, dtype = x.shape, w_hh.shape[1], x.dtype
    h_0 = first_rows(h0, x, w_hh)
    if T == 1 and lengths is None:  # too short for packing to pay
        x = ready(x[:, 0])
        gates, n_h, h = one_step(x, h_0, w_ih, w_hh, b_ih, b_hh)
        return (h[:, None], h[None].copy()), (x, h_0, gates, n_h, plan_for(None, B, 1, 0))
    plan = plan_for(lengths, B, T, 3 * H * (E + H))
    xs, before = spaced(plan.steps, E, dtype), spaced(plan.steps, H, dtype)
    gates, n_h, hs = matrix(plan.steps, 3 * H, dtype), matrix(plan.steps, H, dtype), plan.whole((B, T, H), dtype)
    h, x = np.empty((1, B, H), dtype), ready(x)
    w_x, w_h = new_panels(E, 3 * H, dtype), new_panels(H, 3 * H, dtype)
    pack(ready(w_ih).T, w_x)
    pack(ready(w_hh).T, w_h)
    b_ih, b_hh = (np.zeros(3 * H, dtype) if b is None else ready(b) for b in (b_ih, b_hh))

    def work(k):
        rows, r = plan.blocks[k]
        sequence_forward(rows, plan.lengths, reverse, h0 is None, x, h_0, w_x, w_h, b_ih, b_hh, xs[r], before[r],
                         gates[r], n_h[r], hs, h[0])

    over_blocks(work, len(plan.blocks))
    return (hs, h), (xs, before, gates, n_h, plan)


def one_step(x, h, w_ih, w_hh, b_ih, b_hh):
    """gates, w_hn h + b_hn, and h after the step"""
    gates, a, n_h, h = product(x, w_ih.T), product(h, w_hh.T), np.empty_like(h), h.copy()
    b_ih, b_hh = (np.zeros(len(w_hh), x.dtype) if b is None else ready(b) for b in (b_ih, b_hh))
    cell_forward(gates, a, b_ih, b_hh, n_h, h)
    return gates, n_h, h


def backward(x, h0, w_ih, w_hh, b_ih, dy, saved, reverse):
    """dL/d each input of gru, from dL/d each output."""
    xs, before, gates, n_h, plan = saved
    (B, T, E), H, dtype = x.shape, w_hh.shape[1], x.dtype
    dhs, dh_end = ready(dy[0]), ready(dy[1][0])
    from_x, from_h = spaced(plan.steps, 3 * H, dtype), spaced(plan.steps, 3 * H, dtype)
    db_ih, db_hh = matrix(len(plan.blocks), 3 * H, dtype), matrix(len(plan.blocks), 3 * H, dtype)
    dx, dh = plan.whole((B, T, E), dtype), matrix(B, H, dtype)
    w_x, w_h = new_panels(3 * H, E, dtype), new_panels(3 * H, H, dtype)
    pack(ready(w_ih), w_x)
    pack(ready(w_hh), w_h)

    def work(k):
        rows, r = plan.blocks[k]
        sequence_backward(rows, plan.lengths, reverse, h0 is None, dhs, dh_end, w_x, w_h, gates[r], n_h[r], before[r],
                          from_x[r], from_h[r], db_ih[k], db_hh[k], dx, dh)

    over_blocks(work, len(plan.blocks))
    dw_ih, dw_hh = product(from_x[:, : 3 * H].T, xs[:, :E]), product(from_h[:, : 3 * H].T, before[:, :H])
    db = (None, None) if b_ih is None else (db_ih.sum(0), db_hh.sum(0))
    return dx, None if h0 is None else dh[None], dw_ih, dw_hh, *db
