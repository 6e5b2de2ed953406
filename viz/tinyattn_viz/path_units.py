"""What shares a box in the picture of an attention path, and which edges are worth drawing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from itertools import groupby

from tinyattn.recorded import Call

from .path import Path
from .rnn import Layer, layers

LEAST = 0.02  # of a route's flow: edges with less are left out
WIDE = 12  # up to so many steps of a module stand side by side
OPENED = 0.1  # of all flow: at op detail, modules with less stay one box
KEPT = 6  # of more, so many have a box of their own, besides the first and the last


@dataclass(eq=False)
class Unit:
    """What is one box: calls, or one of the two words."""

    calls: list[Call] = field(default_factory=list)
    layer: Layer | None = None

    @property
    def row(self) -> tuple[str, Layer | None]:
        """What it has in common with the other steps of its module."""
        return self.calls[0].path if self.calls else "", self.layer

    @property
    def steps(self) -> list[int]:
        return sorted({call.step for call in self.calls if call.step is not None})


Flows = dict[tuple[Unit, Unit, str], float]  # by tail, head and route: the part of all that comes from the source word


class Units:
    """The units of a path at a detail, and the flows between them that are worth drawing."""

    def __init__(self, path: Path, detail: str) -> None:
        self.path, self.layers = path, layers(path.record)
        self.ways = list(path.steps())
        self.source, self.target = Unit(), Unit()
        self.unit_of: dict[int, Unit] = {}  # by the number of a call
        self.group()
        for _, row in groupby(sorted(set(self.unit_of.values()), key=row_key), key=row_key):
            self.merge_runs(list(row))
        self.opened = self.open() if detail == "op" else set()
        flows = self.flows_between()
        self.flows = thinned(flows, self.source, self.target)
        self.left_out = len(self.flows) < len(flows)
        drawn = {unit for tail, head, _ in self.flows for unit in (tail, head)}
        units = [self.source, *(self.unit_of[n] for n in sorted(self.unit_of)), self.target]
        self.drawn = [unit for unit in dict.fromkeys(units) if unit in drawn]  # in the order they ran

    def group(self) -> None:
        """A unit is a module's layer in a time step; outside of modules it is all of a step, or else one op."""
        units: dict[Hashable, Unit] = {}
        for number in sorted({n for way in self.ways for n in (way.tail, way.head) if n is not None}):
            call, layer = self.path.record.calls[number], self.layers.get(number)
            key = number if not call.path and call.step is None else (call.path, layer, call.step)
            unit = units.setdefault(key, Unit(layer=layer))
            unit.calls.append(call)
            self.unit_of[number] = unit

    def open(self) -> set[Unit]:
        """Make each op of the units that much goes through a unit of its own; returns these."""
        through: dict[Unit, float] = {}
        for (_, head, _), flow in self.flows_between().items():
            through[head] = through.get(head, 0.0) + flow
        opened = set()
        for unit in set(self.unit_of.values()):
            if through.get(unit, 0.0) >= OPENED:
                alone = [Unit([call], unit.layer) for call in unit.calls]
                self.unit_of |= {single.calls[0].number: single for single in alone}
                opened.update(alone)
        return opened

    def flows_between(self) -> Flows:
        flows: Flows = {}
        for way in self.ways:
            tail = self.source if way.tail is None else self.unit_of[way.tail]
            head = self.target if way.head is None else self.unit_of[way.head]
            if tail is not head:
                edge = (tail, head, way.route)
                flows[edge] = flows.get(edge, 0.0) + way.flow / self.path.total
        return flows

    def merge_runs(self, row: list[Unit]) -> None:
        """In a long row, make one unit of neighbours through which little goes to other rows."""
        row = sorted((unit for unit in row if unit.steps), key=lambda unit: unit.steps)
        if len(row) <= WIDE:
            return
        outside = dict.fromkeys(row, 0.0)
        for (tail, head, _), flow in self.flows_between().items():
            if tail.row != head.row:
                for unit in (tail, head):
                    outside[unit] = outside.get(unit, 0.0) + flow
        kept = {row[0], row[-1], *sorted(row[1:-1], key=lambda unit: -outside[unit])[:KEPT]}
        for alone, run in groupby(row, key=lambda unit: unit in kept):
            first, *others = run
            for unit in [] if alone else others:
                first.calls += unit.calls
                self.unit_of |= {call.number: first for call in unit.calls}


def row_key(unit: Unit) -> tuple:
    path, layer = unit.row
    return path, layer or ()


def thinned(flows: Flows, source: Unit, target: Unit) -> Flows:
    """Of each route the edges that carry a part of it worth drawing, as far as they lead from word to word."""
    kept: Flows = {}
    for route in dict.fromkeys(route for *_, route in flows):
        own = {edge: flow for edge, flow in flows.items() if edge[2] == route}
        total = sum(flow for (_, head, _), flow in own.items() if head is target)
        for least in (LEAST, LEAST / 10, 0.0):
            strong = {edge: flow for edge, flow in own.items() if flow >= least * total}
            before = reached(source, [(tail, head) for tail, head, _ in strong])
            after = reached(target, [(head, tail) for tail, head, _ in strong])
            if target in before:
                break
        kept |= {edge: flow for edge, flow in strong.items() if edge[0] in before and edge[1] in after}
    return kept


def reached(start: Unit, edges: Iterable[tuple[Unit, Unit]]) -> set[Unit]:
    following: dict[Unit, list[Unit]] = {}
    for tail, head in edges:
        following.setdefault(tail, []).append(head)
    found, waiting = {start}, [start]
    while waiting:
        new = [head for head in following.get(waiting.pop(), []) if head not in found]
        found.update(new)
        waiting += new
    return found
