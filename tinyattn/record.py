"""What a run leaves behind for pictures and explanations: every op, every value, and after backward every gradient.

    with ta.record() as record:
        loss = model(x).sum()
    loss.backward()

Inside, fused ops run as their primitive reference, so the record goes down to single gates and scores. A record is
plain data: `calls` in the order they were made, and `values`, each tensor once, numbered as they were first seen. It
keeps copies of the numbers and neither tensors nor graph; when it is dropped, nothing of it stays behind. A value is
called what `record.name` or its module calls it, else like the variable that held it when an op used it.
"""

from __future__ import annotations

import json
import sys
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from .callers import calling_frames, line_of, variable_names
from .derivatives import derivatives
from .hooks import HookHandle
from .op import Op
from .recorded import Call, Value, as_json, kind_of, small
from .state import state
from .tensor import Tensor


@dataclass(eq=False)
class Record:
    """A recorded run. `modules`: class name by path. `words`: tokens by the name of what they belong to."""

    calls: list[Call] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._seen: dict[int, tuple[Any, int, Value]] = {}  # by id: the thing (weakly), when it was changed, its value
        self._names: dict[int, tuple[Any, str]] = {}  # by id of a parameter or module: the thing (weakly), its name
        self._paths: list[str] = []  # the modules that are running, innermost last
        self._steps: list[int] = []
        self._hooks: list[HookHandle] = []  # what hangs on leaves, which outlive the record
        weakref.finalize(self, remove_hooks, self._hooks).atexit = False

    # --- what the record is told ----------------------------------------

    def add(self, op: Op, arguments: Sequence[Any], attributes: dict[str, Any], outputs: Sequence[Tensor]) -> None:
        """The op rule calls this after every op."""
        number = len(self.calls)
        given = [(name, x) for name, x in zip(op.inputs or op.variadic * len(arguments), arguments) if x is not None]
        # Ids, targets and masks reach an op as attributes, since they have no gradient.
        given += [(name, x) for name, x in attributes.items() if isinstance(x, (Tensor, np.ndarray)) and x.ndim]
        inputs = [(name, self._value(x)) for name, x in given]
        results = [
            self._remember(y, Value(len(self.values), "result", np.array(y.array), y.requires_grad, None, number))
            for y in outputs
        ]
        leaves = [value for _, value in inputs if value.call is None and value.requires_grad]
        for y, value in zip(outputs, results):
            self._watch(y, value, leaves)
        inner, user = calling_frames(op.file)
        self._name_by_variables(inner, user, [x for _, x in given if isinstance(x, (Tensor, np.ndarray))])
        self.calls.append(
            Call(
                number,
                op.name,
                op.formula,
                {name: small(x) for name, x in attributes.items() if name not in dict(given)},
                [(name, value.number) for name, value in inputs],
                [value.number for value in results],
                self._paths[-1] if self._paths else "",
                self._steps[0] if self._steps else None,
                line_of(user),
                line_of(inner[-1] if inner else None),
                derivatives(op),
            )
        )

    @contextmanager
    def scope(self, module: Any) -> Iterator[None]:
        """Inside, ops belong to `module`; nn.Module enters it when it is called."""
        known = self._names.get(id(module))
        if known is None or known[0]() is not module:
            # Nobody said what it is called, and no module around it has it as a part: a root.
            roots = [path for path in self.modules if "." not in path]
            self.name(module, free_name(type(module).__name__, roots) if self.modules else "")
        self._paths.append(self._names[id(module)][1])
        try:
            yield
        finally:
            self._paths.pop()

    @contextmanager
    def time_step(self, t: int) -> Iterator[None]:
        """Inside, ops belong to step t. Of nested steps the outermost counts: decoding steps are the sentence's."""
        self._steps.append(t)
        try:
            yield
        finally:
            self._steps.pop()

    def name(self, thing: Any, name: str) -> None:
        """Call a tensor `name`; or a module, and with it all modules and parameters inside. A model itself is ""."""
        if isinstance(thing, (Tensor, np.ndarray)):
            known = self._seen.get(id(thing))
            (known[2] if known is not None and known[0]() is thing else self._value(thing)).name = name
            return
        for inner, module in thing.named_modules():
            path = ".".join(part for part in (name, inner) if part)
            self.modules[path] = type(module).__name__
            self._names[id(module)] = (weakref.ref(module), path)
        for inner, parameter in thing.named_parameters():
            path = ".".join(part for part in (name, inner) if part)
            self._names[id(parameter)] = (weakref.ref(parameter), path)
            if id(parameter) in self._seen:
                self.name(parameter, path)

    def tokens(self, **words: Sequence[str]) -> None:
        """The words of a sentence, one a time step: source=, and of the decoder target= (fed in) and output=."""
        self.words.update({name: [str(word) for word in sentence] for name, sentence in words.items()})

    def _name_by_variables(self, inner: Sequence[FrameType], user: FrameType | None, things: Sequence[Any]) -> None:
        """Give what has no name yet the name of a variable that holds it."""
        unnamed = {id(x): value for x in things if (value := self._seen[id(x)][2]).name is None}
        for key, name in variable_names(inner, user, unnamed).items():
            unnamed[key].name = name

    def _value(self, x: Any) -> Value:
        """The value of a thing that an op was given: the one it had, unless it is new or was changed in place."""
        known = self._seen.get(id(x))
        if known is not None and known[0]() is x and same(x, *known[1:]):
            return known[2]
        array = np.array(x.array if isinstance(x, Tensor) else x)
        value = Value(len(self.values), kind_of(x, array), array, isinstance(x, Tensor) and x.requires_grad)
        named = self._names.get(id(x))
        if named is not None and named[0]() is x:
            value.name, value.kind = named[1], "parameter"
        elif known is not None and known[0]() is x:
            value.name, value.kind = known[2].name, known[2].kind
        self._watch(x, value, [])
        return self._remember(x, value)

    def _watch(self, x: Tensor, value: Value, leaves: Sequence[Value]) -> None:
        """Have backward leave x's gradient in `value`, and tell `leaves`, which x was made from, to expect theirs."""
        if not value.requires_grad:
            return
        kept, expecting = weakref.ref(value), [weakref.ref(leaf) for leaf in leaves]  # a hook keeps no record alive

        def keep(gradient: Tensor) -> None:
            value = kept()
            if value is not None and (x_is_result or value.due):
                value.gradient, value.due = np.array(gradient.array), False
            for leaf in expecting:
                if (found := leaf()) is not None:
                    found.due = True

        # A leaf serves other graphs as well: of its gradients, only those count that come through a recorded call.
        x_is_result = x.node is not None
        handle = x.register_hook(keep)
        if not x_is_result:
            self._hooks.append(handle)

    def _remember(self, x: Any, value: Value) -> Value:
        self.values.append(value)
        # Python's numbers are not remembered: each use is a constant of its own. An op may be given a tensor's array.
        for thing in (x, x.array) if isinstance(x, Tensor) else (x,) if isinstance(x, np.ndarray) else ():
            self._seen[id(thing)] = (weakref.ref(thing), x.changes.last if isinstance(x, Tensor) else 0, value)
        return value

    # --- as data --------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON's types, in the order things happened; the same run gives the same.

        modules: {path: class}. words: {name: [token]}.
        values: a list of {number, name, kind, shape, dtype, requires_grad, call, data, gradient}: call is the number of
        the call that made it, data the elements as nested lists, gradient the same or null.
        calls: a list of {number, op, formula, attributes, inputs, outputs, path, step, user, source, derivatives}:
        inputs are pairs of the op's name for it and a value's number, user and source {file, line, function} or null.
        Numbers that JSON lacks are the strings "NaN", "Infinity" and "-Infinity". docs/record.md has it field by field.
        """
        values = [
            {
                "number": v.number,
                "name": v.name,
                "kind": v.kind,
                "shape": v.array.shape,
                "dtype": str(v.array.dtype),
                "requires_grad": v.requires_grad,
                "call": v.call,
                "data": v.array,
                "gradient": v.gradient,
            }
            for v in self.values
        ]
        return as_json(
            {
                "version": 1,
                "modules": self.modules,
                "words": self.words,
                "values": values,
                "calls": [asdict(call) for call in self.calls],
            }
        )

    def to_json(self, indent: int | None = None) -> str:
        """`as_dict` as JSON text."""
        return json.dumps(self.as_dict(), ensure_ascii=False, allow_nan=False, indent=indent)


@contextmanager
def record() -> Iterator[Record]:
    """Inside, this thread's ops run as their primitive reference and are written down; gradients follow in backward.

    Records do not nest: within an inner `record()` only the inner one is written.
    """
    before, kept = state.recorder, Record()
    state.recorder = kept if state.anomaly is None else state.anomaly.over(kept)
    try:
        yield kept
    finally:
        state.recorder = before
        # Results that no further op used: what the block with `record()` calls them.
        kept._name_by_variables(
            (), sys._getframe(2), [x for ref, *_ in kept._seen.values() if (x := ref()) is not None]
        )


def remove_hooks(handles: list[HookHandle]) -> None:
    for handle in handles:
        handle.remove()


def same(x: Tensor | np.ndarray, last: int, value: Value) -> bool:
    """Is x, last changed at `last` by the clock, still what `value` keeps?"""
    return x.changes.last == last if isinstance(x, Tensor) else np.array_equal(x, value.array, equal_nan=True)


def free_name(name: str, taken: Sequence[str]) -> str:
    """name, or name2, name3 ... where it is taken."""
    count = 1
    while (free := name if count == 1 else f"{name}{count}") in taken:
        count += 1
    return free
