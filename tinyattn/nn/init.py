"""How parameters begin. Each function fills a tensor in place, from `ta.manual_seed`'s stream, and returns it."""

from __future__ import annotations

import math

import numpy as np

from ..state import no_grad
from ..streams import generator
from ..tensor import Tensor


@no_grad()
def fill(x: Tensor, array: np.ndarray | float) -> Tensor:
    return x.copy_(array)


def uniform_(x: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Uniform in [a, b)."""
    return fill(x, generator().uniform(a, b, x.shape))


def normal_(x: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Normal."""
    return fill(x, generator().normal(mean, std, x.shape))


def constant_(x: Tensor, val: float) -> Tensor:
    """All `val`."""
    return fill(x, val)


def zeros_(x: Tensor) -> Tensor:
    """All 0."""
    return fill(x, 0.0)


def ones_(x: Tensor) -> Tensor:
    """All 1."""
    return fill(x, 1.0)


def fans(x: Tensor) -> tuple[int, int]:
    """(inputs, outputs) of a weight of shape (outputs, inputs). Raises: ValueError for fewer than 2 dimensions."""
    if x.ndim < 2:
        raise ValueError(f"init: wanted a weight of at least 2 dimensions, got shape {x.shape}")
    window = math.prod(x.shape[2:])
    return x.shape[1] * window, x.shape[0] * window


def xavier_uniform_(x: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform, variance 2 gain² / (inputs + outputs). Source: Glorot and Bengio 2010, eq. 16."""
    bound = gain * math.sqrt(6 / sum(fans(x)))
    return uniform_(x, -bound, bound)


def xavier_normal_(x: Tensor, gain: float = 1.0) -> Tensor:
    """Normal, variance 2 gain² / (inputs + outputs). Source: Glorot and Bengio 2010, eq. 12."""
    return normal_(x, 0.0, gain * math.sqrt(2 / sum(fans(x))))
