"""Tensor, Node, the op rule and the backward walk: the whole of automatic differentiation.

A Tensor is an array that may remember how it was made. An op is a function on arrays together with the
derivative of its output by each input. Calling an op on Tensors runs it on their arrays and leaves a Node
behind; `walk` goes back over the Nodes, youngest first, and turns the gradient of an output into the gradients
of everything it was made from. ops/elementwise.py shows what an op looks like.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from .changes import Changeable, Changes, clock, share_changes, stale_values
from .hooks import Hook, Hooked, call_hooks
from .kernels.mode import use_numba
from .op import Op, named, registry
from .state import grad_mode, state


class Tensor(Changeable, Hooked):
    """An array that knows, where a gradient is wanted, the Node that made it. `grad` is dL/dself after backward.

    Its operators and methods are the ops themselves: ops/__init__.py hangs them in.
    """

    __slots__ = ("__weakref__", "_requires_grad", "grad", "hooks", "node", "slot")
    __array_ufunc__ = None  # otherwise `ndarray * Tensor` would quietly be an ndarray
    __hash__ = object.__hash__  # `==` compares elements, so dictionaries tell Tensors apart by identity

    def __init__(self, array: Any, requires_grad: bool = False, node: Node | None = None, slot: int = 0) -> None:
        self.array: np.ndarray = array if type(array) is np.ndarray else np.asarray(array)
        self.grad: Tensor | None = None
        self.node = node  # None: a leaf, made by no op
        self.slot = slot  # which of the node's outputs this is
        self.hooks: list[tuple[int, Hook]] | None = None  # a leaf's; others are its node's
        self._changes: Changes | None = None
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

    def requires_grad_(self, wanted: bool = True) -> Tensor:
        self.requires_grad = wanted
        return self

    @property
    def is_leaf(self) -> bool:
        return self.node is None

    @property
    def grad_fn(self) -> Node | None:
        return self.node

    def detach(self) -> Tensor:
        """The same memory, outside the graph: no gradient goes back from here."""
        outside = Tensor(self.array)
        outside._changes = self.changes
        return outside

    def backward(self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Add dself/dleaf to `leaf.grad` for every leaf that requires its gradient.

        gradient: dL/dself, in self's shape; where self has one element it may be left out (then it is 1).
        retain_graph: keep the graph for a second backward. Default: as create_graph.
        create_graph: run the derivatives as ops, so that the gradients can be differentiated again.
        Raises: RuntimeError where there is nothing to differentiate, or the graph was freed or its inputs changed.
        """
        retain_graph = create_graph if retain_graph is None else retain_graph
        for leaf, dleaf in walk([self], [gradient], retain_graph, create_graph).items():
            if leaf.grad is None:
                leaf.grad = dleaf
            elif create_graph:
                leaf.grad = leaf.grad + dleaf
            else:
                leaf.grad.array += dleaf.array
                leaf.grad.mark_changed()


