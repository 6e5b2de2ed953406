"""Samples of the ops that reduce, scan and order. The reference sees each group of numbers as a list."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.samples import Sample, Wrong, grouped, numbers, register
from tinyattn.ops import extremes, ordering, reductions, scans

SOME, ONE = [..., None, 0, -1, (0, 2), (2, 0, 1), ()], [..., None, 0, -1]
SINGLE = [Sample((numbers(),)), Sample((numbers(),), {"dim": 0}), Sample((numbers(),), {"dim": -1, "keepdim": True})]
EMPTY = [Sample((numbers(0, 3),), {"dim": 1})]
NONE_LEFT = [Sample((numbers(0, 3),), {"dim": dim, "keepdim": keep}) for dim in (0, 1, None) for keep in (False, True)]

OUTSIDE = [Wrong(IndexError, r"dim must be in -2 \.\.\. 1, got 2", (np.ones((2, 3)),), {"dim": 2}),
           Wrong(IndexError, r"dim must be in -1 \.\.\. 0, got 1", (np.array(1.0),), {"dim": 1})]
KEEPDIM = Wrong(TypeError, "True or False as keepdim, got dim=0, keepdim=1: put dims in a tuple",
                (np.ones((2, 3)),), {"dim": 0, "keepdim": 1})
TWICE = Wrong(ValueError, r"wanted each dimension at most once, got \(0, -2\)", (np.ones((2, 3)),), {"dim": (0, -2)})
NOTHING = [Wrong(IndexError, r"at least one element along dim 0, got shape \(0, 3\)", (np.ones((0, 3)),), options)
           for options in ({}, {"dim": 0})]


def of_integers(name: str) -> Wrong:
    return Wrong(TypeError, rf"{name}: wanted floating-point numbers, got int64: use \.float\(\)", (np.arange(3),))


def reduction(call: Callable, function: Callable, dims: list[Any], others: list[Sample], wrong: list[Wrong],
              options: tuple[dict, ...] = ({},), dtype: Any = float, torch: bool = True) -> None:
    """call: what users call; the op has its name, or its name and an underscore."""
    module = call.__module__.rpartition(".")[2]
    samples = [Sample((numbers(2, 3, 2),), {**more, **({} if dim is ... else {"dim": dim, "keepdim": keep})})
               for dim in dims for keep in (False, True) for more in options]
    samples += [Sample((numbers(3, 1),), {**more, "dim": 0}) for more in options]
    op = call.__name__ + ("" if hasattr(call, "op") else "_")
    wrong = [*OUTSIDE, KEEPDIM, *wrong]
    register(f"{module}.{op}", call, grouped(function, dtype), samples + others, wrong, call.__name__ * torch)


def variance(group: list[float], correction: float = 1) -> float:
    centre = math.fsum(group) / len(group)
    return math.fsum((v - centre) ** 2 for v in group) / (len(group) - correction)


def deviation(group: list[float], correction: float = 1) -> float:
    return math.sqrt(variance(group, correction))


reduction(reductions.sum, math.fsum, SOME, SINGLE + NONE_LEFT, [TWICE])
reduction(reductions.mean, lambda group: math.fsum(group) / len(group), SOME, SINGLE + EMPTY,
          [TWICE, of_integers("mean")])
WITH_ZEROS = [numbers(2, 3) * [[1, 0, 1], [0, 1, 0]], np.zeros((1, 4)), numbers(5) * [1, 1, 0, 1, 1]]
reduction(reductions.prod, math.prod, [..., 0, -1],
          SINGLE + NONE_LEFT[:4] + [Sample((x,), options) for x in WITH_ZEROS for options in ({}, {"dim": -1})],
          [Wrong(IndexError, r"prod: dim must be in -2 \.\.\. 1, got \(0, 1\)", (np.ones((2, 3)),), {"dim": (0, 1)})])
for call, function in ((reductions.var, variance), (reductions.std, deviation)):
    both = [Wrong(TypeError, "wanted unbiased=True or False, or a correction, got unbiased=False, correction=1",
                  (np.ones((2, 3)),), {"unbiased": False, "correction": 1}),
            Wrong(TypeError, "wanted unbiased=True or False, .* got unbiased=1, correction=None: put dims in a tuple",
                  (np.ones((2, 3)),), {"dim": 0, "unbiased": 1})]
    reduction(call, function, SOME[:-1], [Sample((numbers(),), {"correction": -1}), *EMPTY],
              [TWICE, *both, of_integers(call.__name__)], ({}, {"correction": 0.5}), torch=call is reductions.var)
reduction(extremes.amax, max, SOME, SINGLE + EMPTY, [TWICE, *NOTHING])
reduction(extremes.amin, min, SOME, SINGLE + EMPTY, [TWICE, *NOTHING])
reduction(extremes.argmax, lambda group: group.index(max(group)), ONE, SINGLE + EMPTY, NOTHING, dtype=int)
reduction(extremes.argmin, lambda group: group.index(min(group)), ONE, SINGLE + EMPTY, NOTHING, dtype=int)

TRUTHS = [np.array([[True, False, True], [True, True, True]]), np.zeros((1, 3), bool), np.ones((0, 3), bool),
          np.array(True), numbers(2, 3) * [[0, 0, 1], [0, 1, 1]]]
OPTIONS: list[dict[str, Any]] = [{}, {"dim": 0}, {"dim": (0, -1), "keepdim": True}]
TRUTH = [Sample((x,), options) for x in TRUTHS for options in OPTIONS if x.ndim or len(options) < 2]
reduction(reductions.all, lambda group: all(v != 0 for v in group), SOME[:-1], TRUTH, [TWICE], dtype=bool)
reduction(reductions.any, lambda group: any(v != 0 for v in group), SOME[:-1], TRUTH, [TWICE], dtype=bool)


# --- along one dimension ------------------------------------------------


def along(function: Callable[[list[float]], list[Any]], dtype: Any = float) -> Callable:
    """A function of a list of numbers that gives as many, for arrays: along `dim`."""

    def reference(x: np.ndarray, dim: int = -1, **options: Any) -> np.ndarray:
        rows = np.moveaxis(np.array(x, ndmin=1), dim, -1)
        y = np.empty(rows.shape, dtype)
        for index in np.ndindex(rows.shape[:-1]):
            y[index] = function(rows[index].tolist(), **options)
        return np.moveaxis(y, -1, dim).reshape(x.shape)

    return reference


ALONG = [Sample((numbers(*shape),), {"dim": dim})
         for shape, dim in (((2, 3, 2), 1), ((3, 4), -1), ((3, 1), 1), ((3, 1), 0), ((), 0), ((), -1), ((0, 3), 0), ((0, 3), 1))]
register("scans.cumsum", scans.cumsum, along(lambda row: [math.fsum(row[: k + 1]) for k in range(len(row))]), ALONG,
         [*OUTSIDE, Wrong(TypeError, r"cumsum: wanted the arguments", (np.ones(3),))], "cumsum")


def places(row: list[float], descending: bool = False, stable: bool = False) -> list[int]:
    return sorted(range(len(row)), key=lambda k: -row[k] if descending else row[k])


TIES = [Sample((np.array([[2.0, 1.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0]]),), {"dim": 1, "stable": True, "descending": down})
        for down in (False, True)]
register("ordering.order", ordering.argsort, along(places, int),
         [*ALONG, *[Sample(s.inputs, {**s.options, "descending": True}) for s in ALONG], *TIES], OUTSIDE, "argsort")
