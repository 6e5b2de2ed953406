"""The graph behind a tensor as a record, so that what was never recorded can be drawn too."""

from __future__ import annotations

from collections.abc import Mapping
from types import FrameType
from typing import Any

import numpy as np

from tinyattn.callers import variable_names, variables
from tinyattn.derivatives import derivatives
from tinyattn.nn.module import Module
from tinyattn.record import Record
from tinyattn.recorded import Call, Value, kind_of, small
from tinyattn.tensor import Node, Tensor

FREED = "The rest was freed by backward: draw before it, record the run, or call backward(retain_graph=True)."


def record_of(y: Tensor, frame: FrameType, names: Mapping[str, Tensor]) -> tuple[Record, str]:
    """A record of what y was made from, and a note on what is missing in it.

    Tensors are called what `names` says, else as the modules among the variables of `frame` call their parameters,
    else like the variables themselves. Nodes know ops, inputs and leaves; only the record of a run knows modules, time
    steps and lines as well.
    """
    made_by = collect(y)
    record = Record()
    places: dict[int, Value] = {}  # by id of a tensor or array: the Nodes keep them alive

    def value_of(x: Any, kind: str = "", call: int | None = None) -> Value:
        if id(x) in places:
            return places[id(x)]
        array = np.asarray(x.array if isinstance(x, Tensor) else x)
        gradient = x.grad.array if isinstance(x, Tensor) and x.grad is not None else None
        value = Value(
            len(record.values),
            kind or kind_of(x, array),
            array,
            isinstance(x, Tensor) and x.requires_grad,
            None,
            call,
            gradient,
        )
        record.values.append(value)
        if isinstance(x, (Tensor, np.ndarray)):
            places[id(x)] = value
        return value

    for number, node in enumerate(sorted(made_by, key=lambda node: node.age)):
        op, given = node.op, list(node.inputs)
        # Two Tensor objects may stand for the same result, as create_graph makes them: the first one found counts.
        given = [made_by[x.node][x.slot] if isinstance(x, Tensor) and x.node is not None else x for x in given]
        inputs = [
            (name, value_of(x).number)
            for name, x in zip(op.inputs or op.variadic * len(given), given, strict=False)
            if x is not None
        ]
        outputs = [value_of(x, "result", number).number for _, x in sorted(made_by[node].items())]
        attributes = dict(zip(op.defaults, map(small, node.values[len(given) : -2]), strict=False))
        record.calls.append(
            Call(number, op.name, op.formula, attributes, inputs, outputs, "", None, None, None, derivatives(op))
        )
    called = variable_names((), frame, places) | names_in_modules(frame) | {id(x): name for name, x in names.items()}
    for key, name in called.items():
        if key in places:
            places[key].name = name
    return record, FREED if any(not node.values for node in made_by) else ""


def names_in_modules(frame: FrameType) -> dict[int, str]:
    """By id: what parameters are called in the modules that variables of the frame hold; of several, after which."""
    modules = {id(x): (name, x) for name, x in reversed(variables(frame)) if isinstance(x, Module)}
    before = {name: f"{name}." if len(modules) > 1 else "" for name, _ in modules.values()}
    return {id(p): before[name] + inner for name, module in modules.values() for inner, p in module.named_parameters()}


def collect(y: Tensor) -> dict[Node, dict[int, Tensor]]:
    """The Nodes behind y, and the tensors that they made, by slot, as far as the graph still holds them."""
    if y.node is None:
        raise ValueError(
            "draw: this tensor was made by no op that was remembered: wanted a result of inputs with "
            "requires_grad=True, outside no_grad(), or a record"
        )
    found, stack = {y.node: {y.slot: y}}, [y.node]
    while stack:
        for x in stack.pop().inputs:
            if isinstance(x, Tensor) and x.node is not None:
                if x.node not in found:
                    found[x.node] = {}
                    stack.append(x.node)
                found[x.node].setdefault(x.slot, x)
    return found
