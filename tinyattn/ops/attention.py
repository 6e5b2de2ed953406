"""Attention: for each query a weighted sum of the values, the weights from how well the query goes with each key.

    scores  = similarity of every query with every key      (B, T, S)
    weights = softmax of the scores over the real keys      (B, T, S), each row adds up to 1
    context = weights · values                              (B, T, D)

Of the two similarities here, Luong's is a dot product and Bahdanau's a small network:

    attention            scores = scale · queries · keysᵀ
    additive_attention   scores = v · tanh(query + key)

Others are the first one with other queries and keys: linear(queries, w) makes it "general", dividing both by their
norms makes it the cosine. Padding never gets weight. Where a row has nothing but padding, its weights, its context
and all gradients through it are 0.

`dot_scores`, `additive_scores` and `attend` say this in primitive ops; the fused ops do the same in kernels and keep
no array larger than the weights.
Source: Luong et al. 2015, eq. 7 and 8; Bahdanau et al. 2015, appendix A.1.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.compile import ready
from ..kernels.threads import over_rows
from ..tensor import Tensor, op
from .activations import tanh
from .attention_kernels import (
    score_additive,
    score_additive_backward,
    score_dot,
    score_dot_backward,
    weigh,
    weigh_backward,
)
from .elementwise import add, mul
from .fused import fused
from .matmul import matmul
from .shapes import transpose, unsqueeze
from .softmax import masked_softmax

MULTIPLICATIONS_PER_THREAD = 2_000_000  # with fewer, a second thread costs more than it brings
OF_TANH = 16  # as many multiplications take as long


# --- the reference: the same in primitive ops ---------------------------


def dot_scores(queries: Any, keys: Any, scale: float = 1.0) -> Any:
    """scores = scale · queries · keysᵀ.    Shapes: queries (B, T, H), keys (B, S, H) -> (B, T, S)"""
    scores = matmul(queries, transpose(keys, 1, 2))
    return scores if scale == 1 else mul(scores, scale)


def additive_scores(queries: Any, keys: Any, v: Any) -> Any:
    """scores = v · tanh(query + key).    Shapes: queries (B, T, A), keys (B, S, A), v (A,) -> (B, T, S)"""
    return matmul(tanh(add(unsqueeze(queries, 2), unsqueeze(keys, 1))), v)


def attend(scores: Any, values: Any, mask: Any) -> tuple[Any, Any]:
    """context = weights · values, weights = softmax of the scores over the real keys.

    Shapes: scores (B, T, S), values (B, S, D), mask (B, S) -> (B, T, D), (B, T, S)
    """
    weights = masked_softmax(scores, mask[:, None, :])
    return matmul(weights, values), weights


def attention_reference(queries: Any, keys: Any, values: Any, mask: Any = None,
                        scale: float = 1.0) -> tuple[Any, Any]:
    mask = check("attention", queries, keys, values, mask)
    check_scale(scale)
    return attend(dot_scores(queries, keys, scale), values, mask)


def additive_attention_reference(queries: Any, keys: Any, values: Any, v: Any, mask: Any = None) -> tuple[Any, Any]:
    mask = check("additive_attention", queries, keys, values, mask, v)
    return attend(additive_scores(queries, keys, v), values, mask)


# --- fused --------------------------------------------------------------


@op(saves=True)
def attention(queries, keys, values, /, mask=None, scale=1.0):
    """context, weights = weights · values, softmax(scale · queries · keysᵀ)

    mask: which keys are real (None: all). scale: a number, for example 1 / √H.
    Shapes: queries (B, T, H), keys (B, S, H), values (B, S, D), mask (B, S) of bool -> (B, T, D), (B, T, S).
    Raises: ValueError for other shapes, TypeError for other dtypes.
    Source: Luong et al. 2015, eq. 7 and 8 ("dot"); with a scale Vaswani et al. 2017, eq. 1.
    """
    mask = check("attention", queries, keys, values, mask)
    check_scale(scale)
    queries, keys, values = ready(queries), ready(keys), ready(values)
    weights, context = outputs(queries, values)

    def work(i, j):
        score_dot(queries[i:j], keys[i:j], mask[i:j], queries.dtype.type(scale), weights[i:j])
        weigh(mask[i:j], values[i:j], weights[i:j], context[i:j])

    over_rows(work, len(queries), rows_per_thread(weights, queries.shape[2] + values.shape[2]))
    return (context, weights), mask.copy()


@attention.joint_gradient
def _(queries, keys, values, *, dy, y, saved, scale):
    queries, keys, values, weights, dcontext, dweights = map(ready, (queries, keys, values, y[1], *dy))
    dqueries, dkeys, dvalues = np.empty_like(queries), np.zeros_like(keys), np.zeros_like(values)
    dscores, mask = np.empty_like(weights), saved

    def work(i, j):
        weigh_backward(mask[i:j], values[i:j], weights[i:j], dcontext[i:j], dweights[i:j], dscores[i:j], dvalues[i:j])
        score_dot_backward(queries[i:j], keys[i:j], mask[i:j], queries.dtype.type(scale), dscores[i:j], dqueries[i:j],
                           dkeys[i:j])

    over_rows(work, len(queries), rows_per_thread(weights, 2 * (queries.shape[2] + values.shape[2])))
    return dqueries, dkeys, dvalues


@op(saves=True)
def additive_attention(queries, keys, values, v, /, mask=None):
    """context, weights = weights · values, softmax(v · tanh(query + key))

    mask: which keys are real (None: all).
    Shapes: queries (B, T, A), keys (B, S, A), values (B, S, D), v (A,), mask (B, S) of bool -> (B, T, D), (B, T, S).
    Raises: ValueError for other shapes, TypeError for other dtypes.
    Source: Bahdanau et al. 2015, section 3.1 and appendix A.1.2; queries and keys here are W_a s and U_a h there.
    """
    mask = check("additive_attention", queries, keys, values, mask, v)
    queries, keys, values, v = ready(queries), ready(keys), ready(values), ready(v)
    weights, context = outputs(queries, values)

    def work(i, j):
        score_additive(queries[i:j], keys[i:j], v, mask[i:j], weights[i:j])
        weigh(mask[i:j], values[i:j], weights[i:j], context[i:j])

    over_rows(work, len(queries), rows_per_thread(weights, OF_TANH * len(v) + values.shape[2]))
    return (context, weights), mask.copy()


@additive_attention.joint_gradient
def _(queries, keys, values, v, *, dy, y, saved):
    queries, keys, values, v, weights, dcontext, dweights = map(ready, (queries, keys, values, v, y[1], *dy))
    dqueries, dkeys, dvalues = np.zeros_like(queries), np.zeros_like(keys), np.zeros_like(values)
    dscores, mask = np.empty_like(weights), saved
    dv = np.zeros((len(queries), len(v)), v.dtype)  # a row for each of the batch: threads do not meet

    def work(i, j):
        weigh_backward(mask[i:j], values[i:j], weights[i:j], dcontext[i:j], dweights[i:j], dscores[i:j], dvalues[i:j])
        score_additive_backward(queries[i:j], keys[i:j], v, mask[i:j], dscores[i:j], dqueries[i:j], dkeys[i:j], dv[i:j])

    over_rows(work, len(queries), rows_per_thread(weights, OF_TANH * len(v) + 2 * values.shape[2]))
    return dqueries, dkeys, dvalues, dv.sum(0)


def rows_per_thread(weights, multiplications):
    """How many rows of the batch are worth a thread; multiplications: for each of the weights (B, T, S)."""
    return MULTIPLICATIONS_PER_THREAD // max(multiplications * weights.shape[1] * weights.shape[2], 1) + 1


def outputs(queries, values):
    """Memory for the weights (B, T, S) and the context (B, T, D)."""
    (B, T, _), (_, S, D) = queries.shape, values.shape
    return np.empty((B, T, S), queries.dtype), np.empty((B, T, D), queries.dtype)


fused(attention, attention_reference)
fused(additive_attention, additive_attention_reference)


# --- what is refused ----------------------------------------------------


def check(name, queries, keys, values, mask, v=None):
    """The mask as a bool array (B, S). Raises ValueError or TypeError where shapes or dtypes do not fit together."""
    if queries.ndim != 3 or keys.ndim != 3 or values.ndim != 3:
        raise ValueError(f"{name}: wanted queries (B, T, H), keys (B, S, H) and values (B, S, D), got "
                         f"{tuple(queries.shape)}, {tuple(keys.shape)} and {tuple(values.shape)}: "
                         "unsqueeze what is missing")
    (B, _, H), S = queries.shape, keys.shape[1]
    letter = "H" if v is None else "A"
    if keys.shape != (B, S, H):
        raise ValueError(f"{name}: keys must be (B, S, {letter}) = {(B, S, H)}, got {tuple(keys.shape)}: "
                         f"queries are {tuple(queries.shape)}, project both to one size")
    if values.shape[:2] != (B, S):
        raise ValueError(f"{name}: values must be (B, S, D) = ({B}, {S}, D), got {tuple(values.shape)}: "
                         "a value belongs to each key")
    if v is not None and v.shape != (H,):
        raise ValueError(f"{name}: v must be (A,) = ({H},), got {tuple(v.shape)}: a factor for each unit")
    if queries.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: queries must be float32 or float64, got {queries.dtype}: use .float()")
    for argument, x in (("keys", keys), ("values", values), ("v", v)):
        if x is not None and x.dtype != queries.dtype:
            raise TypeError(f"{name}: {argument} must be {queries.dtype} like queries, got {x.dtype}: "
                            f"use .to({queries.dtype})")
    if mask is None:
        return np.ones((B, S), np.bool_)
    mask = mask.array if isinstance(mask, Tensor) else np.asarray(mask)
    if mask.shape != (B, S):
        raise ValueError(f"{name}: mask must be (B, S) = {(B, S)}, got {mask.shape}: pad source and mask together")
    if mask.dtype != np.bool_:
        raise TypeError(f"{name}: mask must be bool (True: a real key), got {mask.dtype}: compare, as in ids != pad")
    return ready(mask)


def check_scale(scale):
    if isinstance(scale, Tensor):
        raise TypeError("attention: scale must be a number, got Tensor: multiply the queries by it, for its gradient")
