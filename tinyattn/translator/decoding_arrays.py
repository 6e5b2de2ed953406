"""A model's parameters as plain arrays, in tuples that the kernels of decoding take.

    w        (weight (N, K), panels)           panels: weightᵀ packed, for many rows, or none
    lstm     ((bias, w_ih, w_hh), ...)         for each layer, and there for each direction; bias: the sum of both
    encoder  (embedding, lstm, key, key_bias, unit)
    decoder  (embedding, lstm, attends, before, query, unit, scale, v, combine, output, output_bias)

Keys are key h + key_bias where there is a `key`, h / |h| where `unit`, else h itself; queries are query s where there
is a `v`, s / |s| where `unit`, else s itself. key and query are weights, combine and output are a `w`.

What a kind of attention has not, is there with 0 rows: a kernel is compiled for types, and so they are always the same.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinyattn.kernels.compile import ready
from tinyattn.kernels.matmul import new_panels, pack
from tinyattn.translator.model import Seq2Seq


def arrays_of(model: Seq2Seq, packed: bool) -> tuple[tuple, tuple]:
    """encoder and decoder, as the parameters are now; the decoder's packed or not."""
    # Attributes of modules would take longer than a tiny model takes for a sentence: so their dictionaries are read.
    parts: Any = model._modules
    attention = parts.get("attention")
    kind = "none" if attention is None else attention.kind
    weight, bias = parts["output"]._parameters.values()
    dtype = weight.dtype
    combine = parts.get("combine")
    key = query = nothing(2, dtype)
    key_bias = v = nothing(1, dtype)
    scale = 1.0 if attention is None else attention.scale
    if kind == "cosine":
        scale = math.exp(attention.temperature.array)
    if kind in ("general", "additive"):
        key = ready(attention.key.weight.array)
        key_bias = np.zeros(len(key), dtype) if attention.key.bias is None else ready(attention.key.bias.array)
    if kind == "additive":
        query, v = ready(attention.query.weight.array), ready(attention.v.array)
    return ((*recurrent(parts["encoder"], False), key, key_bias, kind == "cosine"),
            (*recurrent(parts["decoder"], packed), kind != "none", model.attends_before, query, kind == "cosine",
             dtype.type(scale), v,
             (nothing(2, dtype), nothing(3, dtype)) if combine is None else product(combine.weight, packed),
             product(weight, packed), ready(bias.array)))


def recurrent(side: Any, packed: bool) -> tuple[np.ndarray, tuple[tuple, ...]]:
    """The embedding and the LSTM of an encoder or a decoder."""
    parameters = list(side._modules["lstm"]._parameters.values())
    layers = (parameters[k : k + 4] for k in range(0, len(parameters), 4))
    return (ready(side._modules["embedding"]._parameters["weight"].array),
            tuple((b_ih.array + b_hh.array, product(w_ih, packed), product(w_hh, packed))
                  for w_ih, w_hh, b_ih, b_hh in layers))


def product(weight: Any, packed: bool) -> tuple[np.ndarray, np.ndarray]:
    """The arrays of a matrix product with weightᵀ."""
    weight = weight.array
    if not packed:
        return ready(weight), nothing(3, weight.dtype)
    panels = new_panels(weight.shape[1], weight.shape[0], weight.dtype)
    pack(weight.T, panels)
    return ready(weight), panels


@functools.cache
def nothing(dimensions: int, dtype: np.dtype) -> np.ndarray:
    """What stands for an array that is not there."""
    return np.empty((0,) * dimensions, dtype)
