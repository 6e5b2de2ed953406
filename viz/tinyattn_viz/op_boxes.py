"""What stands in the boxes of the picture at `op` detail: formulas, shapes, values and gradients."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import Any

import numpy as np

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

from .collapse import STEP, Grouping, inline
from .describe import count, parameter_rows, short, where, within, word_rows, wrapped
from .graph import Box
from .labels import SMALL, number, shape, value
from .thumbnail import thumbnail

Rows = list[tuple[str, str]]
WIDTH = 38  # letters in a line of numbers


class OpBoxes:
    """rules: do op boxes say how gradients are made? kept: did a backward pass leave all of them?"""

    def __init__(self, record: Record, grouping: Grouping, rules: bool, kept: bool) -> None:
        self.record, self.grouping, self.rules = record, grouping, rules
        self.missing = "no gradient" if kept else "grad not kept"
        self.went_backward = any(v.gradient is not None for v in record.values)
        self.in_full: set[int] = set()  # numbers of the parameters that have a box with all there is to say

    def inputs(self, call: Call) -> list[tuple[str, Value]]:
        return [(name, self.record.values[k]) for name, k in call.inputs]

    def leaf(self, v: Value, call: Call, copies: int) -> Box:
        """The box of what no op made, used first by `call`. copies: how many such values it stands for."""
        title = within(v.name or v.kind, call.path)
        place = self.grouping.place(call)
        if v.number in self.in_full:  # all time steps share a parameter: later ones show its name
            return Box(v.kind, [("title", title)], place, v.name or v.kind)
        if v.kind == "parameter":
            self.in_full.add(v.number)
            place = tuple(part for part in place if not part.startswith(STEP))
        elif v.kind == "input":
            place = ()
        each = f"{copies} × " if copies > 1 else ""
        rows = [("title", title), ("shape", f"{v.kind} {each}{shape(v.array)} {v.array.dtype}")]
        return Box(v.kind, rows + self.words(v, call, copies) + self.numbers(v), place, v.name or v.kind)

    def words(self, v: Value, call: Call, copies: int) -> Rows:
        words = self.record.words.get(v.name or "", [])
        if len(words) == v.array.size * copies:
            return word_rows(words)
        if v.array.size != 1 or call.step is None or call.step >= len(words):
            return []
        return [("words", words[call.step])]

    def op(self, calls: list[Call]) -> Box:
        """The box of an op; of one that runs at every time step, with the numbers of the first."""
        call = calls[0]
        outputs = [self.record.values[k] for k in call.outputs]
        rows: Rows = [("title", call.op)]
        if len(outputs) == 1 and outputs[0].name:
            rows.append(("name", outputs[0].name))
        rows += [("formula", line) for line in wrapped(call.formula)]
        rows += [("rule", line) for text in self.derivatives(calls) for line in wrapped(text)]
        rows += [("shape", f"{name} = {number(v.array[()])}") for name, v in self.inputs(call) if inline(v)]
        rows += [
            ("shape", f"{name} = {short(x)}") for name, x in call.attributes.items() if x is not None and x is not False
        ]
        for v in outputs:
            rows.append(("shape", f"{shape(v.array)} {v.array.dtype}"))
            if v.name and len(outputs) > 1:
                rows.append(("name", v.name))
            rows += self.numbers(v)
        steps = self.grouping.steps.get(self.grouping.key(call), {})
        if len(steps) > 1:
            rows.append(("note", f"× {count(len(steps), 'step')}, here step {next(iter(steps))}"))
        return Box("op", rows, self.grouping.place(call), where(call))

    def derivatives(self, calls: list[Call]) -> list[str]:
        """How the gradients are made of those inputs that have one, in any time step."""
        if not self.rules:
            return []
        wanted = {name for call in calls for name, v in self.inputs(call) if v.requires_grad}
        return [f"d{name} = {text}" for name, text in calls[0].derivatives.items() if wanted & set(name.split(", "))]

    def group(self, calls: list[Call]) -> Box:
        first = calls[0]
        path, steps = self.grouping.path(first), self.grouping.steps.get(self.grouping.key(first), {})
        rolled = self.grouping.rolled and len(steps) > 1
        ops = Counter(call.op for call in calls).most_common()
        most = ", ".join(f"{n} {op}" for op, n in ops[:4]) + (" …" if len(ops) > 4 else "")
        kind = self.record.modules.get(path, "")
        rows: Rows = [("title", self.grouping.title(first)), *([("formula", kind)] if kind else [])]
        what = f"{count(len(calls), 'op')}: {most}" if len(calls) > 1 else first.op
        rows += [("shape", line) for line in textwrap.wrap(what, WIDTH + 8)]
        inside = {v.number: v for call in calls for _, v in self.inputs(call) if v.kind == "parameter"}
        rows += parameter_rows(list(inside.values()), path)
        rows += [("note", f"× {count(len(steps), 'step')}")] * rolled
        return Box("group", rows, self.grouping.place(first), where(first))

    def numbers(self, v: Value) -> Rows:
        rows: Rows = array_rows("number", v.array)
        if v.gradient is not None:
            rows += array_rows("gradient", v.gradient, "grad ")
        elif v.requires_grad:
            rows.append(("gradient", self.missing if self.went_backward else "no gradient yet"))
        return rows


def array_rows(how: str, array: np.ndarray, before: str = "") -> Rows:
    """Numbers, or statistics and a strip of colours."""
    indent: dict[str, Any] = {"initial_indent": before, "subsequent_indent": " " * len(before)}
    rows = []
    for line in value(array):
        rows += [(how, part) for part in textwrap.wrap(line, WIDTH, **indent)]
        indent["initial_indent"] = indent["subsequent_indent"]
    several = array.size > SMALL and array.dtype.kind in "fb" and np.any(array != array.flat[0])  # ids have no colour
    return [*rows, ("heat", thumbnail(array))] if several else rows
