"""Tensor, Node, the op rule and the backward walk: the whole of automatic differentiation.

A Tensor is an array that may remember how it was made. An op is a function on arrays together with the
derivative of its output by each input. Calling an op on Tensors runs it on their arrays and leaves a Node
behind; `walk` goes back over the Nodes, youngest first, and turns the gradient of an output into the gradients
of everything it was made from. ops/elementwise.py shows what an op looks like.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np

from .kernels.mode import use_numba
from .state import grad_mode, state


clock = itertools.count(1)  # Nodes are numbered as they are made: the higher the age number, the younger


class Tensor:
    """An array that knows, where a gradient is wanted, the Node that made it. `grad` is dL/dself after backward."""

    __slots__ = ("array", "grad", "node", "slot", "changed", "hooks", "_requires_grad", "__weakref__")
    __array_ufunc__ = None  # otherwise `ndarray * Tensor` would quietly be an ndarray
    __hash__ = object.__hash__  # `==` compares elements, so dictionaries tell Tensors apart by identity

    if TYPE_CHECKING:  # operators and methods are the ops themselves: ops/__init__.py hangs them in
        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, array: Any, requires_grad: bool = False, node: Node | None = None, slot: int = 0) -> None:
        self.array: np.ndarray = array if type(array) is np.ndarray else np.asarray(array)
        self.grad: Tensor | None = None
        self.node = node  # None: a leaf, made by no op
        self.slot = slot  # which of the node's outputs this is
        self.changed = [0]  # when the memory was last written to in place; views share this list
        self.hooks: list[Callable[[Tensor], Tensor | None]] | None = None  # a leaf's; others are its node's
        self._requires_grad = requires_grad

    @property
    def requires_grad(self) -> bool:
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self.node is not None and not wanted:
            raise RuntimeError("requires_grad: only a leaf can do without its gradient: use .detach()")
        if wanted and self.array.dtype.kind != "f":
            raise TypeError(f"requires_grad: wanted a floating-point tensor, got {self.array.dtype}: use .float()")
        self._requires_grad = wanted

    def mark_changed(self) -> None:
        """Belongs after every write into `array`: a backward that needs the old values will say so."""
        self.changed[0] = next(clock)

    def backward(self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Add dself/dleaf to `leaf.grad` for every leaf that requires its gradient.

        gradient: dL/dself, in self's shape; where self has one element it may be left out (then it is 1).
        retain_graph: keep the graph for a second backward. Default: as create_graph.
        create_graph: run the derivatives as ops, so that the gradients can be differentiated again.
        Raises: RuntimeError where there is nothing to differentiate, or the graph was freed or its inputs changed.
        """
        retain_graph = create_graph if retain_graph is None else retain_graph
        for leaf, gradient in walk([self], [gradient], retain_graph, create_graph).items():
            if leaf.grad is None:
                leaf.grad = gradient
            elif create_graph:
                leaf.grad = leaf.grad + gradient
            else:
                leaf.grad.array += gradient.array
                leaf.grad.mark_changed()


