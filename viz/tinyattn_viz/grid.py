"""A graph whose boxes have their places: what `step` pictures are drawn on. Graphviz only writes the file."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any

from . import style
from .graph import ROWS, Edge, Graph
from .heatmap import text_width
from .labels import markup, plain
from .routes import Route

HEIGHTS = {"title": 17.0, "words": 18.0, "cells": 15.0}  # of a line, by what it is
LINE = 14.0
BETWEEN = "\u2003"  # parts the columns of a row of "cells"


@dataclass
class Spot:
    """Where a box stands: its middle and size, in points."""

    x: float
    y: float
    width: float
    height: float

    left = property(lambda self: self.x - self.width / 2)
    right = property(lambda self: self.x + self.width / 2)
    top = property(lambda self: self.y + self.height / 2)
    bottom = property(lambda self: self.y - self.height / 2)


@dataclass
class Frame:
    """A tinted field behind boxes that belong together, with a title at its upper left, or at its lower left."""

    title: str
    left: float
    bottom: float
    right: float
    top: float
    below: bool = False


@dataclass
class Grid(Graph):
    spots: dict[int, Spot] = field(default_factory=dict)  # by the number of a box
    routes: list[tuple[Edge, Route]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    texts: list[tuple[float, float, str, str]] = field(default_factory=list)  # x and y of the middle, colour, words

    def dot(self) -> str:
        import graphviz

        dot = graphviz.Digraph(
            graph_attr={"bgcolor": "white", "pad": "0.25", "outputorder": "edgesfirst", "fontname": style.FONT},
            node_attr={
                "fontname": style.FONT,
                "fontsize": "10",
                "fontcolor": style.INK,
                "margin": "0",
                "fixedsize": "true",
            },
            edge_attr={"color": style.EDGE, "arrowsize": "0.7"},
        )
        for number, frame in enumerate(self.frames):
            self.write_frame(dot, number, frame)
        for number, box in enumerate(self.boxes):
            shape, look, fill, outline = style.BOXES[box.kind]
            # A tab or a fold would not fit a box of one line.
            shape = shape if shape in ("box", "diamond") else "box"
            place = placed(self.spots[number])
            dot.node(f"n{number}", table(box.rows), shape=shape, style=look, fillcolor=fill, color=outline, **place)
        for number, (x, y, colour, words) in enumerate([*self.texts, *self.caption_lines()]):
            anchor = "\\l" if number >= len(self.texts) else ""
            width = text_width(words, 10)
            spot = Spot(x + (width / 2 if anchor else 0), y, width, 12)
            dot.node(f"t{number}", plain(words, anchor), shape="plaintext", fontcolor=colour, **placed(spot))
        for edge, route in self.routes:
            dot.edge(f"n{edge.tail}", f"n{edge.head}", pos=route.pos(), **look_of(edge))
        return dot.source

    def write_frame(self, dot: Any, number: int, frame: Frame) -> None:
        import graphviz

        box = f"{frame.left:.1f},{frame.bottom:.1f},{frame.right:.1f},{frame.top:.1f}"
        inside = graphviz.Digraph(
            f"cluster{number}",
            graph_attr={
                "bb": box,
                "style": "rounded,filled",
                "fillcolor": style.CLUSTERS[0],
                "color": style.CLUSTER_OUTLINE,
                "label": "",
            },
        )
        width = text_width(frame.title, 12)
        spot = Spot(frame.left + 8 + width / 2, frame.bottom + 11 if frame.below else frame.top - 11, width, 14)
        label = f'<<TABLE BORDER="0" CELLPADDING="0"><TR><TD ALIGN="LEFT" WIDTH="{width:.0f}">'
        label += f'<FONT POINT-SIZE="12"><B>{markup(frame.title)}</B></FONT></TD></TR></TABLE>>'
        inside.node(f"f{number}", label, shape="plaintext", **placed(spot))
        dot.subgraph(inside)

    def caption_lines(self) -> list[tuple[float, float, str, str]]:
        """The caption below everything else, broken to the width of the picture."""
        left = min(min(spot.left for spot in self.spots.values()), *(frame.left for frame in self.frames), 1e9)
        right = max(max(spot.right for spot in self.spots.values()), *(frame.right for frame in self.frames), -1e9)
        bottom = min(spot.bottom for spot in self.spots.values()) - 42
        signs = max(60, int((right - left) / 5.2))
        lines = [line for text in self.caption for line in textwrap.wrap(text, signs)]
        return [(left, bottom - 14 * number, style.MUTED, line) for number, line in enumerate(lines)]


def placed(spot: Spot) -> dict[str, str]:
    """Graphviz wants the middle in points and sizes in inches."""
    return {
        "pos": f"{spot.x:.1f},{spot.y:.1f}",
        "width": f"{spot.width / 72:.4f}",
        "height": f"{spot.height / 72:.4f}",
    }


def look_of(edge: Edge) -> dict[str, str]:
    if edge.loop:
        return {"style": "dashed", "color": style.LOOP}
    if edge.share is not None:
        colour = edge.colour or style.blue(0.35 + 0.5 * edge.share)
        return {"color": colour, "penwidth": f"{0.7 + 3.8 * edge.share:.2f}", "arrowsize": "0.6"}
    return {}


def size(rows: list[tuple[str, str]]) -> tuple[float, float]:
    """The width and height that a box of these rows needs."""
    widths, columns = [0.0], [0.0, 0.0, 0.0]
    for how, text in rows:
        if how == "cells":
            for k, part in enumerate(text.rsplit(BETWEEN, 2)):
                columns[k] = max(columns[k], text_width(part, 10) + 8)
        elif how in ("number", "gradient"):
            widths.append(len(text) * 6.1)
        else:
            widths.append(text_width(text, {"title": 12.5, "words": 12.5}.get(how, 9.6)))
    height = sum(HEIGHTS.get(how, LINE) for how, _ in rows)
    return max(*widths, sum(columns)) + 16, height + 12


def table(rows: list[tuple[str, str]]) -> str:
    """An HTML-like label with its lines in the middle; rows of "cells" stand in columns below each other."""
    lines, cells = [], []
    for how, text in [*rows, ("", "")]:
        if how == "cells":
            first, *others = (markup(part) for part in text.rsplit(BETWEEN, 2))
            right = "".join(f'<TD ALIGN="RIGHT">  {x}</TD>' for x in others)
            cells.append(f'<TR><TD ALIGN="LEFT">{first}</TD>{right}</TR>')
            continue
        if cells:
            inner = f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(cells)}</TABLE>'
            lines.append(inner)
            cells = []
        if how:
            lines.append(ROWS[how].format(markup(text)))
    body = "".join(f"<TR><TD>{line}</TD></TR>" for line in lines)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{body}</TABLE>>'
