"""Samples of arithmetic on each element by itself. The reference is a function of single numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.samples import PAIRS, SHAPES, Sample, Wrong, each, numbers, pair, register
from tinyattn.ops import activations, choices, comparisons, division, elementwise

BAD_PAIR = (np.ones((2, 3)), np.ones(4))


def named(name: str) -> tuple[str, Callable]:
    """An op as tests are told of it, "module.name", and the op."""
    for module in (activations, choices, comparisons, division, elementwise):
        op = getattr(module, name, None)
        if op is not None and op.__module__ == module.__name__:
            return f"{module.__name__.rpartition('.')[2]}.{name}", op
    raise LookupError(name)


def unary(name: str, formula: Callable, torch: str | None = None, dtype: Any = float, **domain: Any) -> None:
    samples = [Sample((numbers(*shape, **domain),)) for shape in SHAPES]
    wrong = [Wrong(TypeError, f"{name}: wanted the arguments", (np.ones(2),) * 9), Wrong(TypeError, name, ())]
    register(
        *named(name),
        each(formula, dtype),
        samples,
        wrong,
        name if torch is None else torch,
    )


def binary(
    name: str, formula: Callable, dtype: Any = float, one: Any = None, two: Any = None, torch: str | None = None
) -> None:
    """`one` and `two`: where the inputs' numbers lie."""
    samples = [Sample(pair(a, b, one, two)) for a, b in PAIRS]
    samples += [Sample((numbers(2, 3, **(one or {})), 2.5)), Sample((2.5, numbers(2, 3, **(two or {}))))]
    register(
        *named(name),
        each(formula, dtype),
        samples,
        [Wrong(ValueError, r"\(2, ?3\).*\(4,\)", BAD_PAIR), Wrong(TypeError, name.rstrip("_"), (np.ones(2),))],
        name if torch is None else torch,
    )


def sign_of(x: float) -> float:
    return float(x > 0) - float(x < 0)


FAR_FROM_0 = {"apart_from": (0.0,)}
ABOVE_0 = {"low": 0.1, "high": 3.0}

unary("neg", lambda x: -x)
unary("abs", lambda x: x if x > 0 else -x, **FAR_FROM_0)
unary("sign", sign_of, **FAR_FROM_0)
unary("exp", math.exp)
unary("expm1", math.expm1)
unary("log", math.log, **ABOVE_0)
unary("log1p", math.log1p, low=-0.9)
unary("sqrt", math.sqrt, **ABOVE_0)
unary("rsqrt", lambda x: 1 / math.sqrt(x), **ABOVE_0)
unary("sin", math.sin)
unary("cos", math.cos)
binary("add", lambda a, b: a + b)
binary("sub", lambda a, b: a - b)
for name, sign in (("add", 1), ("sub", -1)):
    register(
        *named(name),
        each(lambda a, b, alpha, sign=sign: a + sign * alpha * b),
        [Sample(pair(a, b), {"alpha": 2.5}) for a, b in PAIRS] + [Sample((numbers(2, 3), 2.5), {"alpha": -2})],
        [
            Wrong(TypeError, f"{name}: alpha must be a whole number for int64, got 0.5: use .float",
                  (np.arange(3), np.arange(3)), {"alpha": 0.5}),
            Wrong(ValueError, r"\(2, ?3\).*\(4,\)", BAD_PAIR, {"alpha": 2}),
        ],
        name,
    )  # fmt: skip
binary("mul", lambda a, b: a * b)
binary("div_", lambda a, b: a / b, two=FAR_FROM_0, torch="div")
for name, rounded in (("floor_divide", math.floor), ("trunc_divide", math.trunc)):
    way = {"rounding_mode": name.partition("_")[0]}
    register(
        named(name)[0],
        division.div,
        each(lambda a, b, rounding_mode, rounded=rounded: rounded(a / b)),
        [Sample(pair(a, b, None, FAR_FROM_0), way) for a, b in PAIRS],
        [
            Wrong(ValueError, r"\(2, ?3\).*\(4,\)", BAD_PAIR, way),
            Wrong(ZeroDivisionError, f"{name}: integers cannot be divided by 0: use .float", (np.ones(2, int), 0), way),
            Wrong(ValueError, "div: rounding_mode must be None, 'floor' or 'trunc', got 'up'", BAD_PAIR,
                  {"rounding_mode": "up"}),
        ],
        "div",
    )  # fmt: skip
binary("remainder", lambda a, b: a - b * math.floor(a / b), two=FAR_FROM_0)
binary("pow", lambda a, b: a**b, one=ABOVE_0)
