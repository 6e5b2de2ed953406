"""A page of rectangles, curves and texts at given places, written as SVG or, for the other formats, as Graphviz text.

Coordinates are points, x to the right and y downwards. The SVG is ours, so that a browser sets words of any script
in its own fonts; png and pdf come from Graphviz, whose text layout also knows right-to-left and fallback fonts.
"""

from __future__ import annotations

import html
from typing import Any, NamedTuple

from .labels import plain, text_width, visible
from .style import FONT, INK, MUTED

SMALL = 11.0  # the size of a caption's letters

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
    radius: float = 0.0  # of its corners
    thickness: float = 1.0  # of its outline


class Curve(NamedTuple):
    """From (x1, y1) to (x2, y2), level at both ends."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    thickness: float = 1.0
    dashed: bool = False


class Text(NamedTuple):
    x: float
    y: float  # of the middle of the line
    words: str
    size: float = 12.0
    anchor: str = "middle"  # "left": the text begins at x; "right": it ends there
    colour: str = INK


class Canvas:
    """Curves and rectangles first, then texts on top of them."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self.width, self.height, self.title = width, height, title
        self.curves: list[Curve] = []
        self.rectangles: list[Rectangle] = []
        self.texts: list[Text] = []

    def add_paragraph(self, x: float, y: float, words: str, width: float) -> float:
        """Words in small lines no wider than `width`, as a caption has them, from y downwards; where they end."""
        lines = [""]
        for word in words.split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and text_width(longer, SMALL) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        self.texts += [
            Text(x, y + SMALL * (0.5 + 1.45 * number), line, SMALL, "left", MUTED) for number, line in enumerate(lines)
        ]
        return y + 1.45 * SMALL * len(lines)

    def svg(self) -> str:
        size = f"{self.width:g}"
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}pt" height="{self.height:g}pt" '
            f'viewBox="0 0 {size} {self.height:g}" role="img" font-family="{FONT}">',
            f"<title>{xml(self.title)}</title>",
            f'<rect width="{size}" height="{self.height:g}" fill="white"/>',
        ]
        for c in self.curves:
            middle, dashes = (c.x1 + c.x2) / 2, ' stroke-dasharray="5 3"' if c.dashed else ""
            lines.append(
                f'<path d="M{c.x1:g} {c.y1:g}C{middle:g} {c.y1:g} {middle:g} {c.y2:g} {c.x2:g} {c.y2:g}" '
                f'fill="none" stroke="{c.colour}" stroke-width="{c.thickness:g}"{dashes}/>'
            )
        for r in self.rectangles:
            round_ = f' rx="{r.radius:g}"' if r.radius else ""
            thick = f' stroke-width="{r.thickness:g}"' if r.thickness != 1 else ""
            tip = f"<title>{xml(r.tip)}</title>" if r.tip else ""
            lines.append(
                f'<rect x="{r.x:g}" y="{r.y:g}" width="{r.width:g}" height="{r.height:g}" '
                f'fill="{r.fill}" stroke="{r.stroke}"{round_}{thick}>{tip}</rect>'
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
            look = {"style": "rounded,filled" if r.radius else "filled", "penwidth": f"{r.thickness:g}"}
            graph.node(f"r{number}", fillcolor=r.fill, color=outline, **look, **self.place(r))
        for number, c in enumerate(self.curves):
            self.write_curve(graph, number, c)
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

    def write_curve(self, graph: Any, number: int, c: Curve) -> None:
        """An edge between two invisible points; the layout program "nop2" draws it where `pos` says."""
        for end, x, y in (("a", c.x1, c.y1), ("b", c.x2, c.y2)):
            graph.node(f"c{number}{end}", shape="point", style="invis", **self.place(Rectangle(x, y, 0, 0, "none")))
        middle = (c.x1 + c.x2) / 2
        points = [(c.x1, c.y1), (middle, c.y1), (middle, c.y2), (c.x2, c.y2)]
        graph.edge(
            f"c{number}a",
            f"c{number}b",
            pos=" ".join(f"{x:.2f},{self.height - y:.2f}" for x, y in points),
            color=c.colour,
            penwidth=f"{c.thickness:g}",
            style="dashed" if c.dashed else "solid",
            dir="none",
        )

    def place(self, r: Rectangle) -> dict[str, str]:
        """Graphviz counts y upwards, places a box by its middle and sizes it in inches."""
        return {
            "pos": f"{r.x + r.width / 2:.2f},{self.height - r.y - r.height / 2:.2f}",
            "width": f"{r.width / 72:.4f}",
            "height": f"{r.height / 72:.4f}",
        }


def xml(text: str) -> str:
    return html.escape(visible(text))
