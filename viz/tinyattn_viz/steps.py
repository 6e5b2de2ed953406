"""The picture at `step` detail: a column for each time step, with the words on the boxes and attention drawn by weight.

The encoder's steps stand on the left and the decoder's on the right of them, or above them where there are many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tinyattn.record import Record

from .attended import LEAST, MOST, SOFTMAXES, Attention, find_attention
from .cells import Block, Cell, Cells
from .columns import TITLE, Columns, Crossing
from .describe import module_title, where, word_rows
from .formulas import Formulas
from .graph import Box, Graph
from .grid import BETWEEN, Frame, Grid, Spot, size
from .labels import number, shape
from .layers import layer_graph
from .style import MUTED
from .ways import Ways

FEW = 4  # up to so many elements a value is written out
NARROW = 20  # letters in a line: more make two


def step_graph(
    record: Record, rolled: bool = False, values: bool = True, budget: int = 300, backward: bool = False
) -> Graph:
    """rolled: all steps in one column. values: with numbers, and attention by weight. backward: say where gradients
    are missing even if none is there.

    A record without time steps is drawn as its layers; one of more boxes than the budget in one column.
    """
    if all(call.step is None for call in record.calls):
        graph = layer_graph(record, backward)
        graph.caption.append("There are no time steps: ops get one in `with tinyattn.state.time_step(t):`.")
        return graph
    picture = StepPicture(record, values, backward)
    count = sum(len(row.cells) for row in picture.cells.rows.values())
    if rolled or count > budget:
        picture.roll()
    grid = picture.draw()
    if not rolled and count > budget:
        grid.caption.append(f"A column for each step would be {count:,} boxes, more than {budget:,}.")
    return grid


class StepPicture:
    def __init__(self, record: Record, values: bool, backward: bool) -> None:
        self.record, self.rolled, self.values = record, False, values
        self.cells = Cells(record)
        self.cells.add_words()
        self.output = self.cells.add_output()
        self.formulas = Formulas(record)
        self.missing = "no gradient" if any(v.gradient is not None for v in record.values) else "no gradient yet"
        self.backward = backward or self.missing == "no gradient"
        self.attention = find_attention(self.cells) if values else {}

    def roll(self) -> None:
        """Put all time steps in one column. What differs from step to step is not told then: values and attention."""
        self.cells.roll()
        self.rolled, self.values, self.attention = True, False, {}

    def draw(self) -> Grid:
        columns = Columns(self.cells)
        columns.crossings = list(self.crossings())
        frames = columns.frames()
        self.framed = {row for _, rows in frames for row in rows}
        rows = {cell: self.box_rows(cell) for row in self.cells.rows.values() for cell in row.cells.values()}
        ways = Ways(columns, self.read_next())
        columns.place({cell: size(lines) for cell, lines in rows.items()})
        grid = Grid(direction="BT")
        numbers = {cell: grid.add(self.box(cell, lines)) for cell, lines in rows.items()}
        grid.spots = {numbers[cell]: spot for cell, spot in columns.spots.items()}
        for path, members in frames:
            spots = [columns.spots[cell] for row in members for cell in row.cells.values()]
            grid.frames.append(frame(module_title(self.record, path), spots))
            grid.titles[(path,)] = grid.frames[-1].title
        ways.draw(grid, numbers)
        self.number_steps(grid, columns)
        grid.caption = self.caption()
        return grid

    def box(self, cell: Cell, rows: list[tuple[str, str]]) -> Box:
        kind = {"module": "group", "output": "input"}.get(cell.row.kind, cell.row.kind)
        place = (cell.row.outermost,) if cell.row in self.framed else ()
        return Box(kind, rows, place, self.tip(cell))

    def number_steps(self, grid: Grid, columns: Columns) -> None:
        if self.rolled:
            return
        for block in columns.blocks:
            bottom = min(columns.spots[cell].bottom for row in block.rows for cell in row.cells.values())
            grid.texts += [(columns.x(block, step), bottom - 11, MUTED, f"step {step}") for step in block.columns]

    def crossings(self) -> Iterator[Crossing]:
        """What is drawn from block to block: attention by weight, states, and of the rest one edge for each cell."""
        drawn: set[tuple[Block, Cell]] = set()
        for head, found in self.attention.items():
            for line, k in enumerate(found.shown):
                *below, tail = sorted(found.cells[k], key=lambda cell: cell.row.level)
                drawn.add((tail.row.block, head))
                yield Crossing(tail, head, float(found.weights[k]), line, tuple(below))
        for link in sorted(self.cells.links.values(), key=lambda link: -link.tail.row.level):
            between = (link.tail.row.block, link.head)
            if link.tail.row.block is not link.head.row.block and (link.state or between not in drawn):
                drawn.add(between)
                yield Crossing(link.tail, link.head)

    def read_next(self) -> list[tuple[Cell, Cell]]:
        """From each word that comes out to where it goes in again, as the next one."""
        target = next((row for row in self.cells.rows.values() if (row.kind, row.path) == ("input", "target")), None)
        words = self.record.words
        if self.output is None or target is None or target.bar:
            return []
        if words.get("target", [])[1:] != words["output"][:-1]:
            return []
        if self.rolled:
            return [(self.output.cells[0], target.cells[0])]
        return list(zip(self.output.sorted_cells(), target.sorted_cells()[1:], strict=False))

    # --- what stands in a box -------------------------------------------

    def box_rows(self, cell: Cell) -> list[tuple[str, str]]:
        row = cell.row
        if row.kind == "output":
            if self.rolled:
                return [("title", "output"), *word_rows(cell.text)]
            chance = self.chance(cell) if self.values else ""
            return [("words", cell.text[0]), *([("shape", chance)] if chance else [])]
        if row.kind == "input" and cell.text:
            return [("title", row.path), *word_rows(cell.text)] if self.rolled else [("words", cell.text[0])]
        if row.kind == "input":
            return [("title", row.path), *self.value_rows(cell)]
        rows = [("title", self.title(cell))]
        if row.kind == "op":
            formula = self.formulas.of(cell.calls[-1])
            rows += [("formula", formula)] if row.bar or len(formula) <= NARROW else []
        if cell in self.attention:
            rows += self.attention_rows(self.attention[cell])
        rows += self.value_rows(cell)
        return rows + ([("note", f"× {cell.steps} time steps")] if cell.steps > 1 else [])

    def title(self, cell: Cell) -> str:
        row = cell.row
        if row.kind == "op":  # of several in one formula, the name of what comes out
            last = cell.calls[-1]
            return (self.record.values[last.outputs[0]].name if len(cell.calls) > 1 else None) or last.op
        title = module_title(self.record, row.path)
        if "." in row.path and row not in self.framed:
            title = f"{row.path}: {self.record.modules.get(row.path, '')}"
        if row.layer is not None:
            alike = [other.layer for other in self.cells.rows.values() if other.path == row.path and other.layer]
            layers, directions = ({layer[k] for layer in alike} for k in (0, 1))
            title += f" {row.layer[0] + 1}" if len(layers) > 1 else ""
            title += (" ←" if row.layer[1] else " →") if len(directions) > 1 else ""
        return title

    def value_rows(self, cell: Cell) -> list[tuple[str, str]]:
        """Name and shape of what leaves a cell, or of the last it made; few numbers as they are."""
        values = list(cell.leaving.values()) or [self.record.values[cell.calls[-1].outputs[-1]]]
        rows = []
        for v in values[:2]:
            name = cell.names.get(v.number) or v.name or self.usual_name(cell)
            name = "" if cell.row.kind == "input" else name
            label = f"{name} {shape(v.array)}".strip()
            rows += [("shape", part) for part in ([label] if len(label) <= NARROW else [name, shape(v.array)])]
            few = v.array.size <= FEW and v.array.dtype.kind == "f"
            if self.values and few:
                rows.append(("number", numbers(v.array)))
            if self.values and self.backward and v.requires_grad:
                if v.gradient is None:
                    rows.append(("gradient", self.missing))
                elif few:
                    rows.append(("gradient", f"grad {numbers(v.gradient, two_digits)}"))
                else:
                    rows.append(("gradient", f"|grad| {two_digits(float(np.linalg.norm(v.gradient)))}"))
        return rows

    def usual_name(self, cell: Cell) -> str:
        """What the row's other cells call what leaves them."""
        return next((name for other in cell.row.cells.values() for name in other.names.values() if name), "")

    def attention_rows(self, found: Attention) -> list[tuple[str, str]]:
        full = len(found.weights) <= MOST
        rows = [("cells", BETWEEN.join(["", "similarity", "softmax"] if full else ["", "softmax"]))]
        for k in found.shown:
            parts = [two_decimals(found.scores[k])] if full else []
            rows.append(("cells", BETWEEN.join([self.word_at(found.cells[k]), *parts, f"{found.weights[k]:.0%}"])))
        rest = len(found.weights) - len(found.shown)
        if rest:
            share = 1 - sum(found.weights[k] for k in found.shown)
            rows.append(("cells", BETWEEN.join([f"{rest} others", *[""] * full, f"{max(share, 0.0):.0%}"])))
        return [*rows, ("formula", "attention values")]

    def word_at(self, cells: list[Cell]) -> str:
        """The word that is read in the column of one of these cells: of two directions, one may stand apart from it."""
        for cell in cells:
            for row in cell.row.block.rows:
                if row.kind == "input" and cell.step in row.cells and row.cells[cell.step].text:
                    return row.cells[cell.step].text[0]
        return f"step {cells[0].step}"

    def chance(self, cell: Cell) -> str:
        """How likely the word was, where the last row is one of probabilities and the word's id is known from input."""
        (link,) = [link for link in self.cells.links.values() if link.head is cell]
        (v,) = link.values.values()
        p = v.array.reshape(-1, v.array.shape[-1])[0]
        if link.tail.calls[-1].op not in SOFTMAXES:
            return ""
        ids = {
            other.text[0]: int(value.array.flat[0])
            for row in self.cells.rows.values()
            if (row.kind, row.path) == ("input", "target")
            for other in row.cells.values()
            for value in other.leaving.values()
            if other.text and value.array.size == 1
        }
        id = ids.get(cell.text[0], len(p))
        return f"{p[id]:.0%}" if id < len(p) else ""

    def tip(self, cell: Cell) -> str:
        return where(cell.calls[0]) if cell.calls else " ".join([cell.row.path, *cell.text])

    def caption(self) -> list[str]:
        parts = ["All time steps in one column." if self.rolled else "A column for each time step."]
        if self.attention:
            parts.append("Blue: attention, as thick as its weight, which is the softmax of the similarity.")
            if any(found.first_of > 1 for found in self.attention.values()):
                parts.append("Of a batch, or of several heads, it is the first one's.")
            if any(len(found.shown) < len(found.weights) for found in self.attention.values()):
                parts.append(f"Of many words the {MOST} with most weight are drawn, and none under {LEAST:.0%}.")
        if self.read_next():
            parts.append("Dashed: the word that came out is read next, until the end token.")
        if self.cells.loops:
            parts.append("Dashed loops: what a step leaves for the next one.")
        if self.values and self.backward:
            parts.append("grad: dloss/dvalue; |grad|: its length.")
        return [" ".join(parts)]


def two_decimals(x: float) -> str:
    """As on paper; no minus before what is 0."""
    return f"{round(float(x), 2) + 0.0:.2f}".replace("-", "−")


def two_digits(x: float) -> str:
    return number(x, 2)


def frame(title: str, spots: list[Spot]) -> Frame:
    return Frame(
        title,
        min(spot.left for spot in spots) - 12,
        min(spot.bottom for spot in spots) - 10,
        max(spot.right for spot in spots) + 12,
        max(spot.top for spot in spots) + TITLE,
    )


def numbers(array: np.ndarray, write: Callable[[float], str] = two_decimals) -> str:
    """All of them in one line, each row in brackets."""
    rows = array.reshape(-1, array.shape[-1] if array.ndim else 1).tolist()
    return "  ".join("[" + "  ".join(map(write, row)) + "]" for row in rows)
