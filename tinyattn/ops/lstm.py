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
from ..state import time_step
from ..tensor import Tensor, op
from .activations import sigmoid, tanh
from .choices import where
from .elementwise import add, mul
from .fused import fused
from .lstm_kernels import sequence_backward, sequence_forward, step_backward, step_forward
from .matmul import linear, product
from .shapes import chunk, stack

ROWS_PER_THREAD = 8  # below this many batch rows a second thread costs more than it brings


# --- the reference: the same in primitive ops ---------------------------


def lstm_cell_reference(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> tuple[Any, Any]:
    check("lstm_cell", x, h, c, w_ih, w_hh, b_ih, b_hh)
    h, c = first_state(h, c, x, w_hh)
    gates = add(linear(x, w_ih, b_ih), linear(h, w_hh, b_hh))
    i, f, g, o = chunk(gates, 4, 1)
    c = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)))
    h = mul(sigmoid(o), tanh(c))
    return h, c


def lstm_reference(x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, lengths: Any = None,
                   reverse: bool = False) -> tuple[Any, Any, Any]:
    check("lstm", x, h0, c0, w_ih, w_hh, b_ih, b_hh)
    T = x.shape[1]
    lengths = check_lengths(lengths, x)
    h, c = first_state(h0, c0, x, w_hh)
    hs = [None] * T
    for t in reversed(range(T)) if reverse else range(T):
        with time_step(t):
            h_next, c_next = lstm_cell_reference(x[:, t], h, c, w_ih, w_hh, b_ih, b_hh)
            real = (t < lengths)[:, None]
            if real.all():
                h, c, hs[t] = h_next, c_next, h_next
            else:  # steps past a row's end leave its state alone
                h, c, hs[t] = where(real, h_next, h), where(real, c_next, c), where(real, h_next, 0.0)
    return stack(hs, 1), h, c


def first_state(h, c, x, w_hh):
    """h and c as given; where they are None, zeros."""
    return (np.zeros((len(x), w_hh.shape[1]), x.dtype),) * 2 if h is None else (h, c)


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
    check("lstm", x, h0, c0, w_ih, w_hh, b_ih, b_hh)
    return forward(x, h0, c0, w_ih, w_hh, b_ih, b_hh, check_lengths(lengths, x), reverse)


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
    check("lstm_cell", x, h, c, w_ih, w_hh, b_ih, b_hh)
    (_, h, c), saved = forward(x[:, None], h, c, w_ih, w_hh, b_ih, b_hh, check_lengths(None, x[:, None]), False)
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
    h, c = (state.copy() for state in first_state(h0, c0, x, w_hh))
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


# --- what is refused ----------------------------------------------------


def check(name, x, h, c, w_ih, w_hh, b_ih, b_hh):
    """Raises ValueError or TypeError where shapes or dtypes do not fit together."""
    cell = name == "lstm_cell"
    if x.ndim != (2 if cell else 3) or w_hh.ndim != 2:
        raise ValueError(f"{name}: wanted x {'(B, E)' if cell else '(B, T, E)'} and w_hh (4H, H), "
                         f"got {tuple(x.shape)} and {tuple(w_hh.shape)}: give x all its dimensions")
    if x.shape[-2] == 0 and not cell:
        raise ValueError(f"{name}: wanted at least one step, got x (B, T, E) = {tuple(x.shape)}: drop empty batches")
    h_name, c_name = ("h", "c") if cell else ("h0", "c0")
    for one, other, a, b in ((h_name, c_name, h, c), ("b_ih", "b_hh", b_ih, b_hh)):
        if (a is None) != (b is None):
            raise ValueError(f"{name}: {one} and {other} must both be there or both be None, got only "
                             f"{other if a is None else one}")
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: x must be float32 or float64, got {x.dtype}: use .float()")
    B, E, H = x.shape[0], x.shape[-1], w_hh.shape[1]
    for argument, array, letters, wanted in (
        (h_name, h, "(B, H)", (B, H)),
        (c_name, c, "(B, H)", (B, H)),
        ("w_ih", w_ih, "(4H, E)", (4 * H, E)),
        ("w_hh", w_hh, "(4H, H)", (4 * H, H)),
        ("b_ih", b_ih, "(4H,)", (4 * H,)),
        ("b_hh", b_hh, "(4H,)", (4 * H,)),
    ):
        if array is None:
            continue
        if array.shape != wanted:
            raise ValueError(f"{name}: {argument} must be {letters} = {wanted}, got {tuple(array.shape)}: "
                             f"x is {tuple(x.shape)} and w_hh {tuple(w_hh.shape)}")
        if array.dtype != x.dtype:
            raise TypeError(f"{name}: {argument} must be {x.dtype} like x, got {array.dtype}: use .to({x.dtype})")


def check_lengths(lengths, x):
    """The lengths as an int64 array of our own. Raises ValueError or TypeError where they are none."""
    B, T = x.shape[:2]
    if lengths is None:
        return np.full(B, T)
    lengths = lengths.array if isinstance(lengths, Tensor) else np.asarray(lengths)
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lstm: lengths must be int64, got {lengths.dtype}: use .long()")
    if lengths.shape != (B,):
        raise ValueError(f"lstm: lengths must be (B,) = ({B},), got {lengths.shape}: one length for each row of x")
    if B and not 0 <= lengths.min() <= lengths.max() <= T:
        raise ValueError(f"lstm: lengths must be 0 ... T = {T}, got {lengths.min()} ... {lengths.max()}: "
                         "pad x to its longest row")
    return np.array(lengths, np.int64)
