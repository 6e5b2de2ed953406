"""Which op made each number, past all ops that only bring numbers into another order.

Those ops are run once more, on the numbers of values instead of the values: what comes out at a place says where the
number at that place comes from. So h, stacked from the outputs of every time step, still knows which step is where.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyattn.record import Record
from tinyattn.recorded import Call

from .formulas import PLUMBING


class Origins:
    def __init__(self, record: Record) -> None:
        self.record = record
        self.moved: dict[int, np.ndarray] = {}  # by the number of a value that plumbing made
        for call in record.calls:
            if call.op in PLUMBING:
                self.move(call)

    def array(self, number: int) -> np.ndarray:
        """For each element of a value the number of the value that it was first part of."""
        shape = self.record.values[number].array.shape
        return self.moved[number] if number in self.moved else np.broadcast_to(np.int64(number), shape)

    def of(self, number: int) -> list[int]:
        """The numbers of the values that a value was put together from; its own if an op computed it."""
        return np.unique(self.moved[number]).tolist() if number in self.moved else [number]

    def move(self, call: Call) -> None:
        given = [self.array(k) for _, k in call.inputs]
        shapes = [self.record.values[k].array.shape for k in call.outputs]
        try:
            results = moved(call.op, call.attributes, given, shapes)
        except (ValueError, IndexError, TypeError):
            results = []
        if [array.shape for array in results] != shapes:
            results = [np.empty(0)] * len(shapes)
        for number, shape, array in zip(call.outputs, shapes, results, strict=True):
            if array.shape != shape:
                # An index that the record does not keep in full: any of the places, then.
                array = np.resize(np.unique(np.concatenate([x.ravel() for x in given])), shape)
            self.moved[number] = array


def moved(op: str, attributes: dict[str, Any], given: list[np.ndarray], shapes: list[tuple]) -> list[np.ndarray]:
    """What a plumbing op makes of these arrays; `shapes` are those of its results."""
    x = given[0]
    if op == "reshape":
        return [x.reshape(shapes[0])]
    if op == "permute":
        return [x.transpose(attributes["dims"])]
    if op == "concatenate":
        return [np.concatenate(given, attributes["dim"])]
    if op == "pieces":
        return np.split(x, np.cumsum(attributes["sizes"])[:-1], attributes["dim"])
    if op == "pick":
        return [x[tuple(map(index, attributes["index"]))]]
    return [np.broadcast_to(x, shapes[0])]


def index(part: Any) -> Any:
    """A part of an index as it was before the record wrote it down."""
    if isinstance(part, str) and part != "...":
        return slice(*(int(number) if number else None for number in part.split(":")))
    return Ellipsis if part == "..." else part
