"""A page of rectangles and texts at given places, written as SVG or, for the other formats, as Graphviz text.

Coordinates are points, x to the right and y downwards. The SVG is ours, so that a browser sets words of any script
in its own fonts; png and pdf come from Graphviz, whose text layout also knows right-to-left and fallback fonts.
"""

from __future__ import annotations

import html
from typing import NamedTuple

from .labels import plain, visible
from .style import FONT, INK

ANCHORS = {"left": "start", "middle": "middle", "right": "end"}
JUSTIFY = {"left": "\\l", "middle": "", "right": "\\r"}


class Rectangle(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str = "none"
    tip: str = ""


class Text(NamedTuple):
    x: float
    y: float  # of the middle of the line
    words: str
    size: float = 12.0
    anchor: str = "middle"  # "left": the text begins at x; "right": it ends there
    colour: str = INK


class Canvas:
    """Rectangles first, then texts on top of them."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self.width, self.height, self.title = width, height, title
        self.rectangles: list[Rectangle] = []
        self.texts: list[Text] = []

    def svg(self) -> str:
        size = f"{self.width:g}"
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}pt" height="{self.height:g}pt" '
            f'viewBox="0 0 {size} {self.height:g}" role="img" font-family="{FONT}">',
            f"<title>{xml(self.title)}</title>",
            f'<rect width="{size}" height="{self.height:g}" fill="white"/>',
        ]
        for r in self.rectangles:
            tip = f"<title>{xml(r.tip)}</title>" if r.tip else ""
            lines.append(
                f'<rect x="{r.x:g}" y="{r.y:g}" width="{r.width:g}" height="{r.height:g}" '
                f'fill="{r.fill}" stroke="{r.stroke}">{tip}</rect>'
            )
        for t in self.texts:
            # Isolated, each word keeps its own direction and does not turn its neighbours round.
            lines.append(
                f'<text x="{t.x:g}" y="{t.y + t.size * 0.35:g}" font-size="{t.size:g}" fill="{t.colour}" '
                f'text-anchor="{ANCHORS[t.anchor]}" unicode-bidi="isolate">{xml(t.words)}</text>'
            )
        return "\n".join([*lines, "</svg>", ""])

    def dot(self) -> str:
        import graphviz

        graph = graphviz.Digraph(
            graph_attr={"bgcolor": "white", "pad": "0", "outputorder": "nodesfirst"},
            node_attr={"shape": "box", "fontname": FONT, "fixedsize": "true", "margin": "0", "label": ""},
        )
        page = Rectangle(0, 0, self.width, self.height, "#ffffff")
        for number, r in enumerate([page, *self.rectangles]):
            outline = r.fill if r.stroke == "none" else r.stroke
            graph.node(f"r{number}", style="filled", fillcolor=r.fill, color=outline, **self.place(r))
        for number, t in enumerate(t for t in self.texts if t.words):  # Graphviz crashes on an empty line
            # A text has a box without outline, as wide as the page allows, and stands at its left, middle or right.
            left, right = {
                "left": (t.x, self.width),
                "right": (0.0, t.x),
                "middle": (max(0.0, 2 * t.x - self.width), min(self.width, 2 * t.x)),
            }[t.anchor]
            box = Rectangle(left, t.y - t.size / 2, right - left, t.size, "none")
            graph.node(
                f"t{number}",
                plain(t.words, JUSTIFY[t.anchor]),
                shape="plaintext",
                fontsize=f"{t.size:g}",
                fontcolor=t.colour,
                **self.place(box),
            )
        return graph.source

    def place(self, r: Rectangle) -> dict[str, str]:
        """Graphviz counts y upwards, places a box by its middle and sizes it in inches."""
        return {
            "pos": f"{r.x + r.width / 2:.2f},{self.height - r.y - r.height / 2:.2f}",
            "width": f"{r.width / 72:.4f}",
            "height": f"{r.height / 72:.4f}",
        }


def xml(text: str) -> str:
    return html.escape(visible(text))
