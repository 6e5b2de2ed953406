"""Texts in pictures: any token or number, so that neither Graphviz nor a browser takes it for an instruction."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

SMALL = 8  # up to so many elements a value is written out, larger ones as statistics


# Characters without a sign that would turn their neighbours round, or pass unseen. Joiners stay: scripts need them.
UNSEEN = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # by their bidirectional class
EMPTY = "\u200b\u2060\ufeff"


def visible(text: str) -> str:
    """The text with a sign in place of each character that has none: a lone space, control characters, half a pair."""
    if text and not text.strip(" "):
        return "␣" * len(text)
    signs = []
    for character in text:
        code = ord(character)
        if code < 0x20:
            character = chr(0x2400 + code)
        elif code == 0x7F:
            character = "␡"
        elif (
            unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
            or code & 0xFFFE == 0xFFFE
            or character in EMPTY
            or unicodedata.bidirectional(character) in UNSEEN
        ):
            character = "�"
        signs.append(character)
    return "".join(signs)


def plain(text: str, justify: str = "") -> str:
    """An attribute's value for the graphviz package: shown as it is, on one line. justify: r"\\l" or r"\\r"."""
    import graphviz

    # Graphviz reads HTML's character names even in plain labels.
    return graphviz.nohtml(graphviz.escape(visible(text).replace("&", "&amp;")) + justify)


def markup(text: str) -> str:
    """The text as a part of an HTML-like label, which may not be empty."""
    return html.escape(visible(text)).replace("\\", "\\\\") or " "


def number(x: Any, digits: int = 3) -> str:
    """3 significant digits, as short as they can be: -0.76, 12, 1.2e-05, nan."""
    if isinstance(x, (bool, np.bool_)):
        return "True" if x else "False"
    if isinstance(x, (int, np.integer)):
        return str(int(x))
    return f"{float(x) + 0.0:.{digits}g}".replace("-", "−")


def shape(array: np.ndarray) -> str:
    return f"({', '.join(map(str, array.shape))}{',' * (array.ndim == 1)})" if array.ndim else "scalar"


def value(array: np.ndarray) -> list[str]:
    """Lines of text: a small value's elements, row by row; a larger one's mean, deviation and range."""
    if array.size == 0:
        return ["empty"]
    if array.ndim == 0:
        return [number(array[()])]
    if array.size <= SMALL:
        rows = array.reshape(-1, array.shape[-1])
        return ["[" + "  ".join(number(x) for x in row) + "]" for row in rows]
    if array.dtype.kind == "b":
        return [f"{int(array.sum())} of {array.size} True"]
    if array.dtype.kind != "f":
        return [f"{number(array.min())} … {number(array.max())}"]
    finite = array[np.isfinite(array)].astype(np.float64)
    strange = f"{array.size - finite.size} of {array.size} not finite"
    if finite.size == 0:
        return [strange]
    if finite.min() == finite.max():
        lines = [f"all {number(finite[0])}"]
    else:
        lines = [
            f"mean {number(finite.mean())} ± {number(finite.std())}",
            f"{number(finite.min())} … {number(finite.max())}",
        ]
    return lines if finite.size == array.size else [*lines, strange]


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
