"""Samples of arithmetic with PyTorch's options. The reference is a function of single numbers."""

from __future__ import annotations

import math

import numpy as np

from tests.ops.samples import PAIRS, Sample, Wrong, each, numbers, pair, register
from tests.ops.samples_elementwise import BAD_PAIR, FAR_FROM_0, binary
from tinyattn.ops import arithmetic

BAD_SHAPES = r"\(2, ?3\).*\(4,\)"

for call, sign in ((arithmetic.add, 1), (arithmetic.sub, -1)):
    register(
        "arithmetic.add_multiple",
        call,
        each(lambda a, b, alpha, sign=sign: a + sign * alpha * b),
        [Sample(pair(a, b), {"alpha": 2.5}) for a, b in PAIRS] + [Sample((numbers(2, 3), 2.5), {"alpha": -2})],
        [
            Wrong(TypeError, "add, sub: wanted a factor alpha for int64, got -?0.5: use .float",
                  (np.arange(3), np.arange(3)), {"alpha": 0.5}),
            Wrong(TypeError, "add, sub: wanted a factor alpha for bool, got -?2: use .float",
                  (np.ones(3, bool), np.ones(3, bool)), {"alpha": 2}),
            Wrong(ValueError, BAD_SHAPES, BAD_PAIR, {"alpha": 2}),
        ],
        call.__name__,
    )  # fmt: skip

for name, rounded in (("floor_divide", math.floor), ("trunc_divide", math.trunc)):
    way = {"rounding_mode": name.partition("_")[0]}
    register(
        f"arithmetic.{name}",
        arithmetic.div,
        each(lambda a, b, rounding_mode, rounded=rounded: rounded(a / b)),
        [Sample(pair(a, b, None, FAR_FROM_0), way) for a, b in PAIRS],
        [
            Wrong(ValueError, BAD_SHAPES, BAD_PAIR, way),
            Wrong(ZeroDivisionError, f"{name}: integers cannot be divided by 0: use .float", (np.ones(2, int), 0), way),
            Wrong(ValueError, "div: rounding_mode must be None, 'floor' or 'trunc', got 'up'", BAD_PAIR,
                  {"rounding_mode": "up"}),
        ],
        "div",
    )  # fmt: skip
binary("remainder", lambda a, b: a - b * math.floor(a / b), two=FAR_FROM_0)
