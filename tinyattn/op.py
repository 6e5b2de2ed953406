"""What is known of an op before it runs: its forward, its derivatives, and what its arguments are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import itemgetter
from typing import Any

registry: dict[str, Op] = {}  # every op as "family.name": tests go through it, and the reference pages


class Op:
    """A function on arrays with its derivatives, to be called like a function.

    The forward's positional-only parameters are the inputs, the others attributes. A forward declared with
    `saves=True` returns (output, saved): `saved` is what its derivatives want of its work. `prepare` brings the
    inputs to a common dtype first. A fused op has a `reference`: the same function in primitive ops.
    """

    def __init__(self, forward: Callable, saves: bool, prepare: Callable | None) -> None:
        parameters = inspect.signature(forward).parameters.values()
        self.forward, self.saves, self.prepare, self.name = forward, saves, prepare, forward.__name__.rstrip("_")
        self.key = f"{forward.__module__.rpartition('.')[2]}.{forward.__name__}"
        self.file = inspect.unwrap(forward).__code__.co_filename
        self.formula = (forward.__doc__ or self.name).split("\n")[0].strip()
        self.inputs = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
        self.variadic = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
        self.defaults = {p.name: p.default for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        self.required = [name for name, default in self.defaults.items() if default is inspect.Parameter.empty]
        self.derivatives: list[tuple[Callable, Callable]] = []  # rules, and what picks the values that they name
        self.joint: tuple[Callable, dict[str, int]] | None = None
        self.keeps_y = False
        self.reads: set[str] = set()  # the values that derivatives name: these have to stay as they were
        self.reference: Callable | None = None  # see ops/fused.py
        self.pull_reference: Callable = lambda node, dy: None

    def gradient(self, **derivatives: Callable) -> None:
        """`f.gradient(da=..., db=...)`: for each input dL/dinput as a function of the values it names.

        It can name `dy`, `y`, `saved`, inputs and attributes. It is written with operators and ops, so that it runs
        on arrays in a plain backward, and on Tensors where the gradient itself will be differentiated.
        """
        if list(derivatives) != [f"d{name}" for name in self.inputs[: len(derivatives)]]:
            raise TypeError(f"{self.name}: wanted derivatives d + input, in order, got {list(derivatives)}")
        for rule in derivatives.values():
            places = list(self.places(rule).values())
            pick = itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1 or None))
            self.derivatives.append((rule, pick))

    def joint_gradient(self, rule: Callable) -> None:
        """For gradients that are computed together: `rule(*inputs, dy, y, saved, ...)` returns one for each input."""
        self.joint = rule, {name: place for name, place in self.places(rule).items() if name not in self.inputs}

    def places(self, rule: Callable) -> dict[str, int]:
        """Where each value that a derivative names stands among those that `Node.pull` has."""
        names = [name for name in inspect.signature(rule).parameters if name not in self.variadic]
        self.reads.update(names, self.variadic)
        self.keeps_y = "y" in self.reads
        places = [*self.inputs, *self.defaults, "saved", "y", "dy"]  # counted from the end: variadic inputs are many
        return {name: places.index(name) - len(places) for name in names}

    def sort_out(self, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Inputs and attributes, given by position or by name (torch's names for inputs too), each to its place."""
        count, inputs, attributes = len(self.inputs), given, {**self.defaults, **named}
        missing = any(attributes[name] is inspect.Parameter.empty for name in self.required)
        if not self.variadic and (len(given) != count or len(attributes) > len(self.defaults) or missing):
            rest, named = given[count:], dict(named)
            for aliases in list(zip(self.inputs, ("input", "other", "")))[len(given) :]:
                inputs += tuple(named.pop(name) for name in aliases if name in named)[:1]
            attributes = {**self.defaults, **dict(zip(self.defaults, rest)), **named}
            inputs = inputs[:count]
            missing = any(attributes[name] is inspect.Parameter.empty for name in self.required)
            twice = set(named) & set(list(self.defaults)[: len(rest)])
            if len(inputs) < count or max(len(rest), len(attributes)) > len(self.defaults) or missing or twice:
                wanted, got = ", ".join([*self.inputs, *self.defaults]), ", ".join(["..."] * len(given) + list(named))
                raise TypeError(f"{self.name}: wanted the arguments ({wanted}), got ({got})")
        return inputs, attributes


def named(name: str, error: Exception) -> Exception:
    """NumPy's error, with the op's name in front; an op's own error has it already."""
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return error if str(error).startswith(name) else kind(f"{name}: {error}")
