"""Arithmetic with PyTorch's options: a sum with a factor, a quotient in whole numbers, and what remains of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import op
from . import elementwise
from .dtypes import common, no_bools

# --- sums ---------------------------------------------------------------


@op(prepare=common)
def add_multiple(a, b, /, alpha):
    """y = a + alpha · b"""
    dtype = np.result_type(a, b)
    if dtype.kind == "b" or (dtype.kind != "f" and not isinstance(alpha, (int, np.integer))):
        raise TypeError(f"add, sub: wanted a factor alpha for {dtype}, got {alpha!r}: use .float() first")
    return a + alpha * b


add_multiple.gradient(da=lambda dy: dy, db=lambda dy, alpha: dy * alpha)


def add(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """y = input + alpha · other

    Raises: TypeError where input and other are integers and alpha is not, and for bools with an alpha.
    """
    return elementwise.add(input, other) if alpha == 1 else add_multiple(input, other, alpha)


def sub(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """y = input − alpha · other

    Raises: TypeError where input and other are integers and alpha is not, and for bools.
    """
    return elementwise.sub(input, other) if alpha == 1 else add_multiple(input, other, -alpha)


# --- quotients in whole numbers: a small change of a or b changes nothing, so their gradient is 0 ---


@op(prepare=no_bools)
@np.errstate(all="ignore")
def floor_divide(a, b, /):
    """y = ⌊a / b⌋"""
    check_divisor("floor_divide", a, b)
    return np.floor_divide(a, b)


floor_divide.gradient(da=lambda dy: dy * 0, db=lambda dy: dy * 0)


@op(prepare=common)
@np.errstate(all="ignore")
def trunc_divide(a, b, /):
    """y = a / b without its fraction"""
    check_divisor("trunc_divide", a, b)
    y = a / b
    return np.trunc(y) if np.result_type(a, b).kind == "f" else (a - np.fmod(a, b)) // b


trunc_divide.gradient(da=lambda dy: dy * 0, db=lambda dy: dy * 0)


@op(prepare=no_bools)
@np.errstate(all="ignore")
def remainder(a, b, /):
    """y = a − b ⌊a / b⌋, with b's sign"""
    check_divisor("remainder", a, b)
    return np.remainder(a, b)


remainder.gradient(da=lambda dy: dy, db=lambda dy, a, b: -dy * floor_divide(a, b))


def check_divisor(name: str, a: Any, b: Any) -> None:
    """Raises: ZeroDivisionError for integers and a 0 in b: they have no infinity to return."""
    if np.result_type(a, b).kind != "f" and not np.all(b):
        raise ZeroDivisionError(f"{name}: integers cannot be divided by 0: use .float() first")


ROUNDINGS = {None: elementwise.div, "floor": floor_divide, "trunc": trunc_divide}


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """y = input / other

    rounding_mode: "floor" rounds down and "trunc" towards 0; then integers stay integers.
    Raises: ValueError for another rounding_mode, ZeroDivisionError for integers rounded and divided by 0.
    """
    if rounding_mode not in ROUNDINGS:
        raise ValueError(f"div: rounding_mode must be None, 'floor' or 'trunc', got {rounding_mode!r}")
    return ROUNDINGS[rounding_mode](input, other)
