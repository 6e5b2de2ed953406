"""Cross-entropy: how surprising the right answers are under the predicted probabilities, in nats.

Softmax and cross-entropy are one op, for the derivative of the two together is so much simpler than that of each:
p − y, the probabilities less the right answer. That needs nothing but what the loss itself has just computed, so the
forward pass leaves it behind, and all that is left to backward is a factor. This serves class numbers; for
probabilities as target there are primitive ops.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..kernels.compile import ready
from ..kernels.threads import over_rows
from ..state import state
from ..tensor import Tensor, op
from .cross_entropy_kernels import row_losses
from .elementwise import add, mul, neg, sub
from .fused import fused
from .indexing import pick, put
from .losses import check_reduction, reduced
from .matmul import check_tensors
from .reductions import mean, sum
from .shapes import permute, reshape
from .softmax import ELEMENTS_PER_THREAD, log_softmax

# --- the reference: the same in primitive ops ---------------------------


def cross_entropy_reference(logits, targets, ignore_index, reduction, label_smoothing, weight=None, wanted=True):
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
    return sum(losses) if reduction == "sum" else mul(sum(losses), share_of_each(targets[rows], reduction, weight))


def share_of_each(targets, reduction, weight):
    """What each loss counts in the end, of those whose targets these are: 1 / Σ w in a mean, else 1."""
    if reduction != "mean":
        return 1.0
    total = len(targets) if weight is None else float(weight[targets].sum())
    return 1 / total if total else math.nan


# --- the same in a kernel -----------------------------------------------


@op(saves=True)
def cross_entropy_(logits, /, targets, ignore_index, reduction, label_smoothing, weight, wanted):
    """y = −w log softmax(x) at the target"""
    counted = targets[targets != ignore_index] if reduction == "mean" else targets
    share = share_of_each(counted, reduction, weight)
    dlogits = np.empty(logits.shape if wanted else (0, 0), logits.dtype)
    losses = losses_of(dlogits, ready(logits), targets, weight, ignore_index, label_smoothing, share)
    return in_all(losses, reduction, share, logits.dtype), dlogits


def losses_of(dlogits, logits, targets, weight, ignore_index, label_smoothing, share):
    """The losses (R,) in float64, and in `dlogits` their gradient times `share`, see row_losses."""
    (R, C), dtype, losses = logits.shape, logits.dtype, np.empty(len(logits))
    weight = np.ones(C, dtype) if weight is None else weight

    def work(start, stop):
        row_losses(losses[start:stop], dlogits[start:stop], np.empty(C, dtype), logits[start:stop],
                   targets[start:stop], weight, ignore_index, label_smoothing, share)

    over_rows(work, R, ELEMENTS_PER_THREAD // max(C, 1))
    return losses


def in_all(losses, reduction, share, dtype):
    """What the caller gets of the losses of all rows; they are summed in float64."""
    return np.asarray(losses if reduction == "none" else np.add.reduce(losses) * share, dtype)


@cross_entropy_.joint_gradient
def _(logits, *, dy, saved, reduction):
    if reduction == "none":
        return (saved * dy[:, None],)
    return (saved if dy == 1 else saved * dy,)


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
    check_smoothing("cross_entropy", label_smoothing)
    if input.ndim and target.shape == input.shape:
        return from_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    rows, targets = as_rows("cross_entropy", input, target, ignore_index)
    weight = None if weight is None else fixed_weight("cross_entropy", weight, rows.shape[1], rows.dtype)
    y = cross_entropy_(rows, targets=targets, ignore_index=int(ignore_index), reduction=reduction,
                       label_smoothing=float(label_smoothing), weight=weight, wanted=wants_gradient(input))
    return y if reduction != "none" or target.ndim == 1 else reshape(y, shape=tuple(target.shape))


def wants_gradient(x: Any) -> bool:
    """Will a gradient by x be asked for? Then a loss computes it at once."""
    return state.grad_enabled and isinstance(x, Tensor) and x.requires_grad


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
    weight = None if weight is None else fixed_weight("nll_loss", weight, log_p.shape[1], log_p.dtype)
    y = over_counted(at_targets(log_p, rows, targets[rows], weight), rows, targets, reduction, weight)
    return reshape(y, shape=tuple(target.shape)) if reduction == "none" else y


# --- what is refused ----------------------------------------------------


def as_rows(name: str, input: Any, target: Any, ignore_index: int) -> tuple[Any, np.ndarray]:
    """input as (R, C) and the targets as (R,), checked."""
    shape = tuple(input.shape)
    classes = min(1, input.ndim - 1)
    if input.ndim == 0 or shape[:classes] + shape[classes + 1:] != tuple(target.shape):
        raise ValueError(f"{name}: wanted input (N, C, ...) and target (N, ...), got {shape} and {tuple(target.shape)}")
    if input.dtype.kind != "f":
        raise TypeError(f"{name}: input must be floating-point, got {input.dtype}: use .float()")
    targets = checked_targets(name, target, shape[classes], ignore_index)
    if input.ndim > 2:
        input = permute(input, 0, *range(2, input.ndim), 1)
    return (input if input.ndim == 2 else reshape(input, shape=(targets.size, shape[classes]))), targets


def checked_targets(name: str, target: Any, C: int, ignore_index: int) -> np.ndarray:
    """Class numbers as kernels want them, (R,); all are below C, or ignore_index."""
    targets = target.array if isinstance(target, Tensor) else target
    if targets.dtype.kind not in "iu":
        raise TypeError(f"{name}: targets must be class numbers, integers, got {targets.dtype}: use .long()")
    targets = ready(targets.reshape(-1).astype(np.int64, copy=False))
    if targets.size and not 0 <= np.minimum.reduce(targets) <= np.maximum.reduce(targets) < C:
        wrong = targets[((targets < 0) | (targets >= C)) & (targets != ignore_index)]
        if wrong.size:
            raise IndexError(f"{name}: targets must be in 0 ... {C - 1}, or ignore_index = {ignore_index}, "
                             f"got {wrong[0]}")
    return targets


def check_smoothing(name: str, label_smoothing: float) -> None:
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing must be in 0 ... 1, got {label_smoothing}")


def check_weight(name: str, weight: Any, C: int, dtype: Any) -> None:
    if tuple(weight.shape) != (C,):
        raise ValueError(f"{name}: weight must be (C,) = ({C},), got {tuple(weight.shape)}: a factor for each class")
    if weight.dtype != dtype:
        raise TypeError(f"{name}: weight must be {dtype} like input, got {weight.dtype}: use .to({dtype})")


def fixed_weight(name: str, weight: Any, C: int, dtype: Any) -> np.ndarray:
    """The weights as an array: with class numbers they get no gradient, in PyTorch neither."""
    check_weight(name, weight, C, dtype)
    if isinstance(weight, Tensor) and weight.requires_grad:
        raise ValueError(f"{name}: weight gets no gradient where targets are class numbers: use weight.detach()")
    return ready(weight.array if isinstance(weight, Tensor) else weight)
