"""Embedding: a table of vectors, looked up by number. Its gradient adds each vector's gradient to its row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.compile import kernel, ready
from ..kernels.mode import use_numba
from ..tensor import Tensor, op
from .choices import where
from .matmul import check_tensors


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
def take_rows(weight, /, ids, padding=None, by_frequency=False):
    """y = weight[ids]"""
    return np.take(weight, ids, axis=0)


@op
def put_rows(x, /, ids, rows):
    """y = 0, with each x added at the row that its id names"""
    y = np.zeros((rows, x.shape[-1]), x.dtype)
    (add_rows if use_numba() else add_rows_numpy)(y, ready(x.reshape(ids.size, x.shape[-1])), ids.reshape(-1))
    return y


def gradient_of_weight(dy, weight, ids, padding, by_frequency):
    if padding is not None:
        dy = where((ids != padding)[..., None], dy, 0.0)
    if by_frequency:
        dy = dy / np.bincount(ids.reshape(-1))[ids][..., None]
    return put_rows(dy, ids=ids, rows=weight.shape[0])


# Each is the other's gradient.
take_rows.gradient(dweight=gradient_of_weight)
take_rows.op.reads_shape_of("weight")
put_rows.gradient(dx=lambda dy, ids: take_rows(dy, ids=ids))


def embedding(input: Any, weight: Any, padding_idx: int | None = None, max_norm: float | None = None,
              norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False) -> Any:
    """y = weight[input]: for each id its row of the table.

    padding_idx: this row gets no gradient, so that it stays as it is.
    max_norm: first scale the named rows that are longer down to this length, in the table itself.
    norm_type: what length is: the p in (Σ |x|ᵖ)¹ᐟᵖ.
    scale_grad_by_freq: divide the gradient of a row by how often it is named.

    Shapes: input any shape of integers, weight (V, E) -> (*input.shape, E).
    Raises: IndexError for an id that is not in 0 ... V - 1, TypeError for ids that are no integers, ValueError for
    another shape of weight or a padding_idx out of range, NotImplementedError for sparse gradients.
    """
    if sparse:
        raise NotImplementedError("embedding: sparse=True is not supported, gradients are dense: leave it out")
    check_tensors("embedding", weight)
    ids = input.array if isinstance(input, Tensor) else np.asarray(input)
    if weight.ndim != 2:
        raise ValueError(f"embedding: weight must be (V, E), got {tuple(weight.shape)}: ids come first, then the table")
    if ids.dtype.kind not in "iu":
        raise TypeError(f"embedding: ids must be integers, got {ids.dtype}: use .long()")
    V, ids = weight.shape[0], ready(ids.astype(np.int64, copy=False))
    if ids.size and ids.view(np.uint64).max() >= V:  # read as numbers without a sign, negative ones are the largest
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise IndexError(f"embedding: ids must be in 0 ... {V - 1}, got {wrong}: is the vocabulary another one?")
    if padding_idx is not None:
        if not -V <= padding_idx < V:
            raise ValueError(f"embedding: padding_idx must be in {-V} ... {V - 1}, got {padding_idx}")
        padding_idx %= V
    if max_norm is not None:
        shorten_rows(weight, np.unique(ids), max_norm, norm_type)
    return take_rows(weight, ids=ids, padding=padding_idx, by_frequency=bool(scale_grad_by_freq))


def shorten_rows(weight: Any, ids: np.ndarray, max_norm: float, norm_type: float) -> None:
    """In place: weight[ids], scaled to max_norm where they are longer."""
    table = weight.array if isinstance(weight, Tensor) else weight
    lengths = np.linalg.norm(table[ids], norm_type, axis=1)
    long = lengths > max_norm
    table[ids[long]] *= (max_norm / (lengths[long] + 1e-7))[:, None].astype(table.dtype)  # 1e-7: PyTorch's
    if isinstance(weight, Tensor):
        weight.mark_changed()