class Node:
    """What a call of an op leaves behind: its inputs, and the values its derivatives will ask for."""

    __slots__ = ("op", "age", "inputs", "values", "outputs", "hooks", "__weakref__")

    def __init__(self, op: Op, inputs: Sequence[Any], values: dict[str, Any]) -> None:
        self.op = op
        self.age = next(clock)
        self.inputs: Sequence[Any] | None = inputs
        self.values = values  # attributes, and `y` and `saved` where a derivative names them; arrays, so no cycle
        self.outputs: list[tuple[Any, Any, list[int]]] = []  # shape, dtype and `changed` of each output
        self.hooks: list[tuple[int, Callable[[Tensor], Tensor | None]]] | None = None

    def pull(self, dy: list[Any], create_graph: bool) -> Sequence[Any]:
        """dL/dinput for each input from dL/doutput for each output: the op's derivatives, applied."""
        op, inputs = self.op, self.inputs
        self.check_unchanged()
        if len(self.outputs) > 1:  # outputs that nobody used have a gradient too: 0
            dy = [np.zeros(shape, dtype) if g is None else g for g, (shape, dtype, _) in zip(dy, self.outputs)]
        if create_graph and op.reference is not None:
            return op.pull_reference(self, dy)
        values = {**self.values, "dy": dy[0] if len(dy) == 1 else tuple(dy)}
        if not create_graph:
            inputs = [x.array if isinstance(x, Tensor) else x for x in inputs]
        elif "y" in values:
            values["y"] = Tensor(values["y"], True, self)
        if op.joint is not None:
            return op.joint(*inputs, **{name: values[name] for name in op.joint_reads})
        values.update(zip(op.inputs, inputs))
        return [derivative(*[values[name] for name in names]) if isinstance(x, Tensor) and x._requires_grad else None
                for x, (derivative, names) in zip(self.inputs, op.derivatives)]

    def check_unchanged(self) -> None:
        """Raises RuntimeError if the graph was freed, or a value that a derivative reads was written to since."""
        op = self.op
        if self.inputs is None:
            raise RuntimeError(f"backward: the graph behind {op.name} was freed by an earlier backward: "
                               "pass retain_graph=True to that one")
        stale = [f"its input {name}" for name, x in zip(op.names_of(self.inputs), self.inputs)
                 if name in op.reads and isinstance(x, Tensor) and x.changed[0] > self.age]
        if "y" in op.reads:
            stale += ["its output" for *_, changed in self.outputs if changed[0] > self.age]
        if stale:
            raise RuntimeError(f"backward: {op.name} needs {stale[0]} as it was in the forward pass, but it was changed "
                               "in place since: change a .clone() of it, or call backward first")


