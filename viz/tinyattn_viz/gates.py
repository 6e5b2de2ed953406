"""An LSTM's gates over time: what it let in, kept and showed of itself at every word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tinyattn.record import Record
from tinyattn.recorded import Call

from .canvas import SMALL, Canvas, Rectangle, Text
from .headings import GAP, Heading, heading
from .labels import number, text_width, visible
from .picture import Picture
from .rnn import layers
from .style import MUTED, blue, diverging, ink_on

MARGIN = 24.0
MAP = 260.0  # up to this width of a panel its columns are as wide as they like
COLUMN, NARROW = 40.0, 16.0  # the width of a cell where there is room, and at least
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
    return draw(name, {panel.part: np.stack([step[panel.part][row] for step in steps], 1) for panel in PANELS}, words)


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


def draw(name: str, parts: dict[str, np.ndarray], words: Sequence[str]) -> Picture:
    units = len(parts["c"])
    order = np.arange(units)
    caption = [f"{name}: a row for each of {units} units, a column for each step."]
    if units > ORDERED:
        peak = np.abs(parts["c"]).argmax(1)
        order = np.lexsort((-parts["c"][order, peak], peak))
        caption.append("The rows are in the order in which their cell states come to their largest.")
    groups = np.array_split(order, min(units, ROWS))
    if units > ROWS:
        caption.append(f"Each row is the mean of {' or '.join(map(str, sorted({len(g) for g in groups})))} units.")
    columns = heading(words, page=MAP, roomy=COLUMN, least=NARROW)
    height = min(TALL, HIGH / len(groups))
    before, after = columns.overhang
    titles = max(text_width(f"{panel.name}  {panel.formula}", SMALL + 1) for panel in PANELS)
    wide = max(before + columns.width + after + BETWEEN, titles + 16)
    across = next(count for count in (3, 2, 1) if count * wide <= WIDE or count == 1)
    high = 40 + columns.height + height * len(groups) + 30
    numbered = height >= READABLE
    left = MARGIN + (28 if numbered else 0) + before
    canvas = Canvas(left - before + wide * across, 0, f"Gates of {name}: {' '.join(words)}")
    for k, panel in enumerate(PANELS):
        x, y = left + wide * (k % across), MARGIN + high * (k // across)
        canvas.texts += [
            Text(x - before, y, panel.name, SMALL + 2, "left"),
            Text(x - before + text_width(panel.name, SMALL + 2) + GAP, y, panel.formula, SMALL, "left", MUTED),
            Text(x - before, y + 17, panel.meaning, SMALL, "left", MUTED),
        ]
        top = y + 32 + columns.height
        columns.draw(canvas, x, top)
        values = np.stack([parts[panel.part][group].mean(0) for group in groups])
        most = float(np.abs(values).max()) if panel.part == "c" else 1.0
        add_panel(canvas, panel, values, most or 1.0, groups, columns, x, top, height)
        add_scale(
            canvas, panel, most or 1.0, x + columns.width + max(after, GAP), top, min(height * len(groups), 120.0)
        )
        if numbered and k % across == 0:
            canvas.texts.append(Text(x - before - 6, top - GAP - 7, "unit", 10, "right", MUTED))
            for place, group in enumerate(groups):
                canvas.texts.append(
                    Text(x - before - 6, top + height * (place + 0.5), str(group[0]), min(10.0, height), "right", MUTED)
                )
    below = MARGIN + high * -(-len(PANELS) // across) - 6
    canvas.height = canvas.add_paragraph(MARGIN, below, " ".join(caption), canvas.width - 2 * MARGIN) + MARGIN - 6
    return Picture(canvas.dot(), canvas.svg(), program="nop")


def add_panel(
    canvas: Canvas,
    panel: Panel,
    values: np.ndarray,
    most: float,
    groups: Sequence[np.ndarray],
    columns: Heading,
    x: float,
    top: float,
    height: float,
) -> None:
    """A cell for each row and step; where it has room, its number in it."""
    edge = "#ffffff" if height >= READABLE else "none"
    for place, group in enumerate(groups):
        units = f"unit {group[0]}" if len(group) == 1 else f"mean of units {', '.join(map(str, group))}"
        for column, value in enumerate(values[place]):
            fill = diverging(value / most) if panel.signed else blue(value)
            tip = f"{panel.name} of {units} at {visible(columns.words[column])}: {number(value)}"
            place_ = (x + columns.pitch * column, top + height * place, columns.pitch, height)
            canvas.rectangles.append(Rectangle(*place_, fill, edge, tip))
            if columns.pitch >= ROOM and height >= 14:
                ink = ("#ffffff" if abs(value) > 0.72 * most else "#000000") if panel.signed else ink_on(value)
                middle = (x + columns.middle(column), top + height * (place + 0.5))
                canvas.texts.append(Text(*middle, f"{value:.2f}".replace("-", "−"), 10, colour=ink))


def add_scale(canvas: Canvas, panel: Panel, most: float, x: float, top: float, height: float) -> None:
    """Which colour is which number, at the right of a panel."""
    steps = 24
    for step in range(steps):
        share = 1 - (step + 0.5) / steps
        fill = diverging(2 * share - 1) if panel.signed else blue(share)
        canvas.rectangles.append(Rectangle(x, top + height * step / steps, 8, height / steps, fill, fill))
    marks = (-most, 0.0, most) if panel.signed else (0.0, 1.0)
    for k, mark in enumerate(marks):
        y = top + height * (1 - k / (len(marks) - 1))
        canvas.texts.append(Text(x + 12, y, number(mark, 2), 9, "left", MUTED))
