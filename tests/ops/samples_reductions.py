"""Samples of reductions. The reference sees each group of numbers as a list."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.samples import ENTRIES, Sample, Wrong, grouped, numbers, register
from tinyattn.ops import reductions


def variance(group: list[float], correction: int = 1) -> float:
    centre = math.fsum(group) / len(group)
    return math.fsum((v - centre) ** 2 for v in group) / (len(group) - correction)


def reduction(
    name: str,
    function: Callable,
    dims: list[Any],
    empty: list[Sample],
    options: tuple[dict, ...] = ({},),
    wrong: tuple[Wrong, ...] = (),
    torch: str | None = None,
    dtype: Any = float,
) -> None:
    samples = [
        Sample((numbers(2, 3, 2),), {**more, **({} if dim is ... else {"dim": dim, "keepdim": keep})})
        for dim in dims
        for keep in (False, True)
        for more in options
    ]
    samples += [Sample((numbers(3, 1),), {**more, "dim": 0}) for more in options]
    refused = [
        Wrong(IndexError, rf"{name}: dim must be in -2 \.\.\. 1, got 2", (np.ones((2, 3)),), {"dim": 2}),
        Wrong(
            IndexError, f"{name}: dim must be in none, a single number has no dimensions", (np.array(1.0),), {"dim": 0}
        ),
    ]
    register(
        f"reductions.{name}",
        getattr(reductions, name),
        grouped(function, dtype),
        samples + empty,
        refused + list(wrong),
        name if torch is None else torch,
    )


TWICE = Wrong(ValueError, r"dim must name each dimension once, got \(0, -2\)", (np.ones((2, 3)),), {"dim": (0, -2)})
SOME, ONE = [..., None, 0, -1, (0, 2), (2, 0, 1), ()], [..., None, 0, -1]
NONE_LEFT = [Sample((numbers(0, 3),), {"dim": dim, "keepdim": keep}) for dim in (0, 1, None) for keep in (False, True)]
SINGLE, EMPTY = [Sample((numbers(),))], [Sample((numbers(0, 3),), {"dim": 1})]
reduction("sum", math.fsum, SOME, SINGLE + NONE_LEFT, wrong=(TWICE,))
reduction("mean", lambda group: math.fsum(group) / len(group), SOME, SINGLE + EMPTY, wrong=(TWICE,))
reduction(
    "var", variance, SOME[:-1], [Sample((numbers(),), {"correction": 0}), *EMPTY], ({}, {"correction": 0}), (TWICE,)
)
reduction("amax", max, SOME, SINGLE + EMPTY, wrong=(TWICE,))
reduction("amin", min, SOME, SINGLE + EMPTY, wrong=(TWICE,))
reduction("argmax", lambda group: group.index(max(group)), ONE, SINGLE + EMPTY, dtype=int)
reduction("argmin", lambda group: group.index(min(group)), ONE, SINGLE + EMPTY, dtype=int)
reduction("all", lambda group: all(v > 0 for v in group), [], SINGLE, torch="", dtype=bool)
reduction("any", lambda group: any(v != 0 for v in group), [], SINGLE, torch="", dtype=bool)
for entry in ENTRIES[-2:]:
    some = [
        np.array([[True, False, True], [True, True, True]]),
        np.zeros((1, 3), bool),
        np.ones((0, 3), bool),
        np.array(True),
    ]
    entry.samples = [
        Sample((x,), options)
        for x in some
        for options in ({}, {"dim": 0}, {"dim": (0, 1), "keepdim": True})
        if x.ndim or not options
    ]
