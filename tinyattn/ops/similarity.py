"""How alike two vectors are, whatever their lengths: the cosine of the angle between them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import op, spread
from .choices import where
from .matmul import check_tensors
from .reductions import sum
from .shapes import axis_of


@op
@np.errstate(over="ignore")
def norm(x, /, dim):
    """y = ‖x‖ = √Σ x², with a dimension of size 1 left in place of `dim`"""
    return np.sqrt(sum(x * x, dim=dim, keepdim=True))


# At 0 the norm has a corner; every slope up to 1 touches it there, and 0 is the one chosen.
norm.gradient(dx=lambda dy, y, x: dy * x / where(y == 0, math.inf, y))


@op
def at_least(x, /, eps):
    """y = max(x, eps), taken for x in the gradient"""
    return np.maximum(x, eps)


# As in PyTorch. Of the true derivative it differs only where a vector is shorter than eps, but not 0.
at_least.gradient(dx=lambda dy: dy)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """y = Σ x₁ / max(‖x₁‖, eps) · x₂ / max(‖x₂‖, eps), over `dim`

    Shapes: x1 and x2 are broadcast to one shape; y is without its dimension `dim`.
    Raises: TypeError unless one of them is floating-point, ValueError where shapes do not fit, IndexError for a
    dimension that is not there.
    """
    check_tensors("cosine_similarity", x1, x2)
    try:
        shape = np.broadcast_shapes(x1.shape, x2.shape)
    except ValueError:
        raise ValueError("cosine_similarity: x1 and x2 must have sizes that are equal or 1, got "
                         f"{tuple(x1.shape)} and {tuple(x2.shape)}") from None
    dtype = np.result_type(*[x.dtype for x in (x1, x2) if x.dtype.kind == "f"] or [x1.dtype])
    if dtype.kind != "f":
        raise TypeError(f"cosine_similarity: x1 or x2 must be floating-point, got {x1.dtype} and {x2.dtype}: "
                        "use .float()")
    axis = axis_of("cosine_similarity", len(shape), dim)
    x1, x2 = (spread(x, shape=shape, dtype=dtype) for x in (x1, x2))
    return sum(x1 / at_least(norm(x1, dim=axis), eps=eps) * (x2 / at_least(norm(x2, dim=axis), eps=eps)), dim=axis)
