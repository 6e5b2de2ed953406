"""Ops that pick elements by position: `x[index]`, gather, index_select."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor, op
from .copies import check_in_place
from .shapes import axis_of


@op
def pick(x, /, index):
    """y = x[index]"""
    return x[index]


@op
def put(x, /, index, shape):
    """y = 0, with x added at index; a place named several times gets the sum"""
    y = np.zeros(shape, x.dtype)
    if any(isinstance(k, np.ndarray) for k in index):
        np.add.at(y, index, x)
    else:
        y[index] = x
    return y


# Each is the other's gradient.
pick.gradient(dx=lambda dy, x, index: put(dy, index=index, shape=x.shape))
put.gradient(dx=lambda dy, index: pick(dy, index=index))


def getitem(x, index):
    """y = x[index]: integers, slices, None, ..., and integer or bool tensors, as in NumPy and PyTorch.

    Raises: IndexError for a position that is not there, TypeError for an index of another kind.
    """
    places = checked("indexing", x, index)
    try:
        return pick(x, index=places)
    except IndexError as error:
        raise IndexError(f"indexing: {error}, for a tensor of shape {tuple(x.shape)}") from None


def setitem(x, index, value):
    """x[index] = value, in place, for tensors outside a graph: to fill them, or to update them in `no_grad()`."""
    check_in_place("item assignment", x, value)
    places = checked("item assignment", x, index)
    try:
        x.array[places] = value.array if isinstance(value, Tensor) else value
    except (IndexError, ValueError) as error:
        raise type(error)(f"item assignment: {error}, for a tensor of shape {x.shape}") from None
    x.mark_changed()


def checked(name, x, index):
    """The index as NumPy takes it: a tuple, tensors as arrays."""
    parts = tuple(plain(name, part) for part in (index if isinstance(index, tuple) else (index,)))
    given = sum(part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else part is not None
                for part in parts if part is not Ellipsis)
    if given > x.ndim:
        raise IndexError(f"{name}: a tensor of shape {tuple(x.shape)} has {x.ndim} dimensions, got {given} indices")
    return parts


def plain(name, part):
    if isinstance(part, Tensor):
        part = part.array
    if isinstance(part, (list, np.ndarray)):
        # A copy: the gradient will ask for the index again, whatever becomes of the tensor until then.
        part = np.array(part, dtype=None if len(part if isinstance(part, list) else (1,)) else np.int64)
        if part.dtype.kind in "biu":
            return part
        part = part.dtype
    elif part is None or part is Ellipsis or isinstance(part, (slice, int, np.integer)):
        return part
    raise TypeError(f"{name}: wanted integers, slices, None, ..., integer or bool tensors, got {part!r}")


def gather(x, dim, index):
    """yᵢⱼₖ = x at (i, j, index ᵢⱼₖ) for dim = 2: along `dim` the index says where, elsewhere each stays in its place.

    Shapes: index has as many dimensions as x, none but `dim` larger; y has the index's shape.
    Raises: ValueError for other shapes, IndexError for an index out of range.
    """
    dim = axis_of("gather", x.ndim, dim)
    index = index.array if isinstance(index, Tensor) else np.asarray(index)
    if index.ndim != x.ndim or any(n > m for k, (n, m) in enumerate(zip(index.shape, x.shape)) if k != dim):
        raise ValueError(
            f"gather: index must have {x.ndim} dimensions, none but {dim} larger than in {tuple(x.shape)}, "
            f"got {index.shape}"
        )
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[dim] = in_range("gather", index, x.shape[dim]).copy()
    return pick(x, index=tuple(places))


def index_select(x, dim, index):
    """y = the slices of x along `dim` that the integers `index` name, in their order"""
    dim = axis_of("index_select", x.ndim, dim)
    index = index.array if isinstance(index, Tensor) else np.asarray(index)
    if index.ndim > 1:
        raise ValueError(f"index_select: index must have one dimension, got shape {index.shape}")
    places = in_range("index_select", index.reshape(-1), x.shape[dim]).copy()
    return pick(x, index=(*[slice(None)] * dim, places))


def in_range(name, index, size):
    """Integers in 0 ... size − 1; PyTorch refuses negative ones here, and so do we."""
    if index.dtype.kind not in "iu":
        raise TypeError(f"{name}: index must be an integer tensor, got {index.dtype}: use .long()")
    if index.size and (index.min() < 0 or index.max() >= size):
        wrong = index.min() if index.min() < 0 else index.max()
        raise IndexError(f"{name}: index must be in 0 ... {size - 1}, got {wrong}")
    return index
