"""Ops that choose, element by element, which of their inputs comes through: its gradient goes where it came from."""

from __future__ import annotations

import numpy as np

from ..tensor import op
from .dtypes import FLOAT, common


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
