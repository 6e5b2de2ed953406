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
    x, dim = np.atleast_1d(x), dim % max(x.ndim, 1)
    if index.ndim == 0:
        return x[index]
    return moved(index.shape, lambda *at: x[(*at[:dim], index[at], *at[dim + 1 :])])


def selected(x: np.ndarray, dim: int, index: np.ndarray) -> np.ndarray:
    return picked(x, (*[slice(None)] * (dim % x.ndim), np.atleast_1d(index))) if x.ndim else x


def summed_at(x: np.ndarray, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    y = np.zeros(shape)
    places = np.arange(y.size).reshape(shape)[index]
    for place, value in zip(places.ravel(), np.broadcast_to(x, places.shape).ravel()):
        y.flat[place] += value
    return y


def hot(x: np.ndarray, num_classes: int = -1) -> np.ndarray:
    n = max(x.ravel()) + 1 if num_classes == -1 else num_classes
    return np.array([[int(j == k) for j in range(n)] for k in x.ravel()], int).reshape(*x.shape, n)


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
            slice(None, None, 2),
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
            (slice(0, 3, 2), [True, False, True]),
            np.zeros((0,), int),
            np.int64(2),
            np.array(-1),
            (range(2), slice(1, None)),
            (None, IDS, None),
            (IDS, None, IDS),
            True,
            False,
            (np.array(True), 0),
            np.array([0, 1], np.int8),
            (),
        )
    ]
    + [
        Sample((numbers(), ())),
        Sample((numbers(), None)),
        Sample((numbers(), True)),
        Sample((numbers(0, 3), slice(None))),
        Sample((numbers(1, 3), 0)),
    ],
    [
        Wrong(IndexError, r"indexing: wanted at most 2 indices, got 3, .* shape \(4, 3\)", (X, (0, 0, 0))),
        Wrong(IndexError, r"indexing: wanted at most 0 indices, got 1, for a tensor of shape \(\)", (numbers(), 0)),
        Wrong(IndexError, r"indexing: wanted at most 2 indices, got 3", (X, (0, np.ones((4, 3), bool)))),
        Wrong(IndexError, r"indexing: index 4 is out of bounds .* tensor of shape \(4, 3\)", (X, 4)),
        Wrong(IndexError, r"indexing: .* size of axis is 4 .* is 3", (X, np.ones(3, bool))),
        Wrong(IndexError, r"indexing: too many indices", (X, (..., 0, ...))),
        Wrong(IndexError, r"indexing: shape mismatch: .* \(2,\) \(3,\)", (X, ([0, 1], IDS))),
        Wrong(IndexError, "indexing: wanted integers, slices, .* got dtype.*float64", (X, np.ones(3))),
        Wrong(IndexError, "indexing: wanted integers, slices, .* got dtype.*uint8", (X, np.ones(3, np.uint8))),
        Wrong(IndexError, "indexing: wanted integers, slices, .* got 'a'", (X, "a")),
        Wrong(IndexError, r"indexing: wanted integers, slices, .* got 1\.0", (X, 1.0)),
        Wrong(ValueError, "indexing: the step of a slice must be at least 1, got -1: use flip", (X, slice(None, None, -1))),
        Wrong(ValueError, "indexing: the step of a slice must be at least 1, got 0", (X, slice(None, None, 0))),
        Wrong(TypeError, "pick: slice indices must be integers", (X, slice(0, 1.5))),
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
        Sample((numbers(3), -1, np.array([[2, 0], [1, 1]])[0])),
        Sample((numbers(3), 0, np.array(2))),
        Sample((numbers(), 0, np.array([0, 0]))),
        Sample((numbers(), -1, np.array(0))),
        Sample((X, 0, np.zeros((0,), int))),
        Sample((X, 1, np.array([[2, 0]], np.int32))),
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
        Sample((numbers(), 0, np.array([0]))),
        Sample((numbers(), -1, np.array(0))),
        Sample((X, 0, np.array([1, 1], np.int32))),
    ],
    [
        Wrong(ValueError, r"index_select: index must have one dimension, got shape \(1, 1\)", (X, 0, np.array([[1]]))),
        Wrong(IndexError, r"index_select: index must be in 0 \.\.\. 3, got 4", (X, 0, np.array([4]))),
        Wrong(TypeError, "index_select: index must be an integer tensor, got bool", (X, 0, np.array([True]))),
        Wrong(ValueError, r"index must have one element, to pick from a single number", (numbers(), 0, np.array([0, 0]))),
    ],
    "index_select",
)
register(
    "indexing.one_hot_",
    indexing.one_hot,
    hot,
    [
        Sample((IDS,)),
        Sample((IDS,), {"num_classes": 5}),
        Sample((IDS.reshape(1, 3, 1), 3)),
        Sample((np.array(2),)),
        Sample((np.zeros((0, 2), int), 3)),
        Sample((np.array([[1, 0]], np.int32),)),
    ],
    [
        Wrong(IndexError, r"one_hot: index must be in 0 \.\.\. 1, got 2", (IDS, 2)),
        Wrong(IndexError, r"one_hot: index must be in 0 \.\.\. 2, got -1", (np.array([2, -1]),)),
        Wrong(TypeError, r"one_hot: index must be an integer tensor, got float64: use \.long\(\)", (np.ones(2),)),
        Wrong(ValueError, "one_hot: wanted num_classes for an empty tensor", (np.zeros(0, int),)),
    ],
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
    [
        Wrong(TypeError, "to: wanted a dtype such as ta.float64, got <object", (X, object())),
        Wrong(TypeError, "to: wanted numbers or bools, got complex128", (X, complex)),
        Wrong(ValueError, 'to: device must be "cpu", got .cuda.: everything here runs on the CPU', (X, "cuda")),
    ],
)
register(
    "dropout.dropout_",
    dropout.dropout_,
    each(lambda x, mask: x * mask),
    [Sample((*s.inputs,), {"mask": np.asarray(2.0 * (s.inputs[0] > 0))}) for s in EVERY],
    [Wrong(TypeError, "dropout", ())],
)
