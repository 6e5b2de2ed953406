"""The attention heat map: for each target word, how much weight each source word got."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from .canvas import Canvas, Rectangle, Text
from .labels import visible
from .picture import Picture
from .style import BLUES, MUTED, blue, ink_on

ROW = 30.0  # height of a cell
NARROW = 46.0  # a cell is at least so wide: room for a weight of two decimals
MARGIN = 24.0
GAP = 10.0  # between words and cells
EVEN = 16  # up to so many source words all columns have one width


def heatmap(attention: Any, source: Sequence[str], target: Sequence[str]) -> Picture:
    """A picture of attention weights: a row for each target word, a column for each source word.

    The darker, the more weight; each weight stands in its cell. A source in a script written from right to left has
    its first word on the right.

    Shapes: attention (T, S) for T target and S source words, as `Translator.translate` gives it.
    Raises: ValueError where words and weights do not fit together, or a weight is not between 0 and 1.
    """
    weights = np.asarray(attention, dtype=np.float64)
    check(weights, source, target)
    if right_to_left(source):
        source, weights = source[::-1], weights[:, ::-1]
    widths = [max(NARROW, text_width(word) + 14) for word in source]
    if len(source) <= EVEN:
        widths = [max(widths)] * len(widths)
    left = MARGIN + 22 + max(text_width(word) for word in target) + GAP
    top = MARGIN + 22 + 18 + GAP
    edges = left + np.concatenate([[0.0], np.cumsum(widths)])
    right, bottom = float(edges[-1]), top + ROW * len(target)
    canvas = Canvas(right + 84, bottom + MARGIN, f"Attention: {' '.join(target)} from {' '.join(source)}")

    canvas.texts += [
        Text((left + right) / 2, MARGIN + 6, "source", 11, colour=MUTED),
        Text(MARGIN, top - GAP - 8, "target", 11, "left", colour=MUTED),
    ]
    for x, width, word in zip(edges, widths, source, strict=False):
        canvas.texts.append(Text(x + width / 2, top - GAP - 8, word, 13))
    for row, word in enumerate(target):
        middle = top + ROW * (row + 0.5)
        canvas.texts.append(Text(left - GAP, middle, word, 13, "right"))
        for column, weight in enumerate(weights[row]):
            x, width = float(edges[column]), widths[column]
            tip = f"{visible(word)} from {visible(source[column])}: {weight:.4f}"
            canvas.rectangles.append(Rectangle(x, middle - ROW / 2, width, ROW, blue(weight), "#ffffff", tip))
            canvas.texts.append(Text(x + width / 2, middle, f"{weight:.2f}", 11, colour=ink_on(weight)))
    add_scale(canvas, right + 28, top, min(max(ROW * len(target), 72.0), 180.0))
    canvas.height = max(canvas.height, top + 72 + MARGIN)
    return Picture(canvas.dot(), canvas.svg(), program="nop")


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


def check(weights: np.ndarray, source: Sequence[str], target: Sequence[str]) -> None:
    wanted = (len(target), len(source))
    if not source or not target:
        raise ValueError(f"heatmap: wanted words on both sides, got (target, source) = {wanted}")
    if weights.shape != wanted:
        raise ValueError(
            f"heatmap: attention must be (target, source) = {wanted}, got {weights.shape}: pass a word "
            "for each row and column, EOS included"
        )
    if not np.all((weights >= 0) & (weights <= 1 + 1e-6)):
        raise ValueError("heatmap: attention weights must lie between 0 and 1: pass them after the softmax")


def text_width(text: str, size: float = 13.0) -> float:
    """An upper estimate in points: East Asian letters are square, others on average narrower than their height."""
    total = 0.0
    for character in visible(text):
        if unicodedata.combining(character):
            continue
        wide = unicodedata.east_asian_width(character) in "WF"
        total += 1.0 if wide else 0.85 if character in "mwMWQ@%—" else 0.36 if character in "iljtfr.,:;'!|" else 0.6
    return total * size


def right_to_left(words: Sequence[str]) -> bool:
    """Are more letters written from right to left than from left to right?"""
    directions = [unicodedata.bidirectional(character) for word in words for character in word]
    return sum(d in ("R", "AL") for d in directions) > directions.count("L")
