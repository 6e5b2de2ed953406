"""What is known of an op before it runs: its forward, its derivatives, and what its arguments are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import itemgetter
from typing import Any

ALIASES = {"axis": "dim", "keepdims": "keepdim"}  # NumPy's names, which PyTorch takes as well
registry: dict[str, Op] = {}  # every op as "family.name": tests go through it, and the reference pages


class Op:
    """A function on arrays with its derivatives, to be called like a function.

    The forward's positional-only parameters are the inputs, the others attributes. A forward declared with
    `saves=True` returns (output, saved): `saved` is what its derivatives want of its work. `prepare` brings the
    inputs to a common dtype first. A fused op has a `reference`: the same function in primitive ops.
    """

    def __init__(self, forward: Callable, saves: bool, prepare: Callable | None) -> None:
        parameters = list(inspect.signature(forward).parameters.values())
        self.forward, self.saves, self.prepare, self.name = forward, saves, prepare, forward.__name__.rstrip("_")
        self.key = f"{forward.__module__.rpartition('.')[2]}.{forward.__name__}"
        self.file = inspect.unwrap(forward).__code__.co_filename
        self.formula = (forward.__doc__ or self.name).split("\n")[0].strip()
        self.inputs = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
        self.variadic = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
        self.defaults = {p.name: p.default for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        self.required = [name for name, default in self.defaults.items() if default is inspect.Parameter.empty]
        self.in_order = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.aliases = {**dict(zip(("input", "other"), self.inputs)),
                        **{alias: name for alias, name in ALIASES.items() if name in self.defaults}}
        self.derivatives: list[tuple[Callable, Callable]] = []  # rules, and what picks the values that they name
        self.joint: tuple[Callable, dict[str, int]] | None = None
        self.backward: Callable | None = None  # of a user's own op, see autograd/function.py
        self.keeps_y = False
        self.reads: set[str] = set()  # the values that derivatives name: these have to stay as they were
        self.reference: Callable | None = None  # see ops/fused.py
        self.pull_reference: Callable = lambda node, dy: None

    def gradient(self, **derivatives: Callable) -> None:
        """`f.gradient(da=..., db=...)`: for each input dL/dinput as a function of the values it names.

        It can name `dy`, `y`, `saved`, inputs and attributes. It is written with operators and ops, so that it runs
        on arrays in a plain backward, and on Tensors where the gradient itself will be differentiated. What it
        returns is a new array, or dy itself, or `saved`: a leaf may keep it as its gradient.
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

    def reads_shape_of(self, *names: str) -> None:
        """Of these inputs the derivatives take shape and dtype alone: their numbers may change before backward."""
        self.reads -= set(names)

    def places(self, rule: Callable) -> dict[str, int]:
        """Where each value that a derivative names stands among those that `Node.pull` has."""
        names = [name for name in inspect.signature(rule).parameters if name not in self.variadic]
        self.reads.update(names, self.variadic)
        self.keeps_y = "y" in self.reads
        places = [*self.inputs, *self.defaults, "saved", "y", "dy"]  # counted from the end: variadic inputs are many
        return {name: places.index(name) - len(places) for name in names}

    def sort_out(self, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Inputs and attributes, given by position or by name (PyTorch's and NumPy's names too), each to its place."""
        if (self.variadic or len(given) == len(self.inputs)) and named.keys() >= set(self.required):
            if named.keys() <= self.defaults.keys():  # the common case: nothing to look for
                return given, {**self.defaults, **named}
        names, by_position = [*self.inputs, *self.defaults], () if self.variadic else given
        by_name = {self.aliases.get(name, name): value for name, value in named.items()}
        values = {**self.defaults, **dict(zip(self.in_order, by_position)), **by_name}
        twice = len(by_name) < len(named) or by_name.keys() & set(self.in_order[: len(by_position)])
        if (len(by_position) > len(self.in_order) or twice or values.keys() != set(names)
                or any(values[name] is inspect.Parameter.empty for name in self.required)):
            got = ", ".join(["..."] * len(given) + list(named))
            raise TypeError(f"{self.name}: wanted the arguments ({', '.join(names)}), got ({got})")
        inputs = given if self.variadic else tuple(values[name] for name in self.inputs)
        return inputs, {name: values[name] for name in self.defaults}


def named(name: str, error: Exception, prepare: Callable | None, arrays: list[Any]) -> Exception:
    """NumPy's error, with the op's name in front; an op's own error has it already. What is no number is said to be."""
    try:
        if prepare is not None:
            prepare(name, arrays)
    except TypeError as better:
        error = better
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return error if str(error).startswith(name) else kind(f"{name}: {error}")
