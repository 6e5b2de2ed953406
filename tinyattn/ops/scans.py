"""Ops that go along a dimension and carry what came before."""

from __future__ import annotations

import numpy as np

from ..tensor import op
from .shapes import axis_of, flip


@op
@np.errstate(all="ignore")
def cumsum(x, /, dim, *, dtype=None):
    """yᵢ = Σⱼ≤ᵢ xⱼ"""
    axis = axis_of("cumsum", x.ndim, dim)
    return np.cumsum(np.atleast_1d(x), axis, dtype).reshape(x.shape)


# dxⱼ = Σᵢ≥ⱼ dyᵢ: the same from the other end.
cumsum.gradient(dx=lambda dy, dim: flip(cumsum(flip(dy, dim), dim), dim))
