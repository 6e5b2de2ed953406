"""Ops that move elements without changing them: their gradients move them back.

NumPy makes most of these views of the same memory, and so they are here.
"""

from __future__ import annotations

import operator
from itertools import chain

import numpy as np

from ..tensor import fit, op, spread


def axis_of(name, ndim, dim):
    """`dim` counted from 0, where it may be counted from the end. A single number has dim 0 too, as in PyTorch."""
    count = ndim or 1
    if not isinstance(dim, (int, np.integer)) or not -count <= dim < count:
        raise IndexError(f"{name}: dim must be in {-count} ... {count - 1}, got {dim!r}")
    return int(dim) % count


def axes_of(name, ndim, dims):
    """The same for several, no two of them the same; for a single number, which has none to work on, none."""
    axes = tuple(axis_of(name, ndim, dim) for dim in dims)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{name}: wanted each dimension at most once, got {tuple(dims)}")
    return axes[:ndim]


def ints_of(name, given, named=None):
    """Sizes or dimensions given as f(2, 3), as f((2, 3)) or by name, as one tuple of ints."""
    given = given if named is None else (*given, named)
    given = given[0] if len(given) == 1 and isinstance(given[0], (tuple, list)) else given
    try:
        return tuple(map(operator.index, given))
    except TypeError:
        raise TypeError(f"{name}: wanted integers, got {tuple(given)}: use // for whole numbers") from None


# --- the same order, other sizes ----------------------------------------


@op
def reshape_(x, /, shape):
    """y = x in another shape"""
    return np.reshape(x, shape)


reshape_.gradient(dx=lambda dy, x: reshape_(dy, shape=x.shape))
reshape_.op.reads_shape_of("x")


def reshape(input, *sizes, shape=None):
    """y = input in another shape, elements in the same order; one size may be −1: whatever is left.

    Raises: ValueError where the elements do not fit.
    """
    shape = ints_of("reshape", sizes, shape)
    try:
        if min(shape, default=0) < -1:
            raise ValueError
        return reshape_(input, shape=shape)
    except ValueError:
        count = np.prod(input.shape, dtype=int)
        raise ValueError(
            f"reshape: wanted a shape for {count} elements as {tuple(input.shape)} has, got {shape}"
        ) from None


def view(input, *sizes, size=None):
    """y = input in another shape: as reshape. Where elements do not lie in order PyTorch refuses, and this copies."""
    return reshape(input, *sizes, shape=size)


def flatten(input, start_dim=0, end_dim=-1):
    """y = input with dimensions start_dim ... end_dim made one; of a single number one dimension"""
    start, end = axis_of("flatten", input.ndim, start_dim), axis_of("flatten", input.ndim, end_dim)
    if start > end:
        raise ValueError(f"flatten: start_dim must not come after end_dim, got {start_dim} and {end_dim}")
    merged = int(np.prod(input.shape[start : end + 1]))
    return reshape_(input, shape=(*input.shape[:start], merged, *input.shape[end + 1 :]))


def squeeze(input, dim=None):
    """y = input without its dimensions of size 1; with `dim`, one or several, without those whose size is 1"""
    named = range(input.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    dropped = axes_of("squeeze", input.ndim, named)
    return reshape_(input, shape=tuple(n for axis, n in enumerate(input.shape) if n != 1 or axis not in dropped))


def unsqueeze(input, dim):
    """y = input with a dimension of size 1 put in at `dim`"""
    at = axis_of("unsqueeze", input.ndim + 1, dim)
    return reshape_(input, shape=(*input.shape[:at], 1, *input.shape[at:]))


# --- another order ------------------------------------------------------


@op
def permute_(x, /, dims):
    """y = x with its dimensions in another order"""
    return np.transpose(x, dims)


permute_.gradient(dx=lambda dy, dims: permute_(dy, dims=tuple(int(k) for k in np.argsort(dims))))


def permute(input, *order, dims=None):
    """y = input with its dimensions in the order `dims`. Raises: ValueError unless each is named once."""
    given = ints_of("permute", order, dims)
    order = tuple(axis_of("permute", input.ndim, dim) for dim in given)
    if sorted(order) != list(range(input.ndim)):
        raise ValueError(f"permute: wanted each of {input.ndim} dimensions once, got {given}")
    return permute_(input, dims=order)


def transpose(input, dim0, dim1):
    """y = input with two dimensions exchanged"""
    first, second = axis_of("transpose", input.ndim, dim0), axis_of("transpose", input.ndim, dim1)
    order = list(range(max(input.ndim, 1)))
    order[first], order[second] = second, first
    return permute_(input, dims=tuple(order[: input.ndim]))


def t(input):
    """y = inputᵀ: yᵢⱼ = inputⱼᵢ. Raises: ValueError for more than two dimensions; fewer stay as they are."""
    if input.ndim > 2:
        raise ValueError(f"t: wanted at most two dimensions, got shape {tuple(input.shape)}: use transpose or .mT")
    return permute_(input, dims=tuple(reversed(range(input.ndim))))


@op
def flip_(x, /, dims):
    """y = x, back to front along dims"""
    return np.flip(x, dims)


flip_.gradient(dx=lambda dy, dims: flip_(dy, dims=dims))


def flip(input, *axes, dims=None):
    """y = input, back to front along `dims`"""
    return flip_(input, dims=axes_of("flip", input.ndim, ints_of("flip", axes, dims)))


# --- the same element several times -------------------------------------


def expand(input, *sizes, size=None):
    """y = input, its dimensions of size 1 stretched to `size`, new ones put in front; −1 leaves a size alone.

    y shows the same memory again and again, and cannot be written to.
    Raises: ValueError where a size other than 1 would have to change.
    """
    shape = ints_of("expand", sizes, size)
    added = len(shape) - input.ndim
    if added >= 0:
        wanted = tuple(input.shape[k - added] if n == -1 and k >= added else n for k, n in enumerate(shape))
        if all(old in (1, new) for old, new in zip(input.shape, wanted[added:])) and min(wanted, default=0) >= 0:
            return spread(input, shape=wanted, dtype=input.dtype)
    raise ValueError(f"expand: cannot make {shape} of {tuple(input.shape)}: only dimensions of size 1 can be expanded")


@op
def repeat_(x, /, repeats):
    """y = x beside itself, repeats[k] times along dimension k"""
    return np.tile(x, repeats)


@repeat_.joint_gradient
def _(x, *, dy, repeats):
    """Split every dimension in (which copy, place in x), and sum over the copies."""
    sizes = (1,) * (len(repeats) - x.ndim) + x.shape
    copies = reshape_(dy, shape=tuple(chain(*zip(repeats, sizes))))
    total = fit(copies, shape=tuple(chain(*((1, n) for n in sizes))), dtype=dy.dtype)
    return (reshape_(total, shape=x.shape),)


repeat_.op.reads_shape_of("x")


def repeat(input, *sizes, repeats=None):
    """y = input beside itself, repeats[k] times along dimension k; dimensions that it has not are put in front.

    Raises: ValueError for fewer numbers than dimensions, and for negative ones.
    """
    repeats = ints_of("repeat", sizes, repeats)
    if len(repeats) < input.ndim or min(repeats, default=0) < 0:
        raise ValueError(f"repeat: wanted at least {input.ndim} numbers, none negative, got {repeats}")
    return repeat_(input, repeats=repeats)
