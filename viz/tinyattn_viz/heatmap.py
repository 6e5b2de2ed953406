"""The attention heat map: for each target word, how much weight each source word got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .canvas import Canvas, Rectangle, Text
from .headings import COMPACT, GAP, LARGE, Heading, heading
from .labels import number, right_to_left, text_width, visible
from .picture import Picture
from .style import BLUES, MUTED, blue, ink_on

MARGIN = 24.0
TALL, LOW = 30.0, 22.0  # height of a cell where there is room, and at least
HIGH = 640.0  # up to this height rows are as tall as they like
MANY = 20  # above so many words they are written at both ends of their rows or columns
FULL = 34.0  # cells so wide have room for a whole number
FAINT = 0.05  # smaller weights are not written into small cells


def heatmap(attention: Any, source: Sequence[str], target: Sequence[str], score: float | None = None) -> Picture:
    """A picture of attention weights: a row for each target word, a column for each source word.

    The darker, the more weight; weights stand in their cells. A source in a script written from right to left has its
    first word on the right. score: of the translation, for the caption.

    Shapes: attention (T, S) for T target and S source words, as `Translator.translate` gives it.
    Raises: ValueError where words and weights do not fit together, or a weight is not between 0 and 1.
    """
    weights = np.asarray(attention, dtype=np.float64)
    check("heatmap", weights, source, target)
    backwards = right_to_left(source)
    if backwards:
        source, weights = source[::-1], weights[:, ::-1]
    columns = heading(source)
    height = max(LOW, min(TALL, HIGH / len(target)))
    size = LARGE if height == TALL else COMPACT
    names = max(text_width(word, size) for word in target)
    before, after = columns.overhang
    left = MARGIN + max(names, 42.0 + before) + GAP
    right, top = left + columns.width, MARGIN + 20 + columns.height
    bottom = top + height * len(target)

    canvas = Canvas(0, 0, f"Attention: {' '.join(target)} from {' '.join(source)}")
    canvas.texts.append(Text(left - GAP - before, top - GAP - 7, "target ↓", 11, "right", MUTED))
    if backwards:
        canvas.texts.append(Text(right, MARGIN, "← source", 11, "right", MUTED))
    else:
        canvas.texts.append(Text(left, MARGIN, "source →", 11, "left", MUTED))
    columns.draw(canvas, left, top)
    add_cells(canvas, weights, columns, target, left, top, height)
    for row, word in enumerate(target):
        middle = top + height * (row + 0.5)
        canvas.texts.append(Text(left - GAP, middle, word, size, "right"))
        if len(source) > MANY:
            canvas.texts.append(Text(right + GAP, middle, word, size, "left"))
    end = right + max(after, GAP + names if len(source) > MANY else 0.0)
    add_scale(canvas, end + 28, top, min(max(bottom - top, 72.0), 180.0))
    canvas.width = max(end + 84, 330.0)
    below = max(bottom, top + 72)
    if len(target) > MANY:
        columns.draw(canvas, left, bottom, below=True)
        below = bottom + columns.height
    caption = ["Each row: how a target word's attention, 1 in all, is spread over the source words."]
    if columns.pitch < FULL:
        caption.append(f"Weights below {FAINT:g} are not written.")
    if score is not None:
        caption.append(f"Score of the translation: {number(score)}.")
    end = canvas.add_paragraph(MARGIN, below + 18, " ".join(caption), canvas.width - 2 * MARGIN)
    canvas.height = end + MARGIN - 6
    return Picture(canvas.dot(), canvas.svg(), program="nop")


def add_cells(
    canvas: Canvas, weights: np.ndarray, columns: Heading, target: Sequence[str], left: float, top: float, height: float
) -> None:
    """A cell for every weight, its number in it: in small cells without the nought before the point."""
    for row, word in enumerate(target):
        y = top + height * row
        for column, weight in enumerate(weights[row]):
            tip = f"{visible(word)} from {visible(columns.words[column])}: {weight:.4f}"
            x = left + columns.pitch * column
            canvas.rectangles.append(Rectangle(x, y, columns.pitch, height, blue(weight), "#ffffff", tip))
            text, size = f"{weight:.2f}", 11.0
            if columns.pitch < FULL:
                text, size = (text.removeprefix("0") if weight >= FAINT else ""), 8.5
            if text:
                canvas.texts.append(
                    Text(left + columns.middle(column), y + height / 2, text, size, colour=ink_on(weight))
                )


def add_scale(canvas: Canvas, x: float, top: float, height: float) -> None:
    """Which colour is which weight."""
    steps = 4 * (len(BLUES) - 1)
    for step in range(steps):
        weight = 1 - (step + 0.5) / steps
        canvas.rectangles.append(
            Rectangle(x, top + height * step / steps, 12, height / steps, blue(weight), blue(weight))
        )
    for weight in (0.0, 0.5, 1.0):
        canvas.texts.append(Text(x + 18, top + height * (1 - weight), f"{weight:g}", 10, "left", colour=MUTED))
    canvas.texts.append(Text(x, top - GAP - 7, "weight", 11, "left", MUTED))


def check(name: str, weights: np.ndarray, source: Sequence[str], target: Sequence[str]) -> None:
    wanted = (len(target), len(source))
    if not source or not target:
        raise ValueError(f"{name}: wanted words on both sides, got (target, source) = {wanted}")
    if weights.shape != wanted:
        raise ValueError(
            f"{name}: attention must be (target, source) = {wanted}, got {weights.shape}: pass a word "
            "for each row and column, EOS included"
        )
    if not np.all((weights >= 0) & (weights <= 1 + 1e-6)):
        raise ValueError(f"{name}: attention weights must lie between 0 and 1: pass them after the softmax")
