"""Tensors from nothing or from other data. float32 unless told, integers int64, as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from .ops.copies import check_device
from .ops.dtypes import NUMBERS
from .ops.shapes import ints_of
from .streams import generator
from .tensor import Tensor

float32, float64 = np.dtype(np.float32), np.dtype(np.float64)
int64 = long = np.dtype(np.int64)
bool_ = np.dtype(np.bool_)


@np.errstate(all="ignore")  # what is too large for the dtype becomes infinite without a warning
def tensor(data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of numbers, nested lists of them, or an array. Python's fractions are float32, an array keeps its dtype.

    Raises: TypeError for what is no number, ValueError for rows of unequal length.
    """
    if isinstance(data, Tensor):
        data = data.array
    try:
        array = np.array(data, dtype_of(data) if dtype is None else dtype)
    except (ValueError, TypeError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"tensor: wanted numbers, or lists of them with rows of equal length: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"tensor: wanted numbers or bools, got {array.dtype}")
    return leaf(array, requires_grad, device)


def dtype_of(data: Any) -> np.dtype:
    """The common dtype of all numbers in nested lists: float32 where there are none."""
    found = dtypes_in(data) or {float32}
    return np.result_type(*[dtype for dtype in found if dtype.kind == "f"] or found)


def dtypes_in(data: Any) -> set[np.dtype]:
    if isinstance(data, (list, tuple, range)):
        kinds = set(map(type, data))
        return set(map(NUMBERS.__getitem__, kinds)) if kinds <= NUMBERS.keys() else set().union(*map(dtypes_in, data))
    if isinstance(data, Tensor) and data.ndim:
        raise TypeError("a list of tensors: use ta.stack")
    if type(data) not in NUMBERS and not hasattr(data, "dtype"):
        raise TypeError(f"got {type(data).__name__}")
    return {NUMBERS[type(data)] if type(data) in NUMBERS else data.dtype}


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor over the array's own memory: a change in one is a change in the other."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: wanted a NumPy array, got {type(array).__name__}: use ta.tensor")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"from_numpy: wanted numbers or bools, got {array.dtype}")
    return Tensor(array)


def leaf(array: np.ndarray, requires_grad: bool, device: Any) -> Tensor:
    check_device("device", device)
    x = Tensor(array)
    if requires_grad:
        x.requires_grad = True
    return x


def shape_of(name: str, sizes: tuple, size: Any) -> tuple[int, ...]:
    """The shape given as f(2, 3), f((2, 3)) or f(size=(2, 3))."""
    shape = ints_of(name, sizes, size)
    if min(shape, default=0) < 0 or (sizes == () and size is None):
        raise ValueError(f"{name}: wanted sizes, none negative, got {shape if shape else 'none'}")
    return shape


# --- filled -------------------------------------------------------------


def zeros(*sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """All 0."""
    return leaf(np.zeros(shape_of("zeros", sizes, size), dtype or float32), requires_grad, device)


def ones(*sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """All 1."""
    return leaf(np.ones(shape_of("ones", sizes, size), dtype or float32), requires_grad, device)


def full(size: Any, fill_value: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """All `fill_value`, a number; the dtype follows from it."""
    value = tensor(fill_value, dtype)
    return leaf(np.full(shape_of("full", (size,), None), value.item(), value.dtype), requires_grad, device)


def zeros_like(input: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """All 0, in input's shape and dtype."""
    return zeros(input.shape, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def ones_like(input: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """All 1, in input's shape and dtype."""
    return ones(input.shape, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def full_like(input: Any, fill_value: Any, dtype: Any = None, device: Any = None,
              requires_grad: bool = False) -> Tensor:  # fmt: skip
    """All `fill_value`, in input's shape and dtype."""
    return full(input.shape, fill_value, dtype or input.dtype, device, requires_grad)


def eye(n: int, m: int | None = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """1 on the diagonal, 0 elsewhere. Shapes: (n, m), m = n unless told."""
    shape = shape_of("eye", (n, n if m is None else m), None)
    return leaf(np.eye(*shape, dtype=dtype or float32), requires_grad, device)


# --- rows of numbers ----------------------------------------------------


def arange(start: Any = 0, end: Any = None, step: Any = 1, dtype: Any = None, device: Any = None,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """start, start + step, ... below end; with one argument 0, 1, ... below it. int64 where all are integers.

    Raises: ValueError for a step that does not lead from start to end.
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = map(number, (start, end, step))
    if dtype is None:
        dtype = int64 if all(isinstance(x, int) for x in (start, end, step)) else float32
    if np.dtype(dtype).kind in "iu":
        start, end, step = int(start), int(end), int(step)
    if step == 0 or not 0 <= (end - start) / step < np.inf:
        raise ValueError(f"arange: step must lead from start to end, got start={start}, end={end}, step={step}")
    array = np.arange(start, end, step)  # in float64: in float32 NumPy would repeat a rounded step
    return leaf(array.astype(dtype, copy=False), requires_grad, device)


def linspace(start: Any, end: Any, steps: int, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`steps` numbers at equal distances from start to end, both included."""
    (count,) = shape_of("linspace", (steps,), None)
    array = np.linspace(number(start), number(end), count)
    return leaf(array.astype(dtype or float32, copy=False), requires_grad, device)


def number(x: Any) -> Any:
    return x.item() if isinstance(x, (Tensor, np.generic, np.ndarray)) else x


# --- random -------------------------------------------------------------


def rand(*sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform in [0, 1)."""
    array = generator().random(shape_of("rand", sizes, size), fraction("rand", dtype))
    return leaf(np.asarray(array), requires_grad, device)


def randn(*sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal, mean 0 and variance 1."""
    array = generator().standard_normal(shape_of("randn", sizes, size), fraction("randn", dtype))
    return leaf(np.asarray(array), requires_grad, device)


def rand_like(input: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform in [0, 1), in input's shape and dtype."""
    return rand(input.shape, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def randn_like(input: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal, in input's shape and dtype."""
    return randn(input.shape, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def fraction(name: str, dtype: Any) -> np.dtype:
    dtype = np.dtype(dtype or float32)
    if dtype not in (float32, float64):
        raise TypeError(f"{name}: dtype must be float32 or float64, got {dtype}: use randint for integers")
    return dtype


def randint(low: int = 0, high: Any = None, size: Any = None, dtype: Any = None, device: Any = None,
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Integers in low ... high − 1; called as randint(high, size), from 0."""
    if size is None:
        low, high, size = 0, low, high
    if high is None:
        low, high = 0, low
    low, high = ints_of("randint", (low, high))
    if high <= low:
        raise ValueError(f"randint: high must be above low, got low={low}, high={high}")
    array = generator().integers(low, high, shape_of("randint", (size,), None))
    return leaf(np.asarray(array).astype(dtype or int64, copy=False), requires_grad, device)
