"""A picture before it is drawn: boxes, edges between them, and the clusters they lie in; and its Graphviz text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import style
from .labels import markup, plain

Place = tuple[str, ...]  # the clusters that a box lies in, outermost first


@dataclass
class Box:
    """`rows` are (how, text), how being a key of ROWS. `tip` is shown when a mouse rests on the box."""

    kind: str  # a key of style.BOXES
    rows: list[tuple[str, str]]
    place: Place = ()
    tip: str = ""


@dataclass
class Edge:
    tail: int  # numbers of boxes
    head: int
    label: str = ""
    loop: bool = False  # goes back to an earlier box, in the next round of a loop
    backward: bool = False  # a gradient flows here, beside the edge by which the value came
    level: bool = False  # its ends stand side by side
    share: float | None = None  # from 0 to 1: of a flow or of attention; the more, the thicker
    colour: str = ""  # of an edge with a share, and of its label


@dataclass
class Graph:
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    titles: dict[Place, str] = field(default_factory=dict)  # what is written on a cluster; its last name unless told
    caption: list[str] = field(default_factory=list)
    direction: str = "TB"

    def add(self, box: Box) -> int:
        self.boxes.append(box)
        return len(self.boxes) - 1

    def dot(self) -> str:
        """Boxes are n0, n1 ... and clusters cluster0, cluster1 ...: no text of the user's ever becomes a name."""
        import graphviz

        dot = graphviz.Digraph(
            graph_attr={
                "rankdir": self.direction,
                "bgcolor": "white",
                "fontname": style.FONT,
                "fontsize": "11",
                "fontcolor": style.MUTED,
                "labelloc": "b",
                "labeljust": "l",
                "pad": "0.25",
                "nodesep": "0.3",
                "ranksep": "0.42",
                "label": graphviz.nohtml("".join(plain(line, "\\l") for line in self.caption)),
            },
            node_attr={"fontname": style.FONT, "fontsize": "11", "fontcolor": style.INK, "margin": "0.12,0.08"},
            edge_attr={
                "fontname": style.FONT,
                "fontsize": "9",
                "fontcolor": style.MUTED,
                "color": style.EDGE,
                "arrowsize": "0.7",
            },
        )
        members: dict[Place, list[int]] = {}
        for number, box in enumerate(self.boxes):
            for depth in range(len(box.place) + 1):
                members.setdefault(box.place[:depth], [])
            members[box.place].append(number)
        clusters = {
            place: graphviz.Digraph(f"cluster{number}", graph_attr=self.cluster_look(place))
            for number, place in enumerate(members)
            if place
        }
        for place, numbers in members.items():
            for number in numbers:
                self.write_box(clusters.get(place, dot), number)
        for place in sorted(clusters, key=len, reverse=True):  # inner ones into outer ones
            clusters.get(place[:-1], dot).subgraph(clusters[place])
        handing_over = {edge.tail for edge in self.edges if edge.level}
        if handing_over:
            dot.attr(newrank="true")  # boxes of different clusters can stand side by side
        for edge in self.edges:
            look = {"style": "dashed", "constraint": "false", "color": style.LOOP} if edge.loop else {}
            if edge.share is not None:
                colour = edge.colour or style.EDGE
                look |= {"penwidth": f"{0.7 + 6 * edge.share:.2f}", "color": colour, "fontcolor": colour}
            if edge.tail == edge.head in handing_over:  # the right side is taken
                look |= {"tailport": "w", "headport": "w"}
            if edge.level:
                look["constraint"] = "false"
                dot.body.append(f"\t{{rank=same n{edge.tail} n{edge.head}}}\n")
            ends = edge.tail, edge.head
            if edge.backward:  # written like the edge beside it, so that the layout puts them side by side
                ends = edge.head, edge.tail
                look |= {"dir": "back", "color": style.GRADIENT, "fontcolor": style.GRADIENT}
            dot.edge(f"n{ends[0]}", f"n{ends[1]}", lines(edge.label), **look)
        return dot.source

    def write_box(self, dot: Any, number: int) -> None:
        box = self.boxes[number]
        shape, look, fill, outline = style.BOXES[box.kind]
        dot.node(f"n{number}", table(box.rows), shape=shape, style=look, fillcolor=fill, color=outline)

    def cluster_look(self, place: Place) -> dict[str, str]:
        depth = min(len(place), len(style.CLUSTERS)) - 1
        return {
            "label": f"<<B>{markup(self.titles.get(place, place[-1]))}</B>>",
            "style": "rounded,filled",
            "labelloc": "b" if self.direction == "BT" else "t",
            "labeljust": "l",
            "fillcolor": style.CLUSTERS[depth],
            "color": style.CLUSTER_OUTLINE,
            "fontname": style.FONT,
            "fontcolor": style.INK,
            "fontsize": "12",
            "margin": "12",
        }

    def tips(self) -> dict[str, str]:
        """What to say of each box, by the name it has in the Graphviz text."""
        return {f"n{number}": box.tip for number, box in enumerate(self.boxes) if box.tip}


ROWS = {
    "title": '<FONT POINT-SIZE="12"><B>{}</B></FONT>',
    "name": f'<FONT POINT-SIZE="11" COLOR="{style.NAME}"><I>{{}}</I></FONT>',
    "formula": f'<FONT POINT-SIZE="10" COLOR="{style.MUTED}"><I>{{}}</I></FONT>',
    "shape": f'<FONT POINT-SIZE="10" COLOR="{style.MUTED}">{{}}</FONT>',
    "number": f'<FONT POINT-SIZE="10" FACE="{style.MONO}">{{}}</FONT>',
    "gradient": f'<FONT POINT-SIZE="10" FACE="{style.MONO}" COLOR="{style.GRADIENT}">{{}}</FONT>',
    "rule": f'<FONT POINT-SIZE="10" COLOR="{style.GRADIENT}"><I>{{}}</I></FONT>',
    "note": f'<FONT POINT-SIZE="11" COLOR="{style.NAME}">{{}}</FONT>',
    "cells": '<FONT POINT-SIZE="10">{}</FONT>',  # columns of a table
    "words": '<FONT POINT-SIZE="12">{}</FONT>',
}


def table(rows: list[tuple[str, str]]) -> str:
    """An HTML-like label, a row a line, on the left: it stays tidy where a browser's font is narrower."""
    lines: list[str] = []
    for how, text in rows:
        if how == "name":  # beside what stands before it
            lines[-1] += " " + ROWS[how].format(markup(text))
        else:
            lines.append(heat(text) if how == "heat" else ROWS[how].format(markup(text)))
    cells = "".join(f'<TR><TD ALIGN="LEFT">{line}</TD></TR>' for line in lines)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells}</TABLE>>'


def heat(text: str) -> str:
    """A table of coloured cells, as wide as the box, a row for each line of text."""
    cell = '<TD WIDTH="9" HEIGHT="9" BGCOLOR="{}"></TD>'
    rows = [f"<TR>{''.join(map(cell.format, line.split(' ')))}</TR>" for line in text.split("\n")]
    look = 'BORDER="1" COLOR="#c3ccd4" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
    return f"<TABLE {look}>{''.join(rows)}</TABLE>"


def lines(text: str) -> str | None:
    """An edge's label, with room between it and the edge."""
    import graphviz

    return graphviz.nohtml("".join(plain(f"  {line} ", "\\l") for line in text.split("\n"))) if text else None
