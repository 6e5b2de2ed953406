"""Ops that move elements without changing them: their gradients move them back.

NumPy makes most of these views of the same memory, and so they are here.
"""

from __future__ import annotations

import operator

import numpy as np

from ..tensor import op, spread
from .dtypes import common


def axis_of(name, ndim, dim):
    """`dim` counted from 0, where it may be counted from the end. A single number has dim 0 too, as in PyTorch."""
    count = max(ndim, 1)
    if not isinstance(dim, (int, np.integer)) or not -count <= dim < count:
        raise IndexError(f"{name}: dim must be in {-count} ... {count - 1}, got {dim!r}")
    return int(dim) % count


def sizes_of(sizes):
    """Sizes given as f(2, 3) or as f((2, 3)), as one tuple of ints."""
    sizes = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
    try:
        return tuple(operator.index(size) for size in sizes)
    except TypeError:
        raise TypeError(f"shape: sizes must be integers, got {tuple(sizes)}: use // for whole numbers") from None


@op
def reshape_(x, /, shape):
    """y = x in another shape"""
    return np.reshape(x, shape)


reshape_.gradient(dx=lambda dy, x: reshape_(dy, shape=x.shape))


def reshape(x, *sizes, shape=None):
    """y = x in another shape, elements in the same order; one size may be −1: whatever is left.

    Raises: ValueError where the elements do not fit.
    """
    shape = sizes_of(sizes if shape is None else (shape,))
    try:
        return reshape_(x, shape=shape)
    except ValueError:
        raise ValueError(
            f"reshape: wanted a shape for {np.prod(x.shape, dtype=int)} elements as {tuple(x.shape)} has, got {shape}"
        ) from None


view = reshape


def flatten(x, start_dim=0, end_dim=-1):
    """y = x with dimensions start_dim ... end_dim made one"""
    if x.ndim == 0:
        return reshape(x, 1)
    start, end = axis_of("flatten", x.ndim, start_dim), axis_of("flatten", x.ndim, end_dim)
    if start > end:
        raise ValueError(f"flatten: start_dim must not come after end_dim, got {start_dim} and {end_dim}")
    merged = int(np.prod(x.shape[start : end + 1]))
    return reshape(x, *x.shape[:start], merged, *x.shape[end + 1 :])


@op
def permute_(x, /, dims):
    """y = x with its dimensions in another order"""
    return np.transpose(x, dims)


permute_.gradient(dx=lambda dy, dims: permute_(dy, dims=tuple(int(k) for k in np.argsort(dims))))


def permute(x, *dims):
    """y = x with its dimensions in the order `dims`. Raises: ValueError unless each is named once."""
    given = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    order = tuple(axis_of("permute", x.ndim, dim) for dim in given)
    if sorted(order) != list(range(x.ndim)):
        raise ValueError(f"permute: wanted each of {x.ndim} dimensions once, got {tuple(given)}")
    return permute_(x, dims=order)


def transpose(x, dim0, dim1):
    """y = x with two dimensions exchanged"""
    order = list(range(x.ndim))
    first, second = axis_of("transpose", x.ndim, dim0), axis_of("transpose", x.ndim, dim1)
    order[first], order[second] = order[second], order[first]
    return permute_(x, dims=tuple(order))


