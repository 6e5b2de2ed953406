"""Dropout: in training, forget a random share of the activations."""

from __future__ import annotations

import numpy as np

from ..streams import generator
from ..tensor import op
from .matmul import check_tensors


@op
@np.errstate(invalid="ignore")
def dropout_(x, /, mask):
    """y = x · mask"""
    return x * mask


dropout_.gradient(dx=lambda dy, mask: dy * mask)


def dropout(input, p=0.5, training=True, inplace=False):
    """y = x · mask, where mask is 0 with probability p, else 1 / (1 − p); y = x when not training.

    The masks come from `streams.generator()`: seed it with `ta.manual_seed`.
    Raises: ValueError unless 0 ≤ p ≤ 1, TypeError for integers that would be scaled, NotImplementedError for inplace.
    Source: Srivastava et al. 2014, "Dropout", section 10, the scaling moved from testing to training.
    """
    check_tensors("dropout", input)
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p must be in 0 ... 1, got {p}")
    if inplace:
        raise NotImplementedError("dropout: inplace=True is not supported: use what it returns")
    if not training or p == 0:
        return input
    if p == 1:
        return dropout_(input, mask=np.zeros(input.shape, input.dtype))
    if input.dtype.kind != "f":
        raise TypeError(f"dropout: input must be floating-point, got {input.dtype}: use .float()")
    keep = generator().random(input.shape, np.float32) >= p
    return dropout_(input, mask=keep * input.dtype.type(1 / (1 - p)))
