"""The picture at `layer` detail: modules as boxes, rolled over time, with the words that go in and come out.

It is made from the record like the others. Each innermost module is a box; so is each op that runs between modules,
except those that only bring numbers into another order. An edge says that a value made in one box is used in another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

from .describe import count, module_title, parameter_rows, where, word_rows, wrapped
from .formulas import PLUMBING, Formulas
from .graph import Box, Edge, Graph
from .labels import number, shape
from .rnn import layer_note, layers

FEW = 6  # a module of so many formulas shows them, another one the names of its ops
NO_BREAK = "\u00a0·\u00a0"  # lines end at sums rather than at products
Unit = tuple[Any, ...]  # what is one box: ("module", path), ("op", path, place), ("input", name)


def layer_graph(record: Record, backward: bool = False) -> Graph:
    """backward: say where gradients are missing even if none is there."""
    return LayerPicture(record, backward).draw()


class LayerPicture:
    def __init__(self, record: Record, backward: bool) -> None:
        self.record, self.formulas, self.layers = record, Formulas(record), layers(record)
        paths = {call.path for call in record.calls}
        self.innermost = {path for path in paths if path and not any(p.startswith(f"{path}.") for p in paths)}
        self.missing = "no gradient" if any(v.gradient is not None for v in record.values) else "no gradient yet"
        self.backward = backward or self.missing == "no gradient"
        self.units: dict[Unit, list[Call]] = {}  # in the order of their first calls
        self.parameters: dict[Unit, dict[int, Value]] = {}
        self.origins: dict[int, list[Unit]] = {}  # by the number of a value: the boxes it comes from
        self.labels: dict[tuple[Unit, Unit], list[str]] = {}
        self.inputs: dict[Unit, list[Value]] = {}
        self.ordinals: dict[tuple[str, int | None], int] = {}
        # Where values go in: which of its box's calls in a step, and the input's name. What comes from the step before
        # goes in where the state does, and so does the state that another box hands over.
        self.places: dict[tuple[Unit, Unit], set[tuple[int, str]]] = {}
        self.counts: dict[tuple[Unit, int | None], int] = {}

    def draw(self) -> Graph:
        for call in self.record.calls:
            self.follow(call)
        graph = Graph(direction="BT")
        # A box stands before what it feeds: inputs go where they are first used.
        numbers = {unit: graph.add(self.input_box(unit, values)) for unit, values in self.inputs.items()}
        numbers |= {unit: graph.add(self.unit_box(unit, calls)) for unit, calls in self.units.items()}
        for (tail, head), labels in self.labels.items():
            label = "\n".join(labels[:FEW] + ["…"] * (len(labels) > FEW))
            loop = numbers[tail] >= numbers[head]
            level = not loop and self.hands_over(tail, head)
            graph.edges.append(Edge(numbers[tail], numbers[head], label, loop=loop, level=level))
        self.add_output(graph, numbers)
        for place in {box.place[:k] for box in graph.boxes for k in range(1, len(box.place) + 1)}:
            graph.titles[place] = module_title(self.record, ".".join(place))
        graph.caption = [
            "Rolled over time: what runs at every step is one box. Edges: name and shape of what flows; "
            "dashed: into the next step."
        ]
        if self.backward:
            graph.caption.append("|grad|: the length of dloss/dparameter, over all parameters of a box.")
        return graph

    def follow(self, call: Call) -> None:
        """Add a call to its box, and the values it uses to the edges into that box."""
        inputs = [(name, self.record.values[k]) for name, k in call.inputs]
        values = [v for _, v in inputs]
        for v in values:
            if v.number not in self.origins:
                self.origins[v.number] = self.leaf_origin(v)
        sources = list(dict.fromkeys(unit for v in values for unit in self.origins[v.number]))
        joins = call.op == "concatenate" and len(sources) > 1
        if call.path not in self.innermost and not joins and call.op in PLUMBING:
            self.origins |= {k: sources for k in call.outputs}
            return
        unit = self.unit_of(call)
        self.units.setdefault(unit, []).append(call)
        turn = self.counts[unit, call.step] = self.counts.get((unit, call.step), -1) + 1
        for name, v in inputs:
            for source in self.origins[v.number]:
                if source[0] == "parameter":
                    self.parameters.setdefault(unit, {})[source[1]] = self.record.values[source[1]]
                elif source != unit or self.made_earlier(v, call):
                    labels = self.labels.setdefault((source, unit), [])
                    if (text := value_label(v)) not in labels:
                        labels.append(text)
                    self.places.setdefault((source, unit), set()).add((turn, name))
        self.origins |= {k: [unit] for k in call.outputs}

    def hands_over(self, tail: Unit, head: Unit) -> bool:
        """Does a module give another one its state to begin with, as an encoder does to a decoder?"""
        state = self.places.get((head, head), set())
        return tail != head and tail[0] == "module" and not state.isdisjoint(self.places[tail, head])

    def unit_of(self, call: Call) -> Unit:
        if call.path in self.innermost:
            return ("module", call.path)
        ordinal = self.ordinals[call.path, call.step] = self.ordinals.get((call.path, call.step), -1) + 1
        return ("op", call.path, call.op, ordinal)

    def leaf_origin(self, v: Value) -> list[Unit]:
        """Of a value that no op made: its parameter or input. Constants are left out."""
        if v.kind == "parameter":
            return [("parameter", v.number)]
        if v.kind == "constant":
            return []
        unit = ("input", v.name or v.number)
        self.inputs.setdefault(unit, []).append(v)
        return [unit]

    def made_earlier(self, v: Value, call: Call) -> bool:
        """Was it made by the same box in another time step?"""
        return v.call is not None and call.step is not None and self.record.calls[v.call].step not in (None, call.step)

    def input_box(self, unit: Unit, values: list[Value]) -> Box:
        name = str(unit[1]) if isinstance(unit[1], str) else "input"
        words = self.record.words.get(name)
        steps = f"{len(values)} × " if len(values) > 1 else ""
        rows = [("title", name), ("shape", f"{steps}{shape(values[0].array)} {values[0].array.dtype}")]
        return Box("input", rows + word_rows(words), (), name)

    def unit_box(self, unit: Unit, calls: list[Call]) -> Box:
        first, path = calls[0], unit[1]
        layers = dict.fromkeys(self.layers[call.number] for call in calls if call.number in self.layers)
        alike = [call for call in calls if not layers or self.layers.get(call.number) == next(iter(layers))]
        formulas = [self.formulas.of(first)] if unit[0] == "op" else self.formulas.of_calls(alike)
        steps = len({call.step for call in calls} - {None})
        if unit[0] == "op":
            rows, place, kind = [("title", first.op)], tuple(filter(None, path.split("."))), "op"
        else:
            rows, place, kind = [("title", module_title(self.record, path))], tuple(path.split("."))[:-1], "group"
        if len(formulas) > FEW:
            formulas = [", ".join(dict.fromkeys(call.op for call in calls if call.op not in PLUMBING))]
        for formula in formulas:
            rows += [("formula", line.replace("\u00a0", " ")) for line in wrapped(formula.replace(" · ", NO_BREAK))]
        rows += parameter_rows(list(self.parameters.get(unit, {}).values()), path)
        rows += self.gradient_rows(list(self.parameters.get(unit, {}).values()))
        notes = [layer_note(layers), f"× {count(steps, 'time step')}" if steps > 1 else ""]
        rows += [("note", note) for note in notes if note]
        return Box(kind, rows, place, where(first))

    def gradient_rows(self, parameters: list[Value]) -> list[tuple[str, str]]:
        """How long the gradient of a box's parameters is, all of them taken together."""
        gradients = [v.gradient for v in parameters if v.gradient is not None]
        if not self.backward or not parameters:
            return []
        length = np.sqrt(sum(np.square(gradient, dtype=np.float64).sum() for gradient in gradients))
        return [("gradient", f"|grad| {number(length, 2)}" if gradients else self.missing)]

    def add_output(self, graph: Graph, numbers: dict[Unit, int]) -> None:
        """The words that came out, behind the last box; and the loop in which each of them is the next one to go in."""
        output, target = self.record.words.get("output"), self.record.words.get("target")
        if not output or not self.units:
            return
        last, value = self.output_of(len(output))
        box = graph.add(Box("input", [("title", "output"), *word_rows(output)], (), "output"))
        graph.edges.append(Edge(numbers[last], box, value_label(value)))
        if target and target[1:] == output[:-1] and ("input", "target") in numbers:
            end = graph.add(Box("question", [("title", f"{output[-1]}?"), ("shape", "yes: done")]))
            graph.edges.append(Edge(box, end))
            graph.edges.append(Edge(end, numbers["input", "target"], "no: it is read next", loop=True))

    def output_of(self, words: int) -> tuple[Unit, Value]:
        """The box that the words come out of: of those whose results nobody uses, the last with a row for each word."""
        used = {k for call in self.record.calls for _, k in call.inputs}
        for unit, calls in reversed(self.units.items()):
            results = [self.record.values[k] for call in calls for k in call.outputs if k not in used]
            if results and sum(v.array[..., 0].size for v in results if v.array.ndim > 1) == words:
                return unit, results[-1]
        unit, calls = list(self.units.items())[-1]
        return unit, self.record.values[calls[-1].outputs[-1]]


def value_label(v: Value) -> str:
    name = f"{v.name} " if v.name and v.kind == "result" else ""
    return name + shape(v.array)
