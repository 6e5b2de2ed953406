"""Samples of arithmetic on each element by itself. The reference is a function of single numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.samples import PAIRS, SHAPES, Sample, Wrong, each, numbers, pair, register
from tinyattn.ops import activations, arithmetic, choices, comparisons, elementwise

BAD_PAIR = (np.ones((2, 3)), np.ones(4))


def named(name: str) -> tuple[str, Callable]:
    """An op as tests are told of it, "module.name", and the op."""
    for module in (activations, arithmetic, choices, comparisons, elementwise):
        op = getattr(module, name, None)
        if hasattr(op, "op") and op.__module__ == module.__name__:
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
        [Wrong(ValueError, r"\(2, ?3\).*\(4,\)", BAD_PAIR), Wrong(TypeError, name, (np.ones(2),))],
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
binary("mul", lambda a, b: a * b)
binary("div", lambda a, b: a / b, two=FAR_FROM_0)
binary("pow", lambda a, b: a**b, one=ABOVE_0)
