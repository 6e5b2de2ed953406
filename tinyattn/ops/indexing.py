"""Ops that pick elements by position: `x[index]`, gather, index_select; and one_hot, positions in 0 and 1."""

from __future__ import annotations

import operator

import numpy as np

from ..tensor import Tensor, op
from .copies import check_in_place
from .shapes import axis_of, reshape


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
pick.op.reads_shape_of("x")
put.gradient(dx=lambda dy, index: pick(dy, index=index))


# --- x[index] and x[index] = value --------------------------------------


def getitem(x, index):
    """y = x[index]: integers, slices, None, ..., and integer or bool tensors or lists, as in PyTorch.

    Raises: IndexError for a position that is not there or an index of another kind, ValueError for a negative step.
    """
    y = x
    try:
        for step in steps("indexing", x, index):
            y = pick(y, index=step)
    except IndexError as error:
        raise named("indexing", error, x) from None
    return y


@np.errstate(all="ignore")  # as in a cast
def setitem(x, index, value):
    """x[index] = value, in place, for tensors outside a graph: to fill them, or to update them in `no_grad()`."""
    check_in_place("item assignment", x, value)
    place = x.array
    try:
        *first, last = steps("item assignment", x, index)
        for step in first:
            place = place[step]
        place[last] = value.array if isinstance(value, Tensor) else value
    except (IndexError, ValueError) as error:
        raise named("item assignment", error, x) from None
    x.mark_changed()


def named(name, error, x):
    text = str(error) if str(error).startswith(name) else f"{name}: {error}"
    return type(error)(f"{text}, for a tensor of shape {tuple(x.shape)}")


def steps(name, x, index):
    """The index as NumPy takes it, in one step or two.

    To PyTorch an integer takes its dimension away before tensors are looked at. To NumPy it is like a tensor once
    there is another one: x[0, :, ids] would have its dimensions in another order. So integers go first.
    """
    if isinstance(index, list) and not all(isinstance(part, (int, np.integer)) for part in index):
        index = tuple(index)  # as in PyTorch: x[[rows, columns]] is x[rows, columns]
    parts = [plain(name, part) for part in (index if isinstance(index, tuple) else (index,))]
    count = sum(dimensions(part) for part in parts)
    if count > x.ndim:
        raise IndexError(f"{name}: wanted at most {x.ndim} indices, got {count}")
    others = [slice(None)] * (x.ndim - count)
    parts = [each for part in parts for each in (others if part is Ellipsis else [part])]
    tensors = any(isinstance(part, np.ndarray) for part in parts)
    if not tensors or not any(isinstance(part, int) for part in parts):
        dots = () if any(isinstance(part, slice) for part in parts) else (...,)
        return [(*parts, *dots)]  # with dots, NumPy makes a view of a single element, too
    first = [each for part in parts
             for each in ([slice(None)] * dimensions(part) if isinstance(part, np.ndarray) else [part])]  # fmt: skip
    then = [part if isinstance(part, np.ndarray) else slice(None) for part in parts if not isinstance(part, int)]
    return [(*first, ...), (*then, ...)]


def dimensions(part):
    """How many dimensions of x an index speaks of."""
    if isinstance(part, np.ndarray) and part.dtype == bool:
        return part.ndim
    return 0 if part is None or part is Ellipsis else 1


def plain(name, part):
    """One index as NumPy takes it: an int, a slice, None, ..., or an array of integers or bools."""
    if isinstance(part, slice):
        if part.step is not None and operator.index(part.step) < 1:
            raise ValueError(f"{name}: the step of a slice must be at least 1, got {part.step}: use flip")
        return part
    if part is None or part is Ellipsis:
        return part
    part = part.array if isinstance(part, Tensor) else part
    if isinstance(part, (bool, int, np.generic, list, tuple, range, np.ndarray)):
        # A copy: the gradient will ask for the index again, whatever becomes of the tensor until then.
        array = np.array(part, dtype=np.int64 if isinstance(part, (list, tuple)) and not part else None)
        if array.dtype == bool or (array.dtype.kind in "iu" and array.dtype != np.uint8):
            return array if array.ndim or array.dtype == bool else int(array)
        part = array.dtype
    raise IndexError(f"{name}: wanted integers, slices, None, ..., integer or bool tensors, got {part!r}")


# --- along one dimension ------------------------------------------------


def gather(input, dim, index):
    """yᵢⱼₖ = input at (i, j, indexᵢⱼₖ) for dim = 2: along `dim` the index says where, else each stays in its place.

    Shapes: index has as many dimensions as input, none but `dim` larger; y has the index's shape.
    Raises: ValueError for other shapes, IndexError for an index out of range.
    """
    dim = axis_of("gather", input.ndim, dim)
    index = positions("gather", index, input.shape[dim] if input.ndim else 1)
    if not index.size or max(input.ndim, index.ndim) < 2:  # a single number is like a row of one
        return pick(reshape(input, -1), index=(index,))
    if index.ndim != input.ndim or any(n > m for k, (n, m) in enumerate(zip(index.shape, input.shape)) if k != dim):
        raise ValueError(
            f"gather: index must have {input.ndim} dimensions, none but {dim} larger than in {tuple(input.shape)}, "
            f"got {index.shape}"
        )
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[dim] = index
    return pick(input, index=tuple(places))


def index_select(input, dim, index):
    """y = the slices of input along `dim` that the integers `index` name, in their order"""
    dim = axis_of("index_select", input.ndim, dim)
    index = positions("index_select", index, input.shape[dim] if input.ndim else 1)
    if index.ndim > 1 or (input.ndim == 0 and index.size != 1):
        wanted = "one dimension" if input.ndim else "one element, to pick from a single number"
        raise ValueError(f"index_select: index must have {wanted}, got shape {index.shape}")
    return pick(input, index=(*[slice(None)] * dim, index.reshape(-1)) if input.ndim else ())


@op
def one_hot_(x, /, num_classes):
    """yᵢⱼ = 1 where j = xᵢ, else 0"""
    return (x[..., None] == np.arange(num_classes)).astype(np.int64)


def one_hot(input, num_classes=-1):
    """yᵢⱼ = 1 where j = inputᵢ, else 0, for j < num_classes; −1: as many as are needed.

    Shapes: (...) gives (..., num_classes).
    Raises: IndexError for a class out of range, ValueError where there are no classes to count.
    """
    classes = input.array if isinstance(input, Tensor) else input
    if num_classes == -1 and not classes.size:
        raise ValueError("one_hot: wanted num_classes for an empty tensor: there are no classes to count")
    num_classes = int(classes.max()) + 1 if num_classes == -1 else num_classes
    positions("one_hot", classes, num_classes)
    return one_hot_(input, num_classes=num_classes)


def positions(name, index, size):
    """A copy of integers in 0 ... size − 1; PyTorch refuses negative ones here, and so do we."""
    index = np.array(index.array if isinstance(index, Tensor) else index)
    if index.dtype.kind not in "iu":
        raise TypeError(f"{name}: index must be an integer tensor, got {index.dtype}: use .long()")
    if index.size and (index.min() < 0 or index.max() >= size):
        wrong = index.min() if index.min() < 0 else index.max()
        raise IndexError(f"{name}: index must be in 0 ... {size - 1}, got {wrong}")
    return index
