"""Normalisation: numbers brought to mean 0 and variance 1, and from there to where training wants them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..kernels.compile import kernel, ready
from ..kernels.threads import over_rows
from ..kernels.vector import EXACT
from ..tensor import op
from .elementwise import rsqrt
from .fused import fused
from .matmul import check_tensors
from .reductions import mean
from .softmax import ELEMENTS_PER_THREAD


@np.errstate(invalid="ignore")
def layer_norm_reference(x, weight, bias, dim, eps):
    """The same in primitive ops."""
    centred = x - mean(x, dim=dim, keepdim=True)
    y = centred * rsqrt(mean(centred * centred, dim=dim, keepdim=True) + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


# --- kernels ------------------------------------------------------------


@kernel
def norm_rows(y, means, scales, row, x, weight, bias, eps):
    """y (R, N) = weight · x̂ + bias, where x̂ = (x − mean) · scale for each row of x (R, N), scale = 1 / √(var + eps)

    row (N,) holds what lies between. means (R,) are float64: far from 0 they need more digits than x; scales (R,).
    """
    R, N = x.shape
    for r in range(R):
        total = np.float64(0)
        for n in range(N):
            total += x[r, n]
        means[r] = total / N
        centre(row, x[r], means[r])
        squares = x.dtype.type(0)
        for n in range(N):
            squares += row[n] * row[n]
        scales[r] = 1 / np.sqrt(squares / N + eps)
        for n in range(N):
            y[r, n] = weight[n] * (row[n] * scales[r]) + bias[n]


# Through x̂, g = dL/dx̂ also reaches the mean and σ that all x share. That takes from it what would shift all x̂ alike,
# mean g, and what would stretch them, x̂ · mean(g x̂): neither changes the output.
@kernel
def norm_gradients(dx, dweight, dbias, row, dy, x, weight, means, scales):
    """dx (R, N) = (g − mean g − x̂ · mean(g x̂)) · scale, g = weight · dy; dweight (N,) += Σ dy x̂, dbias (N,) += Σ dy"""
    R, N = x.shape
    number = x.dtype.type
    for r in range(R):
        scale = scales[r]
        centre(row, x[r], means[r])
        for n in range(N):
            row[n] *= scale
        for n in range(N):
            dweight[n] += dy[r, n] * row[n]
            dbias[n] += dy[r, n]
        shift, stretch = number(0), number(0)
        for n in range(N):
            g = weight[n] * dy[r, n]
            shift += g
            stretch += g * row[n]
        shift, stretch = number(shift / N), number(stretch / N)
        for n in range(N):
            dx[r, n] = (weight[n] * dy[r, n] - shift - row[n] * stretch) * scale


# Regrouped, x − (high + low) would be x − high.
@kernel(fastmath=EXACT)
def centre(row, x, m):
    """row (N,) = x (N,) − m, where m has more digits than they"""
    high = x.dtype.type(m)
    low = x.dtype.type(m - high)
    for n in range(x.size):
        row[n] = (x[n] - high) - low


# --- ops ----------------------------------------------------------------


@op(saves=True)
def layer_norm_(x, weight, bias, /, dim, eps):
    """y = weight · (x − mean x) / √(var x + eps) + bias"""
    R, N, dtype = math.prod(x.shape[: dim[0]]), math.prod(x.shape[dim[0] :]), x.dtype
    rows, y = ready(x).reshape(R, N), np.empty(x.shape, dtype)
    weight = np.ones(N, dtype) if weight is None else ready(weight).reshape(N)
    bias = np.zeros(N, dtype) if bias is None else ready(bias).reshape(N)
    y_rows, means, scales = y.reshape(R, N), np.empty(R), np.empty(R, dtype)

    def work(start, stop):
        norm_rows(y_rows[start:stop], means[start:stop], scales[start:stop], np.empty(N, dtype), rows[start:stop],
                  weight, bias, eps)

    over_rows(work, R, ELEMENTS_PER_THREAD // max(N, 1))
    return y, (rows, weight, means, scales)


@layer_norm_.joint_gradient
def _(x, weight, bias, *, dy, saved, dim):
    rows, weight, means, scales = saved
    (R, N), shape, dtype = rows.shape, x.shape[dim[0] :], x.dtype
    dx, dy, parts = np.empty(x.shape, dtype), ready(dy).reshape(R, N), {}
    dx_rows = dx.reshape(R, N)

    def work(start, stop):
        parts[start] = part = np.zeros((2, N), dtype)  # of dweight and dbias, from these rows
        norm_gradients(dx_rows[start:stop], part[0], part[1], np.empty(N, dtype), dy[start:stop], rows[start:stop],
                       weight, means[start:stop], scales[start:stop])

    over_rows(work, R, ELEMENTS_PER_THREAD // max(N, 1))
    dweight, dbias = np.sum([parts[start] for start in sorted(parts)], axis=0)
    return dx, dweight.reshape(shape), dbias.reshape(shape)


fused(layer_norm_, layer_norm_reference)

def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """y = weight · (x − mean x) / √(var x + eps) + bias, mean and variance (over n, not n − 1) of the last dimensions

    normalized_shape: the sizes of those dimensions.

    Shapes: input (..., *normalized_shape) -> the same; weight and bias normalized_shape or None.
    Raises: ValueError where shapes do not fit, TypeError unless all are of one floating-point dtype.
    Source: Ba et al. 2016, eq. 3 and 4.
    """
    check_tensors("layer_norm", input)
    if not isinstance(normalized_shape, (tuple, list)) or not normalized_shape:
        raise TypeError(f"layer_norm: normalized_shape must be a tuple of sizes, at least one, got {normalized_shape}")
    shape = tuple(normalized_shape)
    if tuple(input.shape[-len(shape) :]) != shape:
        raise ValueError(f"layer_norm: input must be (..., *normalized_shape), normalized_shape = {shape}, "
                         f"got {tuple(input.shape)}")
    if input.dtype.kind != "f":
        raise TypeError(f"layer_norm: input must be floating-point, got {input.dtype}: use .float()")
    for name, x in (("weight", weight), ("bias", bias)):
        if x is not None and tuple(x.shape) != shape:
            raise ValueError(f"layer_norm: {name} must be normalized_shape = {shape}, got {tuple(x.shape)}")
        if x is not None and x.dtype != input.dtype:
            raise TypeError(f"layer_norm: {name} must be {input.dtype} like input, got {x.dtype}: "
                            f"use .to({input.dtype})")
    return layer_norm_(input, weight, bias, dim=tuple(range(-len(shape), 0)), eps=eps)