def squeeze(x, dim=None):
    """y = x without its dimensions of size 1; with `dim`, without that one, if its size is 1"""
    named = range(x.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    dropped = {axis_of("squeeze", x.ndim, d) for d in named}
    return reshape_(x, shape=tuple(n for axis, n in enumerate(x.shape) if n != 1 or axis not in dropped))


def unsqueeze(x, dim):
    """y = x with a dimension of size 1 put in at `dim`"""
    at = axis_of("unsqueeze", x.ndim + 1, dim)
    return reshape_(x, shape=(*x.shape[:at], 1, *x.shape[at:]))


def expand(x, *sizes):
    """y = x, its dimensions of size 1 repeated up to `sizes`, new ones put in front; −1 leaves a size alone.

    Raises: ValueError where a size other than 1 would have to change.
    """
    shape = sizes_of(sizes)
    added = len(shape) - x.ndim
    if added >= 0:
        wanted = tuple(x.shape[k - added] if n == -1 and k >= added else n for k, n in enumerate(shape))
        if all(old in (1, new) for old, new in zip(x.shape, wanted[added:])) and min(wanted, default=0) >= 0:
            return spread(x, shape=wanted, dtype=x.dtype)
    raise ValueError(f"expand: cannot make {shape} of {tuple(x.shape)}: only dimensions of size 1 can be expanded")


@op
def flip_(x, /, dims):
    """y = x, back to front along dims"""
    return np.flip(x, dims)


flip_.gradient(dx=lambda dy, dims: flip_(dy, dims=dims))


def flip(x, *dims):
    """y = x, back to front along `dims`"""
    given = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    return flip_(x, dims=tuple(axis_of("flip", x.ndim, dim) for dim in given))


# --- several in, several out --------------------------------------------


@op(prepare=common)
def concatenate(*xs, dim):
    """y = x₁ | x₂ | ... side by side"""
    return np.concatenate(xs, dim)


@concatenate.joint_gradient
def _(*xs, dy, dim):
    return pieces(dy, sizes=[x.shape[dim] for x in xs], dim=dim)


@op
def pieces(x, /, sizes, dim):
    """y₁ | y₂ | ... = x"""
    return tuple(np.split(x, np.cumsum(sizes)[:-1], dim))


@pieces.joint_gradient
def _(x, *, dy, dim):
    return (concatenate(*dy, dim=dim) if isinstance(dy, tuple) else dy,)


def cat(tensors, dim=0):
    """y = the tensors, one after the other along `dim`; all other sizes must agree"""
    tensors = list(tensors)
    if not tensors:
        raise ValueError("cat: wanted at least one tensor, got none")
    dim = axis_of("cat", tensors[0].ndim, dim)
    for x in tensors[1:]:
        if x.ndim != tensors[0].ndim or any(
            n != m for axis, (n, m) in enumerate(zip(x.shape, tensors[0].shape)) if axis != dim
        ):
            raise ValueError(
                f"cat: shapes must agree in all dimensions but {dim}, "
                f"got {tuple(tensors[0].shape)} and {tuple(x.shape)}"
            )
    return concatenate(*tensors, dim=dim)


def stack(tensors, dim=0):
    """y = the tensors, all of one shape, along a new dimension"""
    tensors = list(tensors)
    shapes = {tuple(x.shape) for x in tensors}
    if len(shapes) != 1:
        got = " and ".join(map(str, sorted(shapes))) or "no tensor"
        raise ValueError(f"stack: wanted tensors of one shape, got {got}")
    dim = axis_of("stack", tensors[0].ndim + 1, dim)
    return concatenate(*[unsqueeze(x, dim) for x in tensors], dim=dim)


def split(x, split_size, dim=0):
    """x in pieces along `dim`: of `split_size` each, the last one smaller, or of the sizes in a list"""
    dim = axis_of("split", x.ndim, dim)
    length = x.shape[dim]
    if isinstance(split_size, (tuple, list)):
        sizes = [int(size) for size in split_size]
    elif split_size < 1:
        raise ValueError(f"split: split_size must be at least 1, got {split_size}")
    else:
        sizes = [min(split_size, length - start) for start in range(0, max(length, 1), split_size)]
    if sum(sizes) != length or min(sizes, default=-1) < 0:
        raise ValueError(f"split: sizes must add up to {length}, the size of dim {dim}, got {sizes}")
    found = pieces(x, sizes=sizes, dim=dim)
    return found if isinstance(found, tuple) else (found,)


def chunk(x, chunks, dim=0):
    """x in at most `chunks` pieces of equal size along `dim`, the last one perhaps smaller"""
    if chunks < 1:
        raise ValueError(f"chunk: chunks must be at least 1, got {chunks}")
    length = x.shape[axis_of("chunk", x.ndim, dim)]
    return split(x, max(1, -(-length // chunks)), dim)