class Op:
    """A function on arrays with its derivatives.

    The forward's positional-only parameters are the inputs, the others attributes. A forward declared with
    `saves=True` returns (output, saved): `saved` is what its derivatives want of its work. `prepare` brings the
    inputs to a common dtype first. A fused op has a `reference`: the same function in primitive ops.
    """

    def __init__(self, forward: Callable, saves: bool, prepare: Callable | None) -> None:
        parameters = inspect.signature(forward).parameters.values()
        self.forward, self.saves, self.prepare, self.name = forward, saves, prepare, forward.__name__.rstrip("_")
        self.formula = (forward.__doc__ or self.name).split("\n")[0].split("    ")[0].strip()
        self.inputs = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
        self.variadic = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
        self.defaults = {p.name: p.default for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        self.derivatives: list[tuple[Callable, list[str]]] = []
        self.joint: Callable | None = None
        self.joint_reads: list[str] = []
        self.reads: set[str] = set()  # the values that derivatives name: these have to stay as they were
        self.reference: Callable | None = None  # see ops/fused.py
        self.pull_reference: Callable | None = None

    def names_of(self, inputs: Sequence[Any]) -> list[str]:
        return self.inputs + self.variadic * (len(inputs) - len(self.inputs))

    def gradient(self, **derivatives: Callable) -> None:
        """`f.gradient(da=..., db=...)`: for each input dL/dinput as a function of the values it names.

        It can name `dy`, `y`, `saved`, inputs and attributes. It is written with operators and ops, so that it runs
        on arrays in a plain backward, and on Tensors where the gradient itself will be differentiated.
        """
        if list(derivatives) != [f"d{name}" for name in self.inputs[: len(derivatives)]]:
            raise TypeError(f"{self.name}: wanted derivatives d + input, in order, got {list(derivatives)}")
        self.derivatives = [(derivative, list(inspect.signature(derivative).parameters))
                            for derivative in derivatives.values()]
        self.reads = {name for _, names in self.derivatives for name in names}

    def joint_gradient(self, rule: Callable) -> None:
        """For gradients that are computed together: `rule(*inputs, dy, y, saved, ...)` returns one for each input."""
        parameters = inspect.signature(rule).parameters.values()
        self.joint, self.reads = rule, {p.name for p in parameters}
        self.joint_reads = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    def __call__(self, arguments: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
        """The op rule: run forward on the arrays; where an input requires a gradient, leave a Node behind."""
        if self.reference is not None and (state.recorder is not None or not use_numba()):
            return self.reference(*arguments, **attributes)
        if not self.variadic and len(arguments) != len(self.inputs):
            arguments, attributes = self.sort_out(arguments, attributes)
        arrays, wrapped, tracked = [], False, False
        for x in arguments:
            if isinstance(x, Tensor):
                wrapped, tracked = True, tracked or x._requires_grad
                x = x.array
            arrays.append(x)
        if self.prepare is not None:
            arrays = self.prepare(self.name, arrays)
        result = self.forward(*arrays, **attributes)
        saved = None
        if self.saves:
            result, saved = result
        if not wrapped:
            return result
        node = None
        if tracked and state.grad_enabled and self.reads:
            values = {**self.defaults, **attributes} if self.defaults else {}
            if "y" in self.reads:
                values["y"] = result
            if self.saves:
                values["saved"] = saved
            node = Node(self, arguments, values)
        several = isinstance(result, tuple)
        outputs = [Tensor(y, node is not None, node, slot) for slot, y in enumerate(result if several else (result,))]
        for y in outputs:
            if y.array.base is not None:
                share_changes(y, arguments)
            if node is not None:
                node.outputs.append((y.array.shape, y.array.dtype, y.changed))
        if state.recorder is not None:
            state.recorder.add(self, arguments, {**self.defaults, **attributes}, outputs)
        return tuple(outputs) if several else outputs[0]

    def sort_out(self, arguments: tuple[Any, ...], attributes: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        """Attributes given by position and inputs given by name, each to its place; torch's names for inputs too."""
        count = len(self.inputs)
        inputs, rest = list(arguments[:count]), arguments[count:]
        attributes = dict(attributes)
        for name, torch_name in list(zip(self.inputs, ("input", "other")))[len(inputs):]:
            inputs += [attributes.pop(key) for key in (name, torch_name) if key in attributes][:1]
        if len(inputs) < count or len(rest) > len(self.defaults):
            wanted = ", ".join([*self.inputs, *self.defaults])
            raise TypeError(f"{self.name}: wanted ({wanted}), got {len(arguments)} arguments")
        return tuple(inputs), {**dict(zip(self.defaults, rest)), **attributes}


def op(forward: Callable | None = None, *, saves: bool = False, prepare: Callable | None = None) -> Any:
    """Make a differentiable function of a function on arrays; see Op. Given only arrays it stays one on arrays."""
    if forward is None:
        return functools.partial(op, saves=saves, prepare=prepare)
    rule = Op(forward, saves, prepare)

    @functools.wraps(forward)
    def call(*arguments: Any, **attributes: Any) -> Any:
        return rule(arguments, attributes)

    call.op, call.gradient, call.joint_gradient = rule, rule.gradient, rule.joint_gradient  # type: ignore[attr-defined]
    return call


def share_changes(view: Tensor, inputs: Sequence[Any]) -> None:
    """A view of an input's memory changes when that input does."""
    for x in inputs:
        if isinstance(x, Tensor) and (x.array is view.array.base or x.array.base is view.array.base):
            view.changed = x.changed


@op
def fit(x, /, shape, dtype):
    """y = x, summed over the dimensions that broadcasting had added or stretched, in dtype"""
    if x.shape != shape:
        added = x.ndim - len(shape)
        stretched = [added + i for i, size in enumerate(shape) if size == 1 and x.shape[added + i] != 1]
        x = x.sum(axis=(*range(added), *stretched), keepdims=True).reshape(shape)
    return x.astype(dtype, copy=False)


@op
def spread(x, /, shape, dtype):
    """y = x, broadcast to shape, in dtype"""
    return np.broadcast_to(x, shape).astype(dtype, copy=False)


# Each is the other's gradient, and the only two ops that the walk itself needs.
fit.gradient(dx=lambda dy, x: spread(dy, shape=x.shape, dtype=x.dtype))
spread.gradient(dx=lambda dy, x: fit(dy, shape=x.shape, dtype=x.dtype))


def walk(outputs: Sequence[Tensor], gradients: Sequence[Any], retain_graph: bool, create_graph: bool,
         needed: set[Node] | None = None, targets: dict[Node, list[tuple[int, Tensor]]] | None = None,
         ) -> dict[Tensor, Tensor]:
    """Carry `gradients` back from `outputs` to the leaves; returns the gradient of each leaf.

    A Node is younger than everything it was made from. So if always the youngest waiting Node goes next, all
    parts of its gradient have arrived when its turn comes, and each Node is visited once. autograd.grad passes
    the Nodes that are `needed`, all others are left out, and as `targets` the (slot, tensor) that Nodes made and
    whose gradient is wanted too.
    """
    waiting: dict[Node, list[Any]] = {}  # what has arrived so far, for each output of a Node
    queue: list[tuple[int, Node]] = []  # a heap, youngest first
    arrived: dict[Tensor, Any] = {}  # the result

    def send(x: Tensor, gradient: Any) -> None:
        if x.node is None:
            arrived[x] = arrived[x] + gradient if x in arrived else gradient
            return
        parts = waiting.get(x.node)
        if parts is None:
            parts = waiting[x.node] = [None] * len(x.node.outputs)
            heappush(queue, (-x.node.age, x.node))
        parts[x.slot] = gradient if parts[x.slot] is None else parts[x.slot] + gradient

    with grad_mode(create_graph):
        for y, dy in zip(outputs, gradients):
            dy = first_gradient(y, dy)
            send(y, dy if create_graph else dy.array.copy())
        while queue:
            node = heappop(queue)[1]
            dy = waiting.pop(node)
            for slot, hook in node.hooks or ():
                dy[slot] = call_hook(hook, dy[slot])
            for slot, x in (targets or {}).get(node, ()):
                arrived[x] = dy[slot]
            if needed is not None and node not in needed:
                continue
            for x, dx in zip(node.inputs or (), node.pull(dy, create_graph)):
                if dx is not None and isinstance(x, Tensor) and x._requires_grad:
                    if dx.shape != x.array.shape or dx.dtype != x.array.dtype:
                        dx = fit(dx, shape=x.array.shape, dtype=x.array.dtype)
                    if x.node is None and not create_graph and (dx.base is not None or any(dx is g for g in dy)):
                        dx = dx.copy()  # a leaf keeps its gradient, so that must be nobody else's memory
                    send(x, dx)
            if not retain_graph:
                node.inputs, node.values = None, {}
        for leaf in arrived:
            for hook in (leaf.hooks or ()) if leaf.node is None else ():
                arrived[leaf] = call_hook(hook, arrived[leaf])
    return {x: g if isinstance(g, Tensor) else Tensor(g) for x, g in arrived.items() if g is not None}


def first_gradient(y: Tensor, dy: Any) -> Tensor:
    """dL/dy to start from: 1 for a single element, else what the caller gives, in y's shape."""
    if not y._requires_grad:
        raise RuntimeError("backward: this tensor was made from nothing that requires a gradient: "
                           "set requires_grad=True on an input, outside no_grad()")
    if dy is None and y.array.size != 1:
        raise RuntimeError(f"backward: wanted a single element or a gradient, got a tensor of shape {y.array.shape}: "
                           "call .sum().backward(), or pass gradient=")
    dy = dy if isinstance(dy, Tensor) else Tensor(np.ones_like(y.array) if dy is None else np.asarray(dy, y.array.dtype))
    if dy.array.shape != y.array.shape:
        raise ValueError(f"backward: gradient must have the tensor's shape {y.array.shape}, got {dy.array.shape}")
    return dy


def call_hook(hook: Callable[[Tensor], Tensor | None], gradient: Any) -> Any:
    """A hook sees a gradient and may put another in its place."""
    if gradient is None:
        return None
    replaced = hook(gradient if isinstance(gradient, Tensor) else Tensor(gradient))
    return gradient if replaced is None else replaced if isinstance(gradient, Tensor) else replaced.array
