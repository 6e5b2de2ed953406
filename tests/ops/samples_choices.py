"""Samples of choices. The reference is a function of single numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.samples import PAIRS, SHAPES, Sample, Wrong, bools, each, numbers, pair, register
from tests.ops.samples_elementwise import BAD_PAIR, binary
from tinyattn.ops import choices

binary("maximum", lambda a, b: a if a > b else b)
binary("minimum", lambda a, b: a if a < b else b)
binary("share_above", lambda a, b: 1.0 if a > b else 0.5 if a == b else 0.0, np.float32, torch="")


def clamped(x: np.ndarray, min: Any = None, max: Any = None) -> np.ndarray:
    raised = each(lambda v: v if min is None or v > min else min)(x)
    return each(lambda v: v if max is None or v < max else max)(raised)


BOUNDS = [{"min": -0.51, "max": 1.01}, {"min": -0.51}, {"max": 1.01}, {"min": 1.01, "max": -0.51}]
register(
    "choices.clamp",
    choices.clamp,
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
    "choices.within",
    choices.within,
    lambda x, min=None, max=None: each(lambda v: (min is None or v >= min) and (max is None or v <= max), bool)(x),
    [Sample((numbers(*shape),), bounds) for shape in SHAPES for bounds in BOUNDS],
    [Wrong(TypeError, "within", ())],
)

MASKS = [Sample((bools(*a), *pair(a, b))) for a, b in PAIRS]
register(
    "choices.where",
    choices.where,
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
    "choices.masked_fill",
    choices.masked_fill,
    each(lambda x, mask, value: value if mask else x),
    [Sample((numbers(*a), bools(*b), -7.0)) for a, b in PAIRS],
    [
        Wrong(TypeError, "masked_fill: mask must be a bool tensor, got int64", (np.ones(2), np.ones(2, int), 0.0)),
        Wrong(ValueError, r"\(4,\).*\(2, ?3\)", (np.ones((2, 3)), np.ones(4, bool), 0.0)),
    ],
    "masked_fill",
)
