"""The same call in PyTorch and here: what users write, tried on what they may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinyattn as ta

INF, NAN = np.inf, np.nan
DTYPES = {bool: "bool", int: "int64", float: "float64"}
VALUES = {
    "numbers": [[0.5, -1.0, 2.0], [4.0, 3.0, -2.5]],
    "ties and zeros": [[3.0, 3.0, 0.0], [2.0, 2.0, 2.0], [0.0, 0.0, 1.0]],
    "one": [[1.5]],
    "single": 2.5,
    "no rows": np.zeros((0, 3)),
    "no columns": np.zeros((3, 0)),
    "infinities": [[INF, 1.0, -INF], [2.0, 3.0, 1.0]],
    "not a number": [[NAN, 1.0, NAN], [2.0, NAN, 1.0]],
    "integers": [[3, 1, 2], [0, 0, 5]],
    "bools": [[True, False], [False, False]],
}


def made(library: Any, values: Any) -> Any:
    kind = np.asarray(values).dtype.kind
    dtype = DTYPES[{"b": bool, "i": int, "f": float}[kind]]
    x = library.tensor(np.asarray(values), dtype=getattr(library, dtype))
    x.requires_grad = kind == "f"
    return x


def results(library: Any, call: Callable, values: Any) -> Any:
    """The outputs, and the gradient of Σ y · dy of the first one; None where the library refuses."""
    x = made(library, values)
    try:
        y = call(library, x)
    except (TypeError, ValueError, IndexError, RuntimeError):
        return None
    parts = list(y) if isinstance(y, tuple) else [y]
    dx = None
    if parts[0].requires_grad:
        dy = np.linspace(0.5, 2.0, int(np.prod(parts[0].shape, dtype=int))).reshape(tuple(parts[0].shape))
        parts[0].backward(library.tensor(dy, dtype=parts[0].dtype))
        dx = np.asarray(x.grad)
    return [(str(part.dtype).removeprefix("torch."), tuple(part.shape), part.requires_grad, np.asarray(part.detach()))
            for part in parts], dx


def as_in_pytorch(call: Callable, values: Any) -> None:
    """Values, dtypes, shapes, requires_grad and gradient agree, or both refuse."""
    wanted = results(pytest.importorskip("torch"), call, values)
    found = results(ta, call, values)
    assert (found is None) == (wanted is None)
    if wanted is None:
        return
    rtol = 1e-6 if "float32" in (part[0] for part in wanted[0]) else 1e-12
    for got, right in zip(found[0], wanted[0], strict=True):
        assert got[:3] == right[:3]
        np.testing.assert_allclose(got[3], right[3], rtol, rtol / 10)
    assert (found[1] is None) == (wanted[1] is None)
    if wanted[1] is not None:
        np.testing.assert_allclose(found[1], wanted[1], rtol, rtol / 10)
