"""Colours, fonts and sizes of every picture, in one place.

The fills are light tints of the Okabe-Ito palette, which people with any kind of colour vision can tell apart; each
kind of box has a shape of its own as well, so nothing is said by colour alone. Text is near black on all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

FONT = "Helvetica,Arial,sans-serif"
MONO = "DejaVu Sans Mono,Menlo,Consolas,monospace"
INK = "#1b2733"  # text and outlines
MUTED = "#5b6873"  # formulas, shapes, captions: 5.6 to 1 on white
EDGE = "#6b7782"
NAME = "#0b5394"  # what the program calls a value
LOOP = "#8a3ffc"  # edges into the next step
GRADIENT = "#9c2f00"  # dL/dx

# kind of a box: shape, style, fill, outline
BOXES = {
    "op": ("box", "rounded,filled", "#ffffff", "#4a6b8a"),
    "input": ("tab", "filled", "#d5efe4", "#00785a"),
    "parameter": ("box3d", "filled", "#fdebc8", "#a86a00"),
    "constant": ("note", "filled", "#eceff1", "#77838d"),
    "group": ("box", "rounded,filled,bold", "#dcebf7", "#2c6ea6"),
    "question": ("diamond", "filled", "#f1e9ff", "#8a3ffc"),
}

# How deeply a cluster is nested: its fill, darker inwards.
CLUSTERS = ("#f6f9fc", "#edf3f9", "#e4edf6", "#dae6f1")
CLUSTER_OUTLINE = "#9fb4c7"

# ColorBrewer "Blues" (Brewer 2013), white to dark blue: even steps of lightness, and readable when printed grey.
BLUES = ("#f7fbff", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b")


# ColorBrewer "RdBu", blue to red over near white: which of them it is, people with any kind of colour vision can tell.
DIVERGING = ("#2166ac", "#67a9cf", "#f7f7f7", "#ef8a62", "#b2182b")
NOT_FINITE = "#8a8a8a"


def blue(weight: float) -> str:
    """The colour of a weight from 0 to 1."""
    return between(BLUES, weight)


def diverging(x: float) -> str:
    """The colour of a number from −1 to 1."""
    return between(DIVERGING, (x + 1) / 2) if math.isfinite(x) else NOT_FINITE


def between(colours: Sequence[str], place: float) -> str:
    """The colour at a place from 0, where the first is, to 1, where the last is."""
    place = min(max(place, 0.0), 1.0) * (len(colours) - 1)
    left = min(int(place), len(colours) - 2)
    parts = [(int(colours[left][i : i + 2], 16), int(colours[left + 1][i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * (place - left)):02x}" for a, b in parts)


def ink_on(weight: float) -> str:
    """Text on `blue(weight)`: black or white, whichever has the greater contrast; a weight near 0 holds back."""
    return MUTED if weight < 0.05 else "#000000" if weight < 0.72 else "#ffffff"
