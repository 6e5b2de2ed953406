"""Cross-entropy: how surprising the right answers are under the predicted probabilities, in nats.

Softmax and cross-entropy are one op, for the derivative of the two together is so much simpler than that of each:
p − y, the probabilities less the right answer. It serves class numbers without weights; all else is primitive ops.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..kernels.compile import kernel, ready
from ..kernels.threads import over_rows
from ..kernels.vector import EXACT, exp, largest
from ..tensor import Tensor, op
from .elementwise import add, mul, neg, sub
from .fused import fused
from .indexing import pick, put
from .losses import check_reduction, reduced
from .matmul import check_tensors
from .reductions import mean, sum
from .shapes import permute, reshape
from .softmax import ELEMENTS_PER_THREAD, log_softmax, sum_exp

# --- the reference: the same in primitive ops ---------------------------


def cross_entropy_reference(logits, targets, ignore_index, reduction, label_smoothing, weight=None):
    """The loss of each row, or their mean or sum.    Shapes: logits (R, C), targets (R,), weight (C,)"""
    rows = np.flatnonzero(targets != ignore_index)
    log_p = log_softmax(logits if len(rows) == len(targets) else pick(logits, index=(rows,)), dim=1)
    losses = at_targets(log_p, np.arange(len(rows)), targets[rows], weight)
    if label_smoothing:  # the right answer is 1 − ε sure, ε is spread over all classes alike
        log_p = log_p if weight is None else mul(log_p, weight)
        losses = sub(mul(losses, 1 - label_smoothing), mul(mean(log_p, dim=1), label_smoothing))
    return over_counted(losses, rows, targets, reduction, weight)


def at_targets(log_p, rows, targets, weight):
    """−wₜ log pₜ at the target t of each of these rows"""
    losses = neg(pick(log_p, index=(rows, targets)))
    return losses if weight is None else mul(losses, weight[targets])


def over_counted(losses, rows, targets, reduction, weight):
    """The losses of those `rows` that count, brought to what the caller wants."""
    if reduction == "none":
        return losses if len(rows) == len(targets) else put(losses, index=(rows,), shape=(len(targets),))
    if reduction == "sum":
        return sum(losses)
    total = len(rows) if weight is None else float(weight[targets[rows]].sum())
    return mul(sum(losses), 1 / total if total else math.nan)


# --- the same in kernels ------------------------------------------------


# Regrouped, (m − x) + log Σ would lose log Σ next to a large m.
@kernel(fastmath=EXACT)
def row_losses(losses, maxima, totals, logits, targets, ignore_index, smoothing):
    """losses (R,), and for their gradient maxima (R,) and totals (R,) = Σ exp(x − max); logits (R, C), targets (R,)"""
    R, C = logits.shape
    for r in range(R):
        losses[r], maxima[r], totals[r] = 0, 0, 1
        if targets[r] == ignore_index:
            continue
        m = largest(logits[r])
        maxima[r], totals[r] = m, sum_exp(logits[r], m)
        below = (1 - smoothing) * (m - logits[r, targets[r]])  # how far the target's logit is below the largest
        if smoothing > 0:
            below += smoothing * sum_below(logits[r], m) / C  # and that of the average class
        losses[r] = below + math.log(totals[r])


@kernel
def sum_below(x, m):
    """Σ (m − x)"""
    total = x.dtype.type(0)
    for n in range(x.size):
        total += m - x[n]
    return total


@kernel
def row_gradients(dx, dy, logits, maxima, totals, targets, ignore_index, smoothing):
    """dx (R, C) = dy · (p − y) of each row, dy (R,)"""
    R, C = dx.shape
    for r in range(R):
        factor, spread = dy[r] / totals[r], dy[r] * dx.dtype.type(smoothing / C)
        if targets[r] == ignore_index:
            dx[r] = 0
            continue
        for c in range(C):
            dx[r, c] = factor * exp(logits[r, c] - maxima[r]) - spread
        dx[r, targets[r]] -= dy[r] * dx.dtype.type(1 - smoothing)


@op(saves=True)
def cross_entropy_(logits, /, targets, ignore_index, reduction, label_smoothing):
    """y = −log softmax(x) at the target"""
    R, C = logits.shape
    logits = ready(logits)
    losses, maxima, totals = np.empty(R), np.empty(R, logits.dtype), np.empty(R, logits.dtype)

    def work(start, stop):
        rows = slice(start, stop)
        row_losses(losses[rows], maxima[rows], totals[rows], logits[rows], targets[rows], ignore_index, label_smoothing)

    over_rows(work, R, ELEMENTS_PER_THREAD // max(C, 1))
    counted = np.count_nonzero(targets != ignore_index)
    if reduction == "none":
        y = losses.astype(logits.dtype, copy=False)
    else:
        total = losses.sum()  # in float64
        y = np.asarray(total if reduction == "sum" else total / counted if counted else math.nan, logits.dtype)
    return y, (logits, maxima, totals, counted)


@cross_entropy_.joint_gradient
def _(logits, *, dy, saved, targets, ignore_index, reduction, label_smoothing):
    logits, maxima, totals, counted = saved
    R, C = logits.shape
    each = dy / max(counted, 1) if reduction == "mean" else dy
    each = ready(np.broadcast_to(np.asarray(each, logits.dtype), (R,)))
    dx = np.empty_like(logits)

    def work(start, stop):
        rows = slice(start, stop)
        row_gradients(dx[rows], each[rows], logits[rows], maxima[rows], totals[rows], targets[rows], ignore_index,
                      label_smoothing)

    over_rows(work, R, ELEMENTS_PER_THREAD // max(C, 1))
    return (dx,)


fused(cross_entropy_, cross_entropy_reference)


# --- what callers see ---------------------------------------------------


def cross_entropy(input: Any, target: Any, weight: Any = None, size_average: None = None, ignore_index: int = -100,
                  reduce: None = None, reduction: str = "mean", label_smoothing: float = 0.0) -> Any:
    """y = −w log softmax(input) at the target, in nats; or −Σ w target log softmax(input)

    target: class numbers; or, with all of input's dimensions, a probability for each class.
    weight: a factor for each class. The mean is then over weights: divided by the sum of the targets' (but not where
    targets are probabilities).
    ignore_index: targets of this class count for nothing, neither in the loss nor in the mean's denominator.
    reduction: "mean" or "sum" over all that counts, "none": one loss for each target. The mean of nothing is NaN.
    label_smoothing: this share of the target's certainty is spread evenly over all classes.
    size_average, reduce: PyTorch's older names of `reduction`, not to be used.

    Shapes: input (N, C), (N, C, d1, ...) or (C,), unnormalised; target the same, without C for class numbers;
    weight (C,).
    Raises: ValueError for other shapes or options, TypeError for other dtypes, IndexError for a target that is no
    class.
    Source: Szegedy et al. 2016, section 7, for label smoothing.
    """
    check_tensors("cross_entropy", input, target)
    check_reduction("cross_entropy", reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be in 0 ... 1, got {label_smoothing}")
    if input.ndim and target.shape == input.shape:
        return from_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    rows, targets = as_rows("cross_entropy", input, target, ignore_index)
    options = {"targets": targets, "ignore_index": int(ignore_index), "reduction": reduction,
               "label_smoothing": float(label_smoothing)}
    if weight is None:
        y = cross_entropy_(rows, **options)
    else:
        y = cross_entropy_reference(rows, **options, weight=fixed_weight("cross_entropy", weight, rows))
    return reshape(y, shape=tuple(target.shape)) if reduction == "none" else y


def from_probabilities(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str,
                       label_smoothing: float) -> Any:
    """y = −Σ w target log softmax(input), over the classes"""
    dim = min(1, input.ndim - 1)
    C = input.shape[dim]
    for name, x in (("input", input), ("probabilities as target", target)):
        if x.dtype.kind != "f":
            raise TypeError(f"cross_entropy: {name} must be floating-point, got {x.dtype}: use .float(); "
                            "class numbers as target have no dimension of classes")
    if ignore_index >= 0:
        raise ValueError(f"cross_entropy: ignore_index needs class numbers as target, got {ignore_index} for "
                         "probabilities: set those to 0")
    if label_smoothing:
        target = add(mul(target, 1 - label_smoothing), label_smoothing / C)
    products = mul(target, log_softmax(input, dim=dim))
    if weight is not None:
        check_weight("cross_entropy", weight, C, input.dtype)
        products = mul(products, reshape(weight, shape=(C, *[1] * (input.ndim - dim - 1))))
    return reduced(neg(sum(products, dim=dim)), reduction)


def nll_loss(input: Any, target: Any, weight: Any = None, size_average: None = None, ignore_index: int = -100,
             reduce: None = None, reduction: str = "mean") -> Any:
    """y = −w input at the target, input being log-probabilities; arguments as in cross_entropy, class numbers only"""
    check_tensors("nll_loss", input, target)
    check_reduction("nll_loss", reduction, size_average, reduce)
    log_p, targets = as_rows("nll_loss", input, target, ignore_index)
    rows = np.flatnonzero(targets != ignore_index)
    weight = None if weight is None else fixed_weight("nll_loss", weight, log_p)
    y = over_counted(at_targets(log_p, rows, targets[rows], weight), rows, targets, reduction, weight)
    return reshape(y, shape=tuple(target.shape)) if reduction == "none" else y


# --- what is refused ----------------------------------------------------


def as_rows(name: str, input: Any, target: Any, ignore_index: int) -> tuple[Any, np.ndarray]:
    """input as (R, C) and the targets as (R,), checked."""
    targets = target.array if isinstance(target, Tensor) else np.asarray(target)
    shape = tuple(input.shape)
    classes = min(1, input.ndim - 1)
    if input.ndim == 0 or shape[:classes] + shape[classes + 1:] != targets.shape:
        raise ValueError(f"{name}: wanted input (N, C, ...) and target (N, ...), got {shape} and {targets.shape}")
    if input.dtype.kind != "f":
        raise TypeError(f"{name}: input must be floating-point, got {input.dtype}: use .float()")
    if targets.dtype.kind not in "iu":
        raise TypeError(f"{name}: targets must be class numbers, integers, got {targets.dtype}: use .long()")
    C = shape[classes]
    counted = targets[targets != ignore_index]
    if counted.size and not 0 <= counted.min() <= counted.max() < C:
        wrong = counted.min() if counted.min() < 0 else counted.max()
        raise IndexError(f"{name}: targets must be in 0 ... {C - 1}, or ignore_index = {ignore_index}, got {wrong}")
    if input.ndim > 2:
        input = permute(input, 0, *range(2, input.ndim), 1)
    rows = input if input.ndim == 2 else reshape(input, shape=(targets.size, C))
    return rows, ready(targets.reshape(-1).astype(np.int64, copy=False))


def check_weight(name: str, weight: Any, C: int, dtype: Any) -> None:
    if tuple(weight.shape) != (C,):
        raise ValueError(f"{name}: weight must be (C,) = ({C},), got {tuple(weight.shape)}: a factor for each class")
    if weight.dtype != dtype:
        raise TypeError(f"{name}: weight must be {dtype} like input, got {weight.dtype}: use .to({dtype})")


def fixed_weight(name: str, weight: Any, rows: Any) -> np.ndarray:
    """The weights as an array: with class numbers they get no gradient, in PyTorch neither."""
    check_weight(name, weight, rows.shape[1], rows.dtype)
    if isinstance(weight, Tensor) and weight.requires_grad:
        raise ValueError(f"{name}: weight gets no gradient where targets are class numbers: use weight.detach()")
    return weight.array if isinstance(weight, Tensor) else weight
