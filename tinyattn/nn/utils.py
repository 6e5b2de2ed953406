"""What is done to all gradients of a model at once."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ..tensor import Tensor


def clip_grad_norm_(parameters: Iterable[Tensor] | Tensor, max_norm: float, *,
                    error_if_nonfinite: bool = False) -> Tensor:
    """Scale all gradients down, together and in place, where their common length is above `max_norm`.

    Returns the length before: √(Σ g²) over every element of every gradient.
    Raises: RuntimeError for a length that is NaN or infinite, with error_if_nonfinite.
    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", algorithm 1.
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    # A gradient's own sum is float32's work; the sum of sums is taken in float64, where nothing overflows.
    norm = math.sqrt(math.fsum(float(np.vdot(g.array, g.array)) for g in gradients)) if gradients else 0.0
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(f"clip_grad_norm_: the gradients' length is {norm}: was the loss still finite?")
    if not norm <= max_norm:
        for gradient in gradients:
            with np.errstate(invalid="ignore"):  # an infinite length: 0 · ∞
                gradient.array *= gradient.dtype.type(max_norm / (norm + 1e-6))
            gradient.mark_changed()
    return Tensor(np.asarray(norm, gradients[0].dtype if gradients else np.float32))
