"""Samples and wrong inputs of every op: test_all_ops.py runs them all, and fails for an op that has none here.

An entry holds an op to a reference that shares nothing with it: a formula for single numbers, or loops over indices.
Floating-point arrays among a sample's inputs are what gradients are taken by; everything else is passed on as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Sample:
    inputs: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Wrong:
    """Inputs that are refused, and what the error has to say."""

    error: type[Exception]
    says: str  # a regular expression
    inputs: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Entry:
    op: str  # "elementwise.add": the module in tinyattn.ops and the function under @op
    call: Callable[..., Any]  # the op, or what users call to run it
    reference: Callable[..., Any]
    samples: list[Sample]
    wrong: list[Wrong]
    torch: str = ""  # the same in PyTorch: a path below `torch`, or of a Tensor's method: "Tensor.view"
    single: bool = True  # does it take a single number, an array without dimensions?

    def __str__(self) -> str:
        return f"{self.op}/{self.call.__name__}"


ENTRIES: list[Entry] = []


def register(
    op: str,
    call: Callable,
    reference: Callable,
    samples: list[Sample],
    wrong: list[Wrong],
    torch: str = "",
    single: bool = True,
) -> None:
    ENTRIES.append(Entry(op, call, reference, samples, wrong, torch, single))


def numbers(*shape: int, low: float = -2.0, high: float = 2.0, apart_from: tuple[float, ...] = ()) -> np.ndarray:
    """Fixed numbers in low ... high, no two equal, none next to those of `apart_from`: there a function bends."""
    random = np.random.default_rng([len(shape), *shape])
    size = math.prod(shape)
    x = low + (high - low) * (random.permutation(size) + random.uniform(0.2, 0.8, size)) / max(size, 1)
    for point in apart_from:
        x = np.where(np.abs(x - point) < 0.05, x + 0.1, x)
    return x.reshape(shape)


def bools(*shape: int) -> np.ndarray:
    return np.asarray(numbers(*shape) > 0)


def pair(a: tuple[int, ...], b: tuple[int, ...], one: Any = None, two: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of two shapes, no two of them equal."""
    return numbers(*a, **(one or {})), np.asarray(numbers(*b, **(two or {})) + 1 / 64)


SHAPES = [(3, 4), (2, 1, 3), (1,), (), (0, 3)]
PAIRS = [
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((2, 1, 2), (3, 1)),
    ((2, 3), ()),
    ((), (2, 3)),
    ((), ()),
    ((1,), (1, 1)),
    ((0, 3), (1, 3)),
    ((2, 1), (2, 0)),
]


# --- parts of references ------------------------------------------------


def each(function: Callable, dtype: Any = float) -> Callable:
    """A function of single numbers, for arrays."""
    return np.vectorize(function, otypes=[dtype])


def moved(shape: tuple[int, ...], source: Callable) -> np.ndarray:
    """An array of this shape whose element at `index` is source(*index)."""
    y = np.empty(shape)
    for index in np.ndindex(shape):
        y[index] = source(*index)
    return y


def grouped(function: Callable, dtype: Any = float) -> Callable:
    """A function of a list of numbers, for arrays: over each group that `dim` makes one."""

    def reference(x: np.ndarray, dim: Any = None, keepdim: bool = False, **options: Any) -> np.ndarray:
        over = range(x.ndim) if dim is None or dim == () else [d % max(x.ndim, 1) for d in np.atleast_1d(dim)]
        kept = tuple(1 if axis in over else size for axis, size in enumerate(x.shape))
        found = [
            function(
                x[tuple(slice(None) if axis in over else k for axis, k in enumerate(index))].ravel().tolist(), **options
            )
            for index in np.ndindex(kept)
        ]
        return np.array(found, dtype).reshape(
            kept if keepdim else [n for axis, n in enumerate(x.shape) if axis not in over]
        )

    return reference
