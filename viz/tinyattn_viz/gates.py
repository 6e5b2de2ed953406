"""An LSTM's gates over time: what it let in, kept and showed of itself at every word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tinyattn.record import Record
from tinyattn.recorded import Call

from .canvas import SMALL, Canvas, Rectangle, Text
from .headings import GAP, heading
from .labels import number, text_width, visible
from .picture import Picture
from .rnn import layers
from .style import MUTED, NOT_FINITE, blue, diverging, ink_on

MARGIN = 24.0
MAP = 260.0  # up to this width of a panel its columns are as wide as they like
COLUMN, NARROW = 40.0, 16.0  # the width of a cell where there is room, and at least
TITLE = 32.0  # the height of a panel's title
HIGH, TALL = 300.0, 24.0  # the height of a panel, and of a row at most
WIDE = 1450.0  # panels side by side are no wider together
BETWEEN = 64.0  # panels: room for a scale
ORDERED, ROWS = 16, 64  # more units are put in order; of still more, neighbours share a row
ROOM, READABLE = 34.0, 9.0  # cells so wide have room for a number, rows so high for a unit's


class Panel(NamedTuple):
    part: str
    name: str
    formula: str
    meaning: str
    signed: bool = False  # not from 0 to 1


PANELS = (
    Panel("f", "forget gate", "σ(f)", "1 keeps the cell state, 0 forgets it"),
    Panel("i", "input gate", "σ(i)", "1 lets the candidate in"),
    Panel("g", "candidate", "tanh(g)", "what could go in", signed=True),
    Panel("c", "cell state", "c = σ(f) · c + σ(i) · tanh(g)", "what is remembered", signed=True),
    Panel("o", "output gate", "σ(o)", "1 shows the cell state"),
    Panel("h", "output", "h = σ(o) · tanh(c)", "what is shown", signed=True),
)
Step = dict[str, np.ndarray]  # by part: one step of all rows of a batch, each (B, H)


def gates(record: Record, module: str | None = None, words: Sequence[str] | None = None, row: int = 0) -> Picture:
    """A picture of every gate of an LSTM, its cell state and its output: a row for each unit, a column for each step.

    More than 16 units are put in the order in which their cell states come to their largest; of more than 64,
    neighbours share a row, which shows their mean.

    module: which LSTM of several, by its path; a layer or direction of several as "encoder.lstm l1" or "encoder.lstm
    l0 reverse"; the first unless told. words: one for each step, else those that the record has. row: of the batch.
    Raises: ValueError where the record has no such LSTM or row, or words of another number.
    """
    found = recorded_lstms(record)
    if not found:
        raise ValueError("gates: wanted a record of an LSTM, got one without: call it inside `with record()`")
    name = next((known for known in found if module is None or known == module or known.startswith(module + " ")), "")
    if not name:
        raise ValueError(f"gates: module must be one of {', '.join(found)}, got {module!r}")
    steps = found[name]
    batch = len(steps[0]["c"])
    if not 0 <= row < batch:
        raise ValueError(f"gates: row must be from 0 to {batch - 1}, as the batch has {batch} rows, got {row}")
    words = words_of(record, name, len(steps)) if words is None else list(words)
    if len(words) != len(steps):
        raise ValueError(f"gates: words must be one for each of {len(steps)} steps, got {len(words)}")
    parts = {panel.part: np.stack([step[panel.part][row] for step in steps], 1) for panel in PANELS}  # each (H, T)
    return GatePicture(name, parts, words).draw()


# --- reading the record ---


def recorded_lstms(record: Record) -> dict[str, list[Step]]:
    """Every step of every LSTM, by module and, where there are several, by layer and direction; in the words' order."""
    users: dict[int, list[Call]] = {}
    for call in record.calls:
        for _, value in call.inputs:
            users.setdefault(value, []).append(call)
    layer_of = layers(record)
    found: dict[tuple[str, int, bool], list[Step]] = {}
    for call in record.calls:
        step = parts_of(record, call, users)
        if step is not None:
            found.setdefault((call.path, *layer_of.get(call.number, (0, False))), []).append(step)
    named = {}
    for (path, layer, reverse), steps in found.items():
        several = sum(key[0] == path for key in found) > 1
        name = (path or "LSTM") + (f" l{layer}{' reverse' * reverse}" if several else "")
        named[name] = steps[::-1] if reverse else steps
    return named


def parts_of(record: Record, call: Call, users: dict[int, list[Call]]) -> Step | None:
    """The gates, states and output of a step, from the call that parts the gates as an LSTM does; None for others."""
    if len(call.outputs) != 4:
        return None
    parts: dict[str, int] = {}
    for part, value in zip("ifgo", call.outputs, strict=True):
        squashed = [user for user in users.get(value, []) if user.op == ("tanh" if part == "g" else "sigmoid")]
        if len(squashed) != 1:
            return None
        parts[part] = squashed[0].outputs[0]
    for product in users.get(parts["o"], []):  # h = σ(o) · tanh(c)
        for _, value in product.inputs:
            made = record.values[value].call
            if made is not None and record.calls[made].op == "tanh":
                parts |= {"h": product.outputs[0], "c": record.calls[made].inputs[0][1]}
    if "h" not in parts:
        return None
    return {part: np.atleast_2d(record.values[value].array) for part, value in parts.items()}


def words_of(record: Record, name: str, count: int) -> list[str]:
    """The words that the LSTM read, as far as their number and its name tell; else the numbers of the steps."""
    first = "target" if name.startswith("decoder") else "source"
    for words in (record.words.get(first, []), *record.words.values()):
        if len(words) == count:
            return words
    return [str(step) for step in range(count)]


# --- drawing ---


