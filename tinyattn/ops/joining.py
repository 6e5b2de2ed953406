"""Several tensors made one, and one made several: each is the other's gradient."""

from __future__ import annotations

import operator
from itertools import accumulate, pairwise

import numpy as np

from ..tensor import op
from .dtypes import common
from .shapes import axis_of, reshape, unsqueeze


@op(prepare=common)
def concatenate(*xs, dim):
    """y = x₁ | x₂ | ... side by side"""
    return np.concatenate(xs, dim)


@concatenate.joint_gradient
def _(*xs, dy, dim):
    return pieces(dy, sizes=[x.shape[dim] for x in xs], dim=dim)


concatenate.op.reads_shape_of("xs")


@op
def pieces(x, /, sizes, dim):
    """y₁ | y₂ | ... = x"""
    ends = pairwise(accumulate(sizes, initial=0))
    return tuple(x[(*[slice(None)] * dim, slice(start, end))] for start, end in ends)


@pieces.joint_gradient
def _(x, *, dy, dim):
    return (concatenate(*dy, dim=dim),)


def cat(tensors, dim=0):
    """y = the tensors, one after the other along `dim`, in their common dtype.

    Shapes: all sizes but `dim` agree; a tensor of shape (0,) goes with all others, as in PyTorch.
    Raises: ValueError for other shapes, and for no tensor at all.
    """
    tensors = list(tensors)
    if not tensors:
        raise ValueError("cat: wanted at least one tensor, got none")
    sizes = tensors[0].shape
    if sizes == (0,):
        sizes = next((x.shape for x in tensors if x.shape != (0,)), sizes)
    if sizes == ():
        raise ValueError("cat: wanted tensors with at least one dimension, got a single number: use stack")
    dim = axis_of("cat", len(sizes), dim)
    try:
        return concatenate(*tensors, dim=dim)
    except ValueError:
        before, after = tuple(sizes[:dim]), tuple(sizes[dim + 1 :])
        tensors = [reshape(x, (*before, 0, *after)) if x.shape == (0,) else x for x in tensors]
        for x in tensors:
            if x.ndim != len(sizes) or (*x.shape[:dim], *x.shape[dim + 1 :]) != before + after:
                raise ValueError(f"cat: shapes must agree in all dimensions but {dim}, got {tuple(sizes)} and "
                                 f"{x.shape}") from None
    return concatenate(*tensors, dim=dim)


def stack(tensors, dim=0):
    """y = the tensors, all of one shape, along a new dimension, in their common dtype"""
    tensors = list(tensors)
    shapes = {tuple(x.shape) for x in tensors}
    if len(shapes) != 1:
        got = " and ".join(map(str, sorted(shapes))) or "no tensor"
        raise ValueError(f"stack: wanted tensors of one shape, got {got}")
    dim = axis_of("stack", tensors[0].ndim + 1, dim)
    return concatenate(*[unsqueeze(x, dim) for x in tensors], dim=dim)


def split(tensor, split_size_or_sections, dim=0):
    """The tensor in pieces along `dim`: of one size each, the last one smaller, or of the sizes in a list"""
    dim, length = dim_and_size("split", tensor, dim)
    if isinstance(split_size_or_sections, (tuple, list)):
        sizes = [operator.index(size) for size in split_size_or_sections]
    else:
        size = operator.index(split_size_or_sections)
        if size < 0 or (size == 0 < length):
            raise ValueError(f"split: split_size must be at least 1, got {size}")
        sizes = [min(size, length - start) for start in range(0, max(length, 1), max(size, 1))]
    if sum(sizes) != length or min(sizes, default=0) < 0:
        raise ValueError(f"split: sizes must add up to {length}, the size of dim {dim}, got {sizes}")
    return pieces(tensor, sizes=sizes, dim=dim)


def chunk(input, chunks, dim=0):
    """The tensor in at most `chunks` pieces of equal size along `dim`, the last one perhaps smaller"""
    if chunks < 1:
        raise ValueError(f"chunk: chunks must be at least 1, got {chunks}")
    dim, length = dim_and_size("chunk", input, dim)
    return split(input, -(-length // chunks) if length else [0] * chunks, dim)


def dim_and_size(name, x, dim):
    if not x.ndim:
        raise ValueError(f"{name}: wanted at least one dimension, got a single number: use unsqueeze first")
    dim = axis_of(name, x.ndim, dim)
    return dim, x.shape[dim]
