"""Embedding: a table of vectors, looked up by number. Its gradient adds each vector's gradient to its row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.compile import kernel, ready
from ..kernels.mode import use_numba
from ..tensor import Tensor, op
from .choices import where


@kernel
def add_rows(y, x, ids):
    """y[ids[i]] += x[i]"""
    N, E = x.shape
    for i in range(N):
        row = ids[i]
        for e in range(E):
            y[row, e] += x[i, e]


def add_rows_numpy(y, x, ids):
    """The same in NumPy: rows with one id are brought together and summed; np.add.at is ten times slower."""
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    first = np.flatnonzero(np.diff(ids, prepend=-1))
    if len(ids):
        y[ids[first]] = np.add.reduceat(x[order], first)


@op
def take_rows(weight, /, ids, padding=None):
    """y = weight[ids]"""
    return np.take(weight, ids, axis=0)


@op
def put_rows(x, /, ids, rows):
    """y = 0, with each x added at the row that its id names"""
    y = np.zeros((rows, x.shape[-1]), x.dtype)
    (add_rows if use_numba() else add_rows_numpy)(y, ready(x.reshape(ids.size, x.shape[-1])), ids.reshape(-1))
    return y


def gradient_of_weight(dy, weight, ids, padding):
    if padding is not None:
        dy = where((ids != padding)[..., None], dy, 0.0)
    return put_rows(dy, ids=ids, rows=weight.shape[0])


# Each is the other's gradient.
take_rows.gradient(dweight=gradient_of_weight)
put_rows.gradient(dx=lambda dy, ids: take_rows(dy, ids=ids))


def embedding(weight: Any, ids: Any, padding_idx: int | None = None) -> Any:
    """y = weight[ids]: for each id its row of the table.

    padding_idx: this row gets no gradient, so that it stays as it is.

    Shapes: weight (V, E), ids any shape of integers -> (*ids.shape, E).
    Raises: IndexError for an id that is not in 0 ... V - 1, TypeError for ids that are no integers, ValueError for
    another shape of weight or a padding_idx out of range.
    """
    ids = ids.array if isinstance(ids, Tensor) else np.asarray(ids)
    if weight.ndim != 2:
        raise ValueError(f"embedding: weight must be (V, E), got {tuple(weight.shape)}")
    if ids.dtype.kind not in "iu":
        raise TypeError(f"embedding: ids must be integers, got {ids.dtype}: use .long()")
    V = weight.shape[0]
    if ids.size and not 0 <= ids.min() <= ids.max() < V:
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise IndexError(f"embedding: ids must be in 0 ... {V - 1}, got {wrong}: is the vocabulary another one?")
    if padding_idx is not None:
        if not -V <= padding_idx < V:
            raise ValueError(f"embedding: padding_idx must be in {-V} ... {V - 1}, got {padding_idx}")
        padding_idx %= V
    return take_rows(weight, ids=ready(ids.astype(np.int64, copy=False)), padding=padding_idx)
