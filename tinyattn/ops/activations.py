"""The bends that networks put between their products, each element by itself."""

from __future__ import annotations

import numpy as np

from ..tensor import op
from .dtypes import floating


@op(prepare=floating)
def tanh(x, /):
    """y = tanh x"""
    return np.tanh(x)


tanh.gradient(dx=lambda dy, y: dy * (1 - y * y))


@op(prepare=floating)
def sigmoid(x, /):
    """y = 1 / (1 + e⁻ˣ) = ½ (1 + tanh ½x), which cannot overflow"""
    return 0.5 * (1 + np.tanh(0.5 * x))


sigmoid.gradient(dx=lambda dy, y: dy * (y * (1 - y)))


@op
def relu(x, /):
    """y = max(x, 0)"""
    return np.maximum(x, 0)


relu.gradient(dx=lambda dy, y: dy * (y > 0))


@op(prepare=floating)
def softplus(x, /):
    """y = ln (1 + eˣ) = max(x, 0) + ln (1 + exp −|x|), which cannot overflow"""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


softplus.gradient(dx=lambda dy, x: dy * sigmoid(x))
