"""The checks that hold every derivative to finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..state import enable_grad
from ..tensor import Tensor
from .grad import as_tuple, grad


class GradcheckError(RuntimeError):
    """A derivative and its finite difference do not agree."""


def gradcheck(function: Callable, inputs: Any, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
              raise_exception: bool = True) -> bool:
    """Hold the gradients of `function(*inputs)` to (f(x + eps) − f(x − eps)) / 2 eps, element by element.

    Every element of every output is differentiated by every element of every input that requires a gradient. An output
    that itself requires none has the gradient 0, so it must not move.
    Inputs should be float64: float32 has too few digits for eps = 1e-6.
    Raises: GradcheckError naming input, element and both values, unless raise_exception is False.
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    checked = [(i, x) for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: wanted at least one input that requires a gradient, got none")
    outputs = as_tuple(function(*inputs))
    for number, y in enumerate(outputs):
        analytic = jacobian_rows(y, [x for _, x in checked])
        for (i, x), rows in zip(checked, analytic):
            numeric = finite_differences(lambda: as_tuple(function(*inputs)), number, x, eps)
            wrong = ~(np.abs(rows - numeric) <= atol + rtol * np.abs(numeric))
            if wrong.any():
                if not raise_exception:
                    return False
                row, column = (int(k) for k in np.argwhere(wrong)[0])
                raise GradcheckError(
                    f"gradcheck: d output {number}[{index_text(row, y)}] / d input {i}[{index_text(column, x)}] is "
                    f"{rows[row, column]:.8g}, by finite differences {numeric[row, column]:.8g}; "
                    f"{int(wrong.sum())} of {wrong.size} elements differ, by up to {np.abs(rows - numeric).max():.3g}")
    return True


def gradgradcheck(function: Callable, inputs: Any, grad_outputs: Any = None, eps: float = 1e-6,
                  atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True) -> bool:
    """gradcheck of the gradient: the second derivatives, by every input and by dL/doutput.

    grad_outputs: dL/doutput to start from; default: fixed random numbers.
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    outputs = [y for y in as_tuple(function(*inputs)) if y.requires_grad]
    if grad_outputs is None:
        random = np.random.default_rng(0)
        grad_outputs = [Tensor(np.asarray(random.standard_normal(y.shape), y.dtype), True) for y in outputs]
    seeds = list(as_tuple(grad_outputs))

    def gradient(*arguments: Any) -> tuple[Tensor, ...]:
        xs, dys = arguments[: len(inputs)], arguments[len(inputs) :]
        ys = [y for y in as_tuple(function(*xs)) if y.requires_grad]
        wanted = [x for x in xs if isinstance(x, Tensor) and x.requires_grad]
        return tuple(g for g in grad(ys, wanted, dys, create_graph=True, allow_unused=True) if g is not None)

    return gradcheck(gradient, (*inputs, *seeds), eps, atol, rtol, raise_exception)


def jacobian_rows(y: Tensor, inputs: Sequence[Tensor]) -> list[np.ndarray]:
    """dy/dx for each input, (elements of y, elements of x), one backward pass a row."""
    rows = [np.zeros((y.array.size, x.array.size), x.dtype) for x in inputs]
    for row in range(y.array.size if y.requires_grad else 0):
        seed = np.zeros(y.array.size, y.dtype)
        seed[row] = 1
        found = grad(y, inputs, Tensor(seed.reshape(y.shape)), retain_graph=True, allow_unused=True)
        for matrix, g in zip(rows, found):
            if g is not None:
                matrix[row] = g.array.ravel()
    return rows


def finite_differences(evaluate: Callable[[], tuple], number: int, x: Tensor, eps: float) -> np.ndarray:
    """(y(x + eps) − y(x − eps)) / 2 eps for each element of x, y being output `number`: (elements of y, of x)."""
    columns = []
    for index in np.ndindex(x.shape):
        kept = x.array[index]
        sides = []
        for moved in (kept + eps, kept - eps):
            x.array[index] = moved
            with enable_grad():  # the function may itself take gradients
                sides.append(np.array(evaluate()[number].array, np.float64).ravel())
        x.array[index] = kept
        columns.append((sides[0] - sides[1]) / (2 * eps))
    return np.stack(columns, 1) if columns else np.zeros((evaluate()[number].array.size, 0))


def index_text(flat: int, x: Tensor) -> str:
    return ", ".join(str(int(i)) for i in np.unravel_index(flat, x.shape))
