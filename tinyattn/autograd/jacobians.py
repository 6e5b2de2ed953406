"""The Jacobian of a function twice, by its derivatives and by finite differences, and the first place they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..state import enable_grad
from ..tensor import Tensor
from .grad import as_tuple, grad

NUMERIC, REPEATED = "by finite differences", "and taken again"


@dataclass
class Tolerance:
    """Finite differences go eps to both sides; they may be atol + rtol · |numeric| away from the derivative, and the
    derivative nondet_tol from itself when it is taken again.

    check_undefined_grad: that of an output is taken with no gradient for the other outputs; False: with zeros.
    """

    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    check_undefined_grad: bool


class Case:
    """A function, the inputs at which to check its derivatives, and what inputs and outputs are called."""

    def __init__(self, function: Callable, inputs: Sequence[Any], x_names: Sequence[str] = (),
                 y_names: Sequence[str] = ()) -> None:
        self.function, self.inputs = function, inputs
        self.x_names = x_names or [f"input {k}" for k in range(len(inputs))]
        self.y_names = y_names
        self.xs = {x: name for x, name in zip(inputs, self.x_names) if isinstance(x, Tensor) and x.requires_grad}

    def outputs(self) -> tuple[Tensor, ...]:
        with enable_grad():  # the function may itself take gradients
            return as_tuple(self.function(*self.inputs))

    def values(self) -> list[np.ndarray]:
        return [np.array(y.array, np.float64).ravel() for y in self.outputs()]

    def gradient(self, grad_outputs: Any = None) -> Case:
        """dL/dinput for each input that wants it, as a function of the inputs and of dL/doutput."""
        if grad_outputs is None:
            random = np.random.default_rng(0)
            grad_outputs = [Tensor(np.asarray(random.standard_normal(y.shape), y.dtype), True)
                            for y in self.outputs() if y.requires_grad]
        dys, count = as_tuple(grad_outputs), len(self.inputs)

        def gradient(*arguments: Any) -> tuple[Tensor, ...]:
            xs = [x for x in arguments[:count] if isinstance(x, Tensor) and x.requires_grad]
            ys = [y for y in as_tuple(self.function(*arguments[:count])) if y.requires_grad]
            found = grad(ys, xs, arguments[count:], create_graph=True, allow_unused=True)
            return tuple(Tensor(np.zeros_like(x.array)) if dx is None else dx for x, dx in zip(xs, found))

        return Case(gradient, (*self.inputs, *dys), [*self.x_names, *(f"grad_output {k}" for k in range(len(dys)))],
                    [f"(gradient of {name})" for name in self.xs.values()])


@dataclass
class Difference:
    """One element of one Jacobian: row is the output's element, column that of the input x."""

    case: Case
    output: int
    x: Tensor
    row: int
    column: int
    derivative: float
    other: float  # the finite difference, or the derivative when it was taken again
    kind: str  # which of these
    share: str
    largest: float

    def __str__(self) -> str:
        y, name = self.case.outputs()[self.output], self.case.y_names[self.output :] or [f"output {self.output}"]
        return (f"d {name[0]}{place(self.row, y)} / d {self.case.xs[self.x]}{place(self.column, self.x)} is "
                f"{self.derivative:.8g}, {self.kind} {self.other:.8g}; {self.share} elements differ, "
                f"by up to {self.largest:.3g}")

    def slopes(self, eps: float) -> tuple[float, float]:
        """Of this element, the finite differences over eps to the left and to the right."""
        high, low = moved(self.case, self.x, np.unravel_index(self.column, self.x.shape), eps)
        middle, left, right = (values[self.output][self.row] for values in (self.case.values(), low, high))
        return (middle - left) / eps, (right - middle) / eps


def first_difference(case: Case, tolerance: Tolerance) -> Difference | None:
    """Where the derivatives of a case are wrong first, if they are."""
    outputs = case.outputs()
    numeric = [finite_differences(case, x, tolerance.eps, outputs) for x in case.xs]
    for number, y in enumerate(outputs):
        others = [] if tolerance.check_undefined_grad else [z for z in outputs if z is not y and z.requires_grad]
        rows = jacobian_rows([y, *others], list(case.xs), y.numel())
        again = jacobian_rows([y, *others], list(case.xs), min(1, y.numel()))
        for x, derivative, first, columns in zip(case.xs, rows, again, numeric):
            difference = columns[number]
            bound = tolerance.atol + tolerance.rtol * np.abs(difference)
            repeated = np.nan_to_num(derivative[:1]), np.nan_to_num(first)  # a NaN may be one again
            for (left, right), most, kind in ((repeated, tolerance.nondet_tol, REPEATED),
                                              ((derivative, difference), bound, NUMERIC)):
                apart = np.abs(left - right)
                wrong = ~(apart <= most)
                if wrong.any():
                    row, column = (int(k) for k in np.argwhere(wrong)[0])
                    return Difference(case, number, x, row, column, left[row, column], right[row, column], kind,
                                      f"{wrong.sum()} of {wrong.size}", apart.max())
    return None


def jacobian_rows(outputs: Sequence[Tensor], xs: Sequence[Tensor], count: int) -> list[np.ndarray]:
    """The first rows of dy/dx for each x, y being outputs[0]: (count, elements of x), one backward pass a row."""
    y, *others = outputs
    rows = [np.zeros((count, x.numel()), x.dtype) for x in xs]
    for row in range(count if y.requires_grad else 0):
        seed = np.zeros(y.numel(), y.dtype)
        seed[row] = 1
        seeds = [Tensor(seed.reshape(y.shape)), *(Tensor(np.zeros_like(other.array)) for other in others)]
        for matrix, dx in zip(rows, grad(outputs, xs, seeds, retain_graph=True, allow_unused=True)):
            if dx is not None:
                matrix[row] = dx.array.ravel()
    return rows


def finite_differences(case: Case, x: Tensor, eps: float, outputs: Sequence[Tensor]) -> list[np.ndarray]:
    """(y(x + eps) − y(x − eps)) / 2 eps for each output and each element of x: (elements of y, elements of x)."""
    columns = [[(high - low) / (2 * eps) for high, low in zip(*moved(case, x, index, eps))]
               for index in np.ndindex(x.shape)]
    return [np.stack(column, 1) for column in zip(*columns)] or [np.zeros((y.numel(), 0)) for y in outputs]


def moved(case: Case, x: Tensor, index: tuple[Any, ...], eps: float) -> list[list[np.ndarray]]:
    """The outputs with one element of x moved up and down by eps."""
    kept, sides = x.array[index], []
    for value in (kept + eps, kept - eps):
        x.array[index] = value
        sides.append(case.values())
    x.array[index] = kept
    return sides


def place(flat: int, x: Tensor) -> str:
    return str([int(k) for k in np.unravel_index(flat, x.shape)])
