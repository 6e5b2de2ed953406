"""What a record is made of: values and calls, as plain data, and how they become JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .callers import Line
from .tensor import Tensor

FEW = 16  # arrays up to this many elements are kept among the attributes of an op


@dataclass(slots=True, weakref_slot=True)
class Value:
    """A tensor or constant of the run. `gradient` is dL/dvalue of the last backward, None before there was one."""

    number: int
    kind: str  # "parameter", "input", "constant", or "result" of a call
    array: np.ndarray
    requires_grad: bool = False
    name: str | None = None
    call: int | None = None  # the number of the call that made it
    gradient: np.ndarray | None = None
    due: bool = False  # did a backward reach a call that used it, and has its gradient not come yet?


@dataclass(slots=True)
class Call:
    """One op on its values. `path` is the module it ran in, like "encoder.lstm"; `step` its place in a sequence.

    `derivatives` say how the gradient of each input is made, like {"a": "dy · b", "b": "dy · a"}; see derivatives.py.
    """

    number: int
    op: str
    formula: str
    attributes: dict[str, Any]
    inputs: list[tuple[str, int]]  # the op's name for the input, and the value's number
    outputs: list[int]
    path: str
    step: int | None
    user: Line | None  # the line outside this package that it goes back to
    source: Line | None  # the line of this package that called the op, where one did
    derivatives: dict[str, str] = field(default_factory=dict)


def kind_of(x: Any, array: np.ndarray) -> str:
    """The kind of what no recorded op made.

    A leaf that asks for its gradient is a parameter. A number, an array other than of ids, and a tensor that is the
    same number all over, like an LSTM's first state, are constants. The rest are inputs.
    """
    if isinstance(x, Tensor):
        if x.requires_grad and x.node is None:
            return "parameter"
        uniform = array.dtype.kind == "f" and array.size > 1 and np.all(array == array.flat[0])
        return "constant" if uniform else "input"
    return "input" if isinstance(x, np.ndarray) and array.ndim > 0 and array.dtype.kind in "iu" else "constant"


def small(x: Any) -> Any:
    """An attribute as it is kept: numbers, strings and short arrays as they are, the rest by its kind."""
    if isinstance(x, Tensor):
        x = x.array
    if isinstance(x, np.generic):
        return x.item()
    if isinstance(x, np.ndarray):
        return x.tolist() if x.size <= FEW else f"array {x.shape} {x.dtype}"
    if isinstance(x, slice):
        return ":".join("" if part is None else str(part) for part in (x.start, x.stop)) + (f":{x.step}" * bool(x.step))
    if isinstance(x, (tuple, list)):
        return [small(part) for part in x]
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    return "..." if x is Ellipsis else str(x) if isinstance(x, np.dtype) else getattr(x, "__name__", type(x).__name__)


def as_json(x: Any) -> Any:
    """JSON's types: arrays and tuples as lists, and as strings the numbers that JSON lacks."""
    if isinstance(x, np.ndarray):
        x = x.tolist()
    if isinstance(x, dict):
        return {name: as_json(part) for name, part in x.items()}
    if isinstance(x, (list, tuple)):
        return [as_json(part) for part in x]
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    return x
