"""What the recurrent ops have in common: their loop over time in primitive ops, and what they refuse.

`states` are what such an op carries from step to step: h and c of an LSTM, h of a GRU.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..kernels.compile import ready
from ..kernels.threads import blocks_of
from ..state import time_step
from ..tensor import Tensor
from .choices import where
from .indexing import getitem
from .joining import stack
from .shapes import unsqueeze

MULTIPLICATIONS_PER_THREAD = 4_000_000  # with fewer, a second thread costs more than it brings
PADDING = 16  # rows that lie a power of two apart get into each other's way in the cache: these are never that


class Plan(NamedTuple):
    """In which order a fused op takes the steps of a batch, and which thread takes which.

    A thread has rows of the batch, the longest first, and takes them through all their steps. The steps lie in memory
    as it comes to them: step 0 of its rows, side by side; step 1 of those that have one; and so on. So padding is
    nowhere, the rows of a step are one matrix, and reading from the end is only another order.
    """

    steps: int  # how many there are of all rows
    lengths: np.ndarray
    blocks: list[tuple[np.ndarray, slice]]  # of each thread: its rows, and where their steps lie
    padded: bool

    def whole(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Memory for (B, T, ...), of which kernels write the real steps."""
        return np.zeros(shape, dtype) if self.padded else np.empty(shape, dtype)


def plan_for(lengths: np.ndarray | None, B: int, T: int, multiplications: int) -> Plan:
    """multiplications: of one step of one row; from these it follows for how many threads there is work."""
    steps = B * T if lengths is None else int(lengths.sum())
    count = blocks_of(min(B, steps * multiplications // MULTIPLICATIONS_PER_THREAD))
    return plan_without_padding(B, T, count) if lengths is None else Plan(
        steps, lengths, divided(lengths, np.argsort(-lengths, kind="stable"), count), True)


@functools.lru_cache(16)
def plan_without_padding(B: int, T: int, count: int) -> Plan:
    lengths = np.full(B, T)
    return Plan(B * T, lengths, divided(lengths, np.arange(B), count), False)


def divided(lengths: np.ndarray, order: np.ndarray, count: int) -> list[tuple[np.ndarray, slice]]:
    """Every count-th row to each block, so that all get as many long ones."""
    blocks, start = [], 0
    for k in range(count):
        rows = order[k::count].copy()
        stop = start + int(lengths[rows].sum())
        blocks.append((rows, slice(start, stop)))
        start = stop
    return blocks


def matrix(rows: int, columns: int, dtype: Any) -> np.ndarray:
    """Memory for a matrix (rows, columns)."""
    return np.empty((rows, columns), dtype)


def spaced(rows: int, columns: int, dtype: Any) -> np.ndarray:
    """Memory for a matrix (rows, columns) whose rows do not get into each other's way."""
    return np.empty((rows, columns + PADDING), dtype)


def unroll(cell: Callable, x: Any, states: Sequence[Any], lengths: np.ndarray, reverse: bool) -> tuple[Any, ...]:
    """hs and the last states: `cell(xₜ, *states)`, which gives the next states, once for each step.

    Shapes: x (B, T, E), states (B, H) -> (B, T, H), (1, B, H) each.
    """
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
    return stack(hs, 1), *map(functools.partial(unsqueeze, dim=0), states)


def first_state(state: Any, x: Any, w_hh: Any) -> Any:
    """The state (B, H) as given, or (1, B, H); where it is None, zeros."""
    if state is None:
        return np.zeros((len(x), w_hh.shape[1]), x.dtype)
    return state if state.ndim == 2 else getitem(state, 0)


def first_rows(state: Any, x: np.ndarray, w_hh: np.ndarray) -> np.ndarray:
    """The same for kernels."""
    if state is None:
        return np.zeros((len(x), w_hh.shape[1]), x.dtype)
    return ready(state).reshape(len(x), w_hh.shape[1])


def check(name: str, x: Any, states: dict[str, Any], w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, gates: int) -> None:
    """Raises ValueError or TypeError where shapes or dtypes do not fit together; `gates` blocks of H rows are wanted.

    An op whose name ends in _cell takes one step x (B, E), the others a sequence x (B, T, E).
    """
    if x.ndim == 3 and w_hh.ndim == 2 and not name.endswith("_cell"):  # what nearly always comes, in a few comparisons
        (B, T, E), H, G, dtype = x.shape, w_hh.shape[1], gates * w_hh.shape[1], x.dtype
        given = [state for state in states.values() if state is not None]
        if (T > 0 and w_ih.shape == (G, E) and w_hh.shape == (G, H) and dtype.char in "fd"
                and (b_ih is None) == (b_hh is None) and len(given) in (0, len(states))
                and (b_ih is None or b_ih.shape == b_hh.shape == (G,))
                and all(state.shape == (1, B, H) for state in given)
                and all(array is None or array.dtype is dtype for array in (*given, w_ih, w_hh, b_ih, b_hh))):
            return
    cell, rows = name.endswith("_cell"), f"{gates}H"
    if x.ndim != (2 if cell else 3) or w_hh.ndim != 2:
        raise ValueError(f"{name}: wanted x {'(B, E)' if cell else '(B, T, E)'} and w_hh ({rows}, H), "
                         f"got {tuple(x.shape)} and {tuple(w_hh.shape)}: give x all its dimensions")
    B, E, H, G = x.shape[0], x.shape[-1], w_hh.shape[1], gates * w_hh.shape[1]
    state, letters = ((B, H), "(B, H)") if cell else ((1, B, H), "(1, B, H)")
    wanted = {**dict.fromkeys(states, state), "w_ih": (G, E), "w_hh": (G, H), "b_ih": (G,), "b_hh": (G,)}
    found = {**states, "w_ih": w_ih, "w_hh": w_hh, "b_ih": b_ih, "b_hh": b_hh}
    for pair in (states, {"b_ih": b_ih, "b_hh": b_hh}):
        there = [argument for argument, array in pair.items() if array is not None]
        if 0 < len(there) < len(pair):
            raise ValueError(f"{name}: {' and '.join(pair)} must both be there or both be None, got only {there[0]}")
    if x.shape[-2] == 0 and not cell:
        raise ValueError(f"{name}: wanted at least one step, got x (B, T, E) = {tuple(x.shape)}: drop empty batches")
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: x must be float32 or float64, got {x.dtype}: use .float()")
    for argument, array in found.items():
        if array is not None and array.shape != wanted[argument]:
            letters = {"w_ih": f"({rows}, E)", "w_hh": f"({rows}, H)", "b_ih": f"({rows},)", "b_hh": f"({rows},)",
                       }.get(argument, letters)
            raise ValueError(f"{name}: {argument} must be {letters} = {wanted[argument]}, got {tuple(array.shape)}: "
                             f"x is {tuple(x.shape)} and w_hh {tuple(w_hh.shape)}")
        if array is not None and array.dtype != x.dtype:
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
