"""Ops that turn many elements into few: sums, extremes, positions. `dim` says over which dimensions.

dim: one dimension, several, or None for all; counted from the end where negative.
keepdim: leave the reduced dimensions in place, with size 1.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..tensor import op, spread
from .choices import maximum, minimum
from .comparisons import equal
from .dtypes import floating
from .elementwise import sqrt
from .indexing import gather
from .shapes import axis_of, reshape, squeeze


def axes(name, x, dim):
    """`dim` as a tuple of axes, each from 0 up, none twice."""
    if dim in (None, (), []):
        return tuple(range(x.ndim))
    found = tuple(axis_of(name, x.ndim, d) for d in (dim if isinstance(dim, (tuple, list)) else (dim,)))
    if len(set(found)) < len(found):
        raise ValueError(f"{name}: dim must name each dimension once, got {dim}")
    return found


def across(dy, x, dim):
    """dy, of a reduction's shape, spread over the shape of its input x."""
    reduced = axes("backward", x, dim)
    kept = tuple(1 if axis in reduced else size for axis, size in enumerate(x.shape))
    return spread(reshape(dy, shape=kept), shape=x.shape, dtype=x.dtype)


def count(x, dim):
    """How many elements of x go into one of the output."""
    return int(np.prod([x.shape[axis] for axis in axes("count", x, dim)], dtype=np.int64))


@op
def sum(x, /, dim=None, keepdim=False):
    """y = Σ x"""
    return np.sum(x, axes("sum", x, dim), keepdims=keepdim)


sum.gradient(dx=lambda dy, x, dim: across(dy, x, dim))


@op(prepare=floating)
def mean(x, /, dim=None, keepdim=False):
    """y = Σ x / n"""
    over = axes("mean", x, dim)
    n, total = count(x, over), np.sum(x, over, keepdims=keepdim)
    return total / n if n else np.full_like(total, np.nan)


mean.gradient(dx=lambda dy, x, dim: across(dy, x, dim) / count(x, dim))


def freedom(x, dim, correction):
    """What `var` divides by: n − correction, NaN where that leaves nothing"""
    n = count(x, dim) - correction
    return n if n > 0 else math.nan


@op(prepare=floating)
def var(x, /, dim=None, correction=1, keepdim=False):
    """y = Σ (x − mean x)² / (n − correction)"""
    over = axes("var", x, dim)
    centred = x - mean(x, dim=over, keepdim=True)
    return np.sum(centred * centred, over, keepdims=keepdim) / freedom(x, over, correction)


var.gradient(
    dx=lambda dy, x, dim, correction: (
        across(dy, x, dim) * (x - mean(x, dim=dim, keepdim=True)) * (2 / freedom(x, dim, correction))
    )
)


def std(x, dim=None, correction=1, keepdim=False):
    """y = √var x"""
    return sqrt(var(x, dim=dim, correction=correction, keepdim=keepdim))


# --- extremes -----------------------------------------------------------


@op
def amax(x, /, dim=None, keepdim=False):
    """y = the largest x"""
    return np.max(x, axes("amax", x, dim), keepdims=keepdim)


@op
def amin(x, /, dim=None, keepdim=False):
    """y = the smallest x"""
    return np.min(x, axes("amin", x, dim), keepdims=keepdim)


def to_the_extremes(dy, y, x, dim):
    """Elements that are equally extreme share the gradient."""
    chosen = equal(x, across(y, x, dim)) * np.ones((), x.dtype)
    return across(dy, x, dim) * chosen / sum(chosen, dim=axes("extreme", x, dim), keepdim=True)


amax.gradient(dx=to_the_extremes)
amin.gradient(dx=to_the_extremes)


@op
def argmax(x, /, dim=None, keepdim=False):
    """y = where the largest x stands, the first of several"""
    return np.argmax(x, dim if dim is None else axis_of("argmax", x.ndim, dim), keepdims=keepdim)


@op
def argmin(x, /, dim=None, keepdim=False):
    """y = where the smallest x stands, the first of several"""
    return np.argmin(x, dim if dim is None else axis_of("argmin", x.ndim, dim), keepdims=keepdim)


@op
def all(x, /, dim=None, keepdim=False):
    """y = whether every x is true, or not 0"""
    return np.all(x, axes("all", x, dim), keepdims=keepdim)


@op
def any(x, /, dim=None, keepdim=False):
    """y = whether some x is true, or not 0"""
    return np.any(x, axes("any", x, dim), keepdims=keepdim)


class Extreme(NamedTuple):
    """What `max` and `min` along a dimension find: the values, and where they stand."""

    values: Any
    indices: Any


def max(x, dim=None, keepdim=False):
    """y = the largest x; with `dim` (values, indices) along it; given a second tensor, the larger of both."""
    return extreme(x, dim, keepdim, amax, argmax, maximum)


def min(x, dim=None, keepdim=False):
    """y = the smallest x; with `dim` (values, indices) along it; given a second tensor, the smaller of both."""
    return extreme(x, dim, keepdim, amin, argmin, minimum)


def extreme(x, dim, keepdim, values, positions, of_both):
    if dim is None:
        if keepdim:
            raise TypeError(f"{values.__name__}: keepdim=True needs a dim: {values.__name__} takes it without one too")
        return values(x)
    if not isinstance(dim, (int, np.integer)):
        return of_both(x, dim)
    found = positions(x, dim=dim, keepdim=True)
    chosen = gather(x, dim, found)
    return Extreme(*((chosen, found) if keepdim else (squeeze(chosen, dim), squeeze(found, dim))))
