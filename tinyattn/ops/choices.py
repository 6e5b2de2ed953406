"""Ops that choose, element by element, which of their inputs comes through: its gradient goes where it came from."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import op
from .comparisons import ge, gt, le, lt
from .dtypes import FLOAT, common

# --- the larger, the smaller --------------------------------------------


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
    """y = 1, ½ or 0, as a is above, at or below b; 1 where either is NaN"""
    not_below, not_at_or_below = ~np.less(a, b), ~np.less_equal(a, b)
    return np.add(not_below, not_at_or_below, dtype=FLOAT) / 2  # a − b would be NaN for two infinities


@op
def clamp_(x, min, max, /):
    """y = x, but not below min nor above max"""
    x, low, high = common("clamp", [x, x if min is None else min, x if max is None else max])
    y = x if min is None else np.maximum(x, low)
    return y if max is None else np.minimum(y, high)


# Where min is above max, y is max.
clamp_.gradient(
    dx=lambda dy, x, min, max: where(within(x, min, max), dy, 0.0),
    dmin=lambda dy, x, min, max: where(lt(x, min) & (True if max is None else lt(min, max)), dy, 0.0),
    dmax=lambda dy, x, min, max: where(gt(x, max) | (False if min is None else lt(max, min)), dy, 0.0),
)


def within(x, min, max):
    """min ≤ x ≤ max, true or false; either bound may be None"""
    return (True if min is None else ge(x, min)) & (True if max is None else le(x, max))


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """y = input, but not below min nor above max: numbers, or tensors that can be broadcast. One may be None.

    Raises: ValueError where both are None.
    """
    if min is None and max is None:
        raise ValueError("clamp: wanted min, max or both, got neither")
    return clamp_(input, min, max)


# --- where a condition holds --------------------------------------------


@op
def where_(condition, a, b, /):
    """y = a where condition holds, b elsewhere"""
    check_bool("where", "condition", condition, "compare first, as in where(x > 0, a, b)")
    return np.where(condition, *common("where", [a, b]))


where_.gradient(
    dcondition=lambda dy: None,
    da=lambda dy, condition: where_(condition, dy, 0.0),
    db=lambda dy, condition: where_(condition, 0.0, dy),
)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """y = input where condition holds, other elsewhere: tensors that can be broadcast, or numbers.

    With the condition alone: where it holds, as one tensor of indices for each dimension.
    Raises: TypeError where condition is no bool tensor.
    """
    return places(condition) if input is other is None else where_(condition, input, other)


@op
def places(x, /):
    """y = where x is not 0, an index for each dimension"""
    return np.nonzero(np.atleast_1d(x))


@op
def masked_fill(x, mask, value, /):
    """y = value where mask holds, x elsewhere"""
    check_bool("masked_fill", "mask", mask, "compare first, as in mask = x > 0")
    if np.ndim(value):
        raise ValueError(f"masked_fill: value must be a single number, got shape {np.shape(value)}: use where")
    if x.dtype.kind != "f" and not np.isfinite(value):
        raise ValueError(f"masked_fill: there is no {value} among {x.dtype}: use x.float() first")
    return np.where(mask, np.asarray(value, x.dtype), x)


masked_fill.gradient(
    dx=lambda dy, mask: masked_fill(dy, mask, 0),
    dmask=lambda dy: None,
    dvalue=lambda dy, mask: where(mask, dy, 0.0),
)


def check_bool(name: str, argument: str, x: Any, remedy: str) -> None:
    if getattr(x, "dtype", None) != np.bool_:
        got = getattr(x, "dtype", type(x).__name__)
        raise TypeError(f"{name}: {argument} must be a bool tensor, got {got}: {remedy}")
