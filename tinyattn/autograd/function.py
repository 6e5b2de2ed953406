"""A user's own op: a class with a forward and a backward.

    class Exp(Function):
        '''y = eˣ'''

        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, dy):
            (y,) = ctx.saved_tensors
            return dy * y

    y = Exp.apply(x)

The forward runs on Tensors and leaves no graph: in its place stands one Node, whose derivative is the backward. Where
that is written with Tensor ops, it can be differentiated again.
"""

from __future__ import annotations

import copy
import functools
import inspect
import weakref
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

import numpy as np

from ..changes import Changes
from ..op import Op
from ..state import no_grad, state
from ..tensor import Node, Tensor
from .grad import as_tuple


class Function:
    """A differentiable function of one's own: subclass it, write `forward` and `backward`, call `apply`.

    forward(ctx, *arguments) -> a Tensor, or a tuple of Tensors and other things. Or without ctx: then
    setup_context(ctx, inputs, output) follows it.
    backward(ctx, *dys) -> dL/dargument for each argument of apply, None for what has none.
    The first line of the class's docstring is the formula that pictures and `explain` print.
    """

    @staticmethod
    def forward(*arguments: Any) -> Any:
        raise NotImplementedError("Function: wanted a staticmethod forward(ctx, ...) in the subclass")

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Any, ...], output: Any) -> None:
        raise NotImplementedError

    @staticmethod
    def backward(ctx: Context, *dys: Any) -> Any:
        raise NotImplementedError("Function: wanted a staticmethod backward(ctx, ...) in the subclass")

    @classmethod
    def apply(cls, *arguments: Any, **named: Any) -> Any:
        """Run forward; where an argument requires a gradient, leave a Node behind."""
        apart = cls.setup_context is not Function.setup_context  # then forward has no ctx
        arguments = bound(cls.forward, arguments, named, apart)
        needs = tuple(isinstance(x, Tensor) and x.requires_grad for x in arguments)
        ctx = Context(cls.__name__, needs)
        before, state.recorder = state.recorder, None
        try:
            with no_grad():
                result = cls.forward(*arguments) if apart else cls.forward(ctx, *arguments)
                if apart:
                    cls.setup_context(ctx, arguments, result)
        finally:
            state.recorder = before
        if isinstance(result, list):
            raise TypeError(f"{cls.__name__}.forward: wanted a Tensor or a tuple, got a list: return tuple(...)")
        results = as_tuple(result)
        rule = rule_of(cls, arguments, apart, ctx, results)
        node = FunctionNode(cls, rule, arguments, ctx, results) if any(needs) and state.grad_enabled else None
        outputs = tuple(output_of(y, node, slot, ctx) for slot, y in enumerate(results))
        ctx._slots = {id(y): slot for slot, (y, output) in enumerate(zip(results, outputs))
                      if isinstance(output, Tensor) and output.requires_grad and all(y is not x for x in arguments)}
        if state.recorder is not None:
            tensors = [[x for x in xs if isinstance(x, Tensor)] for xs in (arguments, outputs)]
            state.recorder.add(rule, tensors[0], rule.defaults, tensors[1])
        return outputs if isinstance(result, tuple) else outputs[0]


