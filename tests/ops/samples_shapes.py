"""Samples of ops that move elements. The reference moves them one by one."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from tests.ops.samples import Sample, Wrong, grouped, moved, numbers, pair, register
from tinyattn.ops import shapes
from tinyattn.tensor import fit, spread


def refilled(x: np.ndarray, *sizes: int) -> np.ndarray:
    sizes = sizes[0] if sizes == ((),) else sizes
    left = x.size // max(math.prod(n for n in sizes if n >= 0), 1)
    y = np.empty([left if n < 0 else n for n in sizes])
    for place, value in zip(np.ndindex(y.shape), (x[index] for index in np.ndindex(x.shape))):
        y[place] = value
    return y


def turned(x: np.ndarray, *dims: int) -> np.ndarray:
    dims = [d % x.ndim for d in dims if d != ()]
    return moved(tuple(x.shape[d] for d in dims), lambda *index: x[tuple(index[dims.index(d)] for d in range(x.ndim))])


def joined(*xs: np.ndarray, dim: int) -> np.ndarray:
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
    return shapes.cat(list(xs), dim)


def stack(*xs: Any, dim: int) -> Any:
    return shapes.stack(list(xs), dim)


A, B = numbers(2, 3), numbers(2, 1, 3)
register(
    "shapes.reshape_",
    shapes.reshape,
    refilled,
    [
        Sample((A, 3, 2)),
        Sample((A, -1)),
        Sample((B, 1, -1, 2)),
        Sample((numbers(), 1, 1)),
        Sample((numbers(1), ())),
        Sample((numbers(0, 3), 3, 0, 2)),
        Sample((numbers(0, 3), -1)),
    ],
    [
        Wrong(ValueError, r"reshape: wanted a shape for 6 elements as \(2, 3\) has, got \(4, 2\)", (A, 4, 2)),
        Wrong(ValueError, r"reshape: .* got \(-1, -1\)", (A, -1, -1)),
        Wrong(TypeError, "integers, got .*2.5", (A, 2.5)),
    ],
    "Tensor.reshape",
)
register(
    "shapes.reshape_",
    shapes.flatten,
    lambda x, a=0, b=-1: refilled(
        x, *x.shape[: a % max(x.ndim, 1)], -1 if x.size else 0, *x.shape[b % max(x.ndim, 1) + 1 :]
    ),
    [
        Sample((numbers(2, 3, 2),)),
        Sample((numbers(2, 3, 2), 1)),
        Sample((numbers(2, 3, 2), 0, 1)),
        Sample((numbers(),)),
        Sample((numbers(1, 1),)),
        Sample((numbers(0, 3),)),
    ],
    [
        Wrong(ValueError, "flatten: start_dim must not come after end_dim, got 1 and 0", (A, 1, 0)),
        Wrong(IndexError, r"flatten: dim must be in -2 \.\.\. 1, got 5", (A, 5)),
    ],
    "flatten",
)
register(
    "shapes.reshape_",
    shapes.squeeze,
    lambda x, dim=None: refilled(x, *[n for k, n in enumerate(x.shape) if n != 1 or dim not in (None, k, k - x.ndim)]),
    [Sample((B,)), Sample((B, 1)), Sample((B, -2)), Sample((B, 0)), Sample((numbers(),)), Sample((numbers(1, 0, 1),))],
    [Wrong(IndexError, r"squeeze: dim must be in -2 \.\.\. 1, got 2", (A, 2))],
    "squeeze",
)
register(
    "shapes.reshape_",
    shapes.unsqueeze,
    lambda x, dim: refilled(x, *x.shape[: dim % (x.ndim + 1)], 1, *x.shape[dim % (x.ndim + 1) :]),
    [Sample((A, 0)), Sample((A, 1)), Sample((A, -1)), Sample((numbers(), 0)), Sample((numbers(1, 0), 1))],
    [Wrong(IndexError, r"unsqueeze: dim must be in -3 \.\.\. 2, got 3", (A, 3))],
    "unsqueeze",
)
register(
    "shapes.permute_",
    shapes.permute,
    turned,
    [
        Sample((numbers(2, 3, 4), 2, 0, 1)),
        Sample((numbers(2, 3, 4), -1, 1, 0)),
        Sample((B, 1, 0, 2)),
        Sample((numbers(), ())),
        Sample((numbers(0, 3), 1, 0)),
    ],
    [
        Wrong(ValueError, r"permute: wanted each of 2 dimensions once, got \(0, 0\)", (A, 0, 0)),
        Wrong(ValueError, r"permute: wanted each of 2 dimensions once, got \(0,\)", (A, 0)),
    ],
    "Tensor.permute",
)
register(
    "shapes.permute_",
    shapes.transpose,
    lambda x, a, b: turned(x, *[{a: b, b: a}.get(k, k) for k in range(x.ndim)]),
    [Sample((numbers(2, 3, 4), 0, 2)), Sample((B, 1, 0)), Sample((A, 1, 1)), Sample((numbers(0, 3), 0, 1))],
    [Wrong(IndexError, r"transpose: dim must be in -2 \.\.\. 1, got 2", (A, 0, 2))],
    "transpose",
    single=False,
)
register(
    "shapes.flip_",
    shapes.flip,
    lambda x, *dims: moved(
        x.shape, lambda *index: x[tuple(x.shape[k] - 1 - i if k in dims else i for k, i in enumerate(index))]
    ),
    [Sample((A, 0)), Sample((A, 1)), Sample((B, 2, 0)), Sample((numbers(0, 3), 1))],
    [Wrong(IndexError, r"flip: dim must be in -2 \.\.\. 1, got 2", (A, 2))],
    "Tensor.flip",
    single=False,
)
register(
    "shapes.concatenate",
    cat,
    joined,
    [
        Sample((A, numbers(2, 1), numbers(2, 2)), {"dim": 1}),
        Sample((A, numbers(1, 3)), {"dim": -2}),
        Sample((A,), {"dim": 0}),
        Sample((A, A), {"dim": 0}),
        Sample((numbers(0, 3), A), {"dim": 0}),
        Sample((numbers(0, 3), numbers(0, 2)), {"dim": 1}),
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
    ],
    single=False,
)
register(
    "shapes.concatenate",
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
    "shapes.pieces",
    shapes.split,
    lambda x, size, dim=0: cut(x, size, dim) if isinstance(size, list) else in_steps(x, size, dim),
    [
        Sample((numbers(5, 2), 2)),
        Sample((numbers(5, 2), 5)),
        Sample((numbers(5, 2), [1, 0, 4])),
        Sample((B, [2, 1], -1)),
        Sample((numbers(0, 3), 2)),
    ],
    [
        Wrong(ValueError, "split: split_size must be at least 1, got 0", (A, 0)),
        Wrong(ValueError, r"split: sizes must add up to 2, the size of dim 0, got \[1, 2\]", (A, [1, 2])),
        Wrong(ValueError, r"split: sizes must add up to 2, .* got \[3, -1\]", (A, [3, -1])),
    ],
    "split",
    single=False,
)
register(
    "shapes.pieces",
    shapes.chunk,
    lambda x, chunks, dim=0: in_steps(x, -(-x.shape[dim] // chunks), dim),
    [
        Sample((numbers(5, 2), 2)),
        Sample((numbers(5, 2), 4)),
        Sample((numbers(5, 2), 9)),
        Sample((B, 3, -1)),
        Sample((numbers(2, 0), 2)),
    ],
    [Wrong(ValueError, "chunk: chunks must be at least 1, got 0", (A, 0))],
    "chunk",
    single=False,
)
register(
    "tensor.spread",
    shapes.expand,
    lambda x, *sizes: np.zeros([x.shape[k - len(sizes)] if n == -1 else n for k, n in enumerate(sizes)]) + x,
    [
        Sample((B, 2, 4, 3)),
        Sample((B, 5, -1, 2, -1)),
        Sample((numbers(), 2)),
        Sample((numbers(1), 0)),
        Sample((numbers(0, 1), 0, 2)),
    ],
    [
        Wrong(ValueError, r"expand: cannot make \(2, 4\) of \(2, 3\)", (A, 2, 4)),
        Wrong(ValueError, r"expand: cannot make \(3,\) of \(2, 3\)", (A, 3)),
        Wrong(ValueError, r"expand: cannot make \(-1, 2, 3\) of \(2, 3\)", (A, -1, 2, 3)),
    ],
    "Tensor.expand",
)
register(
    "tensor.spread",
    spread,
    lambda x, shape, dtype: np.zeros(shape) + x,
    [
        Sample((x,), {"shape": shape, "dtype": np.float64})
        for x, shape in ((B, (4, 2, 5, 3)), (numbers(), (2,)), (numbers(0, 1), (0, 2)))
    ],
    [Wrong(ValueError, r"\(2, ?3\).*\(4, ?3\)", (A, (4, 3), np.float64))],
)
register(
    "tensor.fit",
    fit,
    lambda x, shape, dtype: grouped(math.fsum)(x, {(1, 3): (0, 2), (2, 1, 3): 0, (): None}[shape], True).reshape(shape),
    [
        Sample((numbers(4, 2, 1, 3),), {"shape": (2, 1, 3), "dtype": np.float64}),
        Sample((numbers(),), {"shape": (), "dtype": np.float64}),
        Sample((numbers(5, 1, 2, 3),), {"shape": (1, 3), "dtype": np.float64}),
        Sample((numbers(0, 3),), {"shape": (), "dtype": np.float64}),
    ],
    [Wrong(TypeError, "fit", ())],
)
