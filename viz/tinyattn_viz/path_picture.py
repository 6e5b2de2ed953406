"""The picture of an attention path, at `step` or `op` detail: edges as thick as their share of the flow."""

from __future__ import annotations

import textwrap

from tinyattn.record import Record

from .describe import module_title, where, word_rows, wrapped
from .graph import Box, Edge, Graph, Place
from .labels import shape, value
from .path import ATTENTION, CONTEXT, ONLY, Path
from .path_units import Unit, Units

COLOURS = {ATTENTION: "#1f6fb5", CONTEXT: "#c8500a", ONLY: "#1f6fb5"}
LABELLED = 0.03  # an edge with less has no number on it
FEW = 3  # of the other words, so many are named in the caption
LINE = 96  # letters in a line of the caption


def path_graph(record: Record, path: str, detail: str = "step", budget: int = 300) -> Graph:
    """The routes from one source word to one output word: `vamos:go`.

    detail: "step" for a box for each module and time step, "op" for one for each op. Above `budget` boxes at op detail,
    the picture is that of step.
    Raises: ValueError for words that the record does not have, or that nothing joins.
    """
    found = Path(record, path)
    if not found.total > 0.0:
        raise ValueError(
            f"draw: path: wanted two words that are joined, but nothing of {found.source.name!r} reaches "
            f"{found.target.name!r}: choose others"
        )
    units, note = Units(found, detail), ""
    if detail == "op" and len(units.drawn) > budget:
        note = f"Each module is one box for each time step: its ops would be {len(units.drawn):,}, more than {budget:,}."
        detail, units = "step", Units(found, "step")
    return PathPicture(found, units, detail, note).draw()


class PathPicture:
    def __init__(self, path: Path, units: Units, detail: str, note: str) -> None:
        self.path, self.record, self.units, self.detail, self.note = path, path.record, units, detail, note

    def draw(self) -> Graph:
        graph = Graph(direction="BT" if self.detail == "step" else "TB")
        numbers = {unit: graph.add(self.box(unit)) for unit in self.units.drawn}
        for (tail, head, route), flow in self.units.flows.items():
            crosses = route == CONTEXT and not self.seen_target(tail) and self.seen_target(head)
            label = f"{route} {percent(flow)}" if crosses else percent(flow) if flow >= LABELLED else ""
            level = self.detail == "step" and (tail.row == head.row or crosses)
            look = {"share": flow, "colour": COLOURS[route]}
            graph.edges.append(Edge(numbers[tail], numbers[head], label, level=level, **look))
        for place in {box.place[:k] for box in graph.boxes for k in range(1, len(box.place) + 1)}:
            if not place[-1].startswith("step "):
                graph.titles[place] = module_title(self.record, ".".join(place))
        graph.caption = [line for text in self.caption() for line in textwrap.wrap(text, LINE)]
        return graph

    def seen_target(self, unit: Unit) -> bool:
        return unit is self.units.target or any(k in self.path.seen_target for c in unit.calls for k in c.outputs)

    # --- boxes ----------------------------------------------------------

    def box(self, unit: Unit) -> Box:
        if unit is self.units.source:
            return Box("input", [("title", self.path.source.name), ("shape", "source word")], (), "source word")
        if unit is self.units.target:
            chance = self.path.output.chance
            rows = [("title", self.path.target.name), ("shape", "output word")]
            return Box("input", rows + [("shape", f"p = {chance:.2f}")] * (chance is not None), (), "output word")
        return self.op_box(unit) if len(unit.calls) == 1 and self.detail == "op" else self.module_box(unit)

    def op_box(self, unit: Unit) -> Box:
        (call,) = unit.calls
        outputs = [self.record.values[k] for k in call.outputs]
        rows = [("title", call.op), *([("name", outputs[0].name)] if outputs[0].name else [])]
        rows += [("formula", line) for line in wrapped(call.formula)]
        rows += [("shape", shape(v.array)) for v in outputs]
        rows += [("number", line) for v in outputs for line in value(v.array)]
        step = () if call.step is None else (f"step {call.step}",)
        return Box("op", rows, (*filter(None, call.path.split(".")), *step), where(call))

    def module_box(self, unit: Unit) -> Box:
        call = unit.calls[0]
        place: Place = tuple(call.path.split("."))[:-1]
        title = module_title(self.record, call.path) or call.op
        if unit.layer is not None and len({unit.layer for unit in self.units.drawn if unit.row[0] == call.path}) > 1:
            title += f" layer {unit.layer[0] + 1}" + (", backwards" if unit.layer[1] else "")
        words = self.record.words.get("target" if self.seen_target(unit) else "source", [])
        rows = [("title", title), *word_rows([words[step] for step in unit.steps if step < len(words)])]
        if len(unit.steps) > 1:
            rows.append(("note", f"× {len(unit.steps)} time steps"))
        return Box("group", rows, place, where(call))

    # --- caption --------------------------------------------------------

    def caption(self) -> list[str]:
        path = self.path
        source, target = f"“{path.source.name}”", f"“{path.target.name}”"
        parts = [f"{percent(flow.total / path.total)} by {route}" for route, flow in path.flows.items() if route]
        texts = [f"What “{path.target.name}” takes from {source}: " + ", ".join(parts) + "."] if parts else []
        own = percent(path.total)
        texts.append(f"That is {own} of all that the score of {target} is made of.")
        texts.append(
            "An edge is as thick as its share of flow: |gradient × value| over the edge, normalised over each node's "
            f"inputs, and multiplied along the way. 100% is all that comes from {source}."
        )
        if self.units.left_out:
            texts.append("Edges with less than 2% of their route are left out.")
        return [*texts, *([self.note] if self.note else [])]


def percent(share: float) -> str:
    """0.4 as 40%; what is not all or nothing does not look like it."""
    if 0.0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1.0 - 1e-9 else f"{share:.0%}"
