"""How much of a number comes from where: the flow through a recorded run, from one element back to what it was made of.

At every node, what flows out of it is divided among its inputs. The share of the edge over which it uses value v is

    share = Σ |g · v| / (Σ |g · v| over all inputs of the node)

where g is the gradient that comes back over this very edge: of the element asked about, by v as this node uses it.
A node is what a call makes of one row, along the last dimension: words that a call serves side by side stay apart.
Parameters and constants are no source of anything and get no share. So the shares of one node add up to 1, and the
flow over an edge, the product of the shares on the way to it, summed over all ways, says which part of the whole came
through there. Nothing is lost on the way: all that leaves the element arrives where words go in. (Only where every
g · v of a node is 0 does its flow end.)

Ops that only move numbers move the flow with them, element by element; so h, stacked from the outputs of all time
steps, still knows which step is whose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np

from tinyattn.kernels.mode import kernels
from tinyattn.record import Record
from tinyattn.recorded import Call

from .again import Again

MOVES = {"reshape", "permute", "flip", "pick", "pieces", "concatenate", "clone", "spread", "repeat"}
Edge = tuple[int, int]  # the number of a call, and which of its inputs


class Share(NamedTuple):
    """Of what flows out of one row of a call's output: the parts that elements of an input have."""

    row: int
    places: np.ndarray  # of the elements, in the flattened input
    parts: np.ndarray


class Shares:
    """The shares of all edges that lead to one element of a value.

    ends: values behind which the flow is not followed, like the vectors of words.
    """

    def __init__(self, record: Record, value: int, element: int, ends: Set[int]) -> None:
        self.record, self.value, self.ends = record, value, ends
        self.start = np.zeros(record.values[value].array.shape)
        self.start.flat[element] = 1.0
        self.gradients = {value: self.start}  # of the element, by each value that leads there: the sum over its edges
        self.live = self.find_live()
        self.calls: list[Call] = []  # those that the element was made by, the last one first
        self.of: dict[Edge, list[Share]] = {}  # of calls that compute
        self.again: dict[int, Again] = {}  # by number of a call, of those that move
        with kernels("numpy"), np.errstate(all="ignore"):
            self.divide()

    def find_live(self) -> set[int]:
        """Values that depend on an input: all others are parameters and constants, or made of nothing else."""
        live = {v.number for v in self.record.values if v.kind == "input"}
        for call in self.record.calls:
            if any(k in live for _, k in call.inputs):
                live.update(call.outputs)
        return live

    def divide(self) -> None:
        gradients = self.gradients
        for call in reversed(self.record.calls):
            dys = {slot: gradients[k] for slot, k in enumerate(call.outputs) if k in gradients and k not in self.ends}
            if not dys:
                continue
            self.calls.append(call)
            again = Again(self.record, call)
            if call.op in MOVES:
                self.again[call.number] = again
                self.add(call, again.pull(dys))
                continue
            for row, dy in rows_of(call, dys):
                dxs = again.pull(dy)
                self.add(call, dxs)
                sizes = {
                    edge: np.abs(dxs[edge[1]] * again.arrays[edge[1]])
                    for edge, _ in self.edges(call)
                    if dxs[edge[1]] is not None
                }
                whole = sum(float(size.sum()) for size in sizes.values())
                for edge, size in sizes.items():
                    places = np.flatnonzero(size)
                    if whole:
                        self.of.setdefault(edge, []).append(Share(row, places, size.flat[places] / whole))

    def add(self, call: Call, dxs: Sequence[np.ndarray | None]) -> None:
        for (_, k), dx in zip(call.inputs, dxs, strict=True):
            if dx is not None and k in self.live:
                self.gradients[k] = self.gradients[k] + dx if k in self.gradients else dx

    def edges(self, call: Call) -> Iterator[tuple[Edge, int]]:
        """The call's inputs that depend on something, each with the number of its value."""
        return (((call.number, place), k) for place, (_, k) in enumerate(call.inputs) if k in self.live)

    def moved_back(self, call: Call, flows: Mapping[int, np.ndarray]) -> list[np.ndarray | None]:
        """What flows into the inputs of a call that moves numbers, when this flows out of its outputs, by slot."""
        return self.again[call.number].pull(flows)


