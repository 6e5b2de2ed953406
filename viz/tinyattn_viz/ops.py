"""The picture at `op` detail: every primitive op a box, in the clusters of its modules and its time step."""

from __future__ import annotations

import textwrap
from typing import Any

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

from .collapse import STEP, Closed, Grouping, within_budget
from .describe import count, module_title, subscript, within
from .graph import Edge, Graph
from .labels import SMALL, shape, value
from .op_boxes import OpBoxes
from .thumbnail import NOTE

FEW = 2  # so many elements of a gradient stand on its edge, and so many gradients on one edge
MANY = 4  # so many labels stand on an edge
LINE = 110  # letters in a line of the caption
Pair = tuple[int, int, bool]  # boxes at the tail and the head of an edge, and whether it goes into the next time step


def op_graph(
    record: Record,
    budget: int,
    kept: bool = True,
    rolled: bool | None = None,
    closed: Closed | None = None,
    backward: bool = False,
) -> Graph:
    """kept: did a backward pass leave all gradients, as it does in a record? closed: which modules are one box each.
    The rest is as in `draw`."""
    return OpPicture(record, within_budget(record, budget, closed, rolled), kept, backward).draw()


class OpPicture:
    def __init__(self, record: Record, grouping: Grouping, kept: bool, backward: bool) -> None:
        self.record, self.grouping, self.kept, self.backward = record, grouping, kept, backward
        self.contents = OpBoxes(record, grouping, backward, kept)
        self.graph = Graph()
        self.boxes: dict[Any, int] = {}  # by the key of a group of calls, or of a leaf
        self.edges: dict[Pair, list[str]] = {}  # with their labels
        # What flows back beside an edge, and the numbers of the two calls that it was between first.
        self.gradients: dict[Pair, tuple[tuple[int | None, int], dict[str, None]]] = {}
        self.latest: dict[Any, int | None] = {}  # by the key of a group: the time step of its last call so far
        self.users: dict[int, set[int]] = {}  # by the number of a value: the boxes that use it

    def draw(self) -> Graph:
        groups: dict[Any, list[Call]] = {}
        for call in self.record.calls:
            groups.setdefault(self.grouping.key(call), []).append(call)
        for key, calls in groups.items():
            alone = self.grouping.alone(calls[0])
            self.boxes[key] = self.graph.add(self.contents.op(calls) if alone else self.contents.group(calls))
        for call in self.record.calls:
            for _, k in call.inputs:
                self.users.setdefault(k, set()).add(self.boxes[self.grouping.key(call)])
        for call in self.record.calls:
            self.add_edges(call)
        for pair, labels in self.edges.items():
            tail, head, loop = pair
            self.graph.edges.append(Edge(tail, head, listed(list(dict.fromkeys(labels))), loop))
            if pair in self.gradients:
                texts = list(self.gradients[pair][1])
                text = "\n".join(texts[:FEW] + ["…"] * (len(texts) > FEW))
                self.graph.edges.append(Edge(head, tail, text, loop, backward=True))
        for place in {box.place[:k] for box in self.graph.boxes for k in range(1, len(box.place) + 1)}:
            if not place[-1].startswith(STEP):
                self.graph.titles[place] = module_title(self.record, ".".join(place))
        self.graph.caption = [line for text in self.caption() for line in textwrap.wrap(text, LINE)]
        return self.graph

    # --- edges ----------------------------------------------------------

    def add_edges(self, call: Call) -> None:
        """Edges from the boxes that the call's inputs come from."""
        head = self.boxes[self.grouping.key(call)]
        drawn = [(name, v, tail) for name, v in self.contents.inputs(call)
                 if (tail := self.tail(v, call, name)) is not None]  # fmt: skip
        alike = len({name for name, _, _ in drawn}) < len(drawn)  # inputs of one name are told by their order
        for order, (name, v, tail) in enumerate(drawn, 1):
            loop = v.call is not None and self.goes_on(self.record.calls[v.call], call)
            if tail == head and not loop:
                continue
            labels = self.edges.setdefault((tail, head, loop), [])
            kinds = {self.graph.boxes[tail].kind, self.graph.boxes[head].kind}
            if "group" in kinds:
                labels.append(shape(v.array))
            elif v.call is not None and len(self.record.calls[v.call].outputs) > 1:  # which of them it is
                place = self.record.calls[v.call].outputs.index(v.number)
                labels.append(v.name or f"y{subscript(place + 1)}")
            elif len(drawn) > 1 or self.backward:
                labels.append(str(order) if alike else name)
            if self.backward and self.flows_back(v, call):
                # Of several steps, the first one's numbers.
                first, texts = self.gradients.setdefault((tail, head, loop), ((v.call, call.number), {}))
                if first == (v.call, call.number) or "group" in kinds:
                    texts[self.gradient_of(v, name, call)] = None
        self.latest[self.grouping.key(call)] = call.step

    def goes_on(self, maker: Call, user: Call) -> bool:
        """Does what one call made go to the other one in a later round of what is rolled?"""
        keys, rows = self.grouping.keys, self.grouping.rows
        if self.boxes[keys[maker.number]] >= self.boxes[keys[user.number]]:
            return rows[maker.number] != rows[user.number]
        # Or forward, if the maker's box has already run in the user's step, and this is of another one.
        return None not in (maker.step, user.step) and self.latest[keys[maker.number]] == user.step != maker.step

    def tail(self, v: Value, call: Call, name: str) -> int | None:
        """The box that an input of the call comes from: another call's, or one of its own for what no op made."""
        if v.call is not None:
            return self.boxes[self.grouping.key(self.record.calls[v.call])]
        key = self.grouping.leaf(v, call, name)
        if key is not None and key not in self.boxes:
            self.boxes[key] = self.graph.add(self.contents.leaf(v, call, len(self.grouping.leaves[key])))
        return None if key is None else self.boxes[key]

    # --- the backward pass ----------------------------------------------

    def flows_back(self, v: Value, call: Call) -> bool:
        """Does a gradient come from the call to its input v: did it, or would it in a backward pass?"""
        results = [self.record.values[k] for k in call.outputs]
        if not (v.requires_grad and any(y.requires_grad for y in results)):
            return False
        known = self.contents.went_backward and self.kept
        return not known or any(y.gradient is not None for y in results)

    def gradient_of(self, v: Value, name: str, call: Call) -> str:
        """dL/dvalue, in numbers where these are few. One of several uses of a value brings a part of it.

        A value without a name is called as the op calls its input, like in the op's box: dx.
        """
        text = f"dL/d{within(v.name, call.path)}" if v.name else f"d{name}"
        if len(self.users[v.number]) > 1:
            return f"part of {text}"
        if v.gradient is None or v.gradient.size > FEW:
            return f"{text} {shape(v.array)}"
        return f"{text} = {' '.join(value(v.gradient))}"

    # --- caption --------------------------------------------------------

    def caption(self) -> list[str]:
        lines = [f"{count(len(self.record.calls), 'op')}. {self.grouping.note}".strip()]
        if not self.contents.went_backward:
            lines.append("There was no backward pass yet." + " Red: the way that gradients will take." * self.backward)
        elif self.backward:
            lines.append(
                "Red: the backward pass. dL/dw is the gradient of w. For an op, dx (or da, db) is the gradient of its "
                "input x (or a, b), and dy that of its result."
            )
        else:
            lines.append("grad: dL/dvalue.")
        if any(how == "heat" for box in self.graph.boxes for how, _ in box.rows):
            lines.append(f"More than {SMALL} elements: mean ± standard deviation, least … greatest. {NOTE}")
        return lines


def listed(labels: list[str]) -> str:
    """All of a few labels, of more the first and the last."""
    return ", ".join(labels) if len(labels) <= MANY else f"{labels[0]} … {labels[-1]}"
