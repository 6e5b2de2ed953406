"""Gradients on request, of anything by anything: `grad`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor import Node, Tensor, walk


def grad(outputs: Tensor | Sequence[Tensor], inputs: Tensor | Sequence[Tensor], grad_outputs: Any = None,
         retain_graph: bool | None = None, create_graph: bool = False, only_inputs: bool = True,
         allow_unused: bool | None = None, is_grads_batched: bool = False,
         materialize_grads: bool = False) -> tuple[Tensor | None, ...]:
    """d(sum of outputs · grad_outputs) / dinput for each input, without touching any `.grad`.

    materialize_grads: 0 for an input that the outputs do not depend on.
    Shapes: each grad_output as its output (None: 1, for single elements); each result as its input.
    Raises: RuntimeError for an input that the outputs do not depend on, unless allow_unused (then None).
    """
    for name, asked in (("only_inputs=False", not only_inputs), ("is_grads_batched=True", is_grads_batched)):
        if asked:
            raise NotImplementedError(f"grad: {name} is not built: leave it out")
    if materialize_grads and allow_unused is False:
        raise ValueError("grad: materialize_grads=True gives 0 for unused inputs: leave allow_unused=False out")
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    seeds = list(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else [grad_outputs] * len(outputs)
    if len(seeds) != len(outputs):
        raise ValueError(f"grad: wanted a grad_output for each of {len(outputs)} outputs, got {len(seeds)}")
    for number, x in enumerate(inputs):
        if not x.requires_grad:
            raise RuntimeError(f"grad: input {number} requires no gradient: set requires_grad = True before using it")
    found = walk(outputs, seeds, create_graph if retain_graph is None else retain_graph, create_graph,
                 *between(outputs, inputs))
    for number, x in enumerate(inputs):
        if x not in found and materialize_grads:
            found[x] = Tensor(np.zeros_like(x.array))
        if x not in found and not allow_unused:
            raise RuntimeError(f"grad: the outputs do not depend on input {number} {x.shape}: pass allow_unused=True "
                               "to get None for it")
    return tuple(found.get(x) for x in inputs)


def between(outputs: Sequence[Tensor], inputs: Sequence[Tensor]) -> tuple[Needed, dict[Node, list]]:
    """What `walk` needs: the inputs that are leaves and the Nodes on the way, and the (slot, input) that Nodes made."""
    targets: dict[Node, list[tuple[int, Tensor]]] = {}
    for x in inputs:
        if x.node is not None:
            targets.setdefault(x.node, []).append((x.slot, x))
    found = nodes_behind(outputs)
    needed = Needed(x for x in inputs if x.node is None)
    needed.youngest = found[-1].age if found else 0
    for node in found:  # what a Node was made from comes before it
        tensors = [x for x in node.inputs if isinstance(x, Tensor)]
        freed = not node.values and node not in targets  # what lies behind it is lost: the walk has to say so
        if freed or any(x in needed or x.node in targets or x.node in needed for x in tensors):
            needed.add(node)
    return needed, targets


def nodes_behind(outputs: Sequence[Tensor]) -> list[Node]:
    """All Nodes that the outputs were made by, oldest first."""
    found = {y.node for y in outputs if y.node is not None}
    stack = list(found)
    while stack:
        parents = {x.node for x in stack.pop().inputs if isinstance(x, Tensor) and x.node is not None} - found
        found |= parents
        stack += parents
    return sorted(found, key=lambda node: node.age)


class Needed(set):
    """Leaves and Nodes. Whatever is younger than all that were found is among them too: see utils/checkpoint.py."""

    youngest = 0

    def __contains__(self, x: object) -> bool:
        return super().__contains__(x) or (isinstance(x, Node) and x.age > self.youngest)


def as_tuple(outputs: Any) -> tuple[Any, ...]:
    return tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)
