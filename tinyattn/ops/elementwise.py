"""Ops on each element by itself, with broadcasting. The shortest ops there are: read these first.

An op is a function on arrays; its docstring begins with its formula. Below it stand its derivatives: for each
input x the gradient dx = dL/dx, as a function of what it needs: dy = dL/dy, the output y, inputs, attributes. A
derivative is written with operators and ops, so it runs on arrays and on Tensors alike. Where an input was
broadcast, the backward walk sums its gradient back to its shape: no rule here needs to know.
"""

from __future__ import annotations

import numpy as np

from ..tensor import op
from .choices import where
from .dtypes import common, floating, no_bools

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
@np.errstate(all="ignore")
def div(a, b, /):
    """y = a / b"""
    return a / b


div.gradient(da=lambda dy, b: dy / b, db=lambda dy, y, b: -dy * y / b)


@op
def neg(x, /):
    """y = −x"""
    return -x


neg.gradient(dx=lambda dy: -dy)


@op(prepare=no_bools)
@np.errstate(all="ignore")
def pow(a, exponent, /):
    """y = a ^ exponent"""
    return a**exponent


pow.gradient(
    da=lambda dy, a, exponent: dy * exponent * apart_from_0(a, exponent) ** (exponent - 1),
    dexponent=lambda dy, y, a, exponent: dy * y * log(where((a == 0) & (exponent >= 0), np.ones((), y.dtype), a)),
)


def apart_from_0(a, exponent):
    """a, but 1 for the 0 and NaN whose exponent is 0: the derivative of a⁰ = 1 by a is 0, not 0 · a⁻¹"""
    if isinstance(exponent, (int, float)) and exponent != 0:
        return a
    return where((exponent == 0) & ~(abs(a) > 0), 1.0, a)


@op
def abs(x, /):
    """y = |x|"""
    return np.abs(x)


abs.gradient(dx=lambda dy, x: dy * sign(x))


@op
def sign(x, /):
    """y = −1, 0 or 1, as x is below, at or above 0; 0 for NaN"""
    return np.subtract(x > 0, x < 0, dtype=x.dtype)


sign.gradient(dx=lambda dy: dy * 0)


# --- exponentials and their kin -----------------------------------------


@op(prepare=floating)
@np.errstate(all="ignore")
def exp(x, /):
    """y = eˣ"""
    return np.exp(x)


exp.gradient(dx=lambda dy, y: dy * y)


@op(prepare=floating)
@np.errstate(all="ignore")
def expm1(x, /):
    """y = eˣ − 1, exact near 0"""
    return np.expm1(x)


expm1.gradient(dx=lambda dy, y: dy * (y + 1))


@op(prepare=floating)
@np.errstate(all="ignore")
def log(x, /):
    """y = ln x"""
    return np.log(x)


log.gradient(dx=lambda dy, x: dy / x)


@op(prepare=floating)
@np.errstate(all="ignore")
def log1p(x, /):
    """y = ln (1 + x), exact near 0"""
    return np.log1p(x)


log1p.gradient(dx=lambda dy, x: dy / (1 + x))


@op(prepare=floating)
@np.errstate(all="ignore")
def sqrt(x, /):
    """y = √x"""
    return np.sqrt(x)


sqrt.gradient(dx=lambda dy, y: dy / (2 * y))


@op(prepare=floating)
@np.errstate(all="ignore")
def rsqrt(x, /):
    """y = 1 / √x"""
    return 1 / np.sqrt(x)


rsqrt.gradient(dx=lambda dy, y: -dy * y * y * y / 2)


@op(prepare=floating)
@np.errstate(all="ignore")
def sin(x, /):
    """y = sin x"""
    return np.sin(x)


sin.gradient(dx=lambda dy, x: dy * cos(x))


@op(prepare=floating)
@np.errstate(all="ignore")
def cos(x, /):
    """y = cos x"""
    return np.cos(x)


cos.gradient(dx=lambda dy, x: -dy * sin(x))
