"""The largest and the smallest: their values, where they stand, or both.

dim and keepdim as in reductions.py; where nothing is left to choose from, an error. NaN counts as the most extreme.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..tensor import Tensor, op
from .choices import maximum, minimum
from .indexing import gather
from .reductions import across, axes, sum
from .shapes import axis_of, squeeze


class Found(NamedTuple):
    """What max, min, sort and topk find along a dimension: the values, and where they stand."""

    values: Any
    indices: Any


def choices(name, x, dim, keepdim=False):
    """The axes to look along, none of them empty."""
    over = axes(name, x, dim, keepdim)
    for axis in over:
        if x.shape[axis] == 0:
            raise IndexError(f"{name}: wanted at least one element along dim {axis}, got shape {x.shape}")
    return over


@op
def amax(x, /, dim=(), keepdim=False):
    """y = the largest x"""
    return np.max(x, choices("amax", x, dim, keepdim), keepdims=keepdim)


@op
def amin(x, /, dim=(), keepdim=False):
    """y = the smallest x"""
    return np.min(x, choices("amin", x, dim, keepdim), keepdims=keepdim)


def to_the_extremes(dy, y, x, dim):
    """Elements that are equally extreme share the gradient."""
    chosen = (x == across(y, x, dim)) * np.ones((), x.dtype)
    return across(dy, x, dim) * chosen / sum(chosen, dim=axes("extreme", x, dim), keepdim=True)


amax.gradient(dx=to_the_extremes)
amin.gradient(dx=to_the_extremes)


@op
def argmax(x, /, dim=None, keepdim=False):
    """y = where the largest x stands, the first of several; without dim in x as one row"""
    return position(np.argmax, "argmax", x, dim, keepdim)


@op
def argmin(x, /, dim=None, keepdim=False):
    """y = where the smallest x stands, the first of several; without dim in x as one row"""
    return position(np.argmin, "argmin", x, dim, keepdim)


def position(find, name, x, dim, keepdim):
    """Where NumPy's argmax or argmin finds it: along one dimension, or in x as one row."""
    axis = dim if dim is None else axis_of(name, x.ndim, dim)
    choices(name, x, axis, keepdim)
    return find(x, axis, keepdims=keepdim)


def max(input, dim=None, keepdim=False, *, other=None):
    """y = the largest x; with `dim` (values, indices) along it; given a second tensor, the larger of both.

    Over all of x, equal largest elements share the gradient; along a dim the first of them gets it.
    """
    return extreme("max", input, dim, keepdim, other, amax, argmax, maximum)


def min(input, dim=None, keepdim=False, *, other=None):
    """y = the smallest x; with `dim` (values, indices) along it; given a second tensor, the smaller of both.

    Over all of x, equal smallest elements share the gradient; along a dim the first of them gets it.
    """
    return extreme("min", input, dim, keepdim, other, amin, argmin, minimum)


def extreme(name, x, dim, keepdim, other, values, position, of_both):
    """PyTorch's three functions of one name: of all of x, along a dim, or of two tensors."""
    if isinstance(dim, (Tensor, np.ndarray)) and other is None:
        dim, other = None, dim
    if other is not None and dim is None and not keepdim:
        return of_both(x, other)
    if other is not None or (dim is None and keepdim) or isinstance(dim, (tuple, list)):
        got = f"dim={dim!r}, keepdim={keepdim!r}" + (", and a tensor" if other is not None else "")
        raise TypeError(f"{name}: wanted nothing, one dim (and keepdim), or a second tensor, got {got}: "
                        f"a{name} takes several dims")
    choices(name, x, dim, keepdim)
    if dim is None:
        return values(x)
    found = position(x, dim=dim, keepdim=True)
    chosen = gather(x, dim, found)
    return Found(chosen, found) if keepdim else Found(squeeze(chosen, dim), squeeze(found, dim))
