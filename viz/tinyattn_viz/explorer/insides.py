"""What a unit looks like inside: its ops, what they use and what comes in and goes out, laid out by Graphviz.

The text for Graphviz holds no name and no number of the run, sizes of boxes only. So units that are built alike, as
an LSTM's at each time step, have the same text, and it is laid out once.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tinyattn.record import Record

from .. import engine
from .units import Unit, arriving, leaves

# In points, which are the page's pixels.
BOX = (148.0, 46.0)  # of an op or a leaf
WIDE = (196.0, 46.0)  # of one whose names are longer than LONG letters
PORT = (116.0, 24.0)  # of a value that comes in or goes out
LONG = 16


@dataclass
class Inside:
    """Keys of nodes are "c12" for a call, "v7" for a leaf, "in7" and "out7" for a value at the unit's edge."""

    keys: list[str] = field(default_factory=list)
    sizes: list[tuple[float, float]] = field(default_factory=list)
    edges: list[tuple[int, int, int]] = field(default_factory=list)  # places in keys, and the value that flows

    def dot(self) -> str:
        lines = [
            "digraph {",
            'graph [nodesep="0.22", ranksep="0.36", pad="0"]',
            'node [shape=box, fixedsize=true, label=""]',
            "edge [arrowhead=none]",
        ]
        for k, (width, height) in enumerate(self.sizes):
            lines.append(f'n{k} [width="{width / 72:.4f}", height="{height / 72:.4f}"]')
        for rank, kind in (("source", "in"), ("sink", "out")):
            names = [f"n{k}" for k, key in enumerate(self.keys) if key.startswith(kind)]
            if names:
                lines.append(f"{{rank={rank}; {'; '.join(names)}}}")
        lines += [f"n{tail} -> n{head}" for tail, head, _ in self.edges]
        return "\n".join([*lines, "}"])


def inside_of(record: Record, unit: Unit, leaving: Sequence[int]) -> Inside:
    """leaving: numbers of the unit's values that are used elsewhere, or by nobody."""
    inside, places = Inside(), {}

    def add(key: str, size: tuple[float, float], value: int | None = None) -> int:
        inside.keys.append(key)
        inside.sizes.append(size)
        if value is not None:
            places[value] = len(inside.keys) - 1
        return len(inside.keys) - 1

    for k in arriving(record, unit):
        add(f"in{k}", PORT, k)
    for k in leaves(record, unit):
        add(f"v{k}", BOX, k)
    for call in unit.calls:
        names = [call.op, *(record.values[k].name or "" for k in call.outputs)]
        place = add(f"c{call.number}", WIDE if len("".join(names)) > LONG else BOX)
        used = dict.fromkeys(k for _, k in call.inputs)  # once, where an op is given a value twice
        inside.edges += [(places[k], place, k) for k in used if k in places]
        places.update(dict.fromkeys(call.outputs, place))
    for k in leaving:
        tail = places[k]
        inside.edges.append((tail, add(f"out{k}", PORT), k))
    return inside


class Layouts:
    """Each different text is laid out once. `found` has what the page needs of each."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}

    def number_of(self, inside: Inside) -> int:
        """Raises: LayoutError where no engine works, it fails or takes too long."""
        dot = inside.dot()
        if dot not in self._numbers:
            self._numbers[dot] = len(self.found)
            self.found.append(geometry(laid_out(dot), inside))
        return self._numbers[dot]


@functools.lru_cache(maxsize=256)  # the next page of the same model finds them all
def laid_out(dot: str) -> str:
    return engine.run(engine.find_engine(), dot, "plain", "dot", engine.TIMEOUT).decode()


def geometry(plain: str, inside: Inside) -> dict[str, Any]:
    """Graphviz's `plain` format, in inches with y upwards, as the page's pixels with y downwards.

    nodes: [left, top, width, height] of each; edges: the path of each, as SVG writes it.
    """
    nodes: list[list[float]] = [[]] * len(inside.keys)
    paths: dict[tuple[int, int], str] = {}
    width = height = 0.0
    for line in plain.splitlines():
        kind, *words = line.split(" ")
        if kind == "graph":
            width, height = 72 * float(words[1]), 72 * float(words[2])
        elif kind == "node":
            w, h = inside.sizes[int(words[0][1:])]
            x, y = 72 * float(words[1]), height - 72 * float(words[2])
            nodes[int(words[0][1:])] = [round(x - w / 2, 1), round(y - h / 2, 1), w, h]
        elif kind == "edge":
            numbers = [72 * float(word) for word in words[3 : 3 + 2 * int(words[2])]]
            points = [f"{x:.1f} {height - y:.1f}" for x, y in zip(numbers[::2], numbers[1::2])]
            paths[int(words[0][1:]), int(words[1][1:])] = f"M{points[0]}C{' '.join(points[1:])}"
    edges = [paths[tail, head] for tail, head, _ in inside.edges]
    return {"width": round(width, 1), "height": round(height, 1), "nodes": nodes, "edges": edges}
