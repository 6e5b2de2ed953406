"""Samples of ops on each element by itself. The reference is a function of single numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.samples import PAIRS, SHAPES, Sample, Wrong, bools, each, numbers, pair, register
from tinyattn.ops import comparisons, elementwise

BAD_PAIR = (np.ones((2, 3)), np.ones(4))


def named(name: str) -> tuple[str, Callable]:
    """An op as tests are told of it, "module.name", and the op."""
    module = comparisons if hasattr(comparisons, name) else elementwise
    return f"{module.__name__.rpartition('.')[2]}.{name}", getattr(module, name)


def unary(name: str, formula: Callable, torch: str | None = None, dtype: Any = float, **domain: Any) -> None:
    samples = [Sample((numbers(*shape, **domain),)) for shape in SHAPES]
    wrong = [Wrong(TypeError, name, (np.ones(2), np.ones(2))), Wrong(TypeError, name, ())]
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
        {"equal": "eq", "not_equal": "ne"}.get(name, name) if torch is None else torch,
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
unary("tanh", math.tanh)
unary("sigmoid", lambda x: 1 / (1 + math.exp(-x)))
unary("relu", lambda x: x if x > 0 else 0.0, **FAR_FROM_0)
unary("softplus", lambda x: math.log(1 + math.exp(x)), "nn.functional.softplus")
unary("isnan", math.isnan, dtype=bool)
unary("isinf", math.isinf, dtype=bool)
binary("add", lambda a, b: a + b)
binary("sub", lambda a, b: a - b)
binary("mul", lambda a, b: a * b)
binary("div", lambda a, b: a / b, two=FAR_FROM_0)
binary("pow", lambda a, b: a**b, one=ABOVE_0)
binary("maximum", lambda a, b: a if a > b else b)
binary("minimum", lambda a, b: a if a < b else b)
binary("share_above", lambda a, b: 1.0 if a > b else 0.5 if a == b else 0.0, np.float32, torch="")
binary("equal", lambda a, b: a == b, bool)
binary("not_equal", lambda a, b: a != b, bool)
binary("less", lambda a, b: a < b, bool)
binary("less_equal", lambda a, b: a <= b, bool)
binary("greater", lambda a, b: a > b, bool)
binary("greater_equal", lambda a, b: a >= b, bool)

BOOLS = [Sample((bools(*a), bools(*b))) for a, b in PAIRS]
INTEGERS = [Sample((np.arange(6).reshape(2, 3), np.array([1, 2, 3])))]
for name, bitwise in (("logical_and", lambda a, b: a & b), ("logical_or", lambda a, b: a | b)):
    register(
        *named(name),
        bitwise,
        BOOLS + INTEGERS,
        [Wrong(ValueError, r"\(2, ?3\).*\(4,\)", (np.ones((2, 3), bool), np.ones(4, bool)))],
    )
register(
    *named("logical_not"),
    each(lambda x: not x, bool),
    [Sample((bools(*shape),)) for shape in SHAPES],
    [Wrong(TypeError, "logical_not", ())],
)


def clamped(x: np.ndarray, min: Any = None, max: Any = None) -> np.ndarray:
    raised = each(lambda v: v if min is None or v > min else min)(x)
    return each(lambda v: v if max is None or v < max else max)(raised)


BOUNDS = [{"min": -0.51, "max": 1.01}, {"min": -0.51}, {"max": 1.01}, {"min": 1.01, "max": -0.51}]
register(
    "elementwise.clamp",
    elementwise.clamp,
    clamped,
    [Sample((numbers(*shape),), bounds) for shape in SHAPES for bounds in BOUNDS[:3]]
    + [Sample((numbers(2, 3),), BOUNDS[3])],
    [
        Wrong(ValueError, "clamp: wanted min, max or both, got neither", (np.ones(2),)),
        Wrong(TypeError, "clamp: min and max must be numbers, got ndarray", (np.ones(2),), {"min": np.zeros(2)}),
    ],
    "clamp",
)
register(
    "elementwise.within",
    elementwise.within,
    lambda x, min=None, max=None: each(lambda v: (min is None or v >= min) and (max is None or v <= max), bool)(x),
    [Sample((numbers(*shape),), bounds) for shape in SHAPES for bounds in BOUNDS],
    [Wrong(TypeError, "within", ())],
)

MASKS = [Sample((bools(*a), *pair(a, b))) for a, b in PAIRS]
register(
    "elementwise.where",
    elementwise.where,
    each(lambda condition, a, b: a if condition else b),
    [*MASKS, Sample((numbers(2, 3) > 0, numbers(2, 3), 2.5)), Sample((numbers(3) > 0, 2.5, numbers(2, 3)))],
    [
        Wrong(
            TypeError,
            "where: condition must be a bool tensor, got float64: compare first",
            (np.ones(2), np.ones(2), 0.0),
        ),
        Wrong(TypeError, "where: wanted tensors, arrays or numbers, got str", (np.ones(2, bool), np.ones(2), "0")),
        Wrong(ValueError, r"\(2, ?3\).*\(4,\)", (np.ones((2, 3), bool), *BAD_PAIR)),
    ],
    "where",
)
register(
    "elementwise.masked_fill",
    elementwise.masked_fill,
    each(lambda x, mask, value: value if mask else x),
    [Sample((numbers(*a), bools(*b), -7.0)) for a, b in PAIRS],
    [
        Wrong(TypeError, "masked_fill: mask must be a bool tensor, got int64", (np.ones(2), np.ones(2, int), 0.0)),
        Wrong(ValueError, r"\(4,\).*\(2, ?3\)", (np.ones((2, 3)), np.ones(4, bool), 0.0)),
    ],
    "masked_fill",
)
