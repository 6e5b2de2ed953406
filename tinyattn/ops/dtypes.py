"""Which dtype an op computes in, where its inputs differ: PyTorch's rules, not NumPy's.

NumPy turns float32 · int64 into float64, and int64 / int64 too; PyTorch keeps to float32, its default. Arrays with
dimensions decide. A single number, an array without dimensions or one of Python's, counts only where it is of a
higher kind (bool < integer < float): float32 · 2.5 is float32, and so is int64 · 2.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FLOAT = np.dtype(np.float32)  # what integers and bools become where a fraction may come out
NUMBERS = {bool: np.dtype(np.bool_), int: np.dtype(np.int64), float: FLOAT}
KINDS: dict[Any, int] = {bool: 0, int: 1, float: 2, "b": 0, "u": 1, "i": 1, "f": 2}


def common(name: str, arrays: list[Any]) -> list[Any]:
    """All inputs as arrays in their common dtype."""
    first = arrays[0] if type(arrays[0]) is np.ndarray else arrays[-1]
    if type(first) is np.ndarray and first.dtype.kind in KINDS:  # mostly arrays of one dtype, and numbers within it
        dtype, kind = first.dtype, KINDS[first.dtype.kind]
        if all(x.dtype is dtype if type(x) is np.ndarray else KINDS.get(type(x), 3) <= kind for x in arrays):
            return [x if type(x) is np.ndarray else np.asarray(x, dtype) for x in arrays]
    if any(isinstance(x, np.ndarray) for x in arrays):  # beside an array, NumPy's numbers are like Python's
        arrays = [x.item() if isinstance(x, np.generic) else x for x in arrays]
    groups: list[list[np.dtype]] = [[], [], []]  # of arrays with dimensions, of those without, of Python's numbers
    for x in arrays:
        if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in KINDS:
            groups[0 if x.ndim else 1].append(x.dtype)
        elif type(x) in NUMBERS:
            groups[2].append(NUMBERS[type(x)])
        else:
            got = x.dtype if hasattr(x, "dtype") else type(x).__name__
            raise TypeError(f"{name}: wanted tensors, arrays or numbers, got {got}: make a tensor of it with ta.tensor")
    dtype = None
    for group in filter(None, groups):
        found = np.result_type(*[dtype for dtype in group if dtype.kind == "f"] or group)
        if dtype is None or KINDS[found.kind] > KINDS[dtype.kind]:
            dtype = found
    return [np.asarray(x, dtype) for x in arrays]


def no_bools(name: str, arrays: list[Any]) -> list[Any]:
    """All inputs as arrays in their common dtype, which is a number's."""
    arrays = common(name, arrays)
    if arrays[0].dtype.kind == "b":
        raise TypeError(f"{name}: wanted numbers, got bools on both sides: use .int() or .float()")
    return arrays


def floating(name: str, arrays: list[Any]) -> list[Any]:
    """All inputs as arrays in their common dtype, and float32 where that would be an integer or bool."""
    return [as_float(x) for x in common(name, arrays)]


def as_float(x: Any) -> Any:
    """x, as float32 unless it is floating-point already."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(FLOAT)