class Node:
    """What a call of an op leaves behind: its inputs, and the values that its derivatives may name."""

    __slots__ = ("__weakref__", "age", "changes", "hooks", "inputs", "op", "values")

    def __init__(self, op: Op, inputs: Sequence[Any], values: list[Any]) -> None:
        self.op = op
        self.age = next(clock)
        self.inputs: Sequence[Any] = inputs
        self.values = values  # inputs, attributes, saved, y: arrays, since a Tensor y would make a reference cycle
        self.changes: Sequence[Changes] = ()  # of the outputs' memory, once anybody asks
        self.hooks: list[tuple[int, Hook]] | None = None

    def pull(self, parts: dict[int, Any], create_graph: bool) -> list[tuple[Tensor, Any]]:
        """The inputs that want it, each with dL/dinput, from dL/doutput by slot: the op's derivatives, applied."""
        op, inputs, values = self.op, self.inputs, self.values
        if not values or Changes.latest > self.age:
            self.check_unchanged()
        y = values[-1]
        if type(y) is not tuple:
            dy = parts[0]
        else:  # outputs that nobody used have a gradient too: 0
            dy = tuple([parts[slot] if slot in parts else np.zeros(part.shape, part.dtype)
                        for slot, part in enumerate(y)])
        if create_graph:  # then rules get the inputs themselves, and y as a Tensor that this Node made
            y = y if y is None or type(y) is tuple else Tensor(y, True, self)
            values = [*inputs, *values[len(inputs) : -1], y]
        values = [*values, dy]
        if op.joint is not None:
            return self.pull_jointly(*op.joint, values, create_graph)
        pairs = []
        for x, (rule, pick) in zip(inputs, op.derivatives):
            if isinstance(x, Tensor) and x._requires_grad:
                pairs.append((x, rule(*pick(values))))
        return pairs

    def pull_jointly(self, rule: Callable, places: dict[str, int], values: list[Any],
                     create_graph: bool) -> list[tuple[Tensor, Any]]:
        """The same for an op whose derivatives are computed together."""
        op, inputs = self.op, self.inputs
        if create_graph and op.reference is not None:
            gradients = op.pull_reference(self, values[-1])
        else:
            gradients = rule(*values[: len(inputs)], **{name: values[place] for name, place in places.items()})
        return [(x, dx) for x, dx in zip(inputs, gradients) if isinstance(x, Tensor) and x._requires_grad]

    def check_unchanged(self) -> None:
        """Raises RuntimeError if the graph was freed, or a value that a derivative reads was written to since."""
        if not self.values:
            raise RuntimeError(f"backward: the graph behind {self.op.name} was freed by an earlier backward: "
                               "pass retain_graph=True to that one")
        for value in stale_values(self):
            raise RuntimeError(f"backward: {self.op.name} needs {value} as it was in the forward pass, but it was "
                               "changed in place since: change a .clone() of it, or call backward first")


def op(forward: Callable | None = None, *, saves: bool = False, prepare: Callable | None = None) -> Any:
    """Make a differentiable function of a function on arrays; see Op. Given only arrays it stays one on arrays."""
    if forward is None:
        return functools.partial(op, saves=saves, prepare=prepare)
    rule = Op(forward, saves, prepare)
    registry[rule.key] = rule
    name, names, count, variadic = rule.name, tuple(rule.defaults), len(rule.inputs), bool(rule.variadic)

    @functools.wraps(forward)
    def call(*inputs: Any, **attributes: Any) -> Any:
        """The op rule: run forward on the arrays; where an input requires a gradient, leave a Node behind."""
        if rule.reference is not None and (state.recorder is not None or not use_numba()):
            return rule.reference(*inputs, **attributes)
        if (len(inputs) != count and not variadic) or ((attributes or names) and tuple(attributes) != names):
            inputs, attributes = rule.sort_out(inputs, attributes)
        arrays, tracked = [], None
        for x in inputs:
            if isinstance(x, Tensor):
                tracked = tracked or x._requires_grad
                x = x.array
            arrays.append(x)
        try:
            y = forward(*arrays, **attributes) if attributes else forward(*arrays)
            if prepare is not None:
                x = arrays[0] if type(arrays[0]) is np.ndarray else arrays[-1]
                if type(x) is not np.ndarray or y.dtype is not x.dtype or x.ndim == 0 != y.ndim:
                    arrays = prepare(name, arrays)  # NumPy left x's dtype: perhaps not where PyTorch would go
                    y = forward(*arrays, **attributes)
        except (TypeError, ValueError) as error:
            raise named(name, error, prepare, arrays) from None
        y, saved = y if saves else (y, None)
        if tracked is None:
            return y  # given only arrays, an op is a function of arrays
        node, several = None, type(y) is tuple
        if tracked and state.grad_enabled and rule.reads and (several or y.dtype.kind == "f"):
            node = Node(rule, inputs, [*arrays, *attributes.values(), saved, y if several or rule.keeps_y else None])
        outputs = [Tensor(part, node is not None, node, slot) for slot, part in enumerate(y)] if several else [
            Tensor(y, node is not None, node)]
        for output in outputs:
            if output.array.base is not None:
                share_changes(output, inputs)
        if state.recorder is not None:
            state.recorder.add(rule, inputs, attributes, outputs)
        return tuple(outputs) if several else outputs[0]

    call.gradient, call.joint_gradient, call.op = rule.gradient, rule.joint_gradient, rule  # type: ignore[attr-defined]
    return call


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
fit.op.reads_shape_of("x")
spread.op.reads_shape_of("x")


