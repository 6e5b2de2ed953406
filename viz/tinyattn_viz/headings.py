"""Words above columns of cells, which may be narrower than the words are: then they stand in several lines.

Turned words would be narrower still, but Graphviz, which makes the png and pdf files, turns no text. So a tick goes
from a word of an upper line down to its column, between the words below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .canvas import Canvas, Rectangle, Text
from .labels import text_width

LARGE, COMPACT = 13.0, 11.0  # sizes of words, where there is room and where there is none
PAGE = 700.0  # up to this width columns are as wide as they like
ROOMY, LEAST = 46.0, 24.0  # the width of a column where there is room, and at least
LINE = 17.0  # height of a line of words
GAP = 10.0  # between words, and between words and cells
CLEAR = 5.0  # between a word and a tick
SEEN = 3  # so many words before it a word is kept clear of
TICK = "#b9c4cd"


@dataclass
class Heading:
    """Words in the middle of columns `pitch` wide, each in one of the lines, which are counted from the cells."""

    words: Sequence[str]
    pitch: float
    lines: list[int]
    size: float

    @property
    def height(self) -> float:
        return LINE * (max(self.lines) + 1) + GAP

    @property
    def width(self) -> float:
        return self.pitch * len(self.words)

    @property
    def overhang(self) -> tuple[float, float]:
        """How far words stick out to the left of the first column, and to the right of the last."""
        halves = [text_width(word, self.size) / 2 for word in self.words]
        left = max(half - self.middle(k) for k, half in enumerate(halves))
        right = max(self.middle(k) + half for k, half in enumerate(halves)) - self.width
        return max(0.0, left), max(0.0, right)

    def middle(self, column: int) -> float:
        return self.pitch * (column + 0.5)

    def draw(self, canvas: Canvas, left: float, edge: float, below: bool = False) -> None:
        """Write the words above cells that begin at `edge`, or below cells that end there."""
        way = 1 if below else -1
        for column, (word, line) in enumerate(zip(self.words, self.lines, strict=True)):
            x, y = left + self.middle(column), edge + way * (GAP + 7 + LINE * line)
            canvas.texts.append(Text(x, y, word, self.size))
            if line:
                top, bottom = sorted((edge + way * 3, y - way * 8))
                canvas.rectangles.append(Rectangle(x - 0.4, top, 0.8, bottom - top, TICK))


def heading(words: Sequence[str], page: float = PAGE, roomy: float = ROOMY, least: float = LEAST) -> Heading:
    """Columns as wide as their words where the page has room for that, else as narrow as up to three lines let them."""
    count, wide = len(words), max(text_width(word, LARGE) for word in words)
    narrow = max(least, min(roomy, page / count))
    pitch = max(wide + 12, narrow)
    if count == 1 or pitch * count <= page:
        return Heading(words, pitch, [0] * count, LARGE)
    widths = [text_width(word, COMPACT) for word in words]
    choices = [narrowest(widths, narrow, lines) for lines in (1, 2, 3)]
    enough = 1.15 * choices[-1][0]  # a line more has to be worth it
    pitch, lines = next(choice for choice in choices if choice[0] <= enough)
    return Heading(words, pitch, lines, COMPACT)


def narrowest(widths: list[float], least: float, count: int) -> tuple[float, list[int]]:
    """The least width of all columns for which words so wide fit into `count` lines, and the line of each."""
    pitch = max(least, (max(widths) + GAP) / (SEEN + 1))
    while (lines := fit(widths, pitch, count)) is None:
        pitch += 1
    return pitch, lines


def fit(widths: list[float], pitch: float, count: int) -> list[int] | None:
    """The lines of words in columns so wide, none higher than need be; None if they do not fit.

    Word by word it keeps, for every choice of the last lines, the best of the ways to come there.
    """
    ways: dict[tuple[int, ...], tuple[int, list[int]]] = {(): (0, [])}  # by the last lines: the sum of all, and all
    for k, width in enumerate(widths):
        longer: dict[tuple[int, ...], tuple[int, list[int]]] = {}
        for last, (total, lines) in ways.items():
            for line in range(count):
                others = [(last[-d], widths[k - d], pitch * d) for d in range(1, len(last) + 1)]
                if all(clear(line, width, *other) for other in others):
                    key = (*last, line)[-SEEN:]
                    if key not in longer or total + line < longer[key][0]:
                        longer[key] = total + line, [*lines, line]
        ways = longer
    return min(ways.values())[1] if ways else None


def clear(line: int, width: float, other_line: int, other_width: float, distance: float) -> bool:
    """Do two words, so far apart, keep clear of each other and of each other's ticks?"""
    if line == other_line:
        return (width + other_width) / 2 + GAP <= distance
    lower = width if line < other_line else other_width
    return lower / 2 + CLEAR <= distance
