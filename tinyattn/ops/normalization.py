"""Normalisation: numbers brought to mean 0 and variance 1, and from there to where training wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import op
from .elementwise import rsqrt
from .matmul import check_tensors
from .reductions import mean


def standardized(x: Any, dim: Any, eps: float) -> tuple[Any, Any]:
    """x̂ = (x − mean x) / σ and 1 / σ, where σ² = mean (x − mean x)² + eps"""
    centred = x - mean(x, dim=dim, keepdim=True)
    per_deviation = rsqrt(mean(centred * centred, dim=dim, keepdim=True) + eps)
    return centred * per_deviation, per_deviation


@op
@np.errstate(invalid="ignore")
def layer_norm_(x, weight, bias, /, dim, eps):
    """y = weight · (x − mean x) / √(var x + eps) + bias"""
    y, _ = standardized(x, dim, eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


# Through x̂, g = dL/dx̂ also reaches the mean and σ that all x share. That takes from it what would shift all x̂ alike,
# mean g, and what would stretch them, x̂ · mean(g x̂): neither changes the output.
@layer_norm_.joint_gradient
def _(x, weight, bias, *, dy, dim, eps):
    x_hat, per_deviation = standardized(x, dim, eps)
    g = dy if weight is None else dy * weight
    along = mean(g * x_hat, dim=dim, keepdim=True)
    dx = (g - mean(g, dim=dim, keepdim=True) - x_hat * along) * per_deviation
    return dx, dy * x_hat, dy


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
