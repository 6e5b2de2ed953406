"""Samples of ops that pick elements by position, and of those that copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.samples import SHAPES, Sample, Wrong, each, moved, numbers, register
from tinyattn.ops import copies, dropout, indexing


def picked(x: np.ndarray, index: Any) -> np.ndarray:
    """x[index] by way of a table of positions, so that no gradient and no copy is involved."""
    return x.ravel()[np.arange(x.size).reshape(x.shape)[index]]


def gathered(x: np.ndarray, dim: int, index: np.ndarray) -> np.ndarray:
    dim %= x.ndim
    return moved(index.shape, lambda *at: x[(*at[:dim], index[at], *at[dim + 1 :])])


def selected(x: np.ndarray, dim: int, index: np.ndarray) -> np.ndarray:
    return picked(x, (*[slice(None)] * (dim % x.ndim), np.atleast_1d(index)))


def summed_at(x: np.ndarray, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    y = np.zeros(shape)
    places = np.arange(y.size).reshape(shape)[index]
    for place, value in zip(places.ravel(), np.broadcast_to(x, places.shape).ravel()):
        y.flat[place] += value
    return y


X, IDS = numbers(4, 3), np.array([2, 0, 2])
register(
    "indexing.pick",
    indexing.getitem,
    picked,
    [
        Sample((X, index))
        for index in (
            1,
            -1,
            slice(1, 3),
            slice(None, None, -1),
            (slice(None), 2),
            None,
            ...,
            (..., 0),
            (1, 2),
            (None, slice(0, 2), None, 1),
            IDS,
            (slice(None), IDS),
            (IDS, IDS),
            (IDS, 1),
            IDS[:, None],
            np.array([[2, 0], [-1, -1]]),
            X[:, 0] > 0,
            X > 0,
            [1, 1],
            [],
            np.array(2),
            slice(2, 2),
            (slice(3, 0, -2), [True, False, True]),
            np.zeros((0,), int),
            np.int64(2),
        )
    ]
    + [
        Sample((numbers(), ())),
        Sample((numbers(), None)),
        Sample((numbers(0, 3), slice(None))),
        Sample((numbers(1, 3), 0)),
    ],
    [
        Wrong(IndexError, r"indexing: a tensor of shape \(4, 3\) has 2 dimensions, got 3 indices", (X, (0, 0, 0))),
        Wrong(IndexError, r"indexing: index 4 is out of bounds .* tensor of shape \(4, 3\)", (X, 4)),
        Wrong(IndexError, r"indexing: .* size of axis is 4 .* is 3", (X, np.ones(3, bool))),
        Wrong(TypeError, "indexing: wanted integers, slices, .* got dtype", (X, np.ones(3))),
        Wrong(TypeError, "indexing: wanted integers, slices, .* got 'a'", (X, "a")),
        Wrong(TypeError, r"indexing: wanted integers, slices, .* got 1\.0", (X, 1.0)),
    ],
)
register(
    "indexing.put",
    indexing.put,
    summed_at,
    [
        Sample((numbers(3),), {"index": (IDS,), "shape": (4,)}),
        Sample((numbers(3, 2),), {"index": (IDS, slice(0, 2)), "shape": (4, 3)}),
        Sample((numbers(2, 3),), {"index": (slice(1, 3),), "shape": (4, 3)}),
        Sample((numbers(),), {"index": (1,), "shape": (3,)}),
        Sample((numbers(1),), {"index": (slice(1, 2),), "shape": (3,)}),
        Sample((numbers(0, 3),), {"index": (slice(0, 0),), "shape": (4, 3)}),
    ],
    [Wrong(IndexError, "index 5 is out of bounds", (np.ones(1),), {"index": (np.array([5]),), "shape": (3,)})],
)
register(
    "indexing.pick",
    indexing.gather,
    gathered,
    [
        Sample((X, 0, np.array([[0, 3, 3]]))),
        Sample((X, 1, np.array([[2, 2], [0, 1]]))),
        Sample((X, -1, np.array([[0]]))),
        Sample((X, 0, np.zeros((0, 3), int))),
        Sample((numbers(2, 2, 3), 1, np.array([[[1, 0], [1, 1]]]))),
    ],
    [
        Wrong(
            ValueError,
            r"gather: index must have 2 dimensions, none but 1 larger than in \(4, 3\), got \(5, 1\)",
            (X, 1, np.zeros((5, 1), int)),
        ),
        Wrong(ValueError, r"gather: index must have 2 dimensions, .* got \(1,\)", (X, 0, np.zeros(1, int))),
        Wrong(IndexError, r"gather: index must be in 0 \.\.\. 2, got 3", (X, 1, np.array([[3]]))),
        Wrong(IndexError, r"gather: index must be in 0 \.\.\. 2, got -1", (X, 1, np.array([[-1]]))),
        Wrong(
            TypeError, r"gather: index must be an integer tensor, got float64: use .long\(\)", (X, 1, np.array([[1.0]]))
        ),
    ],
    "gather",
    single=False,
)
register(
    "indexing.pick",
    indexing.index_select,
    selected,
    [
        Sample((X, 0, IDS)),
        Sample((X, -1, IDS)),
        Sample((X, 1, np.array(2))),
        Sample((numbers(4, 0), 0, IDS)),
        Sample((numbers(1, 2), 0, np.array([0]))),
    ],
    [
        Wrong(ValueError, r"index_select: index must have one dimension, got shape \(1, 1\)", (X, 0, np.array([[1]]))),
        Wrong(IndexError, r"index_select: index must be in 0 \.\.\. 3, got 4", (X, 0, np.array([4]))),
        Wrong(TypeError, "index_select: index must be an integer tensor, got bool", (X, 0, np.array([True]))),
    ],
    "index_select",
    single=False,
)

EVERY = [Sample((numbers(*shape),)) for shape in SHAPES]
register("copies.clone", copies.clone, each(lambda v: v), EVERY, [Wrong(TypeError, "clone", ())], "clone")
register(
    "copies.cast",
    copies.cast,
    lambda x, dtype: x,
    [Sample(s.inputs, {"dtype": np.float64}) for s in EVERY],
    [Wrong(TypeError, r"cast: wanted the arguments \(x, dtype\)", (), {"dtype": np.float64})],
)
register(
    "copies.truncate",
    copies.to,
    lambda x, dtype: each(int if dtype is int else bool, dtype)(x),
    [Sample((*s.inputs, dtype)) for s in EVERY for dtype in (int, bool)],
    [Wrong(TypeError, "to: wanted a dtype such as ta.float64, got 'gpu'", (X, "gpu"))],
)
register(
    "dropout.dropout_",
    dropout.dropout_,
    each(lambda x, mask: x * mask),
    [Sample((*s.inputs,), {"mask": np.asarray(2.0 * (s.inputs[0] > 0))}) for s in EVERY],
    [Wrong(TypeError, "dropout", ())],
)
