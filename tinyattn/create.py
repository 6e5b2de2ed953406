"""Tensors from nothing or from other data. float32 unless told, integers int64, as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from .ops.shapes import sizes_of
from .streams import generator
from .tensor import Tensor

float32, float64 = np.dtype(np.float32), np.dtype(np.float64)
int64 = long = np.dtype(np.int64)
bool_ = np.dtype(np.bool_)


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of numbers, nested lists of them, or an array. Fractions become float32, an array keeps its dtype.

    Raises: TypeError for what is no number, ValueError for rows of unequal length.
    """
    if isinstance(data, Tensor):
        data = data.array
    try:
        array = np.array(data, dtype=dtype)
    except (ValueError, TypeError) as error:
        raise type(error)(f"tensor: wanted numbers, or lists of them with rows of equal length: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"tensor: wanted numbers or bools, got {array.dtype} from {type(data).__name__}")
    if dtype is None and not isinstance(data, (np.ndarray, np.generic)):
        usual = {"f": float32, "b": bool_}.get(array.dtype.kind, int64) if array.size else float32
        array = array.astype(usual, copy=False)
    return leaf(array, requires_grad)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor over the array's own memory: a change in one is a change in the other."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: wanted a NumPy array, got {type(array).__name__}: use ta.tensor")
    return Tensor(array)


def leaf(array: np.ndarray, requires_grad: bool) -> Tensor:
    x = Tensor(array)
    if requires_grad:
        x.requires_grad = True
    return x


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """All 0."""
    return leaf(np.zeros(sizes_of(size), dtype or float32), requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """All 1."""
    return leaf(np.ones(sizes_of(size), dtype or float32), requires_grad)


def full(size: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """All `fill_value`; the dtype follows from it."""
    return leaf(np.full(sizes_of((size,)), fill_value, dtype or tensor(fill_value).dtype), requires_grad)


def arange(start: Any, end: Any = None, step: Any = 1, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """start, start + step, ... below end; with one argument 0, 1, ... below it. int64 where all are integers."""
    start, end = (0, start) if end is None else (start, end)
    whole = all(isinstance(number, (int, np.integer)) for number in (start, end, step))
    array = np.arange(start, end, step)  # in float64: in float32 NumPy would repeat a rounded step
    return leaf(array.astype(dtype or (int64 if whole else float32), copy=False), requires_grad)


def linspace(start: float, end: float, steps: int, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`steps` numbers at equal distances from start to end, both included."""
    return leaf(np.linspace(start, end, steps, dtype=dtype or float32), requires_grad)


def eye(n: int, m: int | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """1 on the diagonal, 0 elsewhere. Shapes: (n, m), m = n unless told."""
    return leaf(np.eye(n, m, dtype=dtype or float32), requires_grad)


def rand(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform in [0, 1)."""
    return leaf(generator().random(sizes_of(size), dtype or float32), requires_grad)


def randn(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal, mean 0 and variance 1."""
    return leaf(generator().standard_normal(sizes_of(size), dtype or float32), requires_grad)


def randint(low: int, high: Any = None, size: Any = None, dtype: Any = None) -> Tensor:
    """Integers in low ... high − 1; called as randint(high, size), from 0."""
    if size is None:
        low, high, size = 0, low, high
    if high <= low:
        raise ValueError(f"randint: high must be above low, got low={low}, high={high}")
    return Tensor(generator().integers(low, high, sizes_of((size,))).astype(dtype or int64))


def zeros_like(x: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """All 0, in x's shape and dtype."""
    return zeros(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad)


def ones_like(x: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """All 1, in x's shape and dtype."""
    return ones(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad)


def full_like(x: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """All `fill_value`, in x's shape and dtype."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype, requires_grad=requires_grad)
