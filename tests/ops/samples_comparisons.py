"""Samples of comparisons and logic. The reference is a function of single numbers."""

from __future__ import annotations

import math

import numpy as np

from tests.ops.samples import PAIRS, SHAPES, Sample, Wrong, bools, each, pair, register
from tests.ops.samples_elementwise import BAD_PAIR, binary, named, unary

unary("isnan", math.isnan, dtype=bool)
unary("isinf", math.isinf, dtype=bool)
unary("isfinite", math.isfinite, dtype=bool)
binary("eq", lambda a, b: a == b, bool)
binary("ne", lambda a, b: a != b, bool)
binary("lt", lambda a, b: a < b, bool)
binary("le", lambda a, b: a <= b, bool)
binary("gt", lambda a, b: a > b, bool)
binary("ge", lambda a, b: a >= b, bool)


def is_close(a: float, b: float, rtol: float, atol: float) -> bool:
    return abs(a - b) <= atol + rtol * abs(b)


NEAR = {"rtol": 0.3, "atol": 0.2}
register(
    *named("isclose"),
    each(is_close, bool),
    [Sample(pair(a, b), NEAR) for a, b in PAIRS],
    [
        Wrong(ValueError, "isclose: rtol and atol must not be below 0, got -1 and 0", (1.0, 1.0), {"rtol": -1, "atol": 0}),
        Wrong(ValueError, r"\(2, ?3\).*\(4,\)", BAD_PAIR),
    ],
    "isclose",
)

binary("logical_and", lambda a, b: a != 0 and b != 0, bool)
binary("logical_or", lambda a, b: a != 0 or b != 0, bool)
binary("logical_xor", lambda a, b: (a != 0) != (b != 0), bool)
unary("logical_not", lambda x: x == 0, dtype=bool)

BOOLS = [Sample((bools(*a), bools(*b))) for a, b in PAIRS]
INTEGERS = [Sample((np.arange(6).reshape(2, 3), np.array([1, 2, 3])))]
for name, bitwise in (
    ("bitwise_and", lambda a, b: a & b),
    ("bitwise_or", lambda a, b: a | b),
    ("bitwise_xor", lambda a, b: a ^ b),
):
    register(
        *named(name),
        bitwise,
        BOOLS + INTEGERS,
        [
            Wrong(ValueError, r"\(2, ?3\).*\(4,\)", (np.ones((2, 3), bool), np.ones(4, bool))),
            Wrong(TypeError, f"{name}: .*not supported", (np.ones(2), np.ones(2))),
        ],
    )
register(
    *named("bitwise_not"),
    lambda x: ~x,
    [Sample((bools(*shape),)) for shape in SHAPES] + [Sample((np.arange(3),))],
    [Wrong(TypeError, "bitwise_not: .*not supported", (np.ones(2),))],
)
