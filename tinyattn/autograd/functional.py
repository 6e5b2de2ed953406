"""Derivatives of functions: the Jacobian J, the Hessian H, and their products with a vector v.

Each takes a function and the inputs at which to differentiate it, a Tensor or a tuple of Tensors. What comes back is
built as inputs and outputs are: a Tensor for a Tensor, a tuple for a tuple. All of them have these two options:

    create_graph: the results can be differentiated again, by the inputs and by v.
    strict: an output without gradient, or an input that does not matter, is an error; else the derivative there is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..state import enable_grad
from ..tensor import Tensor
from .function import Function
from .grad import grad

Found = Sequence[Tensor | None]


def vjp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple:
    """(y, vᵀJ) of y = func(inputs): a backward pass that starts from v.

    Shapes: v as y; for a y of one element it may be left out (then it is 1). vᵀJ as inputs.
    """
    with enable_grad():
        run = Run("vjp", func, inputs, create_graph, strict)
        found = run.derivatives(run.ys, run.xs, run.vector(v, run.ys, "the output"), create_graph)
        return run.like_outputs(run.ys), run.like_inputs(run.filled(found, run.xs, "the output", "input"))


def jvp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple:
    """(y, Jv) of y = func(inputs), by two backward passes.

    The first computes g(u) = Jᵀu, a function that is linear in u. The second is the backward pass of g, started from v:

        (dg/du)ᵀ v = (Jᵀ)ᵀ v = Jv, for any u

    Shapes: v as inputs; for an input of one element it may be left out (then it is 1). Jv as y.
    """
    with enable_grad():
        run = Run("jvp", func, inputs, create_graph, strict)
        v = run.vector(v, run.xs, "the input")
        us = [Tensor(np.zeros_like(y.array), y.requires_grad) for y in run.ys]
        g = run.derivatives(run.ys, run.xs, us, True)
        run.filled(g, run.xs, "the output", "input")
        found = run.derivatives(g, us, v, create_graph)
        return run.like_outputs(run.ys), run.like_outputs(run.filled(found, run.ys, "the gradient", "output"))


def vhp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple:
    """(y, vᵀH) of a single number y = func(inputs): the derivative of (gradient · v).

    Shapes: v as inputs; for an input of one element it may be left out (then it is 1). vᵀH as inputs.
    """
    return product_with_hessian("vhp", func, inputs, v, create_graph, strict)


def hvp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple:
    """(y, Hv) of a single number y = func(inputs). H is symmetric, so this is vhp.

    Shapes: v as inputs; for an input of one element it may be left out (then it is 1). Hv as inputs.
    """
    return product_with_hessian("hvp", func, inputs, v, create_graph, strict)


def product_with_hessian(name: str, func: Callable, inputs: Any, v: Any, create_graph: bool, strict: bool) -> tuple:
    with enable_grad():
        run = Run(name, func, inputs, create_graph, strict)
        run.check_single()
        v = run.vector(v, run.xs, "the input")
        gradient = run.derivatives(run.ys, run.xs, [None], True)
        run.filled(gradient, run.xs, "the output", "input", again=True)
        found = run.derivatives(gradient, run.xs, v, create_graph)
        return run.like_outputs(run.ys), run.like_inputs(run.filled(found, run.xs, "the gradient", "input"))


def jacobian(func: Callable, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
             strategy: str = "reverse-mode") -> Any:
    """J[i][j] = d output i / d input j, one backward pass for each element of the outputs.

    Shapes: J[i][j] (*output i, *input j). Without [i] for a single output, without [j] for a single input.
    """
    check_strategy("jacobian", vectorize, strategy)
    with enable_grad():
        run = Run("jacobian", func, inputs, create_graph, strict)
        return run.like_outputs([run.like_inputs(run.rows(number)) for number in range(len(run.ys))])


def hessian(func: Callable, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
            outer_jacobian_strategy: str = "reverse-mode") -> Any:
    """H[i][j] = d²y / d input i d input j, of a single number y = func(inputs): the Jacobian of the gradient.

    Shapes: H[i][j] (*input i, *input j). For a single input it is H[0][0].
    """
    check_strategy("hessian", vectorize, outer_jacobian_strategy)

    def gradient(*xs: Tensor) -> Any:
        run = Run("hessian", func, xs, True, strict)
        run.check_single()
        found = run.derivatives(run.ys, run.xs, [None], True)
        return run.like_inputs(run.filled(found, run.xs, "the output", "input", again=True))

    with enable_grad():
        run = Run("hessian", gradient, inputs, create_graph, strict)
        rows = [run.like_inputs(run.rows(number)) for number in range(len(run.ys))]
        return tuple(rows) if run.several_inputs else rows[0]


def check_strategy(name: str, vectorize: bool, strategy: str) -> None:
    if vectorize:
        raise NotImplementedError(f"{name}: vectorize=True is not built: leave it out, the result is the same")
    if strategy != "reverse-mode":
        raise NotImplementedError(f"{name}: wanted the strategy 'reverse-mode', got {strategy!r}: leave it out")


class Run:
    """One call of a function: its inputs `xs`, its outputs `ys`, and how the results have to look."""

    def __init__(self, name: str, func: Callable, inputs: Any, create_graph: bool, strict: bool) -> None:
        self.name, self.create_graph, self.strict = name, create_graph, strict
        self.several_inputs, given = self.tensors(inputs, "inputs")
        # New ones: func may have got hold of the old ones as well, and what goes through those does not count.
        self.xs = [x.view(x.shape) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in given]
        self.several_outputs, self.ys = self.tensors(func(*self.xs), "outputs")
        for number, y in enumerate(self.ys):
            if strict and not y.requires_grad:
                raise RuntimeError(f"{name}: output {number} requires no gradient: make it of the inputs by ops, "
                                   "or pass strict=False")

    def tensors(self, x: Any, what: str) -> tuple[bool, Sequence[Tensor]]:
        several = x if isinstance(x, tuple) else (x,)
        for part in several:
            if not isinstance(part, Tensor):
                got = type(part).__name__
                raise TypeError(f"{self.name}: {what} must be a Tensor or a tuple of Tensors, got {got}")
        return isinstance(x, tuple), several

    def check_single(self) -> None:
        if self.several_outputs or self.ys[0].numel() != 1:
            got = f"{len(self.ys)} outputs" if self.several_outputs else f"shape {self.ys[0].shape}"
            raise ValueError(f"{self.name}: wanted a function with one output of one element, got {got}")

    def vector(self, v: Any, like: Sequence[Tensor], what: str) -> list[Tensor]:
        """v, which has to look like these."""
        if v is None:
            if len(like) != 1 or like[0].numel() != 1:
                raise ValueError(f"{self.name}: v can be left out only where {what} is a single element: pass it")
            return [Tensor(np.ones_like(like[0].array))]
        _, vs = self.tensors(v, "v")
        wanted, got = [x.shape for x in like], [x.shape for x in vs]
        if wanted != got:
            raise ValueError(f"{self.name}: v must have the shape of {what}, {wanted}, got {got}")
        return [x if self.create_graph else x.detach() for x in vs]

    def derivatives(self, ys: Found, xs: Sequence[Tensor], seeds: Sequence[Any], create_graph: bool) -> Found:
        """d(Σ y · seed) / dx for each x, None where it does not matter."""
        pairs = [(y, seed) for y, seed in zip(ys, seeds) if y is not None and y.requires_grad]
        if not pairs:
            return [None] * len(xs)
        outputs, seeds = zip(*pairs)
        return grad(outputs, [x for x in xs], seeds, retain_graph=True, create_graph=create_graph, allow_unused=True)

    def filled(self, found: Found, like: Sequence[Tensor], y: str, x: str, again: bool = False) -> list[Tensor]:
        """What was found for y by each x, and 0 where nothing was. again: it is to be differentiated once more."""
        for number, derivative in enumerate(found if self.strict else ()):
            if derivative is None:
                raise RuntimeError(f"{self.name}: {y} does not depend on {x} {number}: pass strict=False to get 0")
            if (again or self.create_graph) and not derivative.requires_grad:
                raise RuntimeError(f"{self.name}: the derivative of {y} by {x} {number} is constant, without a "
                                   "gradient: pass strict=False to get it")
        return [Tensor(np.zeros_like(like[k].array)) if x is None else x for k, x in enumerate(found)]

    def rows(self, number: int) -> list[Tensor]:
        """dy/dx of output `number` for each x."""
        y, rows = self.ys[number], []
        for k in range(y.numel()):
            seed = np.zeros(y.numel(), y.dtype)
            seed[k] = 1
            found = self.derivatives([y], self.xs, [Tensor(seed.reshape(y.shape))], self.create_graph)
            rows.append(self.filled(found, self.xs, f"output {number}", "input"))
        return [Stack.apply(y.shape + x.shape, x.dtype, *[row[k] for row in rows]) for k, x in enumerate(self.xs)]

    def like_outputs(self, results: Sequence[Any]) -> Any:
        return self.packed(results, self.several_outputs)

    def like_inputs(self, results: Sequence[Any]) -> Any:
        return self.packed(results, self.several_inputs)

    def packed(self, results: Sequence[Any], several: bool) -> Any:
        if not self.create_graph:
            results = [x.detach() if isinstance(x, Tensor) else x for x in results]
        return tuple(results) if several else results[0]


class Stack(Function):
    """y = the rows of a Jacobian"""

    @staticmethod
    def forward(ctx: Any, shape: tuple[int, ...], dtype: Any, *rows: Tensor) -> Tensor:
        ctx.shapes = len(rows), rows[0].shape if rows else ()
        return Tensor(np.array([row.array for row in rows], dtype).reshape(shape))

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple:
        count, shape = ctx.shapes
        return None, None, *dy.reshape(count, *shape)
