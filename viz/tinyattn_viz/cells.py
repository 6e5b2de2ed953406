"""A record as cells in rows and columns: a row for each module, a column for each time step.

A cell is what one module did in one step, or in none: then it is a bar over all columns. Rows that hand numbers to each
other within a step are a block and share their columns, as a decoder's embedding, LSTM and attention do; the encoder,
with steps of its own, is another block.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

from .formulas import PLUMBING
from .origins import Origins
from .rnn import Layer, layers

Place = tuple[int, str]  # where a value goes into a cell: which of its calls, and what the op calls it


@dataclass(eq=False)
class Block:
    rows: list[Row] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)  # time steps, from left to right


@dataclass(eq=False)
class Row:
    kind: str  # "module", "op", "input" or "output"
    path: str  # of the module; the name of an input
    layer: Layer | None = None
    cells: dict[int | None, Cell] = field(default_factory=dict)  # by time step
    block: Block = field(default_factory=Block)
    level: int = 0  # counted upwards

    @property
    def bar(self) -> bool:
        return None in self.cells

    @property
    def outermost(self) -> str:
        """The path of the outermost module that a module's row belongs to."""
        return self.path.split(".")[0] if self.kind == "module" else ""

    def sorted_cells(self) -> list[Cell]:
        """In the order of their time steps."""
        return sorted(self.cells.values(), key=lambda cell: cell.step or 0)


@dataclass(eq=False)
class Cell:
    row: Row
    step: int | None
    calls: list[Call] = field(default_factory=list)
    leaving: dict[int, Value] = field(default_factory=dict)  # what other rows use of it, by number
    names: dict[int, str] = field(default_factory=dict)  # what those are called
    text: list[str] = field(default_factory=list)  # the words of an input or output
    steps: int = 1  # how many were rolled into it


@dataclass(eq=False)
class Link:
    """Values made in one cell are used in another."""

    tail: Cell
    head: Cell
    values: dict[int, Value] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)  # what the head calls them
    places: set[Place] = field(default_factory=set)
    state: bool = False  # what a block begins with, like the encoder's last state


