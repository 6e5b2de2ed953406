"""The picture of an attention path, at `step` or `op` detail: edges as thick as their share of the flow."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from tinyattn.record import Record

from .collapse import STEP
from .describe import module_title, where, word_rows, wrapped
from .ends import words_of
from .graph import Box, Edge, Graph, Place
from .grid import Frame, Grid, size
from .labels import shape, value
from .path import ATTENTION, CONTEXT, ONLY, Path, is_recurrent
from .path_layout import Column, Line, PathLayout
from .path_units import LEAST, OPENED, Unit, Units

COLOURS = {ATTENTION: ("blue", "#1f6fb5"), CONTEXT: ("orange", "#c8500a"), ONLY: ("blue", "#1f6fb5")}
MOST = 6  # words in a box: of more, the first and the last
LABELLED = 0.03  # an edge with less has no number on it
ALL_STEPS = 1_000_000_000  # the column of what runs once for all time steps: behind theirs
FEW = 3  # of the other words, so many are named in the caption
LINE = 96  # letters in a line of the caption


def path_graph(record: Record, path: str, detail: str = "step", budget: int = 300) -> Graph:
    """The routes from one source word to one output word: `vamos:go`.

    detail: "step" for a box for each module and time step; "op" for a box for each op, where much goes through. Above
    `budget` boxes the picture at op detail is that at step detail.
    Raises: ValueError for words that the record does not have, or that nothing joins.
    """
    found = Path(record, path)
    if not found.total > 0.0:
        raise ValueError(
            f"draw: path: wanted two words that are joined, but nothing of source word {found.source.name!r} reaches "
            f"output word {found.target.name!r}: choose others"
        )
    units, note = Units(found, detail), ""
    if units.opened and len(units.drawn) > budget:
        note = f"Not op by op: that would be {len(units.drawn):,} boxes, more than {budget:,}."
        units = Units(found, "step")
    return PathPicture(found, units, note).draw()


class PathPicture:
    def __init__(self, path: Path, units: Units, note: str) -> None:
        self.path, self.record, self.units, self.note = path, path.record, units, note

    def draw(self) -> Graph:
        graph = Graph() if self.units.opened else Grid(direction="BT")
        numbers = {unit: graph.add(self.box(unit)) for unit in self.units.drawn}
        lines: dict[Line, Edge] = {}
        for (tail, head, route), flow in self.units.flows.items():
            state = route == CONTEXT and not self.seen_target(tail) and self.seen_target(head)
            text = f"{route} {percent(flow)}" if state else percent(flow) if flow >= LABELLED else ""
            edge = Edge(numbers[tail], numbers[head], text, share=flow, colour=COLOURS[route][1])
            lines[Line(tail, head, text, state)] = edge
        graph.edges = list(lines.values())
        for place in {box.place[:k] for box in graph.boxes for k in range(1, len(box.place) + 1)}:
            if not place[-1].startswith(STEP):
                graph.titles[place] = module_title(self.record, ".".join(place))
        graph.caption = self.caption()
        if isinstance(graph, Grid):
            self.lay_out(graph, lines, numbers)
        else:
            graph.caption = [line for text in graph.caption for line in textwrap.wrap(text, LINE)]
        return graph

    def lay_out(self, grid: Grid, lines: Mapping[Line, Edge], numbers: Mapping[Unit, int]) -> None:
        sizes = {}
        for unit, number in numbers.items():
            width, height = size(grid.boxes[number].rows)
            sizes[unit] = width + 10, height
        layout = PathLayout(self.units.drawn, list(lines), sizes, self.column, self.seen_target)
        grid.spots = {numbers[unit]: spot for unit, spot in layout.spots.items()}
        # The thinnest last, so that none is hidden.
        for line, edge in sorted(lines.items(), key=lambda pair: -(pair[1].share or 0.0)):
            grid.routes.append((edge, layout.routes[line]))
            grid.texts.append((*layout.labels[line], edge.colour, edge.label))
        for outer in sorted({box.place[0] for box in grid.boxes if box.place}):
            inside = [grid.spots[k] for k, box in enumerate(grid.boxes) if box.place[:1] == (outer,)]
            left, right = min(spot.left for spot in inside) - 14, max(spot.right for spot in inside) + 14
            bottom, top = min(spot.bottom for spot in inside) - 26, max(spot.top for spot in inside) + 22
            grid.frames.append(Frame(grid.titles[(outer,)], left, bottom, right, top, below=True))

    def column(self, unit: Unit) -> Column:
        """The words stand in the columns of the boxes that they are joined to."""
        if unit is self.units.source:
            return next(self.column(head) for tail, head, _ in self.units.flows if tail is unit)
        if unit is self.units.target:
            return next(self.column(tail) for tail, head, _ in self.units.flows if head is unit)
        return self.seen_target(unit), unit.steps[0] if unit.steps else ALL_STEPS

    def seen_target(self, unit: Unit) -> bool:
        return unit is self.units.target or any(k in self.path.seen_target for c in unit.calls for k in c.outputs)

    # --- boxes ----------------------------------------------------------

    def box(self, unit: Unit) -> Box:
        if unit is self.units.source:
            rows = [("title", self.path.source.name), ("shape", "source word")]
            return Box("input", rows, self.where_it_goes_in(), "source word")
        if unit is self.units.target:
            rows = [("title", self.path.target.name), ("shape", "output word")]
            if self.path.output.chance is not None:
                rows.append(("shape", f"probability {percent(self.path.output.chance)}"))
            return Box("input", rows, (), "output word")
        return self.op_box(unit) if unit in self.units.opened else self.module_box(unit)

    def where_it_goes_in(self) -> Place:
        """The cluster of the embedding that made numbers of the word."""
        made = (self.record.values[k].call for k in self.path.marked)
        path = next((self.record.calls[number].path for number in made if number is not None), "")
        return tuple(path.split("."))[:-1]

    def op_box(self, unit: Unit) -> Box:
        (call,) = unit.calls
        outputs = [self.record.values[k] for k in call.outputs]
        rows = [("title", call.op), *([("name", outputs[0].name)] if outputs[0].name else [])]
        rows += [("formula", line) for line in wrapped(call.formula)]
        rows += [("shape", shape(v.array)) for v in outputs]
        rows += [("number", line) for v in outputs for line in value(v.array)]
        step = () if call.step is None else (f"{STEP}{call.step}",)
        return Box("op", rows, (*filter(None, call.path.split(".")), *step), where(call))

    def module_box(self, unit: Unit) -> Box:
        call = unit.calls[0]
        title = module_title(self.record, call.path) if call.path else call.op if len(unit.calls) == 1 else ""
        place: Place = tuple(call.path.split("."))[:-1]
        if place and not self.units.opened and any(other.row[0] == place[0] for other in self.units.drawn):
            # A part of a module that is a box itself, as of attention: no frame would hold both.
            title, place = f"{call.path}: {self.record.modules.get(call.path, '')}", ()
        alike = {other.layer for other in self.units.drawn if other.row[0] == call.path and other.layer}
        if unit.layer is not None:
            title += f" {unit.layer[0] + 1}" * (len({layer for layer, _ in alike}) > 1)
            title += (" ←" if unit.layer[1] else " →") * (len({backwards for _, backwards in alike}) > 1)
        rows = [("title", title or f"{STEP}{call.step}"), *word_rows(self.read_in(unit))]
        if len(unit.steps) > 1:
            rows.append(("note", f"× {len(unit.steps)} time steps"))
        return Box("group", rows, place, where(call))

    def read_in(self, unit: Unit) -> list[str]:
        """The words that are read in the steps of a unit; on the target's side only what remembers them shows them."""
        seen = self.seen_target(unit)
        if seen and not is_recurrent(self.record, unit.calls[0]):
            return []
        words = self.record.words.get("target" if seen else "source", [])
        read = [words[step] for step in unit.steps if step < len(words)]
        return read if len(read) <= MOST else [read[0], "…", read[-1]]

    # --- caption --------------------------------------------------------

    def caption(self) -> list[str]:
        path = self.path
        source, target = f"“{path.source.name}”", f"“{path.target.name}”"
        texts = []
        if list(path.flows) != [ONLY]:
            parts = [
                f"{percent(flow.total / path.total)} by {'the ' * (route == CONTEXT)}{route} ({COLOURS[route][0]})"
                for route, flow in path.flows.items()
            ]
            texts.append(f"What {target} takes from {source}: {', '.join(parts)}.")
        texts.append(f"{source} is {percent(path.total)} of all that the score of {target} is made of{self.others()}")
        texts.append(
            "An edge is as thick as its share of flow: |gradient × value| over the edge, normalised over each node's "
            f"inputs, and multiplied along the way. 100% is all that comes from {source}."
        )
        if self.units.left_out:
            texts.append(f"Edges with less than {LEAST:.0%} of their route are left out.")
        if self.units.opened and any(unit.calls and unit not in self.units.opened for unit in self.units.drawn):
            texts.append(f"Modules with less than {OPENED:.0%} of all are one box.")
        return [*texts, *([self.note] if self.note else [])]

    def others(self) -> str:
        """What else the output word is made of, the most first."""
        parts = []
        for name, end in (("source", ""), ("target", " (read before)")):
            for word, part in zip(words_of(self.record, name), self.path.parts(name), strict=True):
                if word != self.path.source or name != "source":
                    parts.append((part, f"“{word.name}”{end} {percent(part)}"))
        parts = sorted((part for part in parts if part[0] >= 0.005), key=lambda part: -part[0])
        told = ", ".join(text for _, text in parts[:FEW])
        return (f"; {told}" if told else "") + (", …" if len(parts) > FEW else ".")


def percent(share: float) -> str:
    """0.4 as 40%; what is not all or nothing does not look like it."""
    if 0.0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1.0 - 1e-13 else f"{share:.0%}"
