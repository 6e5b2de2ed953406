"""Questions about each element, answered true or false. A small change of an input changes no answer: no gradient.

And the logic of the answers, in two kinds: `logical_and` asks of each number whether it is 0; `bitwise_and`, the
operator `&`, goes through the bits of integers. For bools they are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import op
from .dtypes import common

# --- which is larger ----------------------------------------------------


@op
def eq(a, b, /):
    """y = (a = b), true or false"""
    return np.equal(*common("eq", [a, b]))


@op
def ne(a, b, /):
    """y = (a ≠ b), true or false"""
    return np.not_equal(*common("ne", [a, b]))


@op
def lt(a, b, /):
    """y = (a < b), true or false"""
    return np.less(*common("lt", [a, b]))


@op
def le(a, b, /):
    """y = (a ≤ b), true or false"""
    return np.less_equal(*common("le", [a, b]))


@op
def gt(a, b, /):
    """y = (a > b), true or false"""
    return np.greater(*common("gt", [a, b]))


@op
def ge(a, b, /):
    """y = (a ≥ b), true or false"""
    return np.greater_equal(*common("ge", [a, b]))


# --- what kind of number ------------------------------------------------


@op
def isnan(x, /):
    """y = whether x is not a number"""
    return np.isnan(x)


@op
def isinf(x, /):
    """y = whether x is +∞ or −∞"""
    return np.isinf(x)


@op
def isfinite(x, /):
    """y = whether x is a number, and neither +∞ nor −∞"""
    return np.isfinite(x)


# --- the same, or nearly ------------------------------------------------


@op
@np.errstate(all="ignore")
def isclose(a, b, /, rtol=1e-5, atol=1e-8, equal_nan=False):
    """y = |a − b| ≤ atol + rtol |b|, or a = b, true or false"""
    if rtol < 0 or atol < 0:
        raise ValueError(f"isclose: rtol and atol must not be below 0, got {rtol} and {atol}")
    a, b = common("isclose", [a, b])
    return np.isclose(a, b, rtol, atol, equal_nan)


def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Is |input − other| ≤ atol + rtol |other| for all elements? A Python bool.

    equal_nan: NaN is close to NaN.
    Raises: ValueError where the shapes cannot be broadcast, or a tolerance is below 0.
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def equal(input: Any, other: Any) -> bool:
    """Have both the same shape and the same elements? A Python bool; `eq` asks of each element."""
    return input.shape == other.shape and bool(eq(input, other).all())


# --- logic --------------------------------------------------------------


@op
def logical_and(a, b, /):
    """y = whether neither a nor b is 0"""
    return np.logical_and(a, b)


@op
def logical_or(a, b, /):
    """y = whether a or b is not 0"""
    return np.logical_or(a, b)


@op
def logical_xor(a, b, /):
    """y = whether just one of a and b is 0"""
    return np.logical_xor(a, b)


@op
def logical_not(x, /):
    """y = whether x is 0"""
    return np.logical_not(x)


@op(prepare=common)
def bitwise_and(a, b, /):
    """y = a and b, bit by bit"""
    return a & b


@op(prepare=common)
def bitwise_or(a, b, /):
    """y = a or b, bit by bit"""
    return a | b


@op(prepare=common)
def bitwise_xor(a, b, /):
    """y = either a or b, bit by bit"""
    return a ^ b


@op
def bitwise_not(x, /):
    """y = not x, bit by bit"""
    return ~x
