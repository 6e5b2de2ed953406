"""softmax, its logarithm, and softmax under a mask: scores become weights that add up to 1.

All subtract the largest score first: that changes nothing, and keeps eˣ from overflowing.
"""

from __future__ import annotations

import math

import numpy as np

from ..kernels.compile import kernel, ready
from ..kernels.mode import use_numba
from ..kernels.threads import over_rows
from ..kernels.vector import EXACT, exp_down, largest
from ..tensor import op
from .dtypes import as_float
from .elementwise import exp
from .reductions import across, axes, fractional, sum
from .shapes import axis_of

ELEMENTS_PER_THREAD = 32768  # with fewer a second thread costs more than it brings


# --- kernels, for the last dimension, with their twins for any ----------


@kernel
def sum_exp(x, m):
    """Σ exp(x − m)"""
    total = x.dtype.type(0)
    for n in range(x.size):
        total += exp_down(x[n] - m)
    return total


@kernel
def softmax_rows(y, x):
    """y (R, N) = softmax of each row of x (R, N)"""
    R, N = x.shape
    for r in range(R):
        m = largest(x[r])
        total = y.dtype.type(0)
        for n in range(N):
            y[r, n] = exp_down(x[r, n] - m)
            total += y[r, n]
        for n in range(N):
            y[r, n] /= total


# Regrouped, x − (m + log Σ) would lose log Σ next to a large m.
@kernel(fastmath=EXACT)
def log_softmax_rows(y, x):
    """y (R, N) = log softmax of each row of x (R, N)"""
    R, N = x.shape
    for r in range(R):
        m = largest(x[r])
        log_total = y.dtype.type(math.log(sum_exp(x[r], m)))
        for n in range(N):
            y[r, n] = (x[r, n] - m) - log_total


@kernel
def softmax_gradients(dx, dy, y):
    """dx (R, N) = y · (dy − Σ dy · y), the sum over each row"""
    R, N = y.shape
    for r in range(R):
        total = y.dtype.type(0)
        for n in range(N):
            total += dy[r, n] * y[r, n]
        for n in range(N):
            dx[r, n] = y[r, n] * (dy[r, n] - total)


@kernel
def log_softmax_gradients(dx, dy, y):
    """dx (R, N) = dy − exp y · Σ dy, the sum over each row"""
    R, N = y.shape
    for r in range(R):
        total = y.dtype.type(0)
        for n in range(N):
            total += dy[r, n]
        for n in range(N):
            dx[r, n] = dy[r, n] - exp_down(y[r, n]) * total


@np.errstate(all="ignore")
def softmax_numpy(x, axis):
    y = np.exp(less_largest(x, axis))
    return y / np.sum(y, axis, keepdims=True)


@np.errstate(all="ignore")
def log_softmax_numpy(x, axis):
    x = less_largest(x, axis)
    return x - np.log(np.sum(np.exp(x), axis, keepdims=True))


def less_largest(x, axis):
    """x − max x; where that is an infinity, NaN comes of it, as everywhere else."""
    return x - np.max(x, axis, keepdims=True, initial=-np.inf)


def along(name, x, dim, dtype, rows, twin):
    """Run the kernel `rows` where dim is the last one, else its twin."""
    x, axis = fractional(name, x, dtype), axis_of(name, x.ndim, dim)
    return by_rows(rows, x) if axis == x.ndim - 1 and use_numba() else twin(x, axis)


def by_rows(kernel, *inputs):
    """The kernel's output, of one shape with all its inputs, which are rows of the last dimension."""
    N = inputs[0].shape[-1]
    y, R = np.empty(inputs[0].shape, inputs[0].dtype), inputs[0].size // max(N, 1)
    y_rows, *rows = (x.reshape(R, N) for x in (y, *map(ready, inputs)))
    over_rows(lambda start, stop: kernel(y_rows[start:stop], *(x[start:stop] for x in rows)), R,
              ELEMENTS_PER_THREAD // max(N, 1))
    return y


def last_of_arrays(y, dim):
    """Can a kernel make the gradient? y is a Tensor where the gradient will itself be differentiated."""
    return type(y) is np.ndarray and dim in (-1, y.ndim - 1) and y.ndim > 0 and use_numba()


# --- ops ----------------------------------------------------------------


@op
def softmax(x, /, dim, dtype=None):
    """yᵢ = exp xᵢ / Σⱼ exp xⱼ"""
    return along("softmax", x, dim, dtype, softmax_rows, softmax_numpy)


# dyᵢ/dxⱼ = yᵢ (δᵢⱼ − yⱼ)
def softmax_dx(dy, y, dim):
    """y · (dy − sum(dy · y, dim))"""
    if last_of_arrays(y, dim):
        return by_rows(softmax_gradients, dy, y)
    return y * (dy - sum(dy * y, dim=dim, keepdim=True))


softmax.gradient(dx=softmax_dx)


@op
def log_softmax(x, /, dim, dtype=None):
    """yᵢ = xᵢ − log Σⱼ exp xⱼ"""
    return along("log_softmax", x, dim, dtype, log_softmax_rows, log_softmax_numpy)


def log_softmax_dx(dy, y, dim):
    """dy − exp(y) · sum(dy, dim)"""
    if last_of_arrays(y, dim):
        return by_rows(log_softmax_gradients, dy, y)
    return dy - exp(y) * sum(dy, dim=dim, keepdim=True)


log_softmax.gradient(dx=log_softmax_dx)


@op
@np.errstate(all="ignore")
def logsumexp(x, /, dim, keepdim=False):
    """y = log Σ exp x"""
    x, over = as_float(x), axes("logsumexp", x, dim, keepdim)
    m = np.max(x, over, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, x.dtype.type(0))  # only −∞: log 0; a +∞: +∞
    y = np.log(np.sum(np.exp(x - m), over, keepdims=True)) + m
    return y if keepdim else np.squeeze(y, over)


logsumexp.gradient(dx=lambda dy, y, x, dim: across(dy, x, dim) * exp(x - across(y, x, dim)))


@op
def masked_softmax(scores, mask, /, dim=-1):
    """yᵢ = maskᵢ exp xᵢ / Σⱼ maskⱼ exp xⱼ, and 0 where nothing is left

    Shapes: mask, bool, True where a score counts, is broadcast to the scores' shape.
    Raises: TypeError for a mask that is not bool, ValueError where its shape does not fit.
    """
    if mask.dtype != bool:
        raise TypeError(f"masked_softmax: mask must be bool, True where a score counts, got {mask.dtype}: use mask > 0")
    try:
        mask = np.broadcast_to(mask, scores.shape)
    except ValueError:
        raise ValueError(
            f"masked_softmax: mask must fit the scores' shape {scores.shape}, got {mask.shape}: insert dimensions of 1"
        ) from None
    axis = axis_of("masked_softmax", scores.ndim, dim)
    kept = np.where(mask, scores, scores.dtype.type(-np.inf))
    m = np.max(kept, axis, keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore"):  # inf - inf is NaN
        y = np.exp(kept - np.where(m == -np.inf, scores.dtype.type(0), m))
    total = np.sum(y, axis, keepdims=True)
    return y / np.where(total == 0, scores.dtype.type(1), total)


masked_softmax.gradient(dscores=lambda dy, y, dim: y * (dy - sum(dy * y, dim=dim, keepdim=True)))
