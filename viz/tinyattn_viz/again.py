"""A recorded call once more: its op on the numbers that the record kept, so that its derivatives can be asked again.

A record knows the total gradient of each value. What comes back over one edge, into one call, only the op can tell:
here each use of a value is a leaf of its own. All of it in float64, so that nothing vanishes on a long way back.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinyattn.op import registry
from tinyattn.record import Record
from tinyattn.recorded import Call
from tinyattn.tensor import Node, Tensor, fit


class Again:
    """A call of a record, to be run and differentiated.

    `places`: for each of the op's inputs its place among the call's inputs; None for an input that was left out.
    Raises: ValueError for an op without a rule here, or one whose attributes the record keeps by name only.
    """

    def __init__(self, record: Record, call: Call) -> None:
        self.call = call
        rule = next((rule for rule in registry.values() if rule.name == call.op), None)
        if rule is None:
            raise ValueError(
                f"draw: path: wanted ops of tinyattn on the way, got {call.op}, whose derivative the record does not "
                "know: write it with tinyattn's ops"
            )
        self.rule = rule
        names = [name for name, _ in call.inputs]
        self.arrays = [wide(record.values[k].array) for _, k in call.inputs]
        self.places: list[int | None] = [k for k, name in enumerate(names) if name in rule.variadic]
        self.places += [names.index(name) if name in names else None for name in rule.inputs]
        self.attributes = dict.fromkeys(rule.defaults)
        self.attributes |= {name: restored(name, x) for name, x in call.attributes.items()}
        self.attributes |= {name: record.values[k].array for name, k in call.inputs if name in rule.defaults}

    def run(self, arrays: Sequence[Any]) -> Any:
        """What the op makes of these, one array for each of the call's inputs."""
        y = self.forward(arrays)
        return y[0] if self.rule.saves else y

    def forward(self, arrays: Sequence[Any]) -> Any:
        given = [None if k is None else arrays[k] for k in self.places]
        try:
            return self.rule.forward(*given, **self.attributes)
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(
                f"draw: path: {self.call.op} cannot be run again ({error}), as a record keeps long indices and "
                "functions by name only: index with gather or index_select"
            ) from None

    @functools.cached_property
    def result(self) -> Any:
        return self.forward(self.arrays)

    def pull(self, dys: Mapping[int, np.ndarray]) -> list[np.ndarray | None]:
        """For each of the call's inputs the gradient that comes back over its edge, from those of the outputs."""
        y, saved = self.result if self.rule.saves else (self.result, None)
        leaves = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in self.arrays]
        inputs = [None if k is None else leaves[k] for k in self.places]
        arrays = [None if x is None else x.array for x in inputs]
        node = Node(self.rule, inputs, [*arrays, *self.attributes.values(), saved, y])
        found = {id(x): dx for x, dx in node.pull(dict(dys), create_graph=False) if dx is not None}
        return [fitted(found[id(x)], x.array) if id(x) in found else None for x in leaves]


def wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def fitted(dx: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Rules leave it to the backward pass to undo broadcasting."""
    return fit(dx, shape=x.shape, dtype=np.dtype(np.float64))


def restored(name: str, x: Any) -> Any:
    """An attribute as it was before the record wrote it down as plain data."""
    if name == "index":
        return tuple(index(part) for part in x)
    if name == "dtype" and isinstance(x, str):
        return np.dtype(x)
    return tuple(x) if isinstance(x, list) else x


def index(part: Any) -> Any:
    """A part of an index: slices were written like "1:3", arrays as lists."""
    if part == "...":
        return Ellipsis
    if isinstance(part, str) and ":" in part:
        return slice(*(int(number) if number else None for number in part.split(":")))
    return np.array(part) if isinstance(part, list) else part
