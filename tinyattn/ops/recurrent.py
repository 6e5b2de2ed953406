"""What the recurrent ops have in common: their loop over time in primitive ops, and what they refuse.

`states` are what such an op carries from step to step: h and c of an LSTM, h of a GRU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..state import time_step
from ..tensor import Tensor
from .choices import where
from .joining import stack

ROWS_PER_THREAD = 8  # below this many batch rows a second thread costs more than it brings


def unroll(cell: Callable, x: Any, states: Sequence[Any], lengths: np.ndarray, reverse: bool) -> tuple[Any, ...]:
    """hs and the last states: `cell(xₜ, *states)`, which gives the next states, once for each step."""
    T = x.shape[1]
    hs = [None] * T
    for t in reversed(range(T)) if reverse else range(T):
        with time_step(t):
            after = cell(x[:, t], *states)
            real = (t < lengths)[:, None]
            if real.all():
                states, hs[t] = after, after[0]
            else:  # steps past a row's end leave its states alone
                states = [where(real, new, old) for new, old in zip(after, states)]
                hs[t] = where(real, after[0], 0.0)
    return stack(hs, 1), *states


def first_state(state: Any, x: Any, w_hh: Any) -> Any:
    """The state as given; where it is None, zeros."""
    return np.zeros((len(x), w_hh.shape[1]), x.dtype) if state is None else state


def check(name: str, x: Any, states: dict[str, Any], w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, gates: int) -> None:
    """Raises ValueError or TypeError where shapes or dtypes do not fit together; `gates` blocks of H rows are wanted.

    An op whose name ends in _cell takes one step x (B, E), the others a sequence x (B, T, E).
    """
    cell, rows = name.endswith("_cell"), f"{gates}H"
    if x.ndim != (2 if cell else 3) or w_hh.ndim != 2:
        raise ValueError(f"{name}: wanted x {'(B, E)' if cell else '(B, T, E)'} and w_hh ({rows}, H), "
                         f"got {tuple(x.shape)} and {tuple(w_hh.shape)}: give x all its dimensions")
    if x.shape[-2] == 0 and not cell:
        raise ValueError(f"{name}: wanted at least one step, got x (B, T, E) = {tuple(x.shape)}: drop empty batches")
    for pair in (states, {"b_ih": b_ih, "b_hh": b_hh}):
        there = [argument for argument, array in pair.items() if array is not None]
        if 0 < len(there) < len(pair):
            raise ValueError(f"{name}: {' and '.join(pair)} must both be there or both be None, got only {there[0]}")
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: x must be float32 or float64, got {x.dtype}: use .float()")
    B, E, H = x.shape[0], x.shape[-1], w_hh.shape[1]
    for argument, array, letters, wanted in (
        *((argument, state, "(B, H)", (B, H)) for argument, state in states.items()),
        ("w_ih", w_ih, f"({rows}, E)", (gates * H, E)),
        ("w_hh", w_hh, f"({rows}, H)", (gates * H, H)),
        ("b_ih", b_ih, f"({rows},)", (gates * H,)),
        ("b_hh", b_hh, f"({rows},)", (gates * H,)),
    ):
        if array is None:
            continue
        if array.shape != wanted:
            raise ValueError(f"{name}: {argument} must be {letters} = {wanted}, got {tuple(array.shape)}: "
                             f"x is {tuple(x.shape)} and w_hh {tuple(w_hh.shape)}")
        if array.dtype != x.dtype:
            raise TypeError(f"{name}: {argument} must be {x.dtype} like x, got {array.dtype}: use .to({x.dtype})")


def check_lengths(name: str, lengths: Any, B: int, T: int, least: int = 0) -> np.ndarray:
    """The lengths as an int64 array of our own. Raises ValueError or TypeError where they are none."""
    if lengths is None:
        return np.full(B, T)
    lengths = lengths.array if isinstance(lengths, Tensor) else np.asarray(lengths)
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"{name}: lengths must be int64, got {lengths.dtype}: use .long()")
    if lengths.shape != (B,):
        raise ValueError(f"{name}: lengths must be (B,) = ({B},), got {lengths.shape}: one length for each row")
    if B and not least <= lengths.min() <= lengths.max() <= T:
        raise ValueError(f"{name}: lengths must be {least} ... T = {T}, got {lengths.min()} ... {lengths.max()}: "
                         + ("pad x to its longest row" if lengths.max() > T else "drop rows without steps"))
    return np.array(lengths, np.int64)
