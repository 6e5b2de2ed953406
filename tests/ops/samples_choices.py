"""Samples of choices. The reference is a function of single numbers."""

from __future__ import annotations

import numpy as np

from tests.ops.samples import PAIRS, SHAPES, Sample, Wrong, bools, each, numbers, pair, register
from tests.ops.samples_elementwise import BAD_PAIR, binary
from tinyattn.ops import choices

binary("maximum", lambda a, b: a if a > b else b)
binary("minimum", lambda a, b: a if a < b else b)
binary("share_above", lambda a, b: 1.0 if a > b else 0.5 if a == b else 0.0, np.float32, torch="")


def clamped(x: float, min: float | None = None, max: float | None = None) -> float:
    raised = x if min is None or x > min else min
    return raised if max is None or raised < max else max


BOUNDS = [{"min": -0.51, "max": 1.01}, {"min": -0.51}, {"max": 1.01}, {"min": 1.01, "max": -0.51}]
register(
    "choices.clamp_",
    choices.clamp,
    each(clamped),
    [Sample((numbers(*shape),), bounds) for shape in SHAPES for bounds in BOUNDS]
    + [Sample((*pair(a, b), numbers(*b) * 0.7)) for a, b in PAIRS],
    [
        Wrong(ValueError, "clamp: wanted min, max or both, got neither", (np.ones(2),)),
        Wrong(TypeError, "clamp: wanted tensors, arrays or numbers, got str", (np.ones(2), "0")),
        Wrong(ValueError, r"\(2, ?3\).*\(4,\)", BAD_PAIR),
    ],
    "clamp",
)

MASKS = [Sample((bools(*a), *pair(a, b))) for a, b in PAIRS]
register(
    "choices.where_",
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
    "choices.places",
    choices.where,
    lambda condition: tuple(np.argwhere(np.atleast_1d(condition)).T),
    [Sample((bools(*shape),)) for shape in SHAPES],
    [Wrong(TypeError, "where: wanted tensors, arrays or numbers, got NoneType", (np.ones(2, bool), np.ones(2)))],
    "where",
)
register(
    "choices.masked_fill",
    choices.masked_fill,
    each(lambda x, mask, value: value if mask else x),
    [Sample((numbers(*a), bools(*b), value)) for a, b in PAIRS for value in (-7.0, np.array(-7.0))],
    [
        Wrong(TypeError, "masked_fill: mask must be a bool tensor, got int64", (np.ones(2), np.ones(2, int), 0.0)),
        Wrong(ValueError, r"\(4,\).*\(2, ?3\)", (np.ones((2, 3)), np.ones(4, bool), 0.0)),
        Wrong(ValueError, r"masked_fill: value must be a single number, got shape \(1,\): use where",
              (np.ones(2), np.ones(2, bool), np.ones(1))),
        Wrong(ValueError, "masked_fill: there is no -inf among int64: use x.float",
              (np.arange(2), np.ones(2, bool), -np.inf)),
    ],
    "masked_fill",
)  # fmt: skip
