"""Memory for time: `checkpoint` forgets what a part of a model computed, and computes it again in the backward pass.

Every op leaves a Node that keeps its inputs until backward comes by. A checkpoint lets go of those that its function
has made and puts one Node in their place. When the backward walk gets there, the function runs again, and the walk goes
on into the new Nodes: they are the youngest now, so their turn is next. One part at a time has its values in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..changes import clock
from ..kernels.mode import kernels, use_numba
from ..op import Op
from ..state import enable_grad, state
from ..streams import generator, using
from ..tensor import Node, Tensor


def checkpoint(function: Callable, *args: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True,
               **kwargs: Any) -> Any:
    """function(*args, **kwargs), whose inner values are dropped now and computed again in the backward pass.

    The gradients are the same to the last bit, and can be differentiated again. The function may use parameters that
    are no arguments, and return tensors in tuples, lists and dicts; called again it has to do the same. Under
    `record()` and `detect_anomaly()`, which are to see every value, nothing is dropped.

    preserve_rng_state: draw the same random numbers again, so that dropout drops the same.
    Raises: ValueError for use_reentrant=True, and for PyTorch's options that are not built; in the backward pass
    RuntimeError where an input was changed in place since, or the function returns something else.
    """
    if use_reentrant:
        raise ValueError("checkpoint: use_reentrant=True is not built: pass use_reentrant=False")
    for name in {"context_fn", "determinism_check", "debug", "early_stop"} & set(kwargs):
        raise ValueError(f"checkpoint: {name} is not built: leave it out")
    if not state.grad_enabled or state.recorder is not None:
        return function(*args, **kwargs)
    run = Run(function, args, kwargs, preserve_rng_state)
    outputs, made, made_from = run.first()
    if made:
        inputs = dict.fromkeys([*tensors_in((args, kwargs)), *made_from])
        node = CheckpointNode(run, list(inputs), made)
        for slot, y in enumerate(made):
            y.node, y.slot = node, slot
    return outputs


def checkpoint_sequential(functions: Iterable[Callable], segments: int, input: Any, use_reentrant: bool | None = None,
                          preserve_rng_state: bool = True) -> Any:
    """The functions one after the other, in `segments` parts: each is a checkpoint, except for the last."""
    layers = list(functions)
    if not 1 <= segments <= len(layers):
        raise ValueError(f"checkpoint_sequential: segments must be in 1 ... {len(layers)}, got {segments}")

    def part(start: int, end: int | None) -> Callable:
        def run(x: Any) -> Any:
            for layer in layers[start:end]:
                x = layer(x)
            return x

        return run

    size = len(layers) // segments
    last = size * (segments - 1)
    for start in range(0, last, size):
        input = checkpoint(part(start, start + size), input, use_reentrant=use_reentrant,
                           preserve_rng_state=preserve_rng_state)
    return part(last, None)(input)


class Run:
    """A function with its arguments, and what else has to be as it was when it is called again."""

    def __init__(self, function: Callable, args: tuple, kwargs: dict[str, Any], preserve_rng_state: bool) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.random = generator().bit_generator.state if preserve_rng_state else None
        self.kernels = "numba" if use_numba() else "numpy"

    def first(self) -> tuple[Any, list[Tensor], list[Tensor]]:
        """What the function returns, the tensors in it that it has made, and those that they were made from."""
        born = next(clock)
        outputs = self.function(*self.args, **self.kwargs)
        made = [y for y in tensors_in(outputs) if y.node is not None and y.node.age > born]
        return outputs, made, ends(made, born)

    def again(self) -> list[Tensor]:
        """The tensors that it makes, once more."""
        before, state.recorder = state.recorder, None
        random = nullcontext() if self.random is None else using(source(self.random))
        try:
            with enable_grad(), kernels(self.kernels), random:
                return self.first()[1]
        finally:
            state.recorder = before


def checkpoint_(*x):
    """y = function(x), computed again in the backward pass"""


OP = Op(checkpoint_, False, None)
OP.reads = {"x"}


class CheckpointNode(Node):
    """Stands for all the Nodes that a function has made; `pull` makes them again."""

    __slots__ = ("shapes",)

    def __init__(self, run: Run, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        super().__init__(OP, inputs, [run])
        self.shapes = [y.shape for y in outputs]

    def pull(self, parts: dict[int, Any], create_graph: bool) -> list[tuple[Tensor, Any]]:
        """The outputs, made again, each with its gradient: from there the walk goes on."""
        self.check_unchanged()
        outputs = self.values[0].again()
        shapes = [y.shape for y in outputs]
        if shapes != self.shapes:
            raise RuntimeError(f"checkpoint: the function made tensors of the shapes {self.shapes}, but called again "
                               f"{shapes}: it must do the same each time")
        return [(outputs[slot], dy) for slot, dy in parts.items()]


def ends(outputs: list[Tensor], born: int) -> list[Tensor]:
    """What the Nodes behind the outputs that are younger than `born` were made from: arguments and parameters."""
    found: dict[Tensor, None] = {}
    nodes = {y.node for y in outputs}
    stack = list(nodes)
    while stack:
        for x in stack.pop().inputs:
            if not isinstance(x, Tensor) or not x.requires_grad:
                continue
            if x.node is None or x.node.age < born:
                found[x] = None
            elif x.node not in nodes:
                nodes.add(x.node)
                stack.append(x.node)
    return list(found)


def tensors_in(thing: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts, each once."""
    seen = set()
    stack = [thing]
    while stack:
        thing = stack.pop()
        if isinstance(thing, Tensor) and thing not in seen:
            seen.add(thing)
            yield thing
        elif isinstance(thing, (tuple, list, dict)):
            stack += reversed(thing.values() if isinstance(thing, dict) else thing)


def source(state: Mapping[str, Any]) -> np.random.Generator:
    """A random generator in the state that another one had."""
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)
