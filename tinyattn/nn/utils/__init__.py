"""What is done to all gradients, or to all parameters, of a model at once."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ...ops.joining import cat
from ...ops.shapes import reshape
from ...state import no_grad
from ...tensor import Tensor
from . import rnn
from .norm import norm_of

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm", "parameters_to_vector",
           "rnn", "vector_to_parameters"]

Tensors = Iterable[Tensor] | Tensor


def clip_grad_norm_(parameters: Tensors, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
                    foreach: bool | None = None) -> Tensor:
    """Scale all gradients down, together and in place, where their common length is above `max_norm`.

    Returns the length before; see get_total_norm.
    Raises: RuntimeError for a length that is NaN or infinite, with error_if_nonfinite.
    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", algorithm 1.
    """
    parameters = listed(parameters)
    check_foreach("clip_grad_norm_", foreach)
    norm = length("clip_grad_norm_", gradients_of(parameters), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, norm)
    return norm


def get_total_norm(tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False,
                   foreach: bool | None = None) -> Tensor:
    """The length of all tensors as one vector: (Σ |x|ᵖ)^(1/p), p = norm_type; max |x| for p = inf.

    Raises: RuntimeError for a length that is NaN or infinite, with error_if_nonfinite.
    """
    check_foreach("get_total_norm", foreach)
    return length("get_total_norm", listed(tensors), norm_type, error_if_nonfinite)


@np.errstate(invalid="ignore")  # an infinite length: 0 · ∞
def clip_grads_with_norm_(parameters: Tensors, max_norm: float, total_norm: Tensor | float,
                          foreach: bool | None = None) -> None:
    """Multiply all gradients, in place, by max_norm / (total_norm + 10⁻⁶) where that is below 1."""
    check_foreach("clip_grads_with_norm_", foreach)
    scale = float(max_norm) / (float(total_norm) + 1e-6)
    if scale >= 1:
        return
    for gradient in gradients_of(parameters):
        gradient.array *= gradient.dtype.type(scale)
        gradient.mark_changed()


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Bring every element of every gradient, in place, into −clip_value ... clip_value."""
    check_foreach("clip_grad_value_", foreach)
    for gradient in gradients_of(parameters):
        np.clip(gradient.array, -float(clip_value), float(clip_value), out=gradient.array)
        gradient.mark_changed()


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters, one after the other, as one vector."""
    return cat([reshape(parameter, -1) for parameter in parameters])


@no_grad()
def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Copy a vector as parameters_to_vector makes it into the parameters. Raises: ValueError for another size."""
    parameters = list(parameters)
    sizes = [parameter.numel() for parameter in parameters]
    if vec.shape != (sum(sizes),):
        raise ValueError(f"vector_to_parameters: vec must be ({sum(sizes)},) for these parameters, got {vec.shape}")
    for parameter, part in zip(parameters, np.split(vec.array, np.cumsum(sizes)[:-1])):
        parameter.copy_(part.reshape(parameter.shape))


def length(name: str, tensors: list[Tensor], norm_type: float, error_if_nonfinite: bool) -> Tensor:
    total = norm_of([x.array for x in tensors], float(norm_type))
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(f"{name}: the gradients' length is {total}: was the loss still finite?")
    return Tensor(np.asarray(total, np.result_type(*(x.dtype for x in tensors)) if tensors else np.float32))


def listed(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def gradients_of(parameters: Tensors) -> list[Tensor]:
    return [parameter.grad for parameter in listed(parameters) if parameter.grad is not None]


def check_foreach(name: str, foreach: bool | None) -> None:
    if foreach:
        raise ValueError(f"{name}: foreach must be None or False, got {foreach!r}: tensors go one by one here")
