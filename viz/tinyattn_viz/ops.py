"""The picture at `op` detail: every primitive op a box, in the cluster of its module and time step."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

from .collapse import Grouping, inline, leaves, within_budget
from .describe import count, module_title, parameter_rows, short, subscript, where, within, word_rows, wrapped
from .graph import Box, Edge, Graph, Place
from .labels import SMALL, number, shape, value


def op_graph(record: Record, budget: int, missing: str = "no gradient") -> Graph:
    """missing: what to write where a backward pass left no gradient."""
    return OpPicture(record, within_budget(record, budget), missing).draw()


class OpPicture:
    def __init__(self, record: Record, grouping: Grouping, missing: str) -> None:
        self.record, self.grouping, self.missing = record, grouping, missing
        self.graph = Graph()
        self.own = leaves(record, grouping)
        self.first_use: dict[int, Place] = {}  # by the number of a parameter
        self.boxes: dict[Any, int] = {}  # by the key of a call's group, or the number of a leaf value
        self.backward = any(v.gradient is not None for v in record.values)

    def draw(self) -> Graph:
        record, graph = self.record, self.graph
        groups: dict[Any, list[Call]] = {}
        for call in record.calls:
            groups.setdefault(self.grouping.key(call), []).append(call)
        edges: dict[tuple[int, int], list[str]] = {}
        for key, calls in groups.items():
            self.boxes[key] = graph.add(self.call_box(calls[0]) if len(calls) == 1 else self.group_box(calls))
        for call in record.calls:
            head = self.boxes[self.grouping.key(call)]
            drawn = [(name, v) for name, v in self.inputs(call) if v.call is not None or v.number in self.own]
            alike = len({name for name, _ in drawn}) == 1
            for order, (name, v) in enumerate(drawn, 1):
                tail = self.tail(v, call)
                if tail == head:
                    continue
                labels = edges.setdefault((tail, head), [])
                if self.graph.boxes[tail].kind == "group":
                    labels.append(shape(v.array))
                elif v.call is not None and len(record.calls[v.call].outputs) > 1:  # which of them it is
                    labels.append(v.name or f"y{subscript(record.calls[v.call].outputs.index(v.number) + 1)}")
                elif self.graph.boxes[head].kind == "op" and len(drawn) > 1:
                    labels.append(str(order) if alike else name)
        graph.edges = [Edge(tail, head, ", ".join(dict.fromkeys(labels))) for (tail, head), labels in edges.items()]
        for place in {box.place[:k] for box in graph.boxes for k in range(1, len(box.place) + 1)}:
            if not place[-1].startswith(STEP):
                graph.titles[place] = module_title(record, ".".join(place))
        graph.caption = [
            f"{count(len(record.calls), 'op')}. {self.grouping.note}".strip(),
            "grad: dL/dvalue." if self.backward else "There was no backward pass yet.",
        ]
        if any(v.array.size > SMALL for v in record.values):
            graph.caption.append(f"More than {SMALL} elements: mean ± standard deviation, least … greatest.")
        return graph

    def inputs(self, call: Call) -> list[tuple[str, Value]]:
        return [(name, self.record.values[k]) for name, k in call.inputs]

    def tail(self, v: Value, call: Call) -> int:
        """The box that a value comes from: a call's, or one of its own for what no op made."""
        if v.call is not None:
            return self.boxes[self.grouping.key(self.record.calls[v.call])]
        place = self.grouping.place(call)
        key: tuple[Any, ...] = ("value", v.number)
        if v.kind == "parameter" and key in self.boxes and place != self.first_use[v.number]:
            # All time steps share it, and long lines to each would hide the rest: later ones get a box with its name.
            key = (*key, place)
            if key not in self.boxes:
                title = ("title", within(v.name or v.kind, call.path))
                self.boxes[key] = self.graph.add(Box(v.kind, [title], place, v.name or v.kind))
        elif key not in self.boxes:
            self.first_use[v.number] = place
            self.boxes[key] = self.graph.add(self.leaf_box(v, call))
        return self.boxes[key]

    def leaf_box(self, v: Value, call: Call) -> Box:
        place = self.grouping.place(call)
        if v.kind == "parameter":  # not in a time step: all steps share it
            place = tuple(part for part in place if not part.startswith(STEP))
        elif v.kind == "input":
            place = ()
        rows = [("title", within(v.name or v.kind, call.path)), ("shape", f"{v.kind} {shape(v.array)} {v.array.dtype}")]
        words = self.record.words.get(v.name or "", [])
        if v.array.size == 1 and call.step is not None and call.step < len(words):
            rows.append(("words", words[call.step]))
        elif v.array.size == len(words):
            rows += word_rows(words)
        return Box(v.kind, rows + self.numbers(v), place, v.name or v.kind)

    def call_box(self, call: Call) -> Box:
        outputs = [self.record.values[k] for k in call.outputs]
        rows = [
            ("title", call.op),
            *([("name", outputs[0].name)] if len(outputs) == 1 and outputs[0].name else []),
            *(("formula", line) for line in wrapped(call.formula)),
        ]
        rows += [("shape", f"{name} = {number(v.array[()])}") for name, v in self.inputs(call) if inline(v)]
        rows += [
            ("shape", f"{name} = {short(x)}") for name, x in call.attributes.items() if x is not None and x is not False
        ]
        rows += self.inside([call], call.path)
        for v in outputs:
            rows.append(("shape", f"{shape(v.array)} {v.array.dtype}"))
            if v.name and len(outputs) > 1:
                rows.append(("name", v.name))
            rows += self.numbers(v)
        return Box("op", rows, self.grouping.place(call), where(call))

    def group_box(self, calls: list[Call]) -> Box:
        first = calls[0]
        title, place = self.grouping.title(first), self.grouping.place(first)
        kinds = Counter(call.op for call in calls).most_common()
        most = ", ".join(f"{n} {op}" for op, n in kinds[:4]) + (" …" if len(kinds) > 4 else "")
        kind = self.record.modules.get(self.grouping.path(first), "")
        rows = [("title", title), *([("formula", kind)] if kind else []), ("shape", f"{len(calls)} ops: {most}")]
        rows += self.inside(calls, self.grouping.path(first))
        return Box("group", rows, place, where(first))

    def inside(self, calls: list[Call], path: str) -> list[tuple[str, str]]:
        """The parameters that have no box of their own."""
        found = {
            v.number: v
            for call in calls
            for _, v in self.inputs(call)
            if v.kind == "parameter" and v.number not in self.own
        }
        return parameter_rows(list(found.values()), path)

    def numbers(self, v: Value) -> list[tuple[str, str]]:
        rows = [("number", line) for line in value(v.array)]
        if v.gradient is not None:
            first, *rest = value(v.gradient)
            rows += [("gradient", f"grad {first}"), *(("gradient", f"     {line}") for line in rest)]
        elif v.requires_grad:
            rows.append(("gradient", self.missing if self.backward else "no gradient yet"))
        return rows


STEP = "step "  # how the name of a time step's cluster begins
