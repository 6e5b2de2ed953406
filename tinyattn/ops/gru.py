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
from ..kernels.threads import over_rows
from ..tensor import op
from .activations import sigmoid, tanh
from .elementwise import add, mul, sub
from .fused import fused
from .gru_kernels import sequence_backward, sequence_forward, step_backward, step_forward
from .joining import chunk
from .matmul import linear, product
from .recurrent import ROWS_PER_THREAD, check, check_lengths, first_state, unroll

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

    return unroll(cell, x, [first_state(h0, x, w_hh)], check_lengths("gru", lengths, *x.shape[:2]), reverse)


# --- fused --------------------------------------------------------------


@op(saves=True)
def gru(x, h0, w_ih, w_hh, b_ih, b_hh, /, lengths=None, reverse=False):
    """hs = h₁ | h₂ | ... | h_T with hₜ = gru_cell(xₜ, hₜ₋₁); then h_T

    h0: the state to begin with (None: 0).
    lengths: how many steps of each row are real (None: all). The steps past them give 0 and leave h alone.
    reverse: read from a row's own last real step to its first.
    Shapes: x (B, T, E), h0 (B, H) or None, w_ih (3H, E), w_hh (3H, H), b_ih and b_hh (3H,) or None,
    lengths (B,) of int64, each 0 ... T -> hs (B, T, H), h_T (B, H).
    Raises: ValueError for other shapes or lengths, TypeError for other dtypes.
    """
    check("gru", x, {"h0": h0}, w_ih, w_hh, b_ih, b_hh, gates=3)
    return forward(x, h0, w_ih, w_hh, b_ih, b_hh, check_lengths("gru", lengths, *x.shape[:2]), reverse)


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
    (_, h), saved = forward(x[:, None], h, w_ih, w_hh, b_ih, b_hh, np.ones(len(x), np.int64), False)
    return h, saved


@gru_cell.joint_gradient
def _(x, h, w_ih, w_hh, b_ih, b_hh, *, dy, saved):
    no_output = np.zeros((len(x), 1, w_hh.shape[1]), x.dtype)
    dx, *others = backward(x[:, None], h, w_ih, w_hh, b_ih, (no_output, dy), saved, False)
    return dx[:, 0], *others


fused(gru, gru_reference)
fused(gru_cell, gru_cell_reference)


def forward(x, h0, w_ih, w_hh, b_ih, b_hh, lengths, reverse):
    """(hs, h_T), and what backward wants: gates, w_hn h + b_hn and the state before each step, lengths."""
    (B, T, E), H = x.shape, w_hh.shape[1]
    w_ih, w_hh = ready(w_ih), ready(w_hh)
    gates = product(x.reshape(B * T, E), w_ih.T).reshape(B, T, 3 * H)  # w_ih x so far
    b_ih, b_hh = (np.zeros(3 * H, x.dtype) if b is None else ready(b) for b in (b_ih, b_hh))
    n_h, h_before, hs = (np.empty((B, T, H), x.dtype) for _ in range(3))
    h = first_state(h0, x, w_hh).copy()
    if T == 1:  # too short for packing w_hh to pay
        step_forward(h @ w_hh.T, b_ih, b_hh, lengths, 0, gates, n_h, h_before, hs, h)
        return (hs, h), (gates, n_h, h_before, lengths)
    panels = new_panels(H, 3 * H, x.dtype)
    pack(w_hh.T, panels)

    def work(start, stop):
        r = slice(start, stop)
        sequence_forward(panels, b_ih, b_hh, lengths[r], reverse, h0 is None, gates[r], n_h[r], h_before[r], hs[r],
                         h[r])

    over_rows(work, B, ROWS_PER_THREAD)
    return (hs, h), (gates, n_h, h_before, lengths)


def backward(x, h0, w_ih, w_hh, b_ih, dy, saved, reverse):
    """dL/d each input of gru, from dL/d each output."""
    gates, n_h, h_before, lengths = saved
    (B, T, E), H = x.shape, w_hh.shape[1]
    w_ih, w_hh, dhs, dh = ready(w_ih), ready(w_hh), ready(dy[0]), dy[1].copy()
    from_x, from_h = np.empty_like(gates), np.empty_like(gates)  # dL/d(w_ih x) and dL/d(w_hh h)
    if T == 1:
        da = np.empty((B, 3 * H), x.dtype)
        step_backward(lengths, 0, gates, n_h, h_before, dhs, from_x, from_h, da, dh)
        dh += da @ w_hh
    else:
        panels = new_panels(3 * H, H, x.dtype)
        pack(w_hh, panels)

        def work(start, stop):
            r = slice(start, stop)
            sequence_backward(panels, lengths[r], reverse, h0 is None, gates[r], n_h[r], h_before[r], dhs[r],
                              from_x[r], from_h[r], dh[r])

        over_rows(work, B, ROWS_PER_THREAD)
    from_x, from_h = from_x.reshape(B * T, 3 * H), from_h.reshape(B * T, 3 * H)
    dx = product(from_x, w_ih).reshape(x.shape)
    dw_ih, dw_hh = product(from_x.T, x.reshape(B * T, E)), product(from_h.T, h_before.reshape(B * T, H))
    db_ih, db_hh = (None, None) if b_ih is None else (from_x.sum(0), from_h.sum(0))
    return dx, None if h0 is None else dh, dw_ih, dw_hh, db_ih, db_hh
