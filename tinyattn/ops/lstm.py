"""The LSTM: one step of it, and a whole sequence of steps.

    i, f, g, o = w_ih x + b_ih + w_hh h + b_hh     four blocks of H rows, in PyTorch's order
    c' = σ(f) · c + σ(i) · tanh(g)                 forget some of the cell state, let something new in
    h' = σ(o) · tanh(c')                           show some of it

`lstm_cell_reference` and `lstm_reference` say so in primitive ops, gate by gate and step by step. The fused ops do
the same in kernels (lstm_kernels.py): time runs inside a kernel, for rows of the batch that need nothing from the
others, and a step is one product of (w_ih | w_hh) with x | h. Backward, time runs the other way; the weights' gradients
are one product over all steps.
Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.compile import ready
from ..kernels.matmul import new_panels, pack
from ..kernels.threads import over_blocks
from ..tensor import op
from .activations import sigmoid, tanh
from .elementwise import add, mul
from .fused import fused
from .joining import chunk
from .lstm_kernels import cell_backward, cell_forward, pack_forward, sequence_backward, sequence_forward
from .matmul import linear, product
from .recurrent import check, check_lengths, first_rows, first_state, matrix, plan_for, spaced, unroll

# --- the reference: the same in primitive ops ---------------------------


def lstm_cell_reference(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> tuple[Any, Any]:
    check("lstm_cell", x, {"h": h, "c": c}, w_ih, w_hh, b_ih, b_hh, gates=4)
    h, c = first_state(h, x, w_hh), first_state(c, x, w_hh)
    gates = add(linear(x, w_ih, b_ih), linear(h, w_hh, b_hh))
    i, f, g, o = chunk(gates, 4, 1)
    c = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)))
    h = mul(sigmoid(o), tanh(c))
    return h, c


def lstm_reference(x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, lengths: Any = None,
                   reverse: bool = False) -> tuple[Any, ...]:
    check("lstm", x, {"h0": h0, "c0": c0}, w_ih, w_hh, b_ih, b_hh, gates=4)

    def cell(x: Any, h: Any, c: Any) -> tuple[Any, Any]:
        return lstm_cell_reference(x, h, c, w_ih, w_hh, b_ih, b_hh)

    states = first_state(h0, x, w_hh), first_state(c0, x, w_hh)  # of no name of their own: pictures call both h and c
    return unroll(cell, x, states, check_lengths("lstm", lengths, *x.shape[:2]), reverse)


# --- fused --------------------------------------------------------------


@op(saves=True)
def lstm(x, h0, c0, w_ih, w_hh, b_ih, b_hh, /, lengths=None, reverse=False):
    """hs = h₁ | h₂ | ... | h_T with (hₜ, cₜ) = lstm_cell(xₜ, hₜ₋₁, cₜ₋₁); then h_T and c_T

    h0, c0: the state to begin with (None: 0).
    lengths: how many steps of each row are real (None: all). The steps past them give 0 and leave h and c alone.
    reverse: read from a row's own last real step to its first.
    Shapes: x (B, T, E), h0 and c0 (1, B, H) or None, w_ih (4H, E), w_hh (4H, H), b_ih and b_hh (4H,) or None,
    lengths (B,) of int64, each 0 ... T -> hs (B, T, H), h_T (1, B, H), c_T (1, B, H).
    Raises: ValueError for other shapes or lengths, TypeError for other dtypes.
    """
    check("lstm", x, {"h0": h0, "c0": c0}, w_ih, w_hh, b_ih, b_hh, gates=4)
    lengths = None if lengths is None else check_lengths("lstm", lengths, *x.shape[:2])
    return forward(x, h0, c0, w_ih, w_hh, b_ih, b_hh, lengths, reverse)


@lstm.joint_gradient
def _(x, h0, c0, w_ih, w_hh, b_ih, b_hh, *, dy, saved, reverse):
    return backward(x, h0, w_ih, w_hh, b_ih, dy, saved, reverse)


@op(saves=True)
def lstm_cell(x, h, c, w_ih, w_hh, b_ih, b_hh, /):
    """h', c' = one step of an LSTM from h, c

    Shapes: x (B, E), h and c (B, H) or None for 0, w_ih (4H, E), w_hh (4H, H), b_ih and b_hh (4H,) or None
    -> h' and c' (B, H).
    Raises: ValueError for other shapes, TypeError for other dtypes.
    """
    check("lstm_cell", x, {"h": h, "c": c}, w_ih, w_hh, b_ih, b_hh, gates=4)
    h, c_before = first_rows(h, x, w_hh), first_rows(c, x, w_hh)
    gates, h, c = one_step(x, h, c_before, w_ih, w_hh, b_ih, b_hh)
    return (h, c), (gates, c_before)


@lstm_cell.joint_gradient
def _(x, h, c, w_ih, w_hh, b_ih, b_hh, *, dy, saved):
    (gates, c_before), dh, dc = saved, ready(dy[0]), dy[1].copy()
    dgates, db = np.empty_like(gates), np.zeros(len(w_hh), x.dtype)
    cell_backward(gates, c_before, dh, dc, dgates, db)
    dw_ih, dw_hh = product(dgates.T, x), product(dgates.T, first_rows(h, x, w_hh))
    dstate = (None, None) if h is None else (product(dgates, w_hh), dc)
    dbias = (None, None) if b_ih is None else (db, db)
    return product(dgates, w_ih), *dstate, dw_ih, dw_hh, *dbias


fused(lstm, lstm_reference)
fused(lstm_cell, lstm_cell_reference)


def forward(x, h0, c0, w_ih, w_hh, b_ih, b_hh, lengths, reverse):
    """(hs, h_T, c_T), and what backward wants: x | h, gates and c of each step, and the plan."""
    (B, T, E), H, dtype = x.shape, w_hh.shape[1], x.dtype
    h_0, c_0 = first_rows(h0, x, w_hh), first_rows(c0, x, w_hh)
    if T == 1 and lengths is None:  # too short for packing to pay
        gates, h, c = one_step(x[:, 0], h_0, c_0, w_ih, w_hh, b_ih, b_hh)
        return (h[:, None], h[None].copy(), c[None]), (np.hstack((x[:, 0], h_0)), gates, c_0, plan_for(None, B, 1, 0))
    plan = plan_for(lengths, B, T, 4 * H * (E + H))
    inputs, gates, cs = spaced(plan.steps, E + H, dtype), matrix(plan.steps, 4 * H, dtype), matrix(plan.steps, H, dtype)
    hs, h, c, x = plan.whole((B, T, H), dtype), np.empty((1, B, H), dtype), np.empty((1, B, H), dtype), ready(x)
    w, bias = new_panels(E + H, 4 * H, dtype), sum_of(b_ih, b_hh, w_hh)
    pack_forward(ready(w_ih), ready(w_hh), w)

    def work(k):
        rows, r = plan.blocks[k]
        sequence_forward(rows, plan.lengths, reverse, h0 is None, x, h_0, c_0, w, bias, inputs[r], gates[r], cs[r], hs,
                         h[0], c[0])

    over_blocks(work, len(plan.blocks))
    return (hs, h, c), (inputs, gates, cs, plan)


def one_step(x, h, c, w_ih, w_hh, b_ih, b_hh):
    """gates, and h and c after the step"""
    gates = product(x, w_ih.T)
    gates += product(h, w_hh.T)
    h, c = np.empty_like(c), c.copy()
    cell_forward(gates, sum_of(b_ih, b_hh, w_hh), c, h)
    return gates, h, c


def sum_of(b_ih, b_hh, w_hh):
    """The bias that both are together; 0 where there are none."""
    return np.zeros(len(w_hh), w_hh.dtype) if b_ih is None else b_ih + b_hh


def backward(x, h0, w_ih, w_hh, b_ih, dy, saved, reverse):
    """dL/d each input of lstm, from dL/d each output."""
    inputs, gates, cs, plan = saved
    (B, T, E), H, dtype = x.shape, w_hh.shape[1], x.dtype
    dhs, dh_end, dc_end = ready(dy[0]), ready(dy[1][0]), ready(dy[2][0])
    dgates, db = spaced(plan.steps, 4 * H, dtype), matrix(len(plan.blocks), 4 * H, dtype)
    dx, dh, dc = plan.whole((B, T, E), dtype), matrix(B, H, dtype), matrix(B, H, dtype)
    w_x, w_h = new_panels(4 * H, E, dtype), new_panels(4 * H, H, dtype)
    pack(ready(w_ih), w_x)
    pack(ready(w_hh), w_h)

    def work(k):
        rows, r = plan.blocks[k]
        sequence_backward(rows, plan.lengths, reverse, h0 is None, dhs, dh_end, dc_end, w_x, w_h, gates[r], cs[r],
                          dgates[r], db[k], dx, dh, dc)

    over_blocks(work, len(plan.blocks))
    steps = dgates[:, : 4 * H].T
    dw_ih, dw_hh = product(steps, inputs[:, :E]), product(steps, inputs[:, E : E + H])
    dstate = (None, None) if h0 is None else (dh[None], dc[None])
    dbias = (None, None) if b_ih is None else (db.sum(0),) * 2
    return dx, *dstate, dw_ih, dw_hh, *dbias
