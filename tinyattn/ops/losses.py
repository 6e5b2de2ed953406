"""Losses: one number for how far an output is from what it should be. Cross-entropy has a file of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import op
from .activations import sigmoid
from .dtypes import floating
from .matmul import check_tensors
from .reductions import mean, sum

REDUCTIONS = ("mean", "sum", "none")


def mse_loss(input: Any, target: Any, size_average: None = None, reduce: None = None, reduction: str = "mean",
             weight: Any = None) -> Any:
    """y = w (input − target)²

    weight: a factor for each element; the mean is then divided by the sum of the weights.
    reduction: "mean", "sum" or "none"; size_average, reduce: PyTorch's older names of it, not to be used.

    Shapes: all the same. PyTorch broadcasts, with a warning; here that is refused, since it is nearly always a mistake.
    Raises: ValueError for other shapes or options, TypeError where nothing is floating-point.
    """
    check_tensors("mse_loss", input, target)
    check_reduction("mse_loss", reduction, size_average, reduce)
    for name, x in (("target", target), ("weight", input if weight is None else weight)):
        if tuple(x.shape) != tuple(input.shape):
            raise ValueError(f"mse_loss: {name} must have input's shape {tuple(input.shape)}, got {tuple(x.shape)}: "
                             "reshape or expand one of them")
    error = input - target
    if error.dtype.kind != "f":
        raise TypeError(f"mse_loss: input or target must be floating-point, got {input.dtype} and {target.dtype}: "
                        "use .float()")
    squares = error * error if weight is None else error * error * weight
    if weight is None or reduction != "mean":
        return reduced(squares, reduction)
    return sum(squares) / sum(weight)


@op(prepare=floating)
def log_sigmoid(x, /):
    """y = ln 1 / (1 + e⁻ˣ) = min(x, 0) − ln (1 + exp −|x|), which cannot overflow"""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


log_sigmoid.gradient(dx=lambda dy, x: dy * sigmoid(-x))


@np.errstate(invalid="ignore")  # infinite logits: NaN
def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None, size_average: None = None,
                                     reduce: None = None, reduction: str = "mean", pos_weight: Any = None) -> Any:
    """y = −w (w₊ t ln σ(x) + (1 − t) ln (1 − σ(x))), x the input and t the target, in nats

    target: 1 for yes, 0 for no, or a probability between. weight: a factor for each element; pos_weight: for the
    part of "yes" alone, so that few of them weigh as much as many of "no".
    reduction: "mean", "sum" or "none"; size_average, reduce: PyTorch's older names of it, not to be used.

    Shapes: input and target the same; weight and pos_weight are broadcast to it.
    Raises: ValueError for other shapes or options, TypeError unless input and target are floating-point.
    """
    name = "binary_cross_entropy_with_logits"
    check_tensors(name, input, target)
    check_reduction(name, reduction, size_average, reduce)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(f"{name}: target must have input's shape {tuple(input.shape)}, got {tuple(target.shape)}: "
                         "reshape or expand one of them")
    for x in (input, target):
        if x.dtype.kind != "f":
            raise TypeError(f"{name}: input and target must be floating-point, got {input.dtype} and {target.dtype}: "
                            "use .float()")
    # ln (1 − σ(x)) = ln σ(x) − x, so both parts share one logarithm
    of_no = (1 - target) * input
    share = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    losses = of_no - share * log_sigmoid(input)
    losses = losses if weight is None else losses * weight
    if losses.shape != of_no.shape or losses.dtype != of_no.dtype:
        raise ValueError(f"{name}: weights must fit input's shape {tuple(input.shape)} and dtype {of_no.dtype}, got "
                         f"{tuple(losses.shape)} and {losses.dtype} with them")
    return reduced(losses, reduction)


# --- what losses share --------------------------------------------------


def check_reduction(name: str, reduction: str, size_average: None, reduce: None) -> None:
    if size_average is not None or reduce is not None:
        raise ValueError(f"{name}: size_average and reduce are not supported: use reduction=, one of "
                         f"{', '.join(REDUCTIONS)}")
    if reduction not in REDUCTIONS:
        raise ValueError(f"{name}: reduction must be one of {', '.join(REDUCTIONS)}, got {reduction!r}")


def reduced(losses: Any, reduction: str) -> Any:
    """The losses of all elements, or their mean or sum."""
    return losses if reduction == "none" else mean(losses) if reduction == "mean" else sum(losses)