class Context:
    """`ctx`, what a forward hands to its backward. Other things than tensors are set on it: `ctx.dim = dim`."""

    def __init__(self, name: str, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad  # for each argument of apply: is it a Tensor that requires a gradient?
        self._name = name
        self._saved: Sequence[Tensor | None] = ()
        self._slots: dict[int, int] = {}  # by id of a tensor that forward made: its place among the outputs
        self._node: Callable[[], Node | None] = lambda: None
        self._non_differentiable: Sequence[Tensor] = ()
        self._materialize_grads = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or what came in between: backward finds them in `saved_tensors`, in this order."""
        for x in tensors:
            if not (x is None or isinstance(x, Tensor)):
                raise TypeError(f"{self._name}: save_for_backward takes tensors, got {type(x).__name__}: "
                                "set it on ctx, as in ctx.dim = dim")
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What was saved; outputs as Tensors that this op made, so that second derivatives come back here."""
        return tuple(x if x is None or id(x) not in self._slots else
                     Tensor(x.array, True, self._node(), self._slots[id(x)]) for x in self._saved)

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """These outputs require no gradient. Those of integers and bools never do."""
        self._non_differentiable = outputs

    def set_materialize_grads(self, value: bool) -> None:
        """False: where nobody used an output, backward gets None for it, and not zeros."""
        self._materialize_grads = value

    def mark_dirty(self, *tensors: Tensor) -> None:
        raise NotImplementedError(f"{self._name}: mark_dirty is not built, a Function leaves its inputs as they are: "
                                  "change a .clone() and return that")


class FunctionNode(Node):
    """What a call of a Function leaves behind: `pull` runs its backward."""

    __slots__ = ("function", "others", "outputs", "shapes")

    def __init__(self, function: type[Function], rule: Op, arguments: Sequence[Any], ctx: Context,
                 results: Sequence[Any]) -> None:
        inputs = [x for x in arguments if isinstance(x, Tensor)]
        super().__init__(rule, inputs, [*(x.array for x in inputs), *rule.defaults.values(), ctx, None])
        self.function = function
        self.shapes = [x.shape if isinstance(x, Tensor) else None for x in arguments]
        self.others = [None if isinstance(x, Tensor) else x for x in arguments]
        self.outputs = [(y.shape, y.dtype) if isinstance(y, Tensor) else None for y in results]
        self.changes = [y.changes for y in results if isinstance(y, Tensor)]
        ctx._node = weakref.ref(self)

    def pull(self, parts: dict[int, Any], create_graph: bool) -> list[tuple[Tensor, Any]]:
        """The inputs that want it, each with dL/dinput: what backward makes of dL/doutput by slot."""
        if not self.values or Changes.latest > self.age:
            self.check_unchanged()
        ctx: Context = self.values[-2]
        dys = [parts.get(slot) for slot in range(len(self.outputs))]
        if ctx._materialize_grads:
            dys = [np.zeros(*y) if dy is None and y is not None else dy for dy, y in zip(dys, self.outputs)]
        before, state.recorder = state.recorder, state.recorder if create_graph else None
        try:
            dxs = self.function.backward(ctx, *[Tensor(dy) if isinstance(dy, np.ndarray) else dy for dy in dys])
        finally:
            state.recorder = before
        dxs = as_tuple(dxs)
        self.check(dxs, ctx.needs_input_grad)
        of_tensors = compress(dxs, [shape is not None for shape in self.shapes])
        return [(x, dx if dx is None or create_graph else dx.array)
                for x, dx in zip(self.inputs, of_tensors) if x.requires_grad]

    def again(self, *inputs: Tensor) -> Any:
        """The same call with other tensors."""
        rest = iter(inputs)
        return self.function.apply(*[x if shape is None else next(rest) for x, shape in zip(self.others, self.shapes)])

    def check(self, dxs: tuple[Any, ...], needs_input_grad: tuple[bool, ...]) -> None:
        """Raises RuntimeError or TypeError where a backward returned something else than gradients of its inputs."""
        name, count = f"{self.function.__name__}.backward", len(self.shapes)
        if len(dxs) < count or any(dx is not None for dx in dxs[count:]):
            raise RuntimeError(f"{name}: wanted a gradient for each of {count} arguments of apply, got {len(dxs)}: "
                               "return None for an argument without")
        for number, (shape, wanted, dx) in enumerate(zip(self.shapes, needs_input_grad, dxs)):
            if dx is None or (shape is not None and not wanted):
                continue
            if shape is None:
                raise RuntimeError(f"{name}: gradient {number} must be None, as argument {number} is no tensor, "
                                   f"got {type(dx).__name__}")
            if not isinstance(dx, Tensor):
                raise TypeError(f"{name}: gradient {number} must be a Tensor or None, got {type(dx).__name__}")
            sizes = zip(reversed(shape), reversed(dx.shape))
            if dx.ndim < len(shape) or not all(n in (1, m) for n, m in sizes):  # a broadcast one will be summed
                raise RuntimeError(f"{name}: gradient {number} must have the shape of argument {number}, {shape}, "
                                   f"got {dx.shape}")


def output_of(y: Any, node: Node | None, slot: int, ctx: Context) -> Any:
    """What forward returned, as apply returns it: made by the Node, where it can have a gradient."""
    if not isinstance(y, Tensor):
        return y
    if y.dtype.kind != "f" or any(y is other for other in ctx._non_differentiable):
        node = None
    output = Tensor(y.array, node is not None, node, slot)
    output._changes = y.changes
    return output


def rule_of(cls: type[Function], arguments: Sequence[Any], apart: bool, ctx: Context, results: Sequence[Any]) -> Op:
    """This call as an Op, for errors, records and pictures: Tensors are its inputs, other arguments attributes."""
    rule = copy.copy(op_of(cls))  # type: ignore[arg-type]  # a class can be hashed
    positional = (*rule.defaults, *rule.variadic * len(arguments))[not apart :]
    given = list(zip(positional, arguments))
    rule.inputs, rule.variadic = [name for name, x in given if isinstance(x, Tensor)], []
    rule.defaults = {name: x for name, x in given if not isinstance(x, Tensor)}
    saved = [id(x) for x in ctx._saved]
    rule.reads = {name for name, x in given if id(x) in saved} | {"y" for y in results if id(y) in saved}
    return rule


@functools.cache
def op_of(cls: Any) -> Op:
    rule = Op(cls.forward, False, None)
    rule.name, rule.file, rule.backward = cls.__name__, __file__, cls.backward
    rule.formula = (cls.__doc__ or cls.forward.__doc__ or cls.__name__).strip().split("\n")[0]
    return rule


def bound(forward: Callable, arguments: tuple, named: dict[str, Any], apart: bool) -> tuple:
    """The arguments by position. As in PyTorch, defaults count as arguments where forward has no ctx."""
    if not named and not apart:
        return arguments
    call = inspect.signature(forward).bind(*[None] * (not apart), *arguments, **named)
    if call.kwargs:
        raise TypeError(f"{forward.__qualname__}: {', '.join(call.kwargs)} must be an argument by position")
    if apart:
        call.apply_defaults()
    return call.args[not apart :]


def once_differentiable(backward: Callable) -> Callable:
    """Above a `backward` that leaves no graph behind: to differentiate it again is an error, and no wrong number."""

    @functools.wraps(backward)
    def once(ctx: Context, *dys: Any) -> Any:
        with no_grad():
            dxs = as_tuple(backward(ctx, *dys))
        node = ctx._node()
        if not state.grad_enabled or node is None:
            return dxs
        return tuple(Once.apply(dx, ctx._name, *node.inputs, *dys) if isinstance(dx, Tensor) else dx for dx in dxs)

    return once


class Once(Function):
    """y = x, which must not be differentiated"""

    @staticmethod
    def forward(ctx: Any, x: Tensor, name: str, *made_from: Any) -> Tensor:
        ctx.owner = name
        return x

    @staticmethod
    def backward(ctx: Any, *dys: Any) -> Any:
        raise RuntimeError(f"{ctx.owner}: its backward is once_differentiable: "
                           "write it with Tensor ops, without that decorator, to differentiate it again")
