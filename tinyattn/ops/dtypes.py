"""Which dtype an op computes in, where its inputs differ: PyTorch's rules, not NumPy's.

NumPy turns float32 · int64 into float64, and int64 / int64 too; PyTorch keeps to float32, its default. Python's
numbers never decide: float32 · 2.5 is float32 in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FLOAT = np.dtype(np.float32)  # what integers and bools become where a fraction may come out


def common(name: str, arrays: list[Any]) -> list[Any]:
    """All inputs in their common dtype. Python's numbers stay what they are: NumPy fits them to the arrays."""
    if len(arrays) == 2:  # by far the most frequent case first
        a, b = arrays
        if type(a) is type(b) is np.ndarray and a.dtype is b.dtype:
            return arrays
    dtypes = set()
    for x in arrays:
        if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "biuf":
            dtypes.add(x.dtype)
        elif not isinstance(x, (bool, int, float)):
            got = x.dtype if hasattr(x, "dtype") else type(x).__name__
            raise TypeError(f"{name}: wanted tensors, arrays or numbers, got {got}: make a tensor of it with ta.tensor")
    floats = {dtype for dtype in dtypes if dtype.kind == "f"}
    dtype = np.result_type(*(floats or dtypes or {FLOAT}))
    if dtype.kind != "f" and any(isinstance(x, float) for x in arrays):
        dtype = FLOAT
    elif dtype.kind == "b" and any(type(x) is int for x in arrays):
        dtype = np.dtype(np.int64)
    return [x.astype(dtype, copy=False) if isinstance(x, (np.ndarray, np.generic)) else x for x in arrays]


def floating(name: str, arrays: list[Any]) -> list[Any]:
    """All inputs in their common dtype, and float32 where that would be an integer or bool."""
    arrays = common(name, arrays) if len(arrays) > 1 else arrays
    if type(arrays[0]) is np.ndarray and arrays[0].dtype.kind == "f":
        return arrays
    return [x if isinstance(x, (int, float)) and len(arrays) > 1 else as_float(x) for x in arrays]


def as_float(x: Any) -> Any:
    """x, as float32 unless it is floating-point already."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(FLOAT)