class Flow:
    """The flow from what `marked` marks, 1 or 0 for each element of a value, over all edges but `closed` ones.

    of: by the number of a value, how much of the whole passes each of its elements. `over`: by edge, how much of it
    comes from what is marked. `total`: of all edges together, at the element asked about.
    """

    def __init__(self, shares: Shares, marked: Mapping[int, np.ndarray], closed: Set[Edge] = frozenset()) -> None:
        self.shares, self.closed = shares, closed
        self.of: dict[int, np.ndarray] = {shares.value: shares.start}
        self.parts: dict[Edge, np.ndarray] = {}  # of each edge, before it is known where it comes from
        with kernels("numpy"), np.errstate(all="ignore"):
            self.go_back()
            self.marks = dict(marked)
            self.carry_marks()
        self.over = {edge: self.parts[edge] * self.mark(k) for call in shares.calls for edge, k in self.open(call)}
        self.total = float((shares.start * self.mark(shares.value)).sum())

    def open(self, call: Call) -> Iterator[tuple[Edge, int]]:
        return ((edge, k) for edge, k in self.shares.edges(call) if edge in self.parts)

    def mark(self, number: int) -> np.ndarray:
        """Which part of the flow through each element comes from what is marked."""
        return self.marks[number] if number in self.marks else np.zeros(self.shares.record.values[number].array.shape)

    def go_back(self) -> None:
        for call in self.shares.calls:
            flows = {slot: self.of[k] for slot, k in enumerate(call.outputs) if k in self.of}
            if not flows:
                continue
            moved = self.shares.moved_back(call, flows) if call.op in MOVES else []
            for edge, k in self.shares.edges(call):
                part = moved[edge[1]] if moved else self.divided(call, edge, flows)
                if part is not None and edge not in self.closed:
                    self.parts[edge] = part
                    self.of[k] = self.of[k] + part if k in self.of else part

    def divided(self, call: Call, edge: Edge, flows: Mapping[int, np.ndarray]) -> np.ndarray:
        """What flows over an edge into a call that computes, when this flows out of its outputs, by slot."""
        part = np.zeros(self.shares.record.values[call.inputs[edge[1]][1]].array.shape)
        out = sum(in_rows(flow, call).sum(1) for flow in flows.values())
        for share in self.shares.of.get(edge, ()):
            part.flat[share.places] += out[share.row] * share.parts
        return part

    def carry_marks(self) -> None:
        record = self.shares.record
        for call in reversed(self.shares.calls):
            edges = dict(self.open(call))
            if call.op in MOVES:
                marks = [
                    self.mark(k) if (call.number, place) in edges else np.zeros(record.values[k].array.shape)
                    for place, (_, k) in enumerate(call.inputs)
                ]
                results = self.shares.again[call.number].run(marks)
                found = results if isinstance(results, tuple) else (results,)
            else:
                found = tuple(np.zeros(record.values[k].array.shape) for k in call.outputs)
                for edge, k in edges.items():
                    mark = self.mark(k).reshape(-1)
                    for share in self.shares.of.get(edge, ()):
                        for output in found:
                            in_rows(output, call)[share.row] += share.parts @ mark[share.places]
            pairs = zip(call.outputs, found, strict=True)
            self.marks |= {k: mark for k, mark in pairs if k not in self.shares.ends}


def in_rows(array: np.ndarray, call: Call) -> np.ndarray:
    """A call's output with a line for each of its rows; several outputs are one row together."""
    alone = len(call.outputs) > 1 or array.ndim < 2 or array.size == 0
    return array.reshape(1, -1) if alone else array.reshape(-1, array.shape[-1])


def rows_of(call: Call, dys: Mapping[int, np.ndarray]) -> Iterator[tuple[int, Mapping[int, np.ndarray]]]:
    """The gradients of a call's outputs, row by row, as far as they are not 0."""
    found = [(slot, row) for slot, dy in dys.items() for row in np.flatnonzero(in_rows(dy, call).any(1)).tolist()]
    if len({row for _, row in found}) == 1:
        yield found[0][1], dys
        return
    for slot, row in found:
        dy = np.zeros(dys[slot].shape)  # in order, so that its rows are a view of it
        in_rows(dy, call)[row] = in_rows(dys[slot], call)[row]
        yield row, {slot: dy}
