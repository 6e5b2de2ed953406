"""Which ops share a box: those of a module that is closed, those of all time steps, or simply many in a row.

A picture that would have too many boxes to be read is collapsed: first it is rolled over time, then modules are closed.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

Key = tuple[Any, ...]  # ops of one key are one box
Closed = Callable[[str], str | None]  # from a module's path to that of the closed module it lies in, or is
STEP = "step "  # how the name of a time step's cluster begins
ROLLED = "What runs at every time step is drawn once, with the numbers of one; dashed: into the next step."


class Grouping:
    """closed: which modules are one box each, and a box again each time they run.
    rolled: is what runs at every time step one box?
    coarse: are modules closed however often they run, and what lies between them in a time step, too?
    note: what the caption says of all this.
    """

    def __init__(
        self,
        record: Record,
        closed: Closed = lambda path: None,
        rolled: bool = False,
        coarse: bool = False,
        note: str = "",
    ) -> None:
        self.record, self.closed = record, functools.cache(closed)
        self.rolled, self.coarse, self.note = rolled, coarse, note
        # Steps lie around a module whose ops all belong to one; they lie inside a module of which some belong to none.
        boxes = {self.closed(call.path) for call in record.calls}
        self.stepped = boxes - {self.closed(call.path) for call in record.calls if call.step is None}
        self.rows: list[int] = []  # by the number of a call: those in a row of one module and time step have one
        self.turns: list[int] = []  # by row: how often its module ran before in that step
        self.find_rows()
        self.keys: list[Key] = []  # by the number of a call
        self.steps: dict[Key, dict[int, None]] = {}  # which time steps a box stands for, in the order they ran
        self.find_keys()

    def find_rows(self) -> None:
        before, ran = None, Counter[Any]()
        for call in self.record.calls:
            place = (self.path(call), self.closed(call.path), call.step if self.splits(call) else None)
            if place != before:
                before = place
                self.turns.append(ran[place])
                ran[place] += 1
            self.rows.append(len(self.turns) - 1)

    def splits(self, call: Call) -> bool:
        """Does a row end with the call's time step?"""
        return self.coarse or self.closed(call.path) in {None, *self.stepped}

    def find_keys(self) -> None:
        steps: list[int | None] = []  # by the number of a call: its own, or that of what it goes on with
        alike = Counter[Any]()  # ops that are alike, in each round of the loop
        firsts: dict[Any, int] = {}
        for call in self.record.calls:
            key, step = self.key_of(call), call.step
            if self.rolled and key[0] == "call":
                what, turn, step = self.place_in_loop(call, steps)
                if step is not None:
                    alike[what, turn] += 1
                    key = ("op", firsts.setdefault((what, alike[what, turn]), call.number))
            steps.append(step)
            self.keys.append(key)
            if step is not None:
                self.steps.setdefault(key, {})[step] = None

    def place_in_loop(self, call: Call, steps: list[int | None]) -> tuple[Key, int | None, int | None]:
        """What a call is from round to round, the round and the time step.

        Where the result of each step goes on alone, as when they are stacked, that belongs to the loop as well.
        """
        row = self.rows[call.number]
        if call.step is not None:
            return (call.path, self.turns[row], call.op), row, call.step
        maker = self.record.values[call.inputs[0][1]].call if len(call.inputs) == 1 else None
        step = None if maker is None else steps[maker]
        return ("after", None if maker is None else self.keys[maker], call.op), step, step

    def key_of(self, call: Call) -> Key:
        """As if nothing were rolled but what is in closed modules."""
        box = self.closed(call.path)
        if box is None and not (self.coarse and call.step is not None):
            return ("call", call.number)
        if not self.rolled:
            return ("row", self.rows[call.number])
        return ("module", box) if self.coarse else ("module", box, self.turns[self.rows[call.number]])

    def key(self, call: Call) -> Key:
        return self.keys[call.number]

    def alone(self, call: Call) -> bool:
        """Is the call's box that of an op, and not that of a module or row?"""
        return self.key(call)[0] in ("call", "op")

    def path(self, call: Call) -> str:
        """The module that the call's box stands for or lies in."""
        box = self.closed(call.path)
        return call.path if box is None else box

    def place(self, call: Call) -> tuple[str, ...]:
        """The clusters around the call's box: its modules, then its time step."""
        path = tuple(filter(None, self.path(call).split(".")))
        if not self.alone(call):
            return path[:-1]
        return path if self.rolled or call.step is None else (*path, f"{STEP}{call.step}")

    def title(self, call: Call) -> str:
        """What a box of several ops is called."""
        name = self.path(call).rpartition(".")[2]
        if self.rolled:
            return name or "every time step"
        return f"{name} {STEP}{call.step}".strip() if self.splits(call) and call.step is not None else name

    def leaf(self, v: Value, call: Call, name: str) -> Key | None:
        """The key of the box for a value that no op made and that is the call's input `name`.

        None where it has no box: plain numbers stand in the box of their op, and boxes of several ops list the
        parameters inside. A parameter has a box in each place that uses it: long lines from one would hide the rest.
        """
        if inline(v) or (v.kind != "input" and not self.alone(call)):
            return None
        if v.kind == "parameter":
            return ("parameter", v.number, self.place(call))
        if self.rolled and call.step is not None and v.number not in self.shared:  # each step has its own
            return ("leaf", v.kind, v.name or (self.key(call), name))
        return ("leaf", v.number)

    @functools.cached_property
    def shared(self) -> set[int]:
        """The numbers of the values that several time steps use."""
        first: dict[int, int | None] = {}
        uses = ((k, call.step) for call in self.record.calls for _, k in call.inputs)
        return {k for k, step in uses if first.setdefault(k, step) != step}

    @functools.cached_property
    def leaves(self) -> dict[Key, set[int]]:
        """The numbers of the values that share a leaf's box."""
        found: dict[Key, set[int]] = {}
        for call in self.record.calls:
            for name, k in call.inputs:
                if (v := self.record.values[k]).call is None and (key := self.leaf(v, call, name)) is not None:
                    found.setdefault(key, set()).add(k)
        return found

    def count_boxes(self) -> int:
        return len(set(self.keys)) + len(self.leaves)


