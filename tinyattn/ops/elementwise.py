"""Ops on each element by itself, with broadcasting. The shortest ops there are: read these first.

An op is a function on arrays; its docstring begins with its formula. Below it stand its derivatives: for each
input x the gradient dx = dL/dx, as a function of what it needs: dy = dL/dy, the output y, inputs, attributes. A
derivative is written with operators and ops, so it runs on arrays and on Tensors alike. Where an input was
broadcast, the backward walk sums its gradient back to its shape: no rule here needs to know.
"""

from __future__ import annotations

import numpy as np

from ..tensor import op
from .comparisons import equal, logical_and
from .dtypes import FLOAT, common, floating

# --- arithmetic ---------------------------------------------------------


@op(prepare=common)
def add(a, b, /):
    """y = a + b"""
    return a + b


add.gradient(da=lambda dy: dy, db=lambda dy: dy)


@op(prepare=common)
def sub(a, b, /):
    """y = a − b"""
    return a - b


sub.gradient(da=lambda dy: dy, db=lambda dy: -dy)


@op(prepare=common)
def mul(a, b, /):
    """y = a · b"""
    return a * b


mul.gradient(da=lambda dy, b: dy * b, db=lambda dy, a: dy * a)


@op(prepare=floating)
def div(a, b, /):
    """y = a / b"""
    return a / b


div.gradient(da=lambda dy, b: dy / b, db=lambda dy, y, b: -dy * y / b)


@op
def neg(x, /):
    """y = −x"""
    return -x


neg.gradient(dx=lambda dy: -dy)


@op(prepare=common)
def pow(a, b, /):
    """y = aᵇ"""
    return a**b


# 0⁰ = 1, its derivative by a is 0, not 0 · 0⁻¹: a is taken to be 1. Where a is 0, log a stands with a factor 0.
pow.gradient(
    da=lambda dy, a, b: dy * b * pow(where(logical_and(equal(a, 0), equal(b, 0)), 1.0, a), b - 1),
    db=lambda dy, y, a: dy * y * log(where(equal(a, 0), np.ones((), y.dtype), a)),
)


@op
def abs(x, /):
    """y = |x|"""
    return np.abs(x)


abs.gradient(dx=lambda dy, x: dy * sign(x))


@op
def sign(x, /):
    """y = −1, 0 or 1, as x is below, at or above 0"""
    return np.sign(x)


sign.gradient(dx=lambda dy: dy * 0)


# --- exponentials and their kin -----------------------------------------


@op(prepare=floating)
def exp(x, /):
    """y = eˣ"""
    return np.exp(x)


exp.gradient(dx=lambda dy, y: dy * y)


@op(prepare=floating)
def expm1(x, /):
    """y = eˣ − 1, exact near 0"""
    return np.expm1(x)


expm1.gradient(dx=lambda dy, y: dy * (y + 1))


@op(prepare=floating)
def log(x, /):
    """y = ln x"""
    return np.log(x)


log.gradient(dx=lambda dy, x: dy / x)


@op(prepare=floating)
def log1p(x, /):
    """y = ln (1 + x), exact near 0"""
    return np.log1p(x)


log1p.gradient(dx=lambda dy, x: dy / (1 + x))


@op(prepare=floating)
def sqrt(x, /):
    """y = √x"""
    return np.sqrt(x)


sqrt.gradient(dx=lambda dy, y: dy / (2 * y))


@op(prepare=floating)
def rsqrt(x, /):
    """y = 1 / √x"""
    return 1 / np.sqrt(x)


rsqrt.gradient(dx=lambda dy, x, y: -dy * y / (2 * x))


@op(prepare=floating)
def sin(x, /):
    """y = sin x"""
    return np.sin(x)


sin.gradient(dx=lambda dy, x: dy * cos(x))


@op(prepare=floating)
def cos(x, /):
    """y = cos x"""
    return np.cos(x)


cos.gradient(dx=lambda dy, x: -dy * sin(x))


# --- activations --------------------------------------------------------


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


# --- choices ------------------------------------------------------------


@op(prepare=common)
def maximum(a, b, /):
    """y = max(a, b)"""
    return np.maximum(a, b)


# Where both are equal, each gets half: the gradient of (a + b) / 2, which is the same function there.
maximum.gradient(da=lambda dy, a, b: dy * share_above(a, b), db=lambda dy, a, b: dy * share_above(b, a))


@op(prepare=common)
def minimum(a, b, /):
    """y = min(a, b)"""
    return np.minimum(a, b)


minimum.gradient(da=lambda dy, a, b: dy * share_above(b, a), db=lambda dy, a, b: dy * share_above(a, b))


@op
def share_above(a, b, /):
    """y = 1, ½ or 0, as a is above, at or below b"""
    return np.add(np.greater(a, b), np.greater_equal(a, b), dtype=FLOAT) / 2  # a − b would be NaN for two infinities


@op
def clamp(x, /, min=None, max=None):
    """y = x, but not below min nor above max"""
    if min is None and max is None:
        raise ValueError("clamp: wanted min, max or both, got neither")
    for bound in (min, max):
        if not (bound is None or isinstance(bound, (int, float, np.number))):
            raise TypeError(f"clamp: min and max must be numbers, got {type(bound).__name__}: use maximum and minimum")
    x, low, high = common("clamp", [x, x if min is None else min, x if max is None else max])
    return np.clip(x, None if min is None else low, None if max is None else high)


clamp.gradient(dx=lambda dy, x, min, max: dy * within(x, min=min, max=max))


@op
def within(x, /, min=None, max=None):
    """y = min ≤ x ≤ max, true or false"""
    return (True if min is None else x >= min) & (True if max is None else x <= max)


@op
def where(condition, a, b, /):
    """y = a where condition holds, b elsewhere"""
    if getattr(condition, "dtype", None) != np.bool_:
        got = getattr(condition, "dtype", type(condition).__name__)
        raise TypeError(f"where: condition must be a bool tensor, got {got}: compare first, as in where(x > 0, a, b)")
    return np.where(condition, *common("where", [a, b]))


where.gradient(
    dcondition=lambda dy: None,
    da=lambda dy, condition: where(condition, dy, 0.0),
    db=lambda dy, condition: where(condition, 0.0, dy),
)


@op
def masked_fill(x, mask, /, value):
    """y = value where mask holds, x elsewhere"""
    if getattr(mask, "dtype", None) != np.bool_:
        raise TypeError(f"masked_fill: mask must be a bool tensor, got {getattr(mask, 'dtype', type(mask).__name__)}")
    return np.where(mask, np.asarray(value, x.dtype), x)


masked_fill.gradient(dx=lambda dy, mask: masked_fill(dy, mask, 0))
