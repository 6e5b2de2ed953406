"""Samples of ops that move elements. The reference moves them one by one."""

from __future__ import annotations

import math

import numpy as np

from tests.ops.samples import Sample, Wrong, grouped, moved, numbers, register
from tinyattn.ops import shapes
from tinyattn.tensor import fit, spread


def refilled(x: np.ndarray, *sizes: int) -> np.ndarray:
    sizes = sizes[0] if sizes == ((),) else sizes
    left = x.size // max(math.prod(n for n in sizes if n >= 0), 1)
    y = np.empty([left if n < 0 else n for n in sizes])
    for place, value in zip(np.ndindex(y.shape), (x[index] for index in np.ndindex(x.shape))):
        y[place] = value
    return y


def squeezed(x: np.ndarray, dim: int | tuple[int, ...] | None = None) -> np.ndarray:
    dims = range(x.ndim) if dim is None else np.atleast_1d(dim)
    return refilled(x, *[n for k, n in enumerate(x.shape) if n != 1 or not {k, k - x.ndim} & set(dims)])


def turned(x: np.ndarray, *dims: int) -> np.ndarray:
    dims = [d % x.ndim for d in dims if d != ()]
    return moved(tuple(x.shape[d] for d in dims), lambda *index: x[tuple(index[dims.index(d)] for d in range(x.ndim))])


def repeated(x: np.ndarray, *repeats: int) -> np.ndarray:
    repeats = repeats[0] if repeats == ((),) else repeats
    x = x.reshape((1,) * (len(repeats) - x.ndim) + x.shape)
    shape = tuple(n * times for n, times in zip(x.shape, repeats))
    return moved(shape, lambda *index: x[tuple(i % n for i, n in zip(index, x.shape))])


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
        Wrong(ValueError, r"reshape: .* got \(-2, 3\)", (A, -2, 3)),
        Wrong(ValueError, r"reshape: .* got \(-1, 0\)", (numbers(0, 3), -1, 0)),
        Wrong(TypeError, r"reshape: wanted integers, got \(2\.5,\): use // for whole numbers", (A, 2.5)),
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
        Wrong(IndexError, r"flatten: dim must be in -1 \.\.\. 0, got 1", (numbers(), 1)),
    ],
    "flatten",
)
register(
    "shapes.reshape_",
    shapes.squeeze,
    squeezed,
    [Sample((x,)) for x in (B, numbers(), numbers(1, 0, 1))]
    + [Sample((B, dim)) for dim in (1, -2, 0, (1,), (), (0, -2))]
    + [Sample((numbers(1, 3, 1), (0, 2))), Sample((numbers(), 0)), Sample((numbers(), (-1,)))],
    [
        Wrong(IndexError, r"squeeze: dim must be in -2 \.\.\. 1, got 2", (A, 2)),
        Wrong(ValueError, r"squeeze: wanted each dimension at most once, got \(1, -1\)", (A, (1, -1))),
    ],
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
        Wrong(IndexError, r"permute: dim must be in -2 \.\.\. 1, got 2", (A, 0, 2)),
        Wrong(TypeError, r"permute: wanted integers, got \(0, 1\.0\)", (A, 0, 1.0)),
    ],
    "Tensor.permute",
)
register(
    "shapes.permute_",
    shapes.transpose,
    lambda x, a, b: turned(x, *[{a: b, b: a}.get(k, k) for k in range(x.ndim)]),
    [
        Sample((numbers(2, 3, 4), 0, 2)),
        Sample((B, 1, 0)),
        Sample((A, 1, 1)),
        Sample((numbers(0, 3), 0, 1)),
        Sample((numbers(), 0, -1)),
    ],
    [Wrong(IndexError, r"transpose: dim must be in -2 \.\.\. 1, got 2", (A, 0, 2))],
    "transpose",
)
register(
    "shapes.permute_",
    shapes.t,
    lambda x: turned(x, *reversed(range(x.ndim))),
    [Sample((x,)) for x in (A, numbers(1, 3), numbers(3), numbers(), numbers(0, 3))],
    [Wrong(ValueError, r"t: wanted at most two dimensions, got shape \(2, 1, 3\): use transpose or .mT", (B,))],
    "t",
)
register(
    "shapes.flip_",
    shapes.flip,
    lambda x, *dims: moved(
        x.shape, lambda *index: x[tuple(x.shape[k] - 1 - i if k in dims else i for k, i in enumerate(index))]
    ),
    [Sample((A, 0)), Sample((A, 1)), Sample((B, 2, 0)), Sample((numbers(0, 3), 1)), Sample((numbers(), 0))],
    [
        Wrong(IndexError, r"flip: dim must be in -2 \.\.\. 1, got 2", (A, 2)),
        Wrong(ValueError, r"flip: wanted each dimension at most once, got \(0, -2\)", (A, 0, -2)),
    ],
    "Tensor.flip",
)
register(
    "shapes.repeat_",
    shapes.repeat,
    repeated,
    [
        Sample((A, 2, 3)),
        Sample((A, 2, 1, 3)),
        Sample((B, 3, 2, 1)),
        Sample((numbers(3), 2)),
        Sample((numbers(), 2, 2)),
        Sample((numbers(), ())),
        Sample((A, 0, 2)),
        Sample((numbers(0, 3), 2, 2)),
        Sample((A, 1, 1)),
    ],
    [
        Wrong(ValueError, r"repeat: wanted at least 2 numbers, none negative, got \(2,\)", (A, 2)),
        Wrong(ValueError, r"repeat: wanted at least 2 numbers, none negative, got \(2, -1\)", (A, 2, -1)),
    ],
    "Tensor.repeat",
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