class InOrder(Grouping):
    """As many ops in a row as it takes: what is left for a long program without modules."""

    def __init__(self, record: Record, size: int) -> None:
        super().__init__(record, note=f"Each box is {size:,} ops in the order they ran, without inputs.")
        self.size, self.total = size, len(record.calls)
        self.keys, self.steps = [("row", number // size) for number in range(self.total)], {}

    def path(self, call: Call) -> str:
        return ""

    def title(self, call: Call) -> str:
        first = call.number // self.size * self.size
        return f"ops {first:,} … {min(first + self.size, self.total) - 1:,}"

    def leaf(self, v: Value, call: Call, name: str) -> Key | None:
        return None


def from_depth(depth: int) -> Closed:
    """Modules at this depth are closed; the outermost ones are at 1."""
    return lambda path: ".".join(path.split(".")[:depth]) if path.count(".") + 1 >= depth and path else None


def at_most(depth: int) -> Closed:
    """As `from_depth`, and outer modules, too, are boxes of what is left of them."""
    return lambda path: ".".join(path.split(".")[:depth]) or None


def where_asked(record: Record, collapse: Callable[[str, str], bool]) -> Closed:
    """Modules are closed where `collapse(path, class_name)` says so, an outer one before those inside."""

    def closed(path: str) -> str | None:
        parts = path.split(".") if path else []
        outer = (".".join(parts[: k + 1]) for k in range(len(parts)))
        return next((module for module in outer if collapse(module, record.modules.get(module, ""))), None)

    return closed


def groupings(record: Record, budget: int, closed: Closed | None, rolled: bool | None) -> Iterator[Grouping]:
    """From the finest to the coarsest. closed: what the caller wants closed; rolled: as in `draw`."""
    steps = any(call.step is not None for call in record.calls)
    first: dict[str, Any] = {} if closed is None else {"closed": closed}
    if not (rolled and steps):
        yield Grouping(record, **first, note="There are no time steps to roll." if rolled else "")
    if rolled is not False and steps:
        yield Grouping(record, **first, rolled=True, note=ROLLED)
    deepest = max((call.path.count(".") + 1 for call in record.calls if call.path), default=0)
    if not rolled:
        note = "Each module is one box for each of its time steps."
        yield Grouping(record, at_most(deepest), coarse=True, note=note)
    for depth in range(deepest, 0, -1):
        which = "Each module" if depth == deepest else f"Each module of the outer {depth}" if depth > 1 else ""
        note = f"{which or 'Each outermost module'} is one box. Dashed: back to an earlier one."
        yield Grouping(record, at_most(depth), rolled=True, coarse=True, note=note)
    total = len(record.calls)
    size = max(2, -(-total // max(1, budget // 8)))  # a long chain is no easier to follow than a short one
    while True:
        yield InOrder(record, size)
        size *= 2


def within_budget(record: Record, budget: int, closed: Closed | None = None, rolled: bool | None = None) -> Grouping:
    """The finest grouping with at most `budget` boxes."""
    whole = 0
    for grouping in groupings(record, budget, closed, rolled):
        boxes = grouping.count_boxes()
        if boxes <= budget:
            break
        whole = whole or boxes
    if whole:
        grouping.note += f" All of it would be {whole:,} boxes, more than {budget:,}."
    return grouping


def inline(v: Value) -> bool:
    """Is it a plain number, to be written into the box of the op that uses it?"""
    return v.kind == "constant" and v.array.ndim == 0 and v.name is None