class Cells:
    """What a record is made of, as cells and the links between them."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.origins = Origins(record)
        self.layers = layers(record)
        self.rows: dict[tuple, Row] = {}
        self.made_in: dict[int, Cell] = {}  # by the number of a value
        self.links: dict[tuple[Cell, Cell], Link] = {}
        self.loops: set[Row] = set()  # of rolled steps: what is read by its next one
        self.used_in: dict[int, set[int | None]] = {}  # the time steps in which a value is used, by its number
        self.merged = self.merge()
        self.ordinals: dict[tuple, int] = {}
        for call in record.calls:
            if call.op not in PLUMBING:
                self.follow(call)
        self.find_states()
        self.blocks = self.find_blocks()
        for link in self.links.values():
            if not link.state and link.tail.row is not link.head.row:
                for number, value in link.values.items():
                    link.tail.leaving.setdefault(number, value)
                    if value.name or not link.tail.names.get(number):
                        link.tail.names[number] = value.name or link.names.get(number, "")

    # --- cells and links ------------------------------------------------

    def follow(self, call: Call) -> None:
        cell = self.cell_of(call)
        cell.calls.append(call)
        for name, k in call.inputs:
            made = self.cells_of(self.origins.of(k))
            whole = self.record.values[k].name if len({tail.row for tail in made}) == 1 else None
            for number in self.origins.of(k):
                value = self.record.values[number]
                tail = self.made_in.get(number) or self.input_cell(value, call)
                if tail is None or tail is cell:
                    continue
                link = self.links.setdefault((tail, cell), Link(tail, cell))
                link.values[number] = value
                # What several rows made together is called something else than what each of them made.
                link.names[number] = link.names.get(number) or whole or ""
                link.places.add((len(cell.calls) - 1, name))
        self.made_in |= dict.fromkeys(call.outputs, cell)

    def cells_of(self, numbers: Iterable[int]) -> list[Cell]:
        """The cells that values, by their numbers, were made in; without those that were made in none."""
        return list(dict.fromkeys(self.made_in[n] for n in numbers if n in self.made_in))

    def cell_of(self, call: Call) -> Cell:
        if call.path:
            layer = self.layers.get(call.number)
            key: tuple = ("module", call.path, layer, call.step is None)
        else:
            # An op outside of modules is known from step to step by its place among its like. One whose result has no
            # name, and that a single other op uses, is a part of that one's formula.
            while call.number in self.merged:
                call = self.merged[call.number]
            key = ("op", call.op, self.ordinal(call), call.step is None)
            layer = None
        row = self.rows.setdefault(key, Row(key[0], call.path if call.path else call.op, layer))
        return row.cells.setdefault(call.step, Cell(row, call.step))

    def ordinal(self, call: Call) -> int:
        """Its place among the ops of its name in its step."""
        if ("call", call.number) not in self.ordinals:
            count = self.ordinals[call.op, call.step] = self.ordinals.get((call.op, call.step), -1) + 1
            self.ordinals["call", call.number] = count
        return self.ordinals["call", call.number]

    def merge(self) -> dict[int, Call]:
        """Of ops outside of modules, by their number: the op whose formula they are a part of."""
        users: dict[int, list[Call]] = {}
        for call in self.record.calls:
            if call.op not in PLUMBING:
                for number in {number for _, k in call.inputs for number in self.origins.of(k)}:
                    users.setdefault(number, []).append(call)
                    self.used_in.setdefault(number, set()).add(call.step)
        merged = {}
        for call in self.record.calls:
            found = [user for k in call.outputs for user in users.get(k, [])]
            named = any(self.record.values[k].name for k in call.outputs)
            if not call.path and not named and call.op not in PLUMBING and len(found) == 1:
                (user,) = found
                if not user.path and user.step == call.step:
                    merged[call.number] = user
        return merged

    def input_cell(self, value: Value, call: Call) -> Cell | None:
        """Of a value that no op made. Parameters and constants have none."""
        if value.kind != "input":
            return None
        name = value.name or ""
        steps = self.used_in[value.number]
        step = call.step if len(steps) == 1 else None  # all steps take from the same one
        row = self.rows.setdefault(("input", name or value.number, step is None), Row("input", name or "input"))
        cell = self.made_in[value.number] = row.cells.setdefault(step, Cell(row, step))
        cell.leaving[value.number] = value
        return cell

    def find_states(self) -> None:
        """Where a row takes what a step before left, a value from elsewhere, taken in one step only, is the state that
        it begins with."""
        states: dict[Row, set[Place]] = {}
        heads: dict[tuple[Row, Row], set[Cell]] = {}
        for link in self.links.values():
            tail, head = link.tail, link.head
            if tail.row is head.row or (tail.step is not None and head.step == tail.step + 1):
                states.setdefault(head.row, set()).update(link.places)
            heads.setdefault((tail.row, head.row), set()).add(head)
        for link in self.links.values():
            tail, head = link.tail, link.head
            if tail.row is not head.row and tail.step is not None and len(heads[tail.row, head.row]) == 1:
                link.state = bool(link.places) and link.places <= states.get(head.row, set())

    # --- blocks ---------------------------------------------------------

    def find_blocks(self) -> list[Block]:
        """Rows in blocks. In a block numbers go from a step to the same one, or to a neighbour, and to no other."""
        block_of = {row: Block([row]) for row in self.rows.values()}
        distances: dict[tuple[Row, Row], list[int]] = {}
        for link in self.links.values():
            if not link.state and link.tail.step is not None and link.head.step is not None:
                distances.setdefault((link.tail.row, link.head.row), []).append(link.head.step - link.tail.step)
        for (tail, head), steps in distances.items():
            if set(steps) == {0} or (len(steps) > 1 and set(steps) in ({1}, {-1})):
                join(block_of, tail, head)
        # Bars and inputs go with what they read, or else with what reads them.
        flow = [(link.tail.row, link.head.row) for link in self.links.values()]
        joined = {row for row in block_of if not row.bar}
        for edges in (flow, [(head, tail) for tail, head in reversed(flow)]):
            for tail, head in edges:
                if tail in joined and head not in joined:
                    join(block_of, tail, head)
                    joined.add(head)
        blocks = list(dict.fromkeys(block_of[row] for row in self.rows.values()))
        for block in blocks:
            block.rows = [row for row in self.rows.values() if block_of[row] is block]
            block.columns = sorted({step for row in block.rows for step in row.cells if step is not None}) or [0]
            for row in block.rows:
                row.block = block
        return blocks

    # --- words ----------------------------------------------------------

    def add_words(self) -> None:
        """Write its words on each input, and part an input of one word for each column into single ones."""
        for row in [row for row in self.rows.values() if row.kind == "input"]:
            words = self.record.words.get(row.path, [])
            whole = row.cells.get(None)
            for step, cell in row.cells.items():
                if step is not None and step < len(words):
                    cell.text = [words[step]]
            if whole is not None and words and len(words) == len(row.block.columns):
                row.cells = {
                    step: Cell(row, step, leaving=whole.leaving, text=[word])
                    for step, word in zip(row.block.columns, words, strict=True)
                }
                for link in [link for link in self.links.values() if link.tail is whole]:
                    del self.links[whole, link.head]
                    for cell in row.cells.values():
                        if link.head.step in (None, cell.step):
                            self.link(cell, link.head, link.values)

    def add_output(self) -> Row | None:
        """The words that come out, above the last row that nothing else in a time step uses."""
        words = self.record.words.get("output", [])
        used = {link.tail.row for link in self.links.values() if link.head.step is not None}
        made = [row for row in self.rows.values() if row.kind != "input" and not row.bar and row not in used]
        made = [row for row in made if len(row.cells) == len(words)]
        if not made:
            return None
        row = Row("output", "output", block=made[-1].block)
        row.block.rows.append(row)
        rows = list(self.rows.items())  # a loss, if there is one, comes after it
        place = list(self.rows.values()).index(made[-1]) + 1
        self.rows = dict([*rows[:place], (("output",), row), *rows[place:]])
        for tail, word in zip(made[-1].sorted_cells(), words, strict=True):
            head = row.cells[tail.step] = Cell(row, tail.step, text=[word])
            last = self.record.values[tail.calls[-1].outputs[-1]]
            self.link(tail, head, {last.number: last})
        return row

    def link(self, tail: Cell, head: Cell, values: dict[int, Value]) -> None:
        self.links[tail, head] = Link(tail, head, dict(values))

    # --- rolled ---------------------------------------------------------

    def roll(self) -> None:
        """All steps of a row become one cell."""
        before, self.links = self.links, {}
        one = {row: Cell(row, None if row.bar else 0) for row in self.rows.values()}
        for row, cell in one.items():
            cells = row.sorted_cells()
            cell.calls, cell.leaving, cell.names = cells[0].calls, cells[0].leaving, cells[0].names
            cell.text = [word for part in cells for word in part.text]
            cell.steps = len(row.cells)
        for link in before.values():
            tail, head = one[link.tail.row], one[link.head.row]
            if tail is head:
                self.loops.add(tail.row)
            elif (tail, head) not in self.links or not link.state:
                self.link(tail, head, link.values)
                self.links[tail, head].state = link.state
        for row, cell in one.items():
            row.cells = {cell.step: cell}
        for block in self.blocks:
            block.columns = [0]


def join(block_of: dict[Row, Block], one: Row, other: Row) -> None:
    """Make the blocks of two rows one."""
    kept, gone = block_of[one], block_of[other]
    if kept is not gone:
        kept.rows += gone.rows
        block_of |= dict.fromkeys(gone.rows, kept)
