"""What to draw as one box where the whole would be too much to read: modules first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

Key = tuple[Any, ...]


class Grouping:
    """Which ops share a box. As it stands, none do. `note` says in the caption what was put together."""

    note = ""

    def key(self, call: Call) -> Key:
        """Ops of one key are one box."""
        return ("call", call.number)

    def path(self, call: Call) -> str:
        """The module that the call's box stands for or lies in."""
        return call.path

    def place(self, call: Call) -> tuple[str, ...]:
        """The clusters around the call's box: its modules, then its time step."""
        step = () if call.step is None else (f"step {call.step}",)
        return (*filter(None, call.path.split(".")), *step)

    def title(self, call: Call) -> str:
        """What a box of several ops is called."""
        return call.op


class ByStep(Grouping):
    """A module's ops in one time step, as far as they ran in a row: each layer and direction is a row of its own."""

    note = "Each module is one box for each of its time steps."

    def __init__(self, record: Record) -> None:
        self.rows = [0]
        for before, call in itertools.pairwise(record.calls):
            self.rows.append(self.rows[-1] + ((before.path, before.step) != (call.path, call.step)))

    def key(self, call: Call) -> Key:
        return ("row", self.rows[call.number]) if call.path or call.step is not None else super().key(call)

    def place(self, call: Call) -> tuple[str, ...]:
        return tuple(call.path.split("."))[:-1]

    def title(self, call: Call) -> str:
        name = call.path.rpartition(".")[2]
        return f"{name} step {call.step}".strip() if call.step is not None else name


class ByModule(Grouping):
    """Modules from a depth on are one box each."""

    def __init__(self, depth: int, note: str) -> None:
        self.depth, self.note = depth, note

    def path(self, call: Call) -> str:
        return ".".join(call.path.split(".")[: self.depth])

    def key(self, call: Call) -> Key:
        if call.path:
            return ("module", self.path(call))
        return super().key(call) if call.step is None else ("step", call.step)

    def place(self, call: Call) -> tuple[str, ...]:
        return tuple(self.path(call).split("."))[:-1] if call.path else ()

    def title(self, call: Call) -> str:
        return self.path(call).rpartition(".")[2] if call.path else f"step {call.step}"


class InOrder(Grouping):
    """As many ops in a row as it takes: what is left for a long program without modules."""

    def __init__(self, size: int, total: int) -> None:
        self.size, self.total = size, total
        self.note = f"Each box is {size:,} ops in the order they ran, without inputs."

    def key(self, call: Call) -> Key:
        return ("row", call.number // self.size)

    def place(self, call: Call) -> tuple[str, ...]:
        return ()

    def path(self, call: Call) -> str:
        return ""

    def title(self, call: Call) -> str:
        first = call.number // self.size * self.size
        return f"ops {first:,} … {min(first + self.size, self.total) - 1:,}"


def groupings(record: Record, budget: int) -> Iterator[Grouping]:
    """From the finest to the coarsest."""
    yield Grouping()
    yield ByStep(record)
    deepest = max((call.path.count(".") + 1 for call in record.calls if call.path), default=0)
    yield ByModule(deepest, "Each module is one box.")
    for depth in range(deepest - 1, 0, -1):
        yield ByModule(
            depth, f"Each module of the outer {depth} is one box." if depth > 1 else "Each outermost module is one box."
        )
    total = len(record.calls)
    size = max(2, -(-total // max(1, budget // 8)))  # a long chain is no easier to follow than a short one
    while True:
        yield InOrder(size, total)
        size *= 2


def within_budget(record: Record, budget: int) -> Grouping:
    """The finest grouping with at most `budget` boxes."""
    whole = 0
    for grouping in groupings(record, budget):
        boxes = len({grouping.key(call) for call in record.calls}) + len(leaves(record, grouping))
        if boxes <= budget:
            break
        whole = whole or boxes
    if whole:
        grouping.note += f" All of it would be {whole:,} boxes, more than {budget:,}."
    return grouping


def leaves(record: Record, grouping: Grouping) -> set[int]:
    """The numbers of the values that no op made and that have a box of their own.

    Plain numbers stand in the box of their op. Where ops share boxes, parameters are listed in the boxes that use
    them, and constants left out.
    """
    shown = {"input", "parameter", "constant"} if type(grouping) is Grouping else {"input"}
    if isinstance(grouping, InOrder):
        return set()
    used = (record.values[k] for call in record.calls for _, k in call.inputs)
    return {v.number for v in used if v.kind in shown and not inline(v)}


def inline(v: Value) -> bool:
    """Is it a plain number, to be written into the box of the op that uses it?"""
    return v.kind == "constant" and v.array.ndim == 0 and v.name is None
