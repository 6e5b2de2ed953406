"""Attention in PyTorch's form, any number of heads and batches at once, in primitive ops.

attention.py has the fused form for one head, and says what attention is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dropout import dropout
from .elementwise import add, mul
from .matmul import check_dtypes, matmul
from .shapes import expand, flatten, transpose, unsqueeze
from .softmax import masked_softmax, softmax

NAME = "scaled_dot_product_attention"


def scaled_dot_product_attention(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
                                 is_causal: bool = False, *, scale: float | None = None,
                                 enable_gqa: bool = False) -> Any:
    """y = softmax(scale · query · keyᵀ + attn_mask) · value

    attn_mask: bool, True where a query may look; or numbers, added to the scores. A query that may look nowhere gets 0.
    dropout_p: this share of the weights is forgotten, always: pass 0 when not training.
    is_causal: query t looks at keys 0 ... t only. scale: 1 / √E unless given.
    enable_gqa: keys and values have fewer heads, each for a group of queries' heads.

    Shapes: query (..., T, E), key (..., S, E), value (..., S, D), attn_mask (..., T, S), all broadcast -> (..., T, D);
    heads are the dimension before T and S.
    Raises: ValueError for shapes or options that do not fit, TypeError unless all are of one floating-point dtype.
    Source: Vaswani et al. 2017, eq. 1; Ainslie et al. 2023 for groups of heads.
    """
    check(query, key, value)
    if enable_gqa:
        key, value = for_each_head(key, query), for_each_head(value, query)
    T, S, E = query.shape[-2], key.shape[-2], query.shape[-1]
    scores = mul(matmul(query, transpose(key, -2, -1)), 1 / math.sqrt(max(E, 1)) if scale is None else scale)
    if is_causal:
        if attn_mask is not None:
            raise ValueError(f"{NAME}: wanted attn_mask or is_causal, got both: put both into the mask, with tril")
        attn_mask = np.tri(T, S, dtype=np.bool_)
    return matmul(dropout(weigh(scores, attn_mask), dropout_p), value)


def weigh(scores: Any, mask: Any) -> Any:
    """softmax of the scores (..., T, S) under a mask, 0 in rows where nothing is left"""
    if mask is None:
        return softmax(scores, dim=-1)
    if mask.dtype not in (np.bool_, scores.dtype):
        raise TypeError(f"{NAME}: attn_mask must be bool or {scores.dtype}, got {mask.dtype}: use .to(dtype)")
    if mask.ndim > scores.ndim or any(n not in (1, m) for n, m in zip(mask.shape[::-1], scores.shape[::-1])):
        raise ValueError(f"{NAME}: attn_mask must fit (..., T, S) = {tuple(scores.shape)}, got {tuple(mask.shape)}")
    if mask.dtype == np.bool_:
        return masked_softmax(scores, mask)
    return masked_softmax(add(scores, mask), mask > -math.inf)


def for_each_head(x: Any, query: Any) -> Any:
    """x (..., K, S, E) with each of its heads repeated for its group of the query's heads."""
    if x.ndim < 3 or query.ndim < 3 or not x.shape[-3] or query.shape[-3] % x.shape[-3]:
        raise ValueError(f"{NAME}: the query's heads must be a multiple of key's and value's, got "
                         f"{tuple(query.shape)} and {tuple(x.shape)}")
    *batch, K, S, E = x.shape
    return flatten(expand(unsqueeze(x, -3), *batch, K, query.shape[-3] // K, S, E), -4, -3)


def check(query: Any, key: Any, value: Any) -> None:
    check_dtypes(NAME, query, key, value)
    if query.dtype.kind != "f":
        raise TypeError(f"{NAME}: query, key and value must be floating-point, got {query.dtype}: use .float()")
    found = " and ".join(str(tuple(x.shape)) for x in (query, key, value))
    matrices = min(query.ndim, key.ndim, value.ndim) >= 2
    if not matrices or query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ValueError(f"{NAME}: wanted query (..., T, E), key (..., S, E) and value (..., S, D), got {found}")
