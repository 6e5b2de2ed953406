"""The LSTM: one step of it, and a whole sequence of steps.

    i, f, g, o = w_ih x + b_ih + w_hh h + b_hh     four blocks of H rows, in PyTorch's order
    c' = σ(f) · c + σ(i) · tanh(g)                 forget some of the cell state, let something new in
    h' = σ(o) · tanh(c')                           show some of it

`lstm_cell_reference` and `lstm_reference` say so in primitive ops, gate by gate and step by step. The fused ops do
the same in kernels (lstm_kernels.py): w_ih x for all steps is one matrix product; then time runs inside a kernel,
for a block of batch rows that needs nothing from the others. Backward, time runs the other way, and the weights'
gradients are again one product over all steps.
Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.compile import ready
from ..kernels.matmul import new_panels, pack
from ..kernels.threads import over_rows
from ..tensor import op
from .activations import sigmoid, tanh
from .elementwise import add, mul
from .fused import fused
from .joining import chunk
from .lstm_kernels import sequence_backward, sequence_forward, step_backward, step_forward
from .matmul import linear, product
from .recurrent import ROWS_PER_THREAD, check, check_lengths, first_state, unroll

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

    states = first_state(h0, x, w_hh), first_state(c0, x, w_hh)
    return unroll(cell, x, states, check_lengths("lstm", lengths, *x.shape[:2]), reverse)


# --- fused --------------------------------------------------------------


@op(saves=True)
def lstm(x, h0, c0, w_ih, w_hh, b_ih, b_hh, /, lengths=None, reverse=False):
    """hs = h₁ | h₂ | ... | h_T with (hₜ, cₜ) = lstm_cell(xₜ, hₜ₋₁, cₜ₋₁); then h_T and c_T

    h0, c0: the state to begin with (None: 0).
    lengths: how many steps of each row are real (None: all). The steps past them give 0 and leave h and c alone.
    reverse: read from a row's own last real step to its first.
    Shapes: x (B, T, E), h0 and c0 (B, H) or None, w_ih (4H, E), w_hh (4H, H), b_ih and b_hh (4H,) or None,
    lengths (B,) of int64, each 0 ... T -> hs (B, T, H), h_T (B, H), c_T (B, H).
    Raises: ValueError for other shapes or lengths, TypeError for other dtypes.
    """
    check("lstm", x, {"h0": h0, "c0": c0}, w_ih, w_hh, b_ih, b_hh, gates=4)
    return forward(x, h0, c0, w_ih, w_hh, b_ih, b_hh, check_lengths("lstm", lengths, *x.shape[:2]), reverse)


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
    (_, h, c), saved = forward(x[:, None], h, c, w_ih, w_hh, b_ih, b_hh, np.ones(len(x), np.int64), False)
    return (h, c), saved


@lstm_cell.joint_gradient
def _(x, h, c, w_ih, w_hh, b_ih, b_hh, *, dy, saved):
    no_output = np.zeros((len(x), 1, w_hh.shape[1]), x.dtype)
    dx, *others = backward(x[:, None], h, w_ih, w_hh, b_ih, (no_output, *dy), saved, False)
    return dx[:, 0], *others


fused(lstm, lstm_reference)
fused(lstm_cell, lstm_cell_reference)


def forward(x, h0, c0, w_ih, w_hh, b_ih, b_hh, lengths, reverse):
    """(hs, h_T, c_T), and what backward wants: gates, the states before each step, lengths."""
    (B, T, E), H = x.shape, w_hh.shape[1]
    w_ih, w_hh = ready(w_ih), ready(w_hh)
    gates = product(x.reshape(B * T, E), w_ih.T).reshape(B, T, 4 * H)  # w_ih x so far
    bias = np.zeros(4 * H, x.dtype) if b_ih is None else b_ih + b_hh
    h_before, c_before, hs = (np.empty((B, T, H), x.dtype) for _ in range(3))
    h, c = (first_state(state, x, w_hh).copy() for state in (h0, c0))
    if T == 1:  # too short for packing w_hh to pay
        step_forward(h @ w_hh.T, bias, lengths, 0, gates, h_before, c_before, hs, h, c)
        return (hs, h, c), (gates, h_before, c_before, lengths)
    panels = new_panels(H, 4 * H, x.dtype)
    pack(w_hh.T, panels)

    def work(start, stop):
        r = slice(start, stop)
        sequence_forward(panels, bias, lengths[r], reverse, h0 is None, gates[r], h_before[r], c_before[r], hs[r],
                         h[r], c[r])

    over_rows(work, B, ROWS_PER_THREAD)
    return (hs, h, c), (gates, h_before, c_before, lengths)


def backward(x, h0, w_ih, w_hh, b_ih, dy, saved, reverse):
    """dL/d each input of lstm, from dL/d each output."""
    gates, h_before, c_before, lengths = saved
    (B, T, E), H = x.shape, w_hh.shape[1]
    w_ih, w_hh, dhs, dh, dc = ready(w_ih), ready(w_hh), ready(dy[0]), dy[1].copy(), dy[2].copy()
    dgates = np.empty_like(gates)
    if T == 1:
        dz = np.empty((B, 4 * H), x.dtype)
        step_backward(lengths, 0, gates, c_before, dhs, dgates, dz, dh, dc)
        dh += dz @ w_hh
    else:
        panels = new_panels(4 * H, H, x.dtype)
        pack(w_hh, panels)

        def work(start, stop):
            r = slice(start, stop)
            sequence_backward(panels, lengths[r], reverse, h0 is None, gates[r], c_before[r], dhs[r], dgates[r], dh[r],
                          dc[r])

        over_rows(work, B, ROWS_PER_THREAD)
    steps = dgates.reshape(B * T, 4 * H)
    dx = product(steps, w_ih).reshape(x.shape)
    dw_ih, dw_hh = product(steps.T, x.reshape(B * T, E)), product(steps.T, h_before.reshape(B * T, H))
    db = None if b_ih is None else steps.sum(0)
    if h0 is None:
        dh = dc = None
    return dx, dh, dc, dw_ih, dw_hh, db, db
