"""Output projection and cross-entropy as one op, which never holds the logits of all rows.

In a model that chooses from thousands of words the logits, one for each word at each position, are the largest array
of all, and their gradient is another. Here a block of rows goes all the way while it is in the cache: it is
projected, its losses are taken, its logits become their own gradient p − y, and that is multiplied back:

    dx = dlogits · W        dW += dlogitsᵀ · x        db += Σ dlogits

This can be done before backward has begun, for a mean and a sum pass nothing back but one number, a factor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import op
from .cross_entropy import (
    check_smoothing,
    checked_targets,
    cross_entropy,
    cross_entropy_reference,
    fixed_weight,
    in_all,
    losses_of,
    share_of_each,
    wants_gradient,
)
from .fused import fused
from .losses import check_reduction
from .matmul import (
    check_dtypes,
    check_tensors,
    flat,
    linear,
    linear_,
    product,
)
from .shapes import reshape, unsqueeze

# Of a block at most, 16 MB of float32: to go through the weights for each block costs 4% with 512 rows, 20% with 128.
LOGITS = 4 << 20


def linear_cross_entropy_reference(x, linear_weight, linear_bias, targets, weight, ignore_index, reduction,
                                   label_smoothing, wanted):
    """The loss of each row, or their mean or sum.    Shapes: x (R, K), linear_weight (C, K), linear_bias (C,)"""
    logits = linear_(x, linear_weight, linear_bias)
    return cross_entropy_reference(logits, targets, ignore_index, reduction, label_smoothing, weight)


@op(saves=True)
def linear_cross_entropy_(x, linear_weight, linear_bias, /, targets, weight, ignore_index, reduction, label_smoothing,
                          wanted):
    """y = −w log softmax(x · linear_weightᵀ + linear_bias) at the target"""
    rows = counted(targets, ignore_index)
    share = share_of_each(targets[rows], reduction, weight)
    # What each of several losses will count in the end nobody knows yet: backward then has to do it all again.
    losses, dx, dweight, dbias = by_blocks(x[rows], linear_weight, linear_bias, targets[rows], weight, label_smoothing,
                                           () if reduction == "none" else wanted, share)
    y = in_all(back_to(rows, losses, len(x)), reduction, share, x.dtype)
    return y, (back_to(rows, dx, len(x)), dweight, dbias)


@linear_cross_entropy_.joint_gradient
def _(x, linear_weight, linear_bias, *, dy, saved, targets, weight, ignore_index, reduction, label_smoothing, wanted):
    if reduction != "none":
        return saved if dy == 1 else [dx if dx is None else dx * dy for dx in saved]
    rows = counted(targets, ignore_index)
    _, dx, dweight, dbias = by_blocks(x[rows], linear_weight, linear_bias, targets[rows], weight, label_smoothing,
                                      wanted, dy[rows])
    return back_to(rows, dx, len(x)), dweight, dbias


fused(linear_cross_entropy_, linear_cross_entropy_reference)


def counted(targets, ignore_index):
    """Which rows count, as an index: nothing is computed for padding. A slice, which copies nothing, where all do."""
    mask = targets != ignore_index
    return slice(None) if mask.all() else mask.nonzero()[0]


def back_to(rows, part, R):
    """(R, ...) with `part` in these rows, and 0 in the others."""
    if part is None or len(part) == R:
        return part
    whole = np.zeros((R, *part.shape[1:]), part.dtype)
    whole[rows] = part
    return whole


def by_blocks(x, linear_weight, linear_bias, targets, weight, label_smoothing, wanted, dlosses):
    """The losses (R,), then the gradients by x, linear_weight and linear_bias, None for those that are not `wanted`.

    dlosses: dL/dlosses, (R,) or one number for all.
    """
    R, dweight, dbias, logits = len(x), None, None, None
    losses, ones, dx = np.empty(R), np.ones((1, R), x.dtype), np.empty(x.shape if "x" in wanted else 0, x.dtype)
    share, each = (1.0, dlosses[:, None]) if isinstance(dlosses, np.ndarray) else (dlosses, None)
    blocks = R * len(linear_weight) // LOGITS + 1
    rows = R // blocks + 1  # as many in each block, as far as that goes
    for first in range(0, max(R, 1), rows):
        block = slice(first, min(first + rows, R))
        memory = logits if logits is None else logits[: block.stop - first]  # that of the first block, for all others
        logits = product(x[block], linear_weight.T, out=memory, bias=linear_bias)
        dlogits = logits if wanted else logits[:0]  # in the same memory
        losses[block] = losses_of(dlogits, logits, targets[block], weight, -1, label_smoothing, share)
        if each is not None:
            dlogits *= each[block]
        if "x" in wanted:
            product(dlogits, linear_weight, out=dx[block])
        if "linear_weight" in wanted:
            dweight = product(dlogits.T, x[block], out=dweight, accumulate=True)
        if "linear_bias" in wanted:
            dbias = product(ones[:, block], dlogits, out=dbias, accumulate=True)
    return losses, dx if "x" in wanted else None, dweight, None if dbias is None else dbias[0]


# --- what callers see ---------------------------------------------------


def linear_cross_entropy(input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None, weight: Any = None,
                         reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0,
                         options: None = None) -> Any:
    """y = cross_entropy(input · linear_weightᵀ + linear_bias, target), without holding all logits

    target: class numbers; or probabilities (..., C), for which the logits are held all the same.
    weight, reduction, label_smoothing: as in cross_entropy; so is ignore_index, None being -100.
    options: PyTorch's way to choose blocks, not to be used: here they are chosen without.

    Shapes: input (..., K), linear_weight (C, K), linear_bias (C,) or None, target (...), weight (C,).
    Raises: ValueError for other shapes or options, TypeError for other dtypes, IndexError for a target that is no
    class.
    """
    name = "linear_cross_entropy"
    check_dtypes(name, input, linear_weight, *(() if linear_bias is None else (linear_bias,)))
    check_tensors(name, target)
    check_reduction(name, reduction, None, None)
    check_smoothing(name, label_smoothing)
    check_options(name, options)
    if input.ndim == 0 or linear_weight.ndim != 2 or input.shape[-1] != linear_weight.shape[1]:
        raise ValueError(f"{name}: wanted input (..., K) and linear_weight (C, K), got {tuple(input.shape)} and "
                         f"{tuple(linear_weight.shape)}")
    C, shape = linear_weight.shape[0], tuple(input.shape[:-1])
    if linear_bias is not None and tuple(linear_bias.shape) != (C,):
        raise ValueError(f"{name}: linear_bias must be (C,) = ({C},), got {tuple(linear_bias.shape)}")
    if input.dtype.kind != "f":
        raise TypeError(f"{name}: input must be floating-point, got {input.dtype}: use .float()")
    x = flat(unsqueeze(input, 0) if input.ndim == 1 else input)
    if tuple(target.shape) == (*shape, C) and target.dtype.kind == "f":
        y = cross_entropy(linear(x, linear_weight, linear_bias), reshape(target, shape=(x.shape[0], C)), weight,
                          ignore_index=-100 if ignore_index is None else ignore_index, reduction=reduction,
                          label_smoothing=label_smoothing)
    else:
        if tuple(target.shape) != shape:
            raise ValueError(f"{name}: target must be (...) = {shape} as in input (..., K), or (..., C) = "
                             f"{(*shape, C)} for probabilities, got {tuple(target.shape)}")
        ignore_index = -100 if ignore_index is None else int(ignore_index)
        inputs = {"x": x, "linear_weight": linear_weight, "linear_bias": linear_bias}
        y = linear_cross_entropy_(
            *inputs.values(), targets=checked_targets(name, target, C, ignore_index),
            weight=None if weight is None else fixed_weight(name, weight, C, x.dtype), ignore_index=ignore_index,
            reduction=reduction, label_smoothing=float(label_smoothing),
            wanted=tuple(n for n, x in inputs.items() if wants_gradient(x)))
    return y if reduction != "none" or input.ndim == 2 else reshape(y, shape=shape)


def check_options(name: str, options: None) -> None:
    if options is not None:
        raise ValueError(f"{name}: options are not supported, blocks are chosen without: leave them out")
