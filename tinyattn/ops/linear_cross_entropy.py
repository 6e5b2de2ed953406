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

from ..kernels.compile import ready
from ..kernels.threads import over_rows
from ..tensor import op
from .cross_entropy import (
    check_smoothing,
    checked_targets,
    cross_entropy,
    cross_entropy_reference,
    fixed_weight,
    share_of_each,
    wants_gradient,
)
from .cross_entropy_kernels import row_losses
from .fused import fused
from .losses import check_reduction
from .matmul import (
    MULTIPLICATIONS_PER_THREAD,
    check_dtypes,
    check_tensors,
    flat,
    for_blas,
    linear,
    linear_,
    product,
)
from .shapes import reshape, unsqueeze

ROWS = 256  # of a block: enough that the weights' way from memory costs little, few enough to stay in the cache


def linear_cross_entropy_reference(x, linear_weight, linear_bias, targets, weight, ignore_index, reduction,
                                   label_smoothing, wanted):
    """The loss of each row, or their mean or sum.    Shapes: x (R, K), linear_weight (C, K), linear_bias (C,)"""
    logits = linear_(x, linear_weight, linear_bias)
    return cross_entropy_reference(logits, targets, ignore_index, reduction, label_smoothing, weight)


@op(saves=True)
def linear_cross_entropy_(x, linear_weight, linear_bias, /, targets, weight, ignore_index, reduction, label_smoothing,
                          wanted):
    """y = −w log softmax(x · linear_weightᵀ + linear_bias) at the target"""
    rows = np.flatnonzero(targets != ignore_index)
    share = share_of_each(targets[rows], reduction, weight)
    if reduction == "none":  # what each loss will count in the end is not known yet: backward has to do it all again
        wanted = ()
    losses, dx, *dlinear = by_blocks(of_rows(x, rows), linear_weight, linear_bias, of_rows(targets, rows), weight,
                                     label_smoothing, wanted, share)
    y = back_to(rows, losses, len(x)) if reduction == "none" else losses.sum() * share  # in float64
    return np.asarray(y, x.dtype), (back_to(rows, dx, len(x)), *dlinear)


@linear_cross_entropy_.joint_gradient
def _(x, linear_weight, linear_bias, *, dy, saved, targets, weight, ignore_index, reduction, label_smoothing, wanted):
    if reduction != "none":
        return [dx if dx is None or dy == 1 else dx * dy for dx in saved]
    rows = np.flatnonzero(targets != ignore_index)
    _, dx, *dlinear = by_blocks(of_rows(x, rows), linear_weight, linear_bias, of_rows(targets, rows), weight,
                                label_smoothing, wanted, of_rows(dy, rows))
    return back_to(rows, dx, len(x)), *dlinear


fused(linear_cross_entropy_, linear_cross_entropy_reference)


def by_blocks(x, linear_weight, linear_bias, targets, weight, label_smoothing, wanted, dlosses):
    """The losses (R,), then the gradients by x, linear_weight and linear_bias, None for those that are not `wanted`.

    dlosses: dL/dlosses, (R,) or one number for all.
    """
    (R, K), C, dtype = x.shape, len(linear_weight), x.dtype
    x, linear_weight = for_blas(x), for_blas(linear_weight)
    bias = np.zeros(C, dtype) if linear_bias is None else ready(linear_bias)
    weight = np.ones(C, dtype) if weight is None else weight
    losses, logits, each = np.empty(R), np.empty((min(R, ROWS), C), dtype), np.ndim(dlosses) == 1
    dx = np.empty((R, K), dtype) if "x" in wanted else None
    dweight = np.zeros((C, K), dtype) if "linear_weight" in wanted else None
    dbias = np.zeros(C, dtype) if "linear_bias" in wanted else None

    def project(start, stop):
        """Of some rows of the block: logits, losses, dlogits in the memory of logits, and dx"""
        rows, part = slice(first + start, first + stop), logits[start:stop]
        product(x[rows], linear_weight.T, out=part)
        row_losses(losses[rows], part if wanted else part[:0], np.empty(C, dtype), part, bias, targets[rows], weight,
                   -1, label_smoothing, 1.0 if each else dlosses)
        if each:
            part *= dlosses[rows, None]
        if dx is not None:
            product(part, linear_weight, out=dx[rows])

    def collect(start, stop):
        """Of some classes, from all rows of the block: dweight and dbias"""
        part = logits[:last - first, start:stop]
        if dweight is not None:
            dweight[start:stop] += product(part.T, x[first:last])
        if dbias is not None:
            dbias[start:stop] += part.sum(axis=0)

    for first in range(0, R, ROWS):
        last = min(first + ROWS, R)
        over_rows(project, last - first, MULTIPLICATIONS_PER_THREAD // max(K * C, 1) + 1)
        if wanted:
            over_rows(collect, C, MULTIPLICATIONS_PER_THREAD // max(K * (last - first), 1) + 1)
    return losses, dx, dweight, dbias


def of_rows(x, rows):
    """x (R, ...) of these rows only; there is nothing to do where these are all."""
    return x if len(rows) == len(x) else x[rows]


def back_to(rows, part, R):
    """(R, ...) with `part` in these rows, and 0 in the others."""
    if part is None or len(rows) == R:
        return part
    whole = np.zeros((R, *part.shape[1:]), part.dtype)
    whole[rows] = part
    return whole


# --- what callers see ---------------------------------------------------


def linear_cross_entropy(input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None, weight: Any = None,
                         reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0,
                         options: None = None) -> Any:
    """y = cross_entropy(input · linear_weightᵀ + linear_bias, target), without holding all logits

    target: class numbers; or probabilities (..., C), for which the logits are held all the same.
    weight, reduction, label_smoothing: as in cross_entropy; so is ignore_index, None being -100.
    options: PyTorch's way to choose the blocks, which are chosen here by themselves: not to be used.

    Shapes: input (..., K), linear_weight (C, K), linear_bias (C,) or None, target (...), weight (C,).
    Raises: ValueError for other shapes or options, TypeError for other dtypes, IndexError for a target that is no
    class.
    """
    name = "linear_cross_entropy"
    check_dtypes(name, input, linear_weight, *(() if linear_bias is None else (linear_bias,)))
    check_tensors(name, target)
    check_reduction(name, reduction, None, None)
    check_smoothing(name, label_smoothing)
    if options is not None:
        raise ValueError(f"{name}: options are not supported, blocks are chosen by themselves: leave them out")
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
