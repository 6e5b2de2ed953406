"""Division into whole parts, what remains of it, and `div`, which offers them all."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import op
from .dtypes import common
from .elementwise import div_

# A whole number of parts stays the same when a or b change a little: its gradient is 0.


@op(prepare=common)
@np.errstate(all="ignore")
def floor_divide(a, b, /):
    """y = ⌊a / b⌋"""
    check("floor_divide", a, b)
    return np.floor_divide(a, b)


floor_divide.gradient(da=lambda dy: dy * 0, db=lambda dy: dy * 0)


@op(prepare=common)
@np.errstate(all="ignore")
def trunc_divide(a, b, /):
    """y = a / b without its fraction"""
    check("trunc_divide", a, b)
    y = a / b
    return np.trunc(y) if np.result_type(a, b).kind == "f" else (a - np.fmod(a, b)) // b


trunc_divide.gradient(da=lambda dy: dy * 0, db=lambda dy: dy * 0)


@op(prepare=common)
@np.errstate(all="ignore")
def remainder(a, b, /):
    """y = a − b ⌊a / b⌋, with b's sign"""
    check("remainder", a, b)
    return np.remainder(a, b)


remainder.gradient(da=lambda dy: dy, db=lambda dy, a, b: -dy * floor_divide(a, b))


def check(name: str, a: Any, b: Any) -> None:
    """Raises: ZeroDivisionError for integers and a 0 in b: they have no infinity to return."""
    if np.result_type(a, b).kind != "f" and not np.all(b):
        raise ZeroDivisionError(f"{name}: integers cannot be divided by 0: use .float() first")


WAYS = {None: div_, "floor": floor_divide, "trunc": trunc_divide}


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """y = input / other

    rounding_mode: "floor" rounds down and "trunc" towards 0; then integers stay integers.
    Raises: ValueError for another rounding_mode, ZeroDivisionError for integers rounded and divided by 0.
    """
    if rounding_mode not in WAYS:
        raise ValueError(f"div: rounding_mode must be None, 'floor' or 'trunc', got {rounding_mode!r}")
    return WAYS[rounding_mode](input, other)
