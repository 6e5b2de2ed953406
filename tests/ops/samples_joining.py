"""Samples of ops that make one tensor of several, and several of one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tests.ops.samples import Sample, Wrong, numbers, pair, register
from tinyattn.ops import joining


def joined(*xs: np.ndarray, dim: int) -> np.ndarray:
    xs = tuple(x for x in xs if x.shape != (0,)) or xs
    dim %= xs[0].ndim
    rows = [np.moveaxis(x, dim, 0)[k] for x in xs for k in range(x.shape[dim])]
    sizes = tuple(n for axis, n in enumerate(xs[0].shape) if axis != dim)
    return np.moveaxis(np.array(rows).reshape(len(rows), *sizes), 0, dim)


def cut(x: np.ndarray, sizes: list[int], dim: int) -> tuple[np.ndarray, ...]:
    starts = list(itertools.accumulate(sizes, initial=0))
    return tuple(x[(slice(None),) * (dim % x.ndim) + (slice(a, b),)] for a, b in itertools.pairwise(starts))


def in_steps(x: np.ndarray, size: int, dim: int = 0) -> tuple[np.ndarray, ...]:
    n = x.shape[dim]
    return cut(x, [min(size, n - start) for start in range(0, n, size)] or [0], dim)


def cat(*xs: Any, dim: int) -> Any:
    return joining.cat(list(xs), dim)


def stack(*xs: Any, dim: int) -> Any:
    return joining.stack(list(xs), dim)


A, B = numbers(2, 3), numbers(2, 1, 3)
register(
    "joining.concatenate",
    cat,
    joined,
    [
        Sample((A, numbers(2, 1), numbers(2, 2)), {"dim": 1}),
        Sample((A, numbers(1, 3)), {"dim": -2}),
        Sample((A,), {"dim": 0}),
        Sample((A, A), {"dim": 0}),
        Sample((numbers(0, 3), A), {"dim": 0}),
        Sample((numbers(0, 3), numbers(0, 2)), {"dim": 1}),
        Sample((numbers(0), A, numbers(0)), {"dim": 1}),
        Sample((numbers(0), numbers(0)), {"dim": 0}),
        Sample((numbers(2), numbers(0)), {"dim": -1}),
    ],
    [
        Wrong(ValueError, "cat: wanted at least one tensor, got none", (), {"dim": 0}),
        Wrong(
            ValueError,
            r"cat: shapes must agree in all dimensions but 0, got \(2, 3\) and \(2, 1\)",
            (A, numbers(2, 1)),
            {"dim": 0},
        ),
        Wrong(ValueError, r"cat: .* got \(2, 3\) and \(3,\)", (A, numbers(3)), {"dim": 0}),
        Wrong(IndexError, r"cat: dim must be in -2 \.\.\. 1, got 2", (A, A), {"dim": 2}),
        Wrong(ValueError, "cat: .* got a single number: use stack", pair((), ()), {"dim": 0}),
        Wrong(ValueError, r"cat: shapes must agree .* got \(3,\) and \(\)", (numbers(3), numbers()), {"dim": 0}),
    ],
    single=False,
)
register(
    "joining.concatenate",
    stack,
    lambda *xs, dim: joined(*[np.expand_dims(x, dim) for x in xs], dim=dim),
    [Sample((A, A + 1), {"dim": dim}) for dim in (0, 1, -1)]
    + [
        Sample(pair((), ()), {"dim": 0}),
        Sample((numbers(1),), {"dim": 0}),
        Sample((numbers(0, 3), numbers(0, 3)), {"dim": 1}),
    ],
    [
        Wrong(ValueError, r"stack: wanted tensors of one shape, got \(2, 3\) and \(3,\)", (A, numbers(3)), {"dim": 0}),
        Wrong(ValueError, "stack: wanted tensors of one shape, got no tensor", (), {"dim": 0}),
    ],
)
register(
    "joining.pieces",
    joining.split,
    lambda x, size, dim=0: cut(x, size, dim) if isinstance(size, list) else in_steps(x, size or 1, dim),
    [
        Sample((numbers(5, 2), 2)),
        Sample((numbers(5, 2), 5)),
        Sample((numbers(5, 2), [1, 0, 4])),
        Sample((B, [2, 1], -1)),
        Sample((numbers(0, 3), 2)),
        Sample((numbers(0, 3), 0)),
        Sample((numbers(0, 3), [0, 0])),
        Sample((B, 2, -1)),
    ],
    [
        Wrong(ValueError, "split: split_size must be at least 1, got 0", (A, 0)),
        Wrong(ValueError, "split: split_size must be at least 1, got -1", (numbers(0, 3), -1)),
        Wrong(ValueError, "split: wanted at least one dimension, got a single number: use unsqueeze", (numbers(), 1)),
        Wrong(IndexError, r"split: dim must be in -2 \.\.\. 1, got 2", (A, 1, 2)),
        Wrong(ValueError, r"split: sizes must add up to 2, the size of dim 0, got \[1, 2\]", (A, [1, 2])),
        Wrong(ValueError, r"split: sizes must add up to 2, .* got \[3, -1\]", (A, [3, -1])),
    ],
    "split",
    single=False,
)
register(
    "joining.pieces",
    joining.chunk,
    lambda x, chunks, dim=0: in_steps(x, -(-x.shape[dim] // chunks), dim) if x.shape[dim] else (x,) * chunks,
    [
        Sample((numbers(5, 2), 2)),
        Sample((numbers(5, 2), 4)),
        Sample((numbers(5, 2), 9)),
        Sample((B, 3, -1)),
        Sample((numbers(2, 0), 2)),
        Sample((numbers(0, 2), 3)),
    ],
    [
        Wrong(ValueError, "chunk: chunks must be at least 1, got 0", (A, 0)),
        Wrong(ValueError, "chunk: wanted at least one dimension, got a single number", (numbers(), 1)),
    ],
    "chunk",
    single=False,
)