@np.errstate(all="ignore")
def walk(outputs: Sequence[Tensor], gradients: Sequence[Any], retain_graph: bool, create_graph: bool,
         needed: set[Node | Tensor] | None = None, targets: dict[Node, list[tuple[int, Tensor]]] | None = None,
         ) -> dict[Tensor, Tensor]:
    """Carry `gradients` back from `outputs` to the leaves; returns the gradient of each leaf.

    A Node is younger than everything it was made from. So if always the youngest waiting Node goes next, all
    parts of its gradient have arrived when its turn comes, and each Node is visited once. autograd.grad passes
    the leaves and Nodes that are `needed`, all others are left out, and as `targets` the (slot, tensor) that Nodes
    made and whose gradient is wanted too.
    """
    targets, anomaly = targets or {}, state.anomaly
    waiting: dict[Node, dict[int, Any]] = {}  # what has arrived so far, for each output of a Node
    queue: list[tuple[int, Node]] = []  # a heap, youngest first
    arrived: dict[Tensor, Any] = {}  # the result

    with grad_mode(create_graph):
        pairs = [(y, first_gradient(y, dy, create_graph)) for y, dy in zip(outputs, gradients)]
        known = {id(dy) for _, dy in pairs}  # arrays that somebody has: the caller, a hook, a leaf
        fresh = False  # are those in `pairs` new, or else in `known`?
        while True:
            for x, dx in pairs:
                node, array = x.node, x.array
                if dx is None or (needed is not None and (node or x) not in needed and node not in targets):
                    continue
                if dx.shape != array.shape or dx.dtype is not array.dtype:
                    dx = fit(dx, shape=array.shape, dtype=array.dtype)
                if node is None:
                    if x in arrived:
                        dx = arrived[x] + dx
                    elif create_graph:
                        dx = dx * 1
                    elif not (fresh and id(dx) not in known and dx.base is None and dx.flags.carray):
                        dx = dx.copy()  # a leaf's gradient has memory of its own
                    arrived[x] = dx
                    known.add(id(dx))
                elif node in waiting:
                    parts, slot = waiting[node], x.slot
                    parts[slot] = parts[slot] + dx if slot in parts else dx
                else:
                    waiting[node] = {x.slot: dx}
                    heappush(queue, (-node.age, node))
            if not queue:
                break
            node, pairs = heappop(queue)[1], []
            parts = waiting.pop(node)
            if node.hooks is not None or node in targets:
                call_hooks(node.hooks or (), parts, Tensor)
                known.update(map(id, parts.values()))
                arrived.update((x, parts.get(slot)) for slot, x in targets.get(node, ()))
            if needed is None or node in needed:
                pairs = node.pull(parts, create_graph)
                if anomaly is not None:
                    anomaly.check(node, parts, pairs)
                if not retain_graph:
                    node.inputs, node.values = (), []
                fresh = not retain_graph and type(node) is Node  # others are not bound to Op.gradient's word
        for leaf in arrived:
            if leaf.hooks is not None:
                part = {0: arrived[leaf]}
                call_hooks(leaf.hooks, part, Tensor)
                arrived[leaf] = part[0]
    return {x: g if isinstance(g, Tensor) else Tensor(g) for x, g in arrived.items() if g is not None}


def first_gradient(y: Tensor, dy: Any, create_graph: bool) -> Any:
    """dL/dy to start from: 1 for a single element, else what the caller gives, in y's shape."""
    if not y._requires_grad:
        raise RuntimeError("backward: this tensor was made from nothing that requires a gradient: "
                           "set requires_grad=True on an input, outside no_grad()")
    if dy is None and y.array.size != 1:
        raise RuntimeError(f"backward: wanted a single element or a gradient, got a tensor of shape {y.array.shape}: "
                           "call .sum().backward(), or pass gradient=")
    if not isinstance(dy, Tensor):
        dy = Tensor(np.ones_like(y.array) if dy is None else np.asarray(dy, y.array.dtype))
    if dy.array.shape != y.array.shape:
        raise ValueError(f"backward: gradient must have the tensor's shape {y.array.shape}, got {dy.array.shape}")
    return dy if create_graph else dy.array