class GatePicture:
    """Panels of cells: a row for each group of units, a column for each word."""

    def __init__(self, name: str, parts: dict[str, np.ndarray], words: Sequence[str]) -> None:
        units = len(parts["c"])
        order = np.arange(units)
        self.caption = [f"{name}: a row for each of {units} units, a column for each step."]
        if units > ORDERED:
            peak = np.abs(parts["c"]).argmax(1)
            order = np.lexsort((-parts["c"][order, peak], peak))
            self.caption.append("The rows are in the order in which their cell states come to their largest.")
        self.groups = np.array_split(order, min(units, ROWS))
        if units > ROWS:
            sizes = sorted({len(group) for group in self.groups})
            self.caption.append(f"Each row is the mean of {' or '.join(map(str, sizes))} units.")
        self.values = {part: np.stack([x[group].mean(0) for group in self.groups]) for part, x in parts.items()}
        self.columns = heading(words, page=MAP, roomy=COLUMN, least=NARROW)
        self.row = min(TALL, HIGH / len(self.groups))
        self.canvas = Canvas(0, 0, f"Gates of {name}: {' '.join(words)}")

    def draw(self) -> Picture:
        before, after = self.columns.overhang
        numbers = 28 if self.row >= READABLE else 0  # room for the numbers of units
        titles = max(text_width(f"{panel.name}  {panel.formula}", SMALL + 1) for panel in PANELS)
        wide = max(before + self.columns.width + after + BETWEEN, titles + 16)
        high = TITLE + self.columns.height + self.row * len(self.groups) + 38
        across = next(count for count in (3, 2, 1) if count * wide <= WIDE or count == 1)
        for k, panel in enumerate(PANELS):
            x, y = MARGIN + numbers + wide * (k % across), MARGIN + high * (k // across)
            self.add_title(panel, x, y)
            top = y + TITLE + self.columns.height
            self.columns.draw(self.canvas, x + before, top)
            self.add_cells(panel, x + before, top)
            self.add_scale(panel, x + before + self.columns.width + max(after, GAP), top)
            if numbers and k % across == 0:
                self.add_units(x - 6, top)
        self.canvas.width = MARGIN + numbers + wide * across
        below = MARGIN + high * -(-len(PANELS) // across) - 6
        end = self.canvas.add_paragraph(MARGIN, below, " ".join(self.caption), self.canvas.width - 2 * MARGIN)
        self.canvas.height = end + MARGIN - 6
        return Picture(self.canvas.dot(), self.canvas.svg(), program="nop")

    def most(self, panel: Panel) -> float:
        """The number that has the darkest colour: of cell states, which know no bounds, the largest."""
        finite = np.abs(self.values[panel.part][np.isfinite(self.values[panel.part])])
        return float(finite.max(initial=0.0)) or 1.0 if panel.part == "c" else 1.0

    def colour(self, panel: Panel, share: float) -> str:
        if not np.isfinite(share):
            return NOT_FINITE
        return diverging(share) if panel.signed else blue(share)

    def add_title(self, panel: Panel, x: float, y: float) -> None:
        after_name = x + text_width(panel.name, SMALL + 2) + GAP
        self.canvas.texts += [
            Text(x, y, panel.name, SMALL + 2, "left"),
            Text(after_name, y, panel.formula, SMALL, "left", MUTED),
            Text(x, y + 17, panel.meaning, SMALL, "left", MUTED),
        ]

    def add_cells(self, panel: Panel, left: float, top: float) -> None:
        """A cell for each row and step; where it has room, its number in it."""
        edge = "#ffffff" if self.row >= READABLE else "none"
        written = self.columns.pitch >= ROOM and self.row >= 14
        most = self.most(panel)
        for row, group in enumerate(self.groups):
            y = top + self.row * row
            units = f"unit {group[0]}" if len(group) == 1 else f"mean of units {', '.join(map(str, group))}"
            for column, value in enumerate(self.values[panel.part][row]):
                x, fill = left + self.columns.pitch * column, self.colour(panel, value / most)
                tip = f"{panel.name} of {units} at {visible(self.columns.words[column])}: {number(value)}"
                self.canvas.rectangles.append(Rectangle(x, y, self.columns.pitch, self.row, fill, edge, tip))
                if written:
                    text = f"{value:.2f}".replace("-", "−")
                    ink = ("#ffffff" if abs(value) > 0.72 * most else "#000000") if panel.signed else ink_on(value)
                    self.canvas.texts.append(
                        Text(left + self.columns.middle(column), y + self.row / 2, text, 10, colour=ink)
                    )

    def add_scale(self, panel: Panel, x: float, top: float) -> None:
        """Which colour is which number, at the right of a panel."""
        height, most, steps = min(self.row * len(self.groups), 120.0), self.most(panel), 24
        marks = (-most, 0.0, most) if panel.signed else (0.0, most)
        for step in range(steps):
            share = 1 - (step + 0.5) / steps
            fill = self.colour(panel, 2 * share - 1 if panel.signed else share)
            self.canvas.rectangles.append(Rectangle(x, top + height * step / steps, 8, height / steps, fill, fill))
        for k, mark in enumerate(marks):
            y = top + height * (1 - k / (len(marks) - 1))
            self.canvas.texts.append(Text(x + 12, y, number(mark, 2), 9, "left", MUTED))

    def add_units(self, x: float, top: float) -> None:
        """The units' numbers at the left of the rows."""
        self.canvas.texts.append(Text(x, top - GAP - 7, "unit", 10, "right", MUTED))
        for row, group in enumerate(self.groups):
            self.canvas.texts.append(Text(x, top + self.row * (row + 0.5), str(group[0]), 9, "right", MUTED))
