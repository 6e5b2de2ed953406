"""Formulas as a textbook writes them, put together from the ops of a record: c = σ(f) · c + σ(i) · tanh(g).

Each op has a formula of its own; where a program gives its results names, all ops between one name and the next are
one formula. Ops that only bring numbers into another order are left out of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

from .labels import number
from .rnn import LAYER

PLUMBING = {"reshape", "permute", "pick", "pieces", "concatenate", "cast", "clone", "fit", "spread"}
SIGNS = {"add": "{} + {}", "sub": "{} − {}", "mul": "{} · {}", "div": "{} / {}", "matmul": "{} · {}"}
SUMS = ("add", "sub", "linear", "neg")
FUNCTIONS = {"sigmoid": "σ", "masked_softmax": "softmax"}  # shorter than what the op is called
LONGEST = 80  # characters: a longer formula says which op it is, and of what
DEEPEST = 8  # so many unnamed ops are written into one formula


class Formulas:
    """The formulas of a record's ops."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def of(self, call: Call) -> str:
        """The formula of an op: with names where its results or inputs have them, as its docstring says if not."""
        names = [name for k in call.outputs if (name := self.record.values[k].name)]
        if not names and len(call.outputs) == 1 and all(v.name for v in self.inputs(call)):
            names = ["y"]
        if len(names) < len(call.outputs):
            return call.formula
        right = self.right_side(call, 0)
        if len(right) > LONGEST:
            right = f"{FUNCTIONS.get(call.op, call.op)}({', '.join(self.name(v) for v in self.inputs(call))})"
        return f"{' | '.join(names)} = {right}"

    def of_calls(self, calls: Sequence[Call]) -> list[str]:
        """The formulas that say what these calls compute: those of named results; where there are none, all ops'.

        Every formula stands there once, under the first name its result had.
        """
        named: dict[str, str] = {}  # left sides by right sides
        for call in calls:
            formula = self.of(call)
            left, _, right = formula.partition(" = ")
            moved = call.op in PLUMBING and len(call.outputs) == 1 and (" " not in right or len(call.inputs) > 1)
            if self.record.values[call.outputs[0]].name and not moved:
                named.setdefault(right, left)
        if named:
            return [f"{left} = {right}" for right, left in named.items()]
        return list(dict.fromkeys(call.formula for call in calls if call.op not in PLUMBING))

    def inputs(self, call: Call) -> list[Value]:
        """What the formula speaks of: without masks and ids, which are no numbers to compute with."""
        values = [self.record.values[k] for _, k in call.inputs]
        return [v for v in values if v.array.dtype.kind == "f"] or values

    def right_side(self, call: Call, depth: int) -> str:
        given = self.inputs(call)
        if call.op == "linear":
            x, weight, *bias = given
            return " + ".join([f"{self.factor(x, call, depth)} · {self.name(weight)}ᵀ", *map(self.name, bias)])
        if call.op == "concatenate" and len(given) > 1:
            parts = [self.term(v, call, depth) for v in given]
            return f"[{' | '.join(parts)}]" if len(set(parts)) > 1 else parts[0]
        if call.op == "permute":
            return f"{self.factor(given[0], call, depth)}ᵀ"
        if call.op in PLUMBING:
            return self.term(given[0], call, depth)
        if call.op == "neg":
            return f"−{self.factor(given[0], call, depth)}"
        if call.op in SIGNS and len(given) == 2:
            write = self.term if call.op == "add" else self.factor
            return SIGNS[call.op].format(*(write(v, call, depth) for v in given))
        return f"{FUNCTIONS.get(call.op, call.op)}({', '.join(self.term(v, call, depth) for v in given)})"

    def term(self, v: Value, user: Call, depth: int) -> str:
        """A value by its name, or else by the formula of the op that made it, if that is short and of this module."""
        if v.name or v.call is None or self.record.calls[v.call].path != user.path or depth == DEEPEST:
            return self.name(v)
        text = self.right_side(self.record.calls[v.call], depth + 1)
        return text if len(text) <= LONGEST // 2 else self.name(v)

    def factor(self, v: Value, user: Call, depth: int) -> str:
        """As `term`, in brackets where it is a sum."""
        text = self.term(v, user, depth)
        return f"({text})" if (" " in text.lstrip("−") and self.source(v) in SUMS) or text[0] == "−" else text

    def source(self, v: Value) -> str | None:
        """The op that an unnamed value comes from, plumbing aside."""
        while not v.name and v.call is not None:
            call = self.record.calls[v.call]
            if call.op not in PLUMBING or len(call.inputs) > 1:
                return call.op
            v = self.record.values[call.inputs[0][1]]
        return None

    def name(self, v: Value) -> str:
        """Its name within its module and layer; a plain number as it is."""
        if v.name:
            return LAYER.sub("", v.name.rpartition(".")[2])
        return number(v.array.item()) if v.array.size == 1 and v.call is None else "x"
