"""A graph as Mermaid text, which GitHub draws where it stands in a page as ```mermaid.

Labels are HTML to Mermaid, which also looks for Markdown, formulas and icons in them. So in every text of the user's
all signs but letters and digits are written by their number, `#60;` for <, and none of them means anything.
Source: mermaid.js.org/syntax/flowchart.html ("Entity codes to escape characters"), mermaid.js.org/config/schema-docs
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from . import style
from .engine import LayoutError
from .graph import Graph, Place
from .labels import visible

MOST_EDGES, MOST_SIGNS = 500, 50_000  # more than that Mermaid refuses, and a page cannot allow it

# kind of a box: what stands around its label
SHAPES = {
    "op": ('("', '")'),
    "input": ('(["', '"])'),
    "parameter": ('[["', '"]]'),
    "constant": ('[/"', '"/]'),
    "group": ('["', '"]'),
    "question": ('{"', '"}'),
}
TAGS = {"title": "b", "words": "b", "name": "i", "formula": "i"}  # how rows of a box are written

# Where a line break, a formula, an icon or one of Mermaid's own placeholders would still be seen once the numbers are
# signs again, a joiner without width parts them.
MEANT = re.compile(r"(?<=\\)(?=n)|(?<=\$)(?=\$)|(?<=:)(?=fa-)|(?<=ﬂ)(?=°)|(?<=¶)(?=ß)")
JOINER = "\u2060"

WIDE = '%%{init: {"flowchart": {"wrappingWidth": 420}}}%%'  # lines may be so long before they are broken


def mermaid(graph: Graph) -> str:
    """The graph as text of a Mermaid flowchart; its boxes are n0, n1 ... and its clusters c0, c1 ...

    Raises: LayoutError for a graph larger than Mermaid draws.
    """
    # The layout turns those edges round that close a circle when it comes from the boxes named first.
    first = dict.fromkeys(f"n{edge.head}" for edge in graph.edges if edge.loop and edge.head != edge.tail)
    parts = [*first, *clusters(graph), *edges(graph), *caption(graph), *looks(graph)]
    text = "\n    ".join([WIDE, f"flowchart {graph.direction}", *parts]) + "\n"
    if len(graph.edges) > MOST_EDGES or len(text) > MOST_SIGNS:
        raise LayoutError(
            f"mermaid: wanted at most {MOST_EDGES} edges and {MOST_SIGNS:,} signs, as Mermaid draws no more, got "
            f'{len(graph.edges):,} and {len(text):,}: draw less (detail="layer", a smaller budget), or save another '
            "format"
        )
    return text


def clusters(graph: Graph) -> Iterator[str]:
    """Every box inside the clusters that it lies in."""
    members: dict[Place, list[int]] = {(): []}
    for number, box in enumerate(graph.boxes):
        for depth in range(len(box.place) + 1):
            members.setdefault(box.place[:depth], [])
        members[box.place].append(number)
    order = {place: number for number, place in enumerate(members)}

    def inside(place: Place) -> Iterator[str]:
        indent = "    " * len(place)
        for number in members[place]:
            box = graph.boxes[number]
            left, right = SHAPES[box.kind]
            yield f"{indent}n{number}{left}{label(box.rows)}{right}:::{box.kind}"
        for inner in members:
            if inner and inner[:-1] == place:
                title = graph.titles.get(inner, inner[-1])
                yield f'{indent}subgraph c{order[inner]}["<b>{escaped(title)}</b>"]'
                yield from inside(inner)
                yield f"{indent}end"

    yield from inside(())
    for place, number in order.items():
        if place:
            fill = style.CLUSTERS[min(len(place), len(style.CLUSTERS)) - 1]
            yield f"style c{number} fill:{fill},stroke:{style.CLUSTER_OUTLINE},color:{style.INK}"


def edges(graph: Graph) -> Iterator[str]:
    """Every edge, back to an earlier box with dots; then how thick those are that carry a share."""
    for edge in graph.edges:
        arrow = "-.->" if edge.loop else "-->"
        text = f'|"{broken(edge.label)}"|' if edge.label.strip() else ""
        yield f"n{edge.tail} {arrow}{text} n{edge.head}"
    for number, edge in enumerate(graph.edges):
        if edge.loop or edge.backward:
            yield f"linkStyle {number} stroke:{style.GRADIENT if edge.backward else style.LOOP}"
        elif edge.share is not None:
            colour = style.blue(0.35 + 0.5 * edge.share)
            yield f"linkStyle {number} stroke-width:{1 + 6 * edge.share:.1f}px,stroke:{colour}"


def caption(graph: Graph) -> Iterator[str]:
    """Below everything else, where an unseen link keeps it."""
    if not graph.caption:
        return
    yield f'caption["{broken(chr(10).join(graph.caption))}"]:::caption'
    upwards = graph.direction == "BT"
    busy = {edge.head if upwards else edge.tail for edge in graph.edges if not edge.loop}
    lowest = [number for number in range(len(graph.boxes)) if number not in busy]
    if lowest:
        yield f"caption ~~~ n{lowest[0]}" if upwards else f"n{lowest[-1]} ~~~ caption"


def looks(graph: Graph) -> Iterator[str]:
    for kind in dict.fromkeys(box.kind for box in graph.boxes):
        _, _, fill, outline = style.BOXES[kind]
        yield f"classDef {kind} fill:{fill},stroke:{outline},color:{style.INK}"
    if graph.caption:
        yield f"classDef caption fill:none,stroke:none,color:{style.MUTED}"


def label(rows: list[tuple[str, str]]) -> str:
    """Rows of a box as lines; a name stands beside what is before it."""
    text = ""
    for how, words in rows:
        if how == "heat":  # colours
            continue
        tag = TAGS.get(how)
        written = f"<{tag}>{escaped(words)}</{tag}>" if tag else escaped(words)
        text += ("" if not text else " " if how == "name" else "<br/>") + written
    return text


def broken(text: str) -> str:
    return "<br/>".join(escaped(line) for line in text.strip("\n").split("\n"))


def escaped(text: str) -> str:
    """The text with a number for every sign that could mean something."""
    shown = MEANT.sub(JOINER, visible(text))
    return "".join(c if c in " ,.()" or unicodedata.category(c)[0] in "LMN" else f"#{ord(c)};" for c in shown)
