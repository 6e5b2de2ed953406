"""The checks that hold every derivative to finite differences, and explain where they find it wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..tensor import Node, Tensor, op
from .function import FunctionNode
from .grad import as_tuple, nodes_behind
from .jacobians import NUMERIC, Case, Difference, Tolerance, first_difference


class GradcheckError(RuntimeError):
    """A derivative and its finite difference do not agree."""


def gradcheck(func: Callable, inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
              raise_exception: bool = True, nondet_tol: float = 0.0, check_undefined_grad: bool = True,
              **not_built: Any) -> bool:
    """Hold the gradients of `func(*inputs)` to (f(x + eps) − f(x − eps)) / 2 eps, element by element.

    Every element of every output is differentiated by every element of every input that requires a gradient. An output
    that itself requires none has the gradient 0, so it must not move.

    nondet_tol: by how much a gradient may differ when it is taken a second time.
    check_undefined_grad: take the gradient of each output with nothing for the others; False: with zeros.
    Raises: GradcheckError, unless raise_exception is False: which element, both values, the finite difference over
    other eps, and of all ops in func the first whose own derivative is wrong.
    Warns: UserWarning for inputs that have too few digits for eps = 1e-6, as float32 has.
    """
    refuse("gradcheck", not_built)
    case = Case(func, as_tuple(inputs))
    return checked("gradcheck", case, case, Tolerance(eps, atol, rtol, nondet_tol, check_undefined_grad),
                   raise_exception)


def gradgradcheck(func: Callable, inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6, atol: float = 1e-5,
                  rtol: float = 1e-3, raise_exception: bool = True, nondet_tol: float = 0.0,
                  check_undefined_grad: bool = True, **not_built: Any) -> bool:
    """gradcheck of the gradient: the second derivatives, by every input and by dL/doutput.

    grad_outputs: dL/doutput to start from; default: fixed random numbers.
    The rest is as in gradcheck.
    """
    refuse("gradgradcheck", not_built)
    case = Case(func, as_tuple(inputs))
    return checked("gradgradcheck", case, case.gradient(grad_outputs),
                   Tolerance(eps, atol, rtol, nondet_tol, check_undefined_grad), raise_exception)


# What PyTorch's checks can do besides, and the values of these options that do not ask for it.
NOT_BUILT = {"check_backward_ad": (True,), "check_rev_over_rev": (True,), "masked": (None, False)} | dict.fromkeys(
    ("check_grad_dtypes", "check_batched_grad", "check_batched_forward_grad", "check_forward_ad", "check_fwd_over_rev",
     "fast_mode", "gen_non_contig_grad_outputs"), (False,))


def refuse(name: str, options: dict[str, Any]) -> None:
    for option, value in options.items():
        if option not in NOT_BUILT:
            raise TypeError(f"{name}: there is no argument {option!r}")
        if value not in NOT_BUILT[option]:
            raise NotImplementedError(f"{name}: {option}={value} is not built: leave it out")


def checked(name: str, case: Case, derived: Case, tolerance: Tolerance, raise_exception: bool) -> bool:
    """Are the derivatives of `derived` right, which is the case itself or its gradient?"""
    if not case.xs:
        raise ValueError(f"{name}: wanted at least one input that requires a gradient, got none")
    short = [f"{x_name} is {x.dtype}" for x, x_name in case.xs.items() if x.dtype != np.float64]
    if short:
        warnings.warn(f"{name}: {' and '.join(short)}, which has too few digits for finite differences: use .double()",
                      UserWarning, stacklevel=3)
    found = first_difference(derived, tolerance)
    if found is not None and raise_exception:
        raise GradcheckError("\n  ".join([f"{name}: {found}", *explanation(found, case, derived, tolerance)]))
    return found is None


def explanation(found: Difference, case: Case, derived: Case, tolerance: Tolerance) -> Iterator[str]:
    """How sure the finite difference is, and which op's derivative is the wrong one."""
    if found.kind != NUMERIC:
        yield f"a backward pass must give the same each time, or pass nondet_tol={found.largest:.3g}"
        return
    if any(not np.array_equal(*pair, equal_nan=True) for pair in zip(derived.values(), derived.values())):
        yield "the function returns something else each time it is called: that has no derivative"
        return
    yield trust_in(found, tolerance)
    if any(x.dtype != np.float64 for x in case.xs):
        return
    for node in nodes_behind(case.outputs()):
        alone = case_of(node)
        if alone is not None and derived is not case:
            alone = alone.gradient()
        part = None if alone is None else first_difference(alone, tolerance)
        if part is not None:
            yield f"the first op whose own derivative is wrong: {node.op.name}, {node.op.formula}"
            yield f"  {part}"
            return
    yield "the derivative of each op by itself is right: a part of the way is missing, look for .detach() and .array"


def trust_in(found: Difference, tolerance: Tolerance) -> str:
    """The finite difference over other eps and from either side, and what they tell."""
    slopes = {tolerance.eps * factor: found.slopes(tolerance.eps * factor) for factor in (0.1, 1, 10)}
    steps = [(left + right) / 2 for left, right in slopes.values()]
    left, right = slopes[tolerance.eps]
    near = 2 * (tolerance.atol + tolerance.rtol * abs(found.other))
    if abs(right - left) > near:
        verdict = f"{left:.4g} to the left and {right:.4g} to the right, the function bends or jumps there"
    elif max(steps) - min(steps) > near:
        verdict = "they do not agree, so eps is not right for this function, or its inputs have too few digits"
    else:
        verdict = "they agree, so it is the derivative that is wrong"
    values = ", ".join(f"{step:.8g} over {eps:.3g}" for step, eps in zip(steps, slopes))
    return f"finite differences: {values}: {verdict}"


def case_of(node: Node) -> Case | None:
    """A Node's op by itself, at the inputs it had; None where finite differences cannot tell."""
    rule = node.op
    inputs = [Tensor(np.array(x.array), x.requires_grad) if isinstance(x, Tensor) else x for x in node.inputs]
    if any(isinstance(x, Tensor) and x.requires_grad and x.dtype != np.float64 for x in inputs):
        return None
    if isinstance(node, FunctionNode):
        function: Callable = node.again
    elif rule.derivatives or rule.joint is not None:
        again = op(rule.forward, saves=rule.saves, prepare=rule.prepare)  # the function that the Op was made for
        vars(again.op).update(vars(rule))
        function = partial(again, **dict(zip(rule.defaults, node.values[len(inputs) :])))
    else:
        return None
    names = rule.inputs or rule.variadic * len(inputs)
    return Case(function, inputs, names, ["y"])
