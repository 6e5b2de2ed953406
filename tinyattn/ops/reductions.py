"""Ops that turn many elements into one: sums and products, means and deviations, all and any.

dim: one dimension, several in a tuple, or None for all; counted from the end where negative. A tensor without
dimensions counts as one with a single element. keepdim: leave the reduced dimensions in place, with size 1.
dtype: bring x to it first. Sums and products of integers and bools are int64 unless it says otherwise: NumPy agrees.
"""

from __future__ import annotations

import math

import numpy as np

from ..tensor import op, spread
from .choices import where
from .joining import cat, split
from .shapes import axes_of, axis_of, reshape


def axes(name, x, dim, keepdim=False):
    """`dim` as a tuple of axes, each from 0 up, none twice."""
    if not isinstance(keepdim, (bool, np.bool_)) or isinstance(dim, bool):
        got = f"dim={dim!r}, keepdim={keepdim!r}"
        raise TypeError(f"{name}: wanted numbers as dim, True or False as keepdim, got {got}: put dims in a tuple")
    if dim in (None, (), []):
        return tuple(range(x.ndim))
    return axes_of(name, x.ndim, dim if isinstance(dim, (tuple, list)) else (dim,))


def across(dy, x, dim):
    """dy, of a reduction's shape, spread over the shape of its input x."""
    reduced = axes("backward", x, dim)
    kept = tuple(1 if axis in reduced else size for axis, size in enumerate(x.shape))
    return spread(reshape(dy, shape=kept), shape=x.shape, dtype=x.dtype)


def count(x, dim):
    """How many elements of x go into one of the output."""
    return math.prod(x.shape[axis] for axis in axes("count", x, dim))


def fractional(name, x, dtype=None):
    """x in dtype, which has to be able to hold fractions."""
    dtype = np.dtype(x.dtype if dtype is None else dtype)
    if dtype.kind != "f":
        raise TypeError(f"{name}: wanted floating-point numbers, got {dtype}: use .float() first")
    return np.asarray(x, dtype)


# --- sums and products --------------------------------------------------


@op
@np.errstate(all="ignore")
def sum(x, /, dim=None, keepdim=False, *, dtype=None):
    """y = Σ x"""
    return np.sum(x, axes("sum", x, dim, keepdim), dtype, keepdims=keepdim)


sum.gradient(dx=lambda dy, x, dim: across(dy, x, dim))
sum.op.reads_shape_of("x")


@op
@np.errstate(all="ignore")
def mean(x, /, dim=None, keepdim=False, *, dtype=None):
    """y = Σ x / n"""
    x, over = fractional("mean", x, dtype), axes("mean", x, dim, keepdim)
    return np.sum(x, over, keepdims=keepdim) / count(x, over)


mean.gradient(dx=lambda dy, x, dim: across(dy, x, dim) / count(x, dim))
mean.op.reads_shape_of("x")


@op
@np.errstate(all="ignore")
def prod(x, /, dim=None, keepdim=False, *, dtype=None):
    """y = Π x, over one dimension or all"""
    over = axes("prod", x, dim if dim is None else axis_of("prod", x.ndim, dim), keepdim)
    return np.prod(x, over, dtype, keepdims=keepdim)


def others(x, dim):
    """Πⱼ≠ᵢ xⱼ for each i, by multiplication alone: that is right where some x are 0, and so are its derivatives."""
    if dim is None or not x.ndim:
        return reshape(others(reshape(x, -1), 0), x.shape)
    n, half = x.shape[dim], x.shape[dim] // 2
    if n < 2:
        return np.ones(x.shape, x.dtype)
    left, right, odd = split(x, [half, half, n % 2], dim)
    rest, rest_of_odd = split(others(cat([left * right, odd], dim), dim), [half, n % 2], dim)
    return cat([rest * right, rest * left, rest_of_odd], dim)


prod.gradient(dx=lambda dy, x, dim: across(dy, x, dim) * others(x, dim))


# --- deviations from the mean -------------------------------------------


def centred(x, dim):
    """x − mean x"""
    return x - mean(x, dim=dim, keepdim=True)


def freedom(x, dim, correction):
    """What the sum of squares is divided by: n − correction, and never less than 0."""
    return max(count(x, dim) - float(correction), 0)


@op
@np.errstate(all="ignore")
def var_(x, /, dim, keepdim, correction):
    """y = Σ (x − mean x)² / (n − correction)"""
    x, over = fractional("var", x), axes("var", x, dim, keepdim)
    return np.sum(centred(x, over) ** 2, over, keepdims=keepdim) / freedom(x, over, correction)


var_.gradient(
    dx=lambda dy, x, dim, correction: across(2 * dy, x, dim) * centred(x, dim) / freedom(x, dim, correction)
)


@op
def std_(x, /, dim, keepdim, correction):
    """y = √(Σ (x − mean x)² / (n − correction))"""
    return np.sqrt(var_(fractional("std", x), axes("std", x, dim, keepdim), keepdim, correction))


# Where y is 0, nothing deviates: 0 / 0, and as in PyTorch that is 0.
std_.gradient(
    dx=lambda dy, y, x, dim, correction: (
        across(dy / where(y == 0, math.inf, y), x, dim) * centred(x, dim) / freedom(x, dim, correction)
    )
)


def var(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """y = Σ (x − mean x)² / (n − correction)

    correction: 1 where it is left out. unbiased: the older name of correction=1, or 0 where it is False; it may
    come first, as in `x.var(False)`.
    Raises: TypeError for integers, and where both names of the correction are used.
    """
    return var_(input, *forms("var", dim, unbiased, keepdim, correction))


def std(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """y = √var x, with the arguments of `var`."""
    return std_(input, *forms("std", dim, unbiased, keepdim, correction))


def forms(name, dim, unbiased, keepdim, correction):
    """PyTorch's older and newer arguments as one: dim, keepdim, correction."""
    if isinstance(dim, bool) and unbiased is None:
        dim, unbiased = None, dim
    if unbiased is not None and (correction is not None or not isinstance(unbiased, bool)):
        got = f"unbiased={unbiased!r}, correction={correction!r}"
        raise TypeError(f"{name}: wanted unbiased=True or False, or a correction, got {got}: put dims in a tuple")
    return dim, keepdim, unbiased is not False if correction is None else correction


# --- truth --------------------------------------------------------------


@op
def all(x, /, dim=None, keepdim=False):
    """y = whether every x is true, or not 0"""
    return np.all(x, answered("all", x, dim, keepdim), keepdims=keepdim)


@op
def any(x, /, dim=None, keepdim=False):
    """y = whether some x is true, or not 0"""
    return np.any(x, answered("any", x, dim, keepdim), keepdims=keepdim)


def answered(name, x, dim, keepdim):
    """The axes; here, and only here, the empty dim means none: each element answers for itself."""
    return () if dim in ((), []) else axes(name, x, dim, keepdim)
