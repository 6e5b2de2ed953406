"""Questions about each element, answered true or false. A small change of an input changes no answer: no gradient."""

from __future__ import annotations

import numpy as np

from ..tensor import op


@op
def equal(a, b, /):
    """y = (a = b), true or false"""
    return np.equal(a, b)


@op
def not_equal(a, b, /):
    """y = (a ≠ b), true or false"""
    return np.not_equal(a, b)


@op
def less(a, b, /):
    """y = (a < b), true or false"""
    return np.less(a, b)


@op
def less_equal(a, b, /):
    """y = (a ≤ b), true or false"""
    return np.less_equal(a, b)


@op
def greater(a, b, /):
    """y = (a > b), true or false"""
    return np.greater(a, b)


@op
def greater_equal(a, b, /):
    """y = (a ≥ b), true or false"""
    return np.greater_equal(a, b)


@op
def logical_and(a, b, /):
    """y = a and b, bit by bit for integers"""
    return a & b


@op
def logical_or(a, b, /):
    """y = a or b, bit by bit for integers"""
    return a | b


@op
def logical_not(x, /):
    """y = not x, bit by bit for integers"""
    return ~x


@op
def isnan(x, /):
    """y = whether x is not a number"""
    return np.isnan(x)


@op
def isinf(x, /):
    """y = whether x is +∞ or −∞"""
    return np.isinf(x)
