"""Dropout: in training, forget a random share of the activations."""

from __future__ import annotations

import numpy as np

from ..streams import generator
from ..tensor import op


@op
def dropout_(x, /, mask):
    """y = x · mask"""
    return x * mask


dropout_.gradient(dx=lambda dy, mask: dy * mask)


def dropout(x, p=0.5, training=True):
    """y = x · mask, where mask is 0 with probability p, else 1 / (1 − p); y = x when not training.

    The masks come from `streams.generator()`: seed it with `ta.manual_seed`.
    Raises: ValueError unless 0 ≤ p ≤ 1, TypeError for integers.
    Source: Srivastava et al. 2014, "Dropout", section 10, the scaling moved from testing to training.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p must be in 0 ... 1, got {p}")
    if x.dtype.kind != "f":
        raise TypeError(f"dropout: x must be floating-point, got {x.dtype}: use .float()")
    if not training or p == 0:
        return x
    keep = generator().random(x.shape, np.float32) >= p
    return dropout_(x, mask=keep * x.dtype.type(1 / (1 - p) if p < 1 else 0))
