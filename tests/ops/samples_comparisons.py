"""Samples of comparisons and logic. The reference is a function of single numbers."""

from __future__ import annotations

import math

import numpy as np

from tests.ops.samples import PAIRS, SHAPES, Sample, Wrong, bools, each, register
from tests.ops.samples_elementwise import binary, named, unary

unary("isnan", math.isnan, dtype=bool)
unary("isinf", math.isinf, dtype=bool)
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
