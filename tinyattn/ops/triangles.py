"""The lower and the upper triangle of matrices: what is outside becomes 0, and so does its gradient."""

from __future__ import annotations

import numpy as np

from ..tensor import op


@op
def tril(x, /, diagonal=0):
    """yᵢⱼ = xᵢⱼ where j ≤ i + diagonal, else 0"""
    return np.tril(checked("tril", x), diagonal)


tril.gradient(dx=lambda dy, diagonal: tril(dy, diagonal=diagonal))


@op
def triu(x, /, diagonal=0):
    """yᵢⱼ = xᵢⱼ where j ≥ i + diagonal, else 0"""
    return np.triu(checked("triu", x), diagonal)


triu.gradient(dx=lambda dy, diagonal: triu(dy, diagonal=diagonal))


def checked(name, x):
    """NumPy would make a matrix of a vector."""
    if x.ndim < 2:
        raise ValueError(f"{name}: wanted at least two dimensions, got shape {x.shape}")
    return x
