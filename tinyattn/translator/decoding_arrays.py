"""A model's parameters as plain arrays, in tuples that the kernels of decoding take.

    linear   (weight (N, K), bias (N,), panels)      y = weight x + bias; panels: weightᵀ packed, or none
    lstm     ((linear of x, linear of h), ...)       for each layer, and there for each direction
    encoder  (embedding, lstm, key, unit)            keys are key(h); h / |h| where `unit`; else h itself
    decoder  (embedding, lstm, attends, query, unit, scale, v, output)
                                                     queries are query(s) where there is a `v`; s / |s| where `unit`;
                                                     else s itself

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

Linear = tuple[np.ndarray, np.ndarray, np.ndarray]
Layer = tuple[Linear, Linear]


def arrays_of(model: Seq2Seq, packed: bool) -> tuple[tuple, tuple]:
    """encoder and decoder, as the parameters are now; the decoder's packed, for several rows, or not."""
    # Attributes of modules would take longer than a tiny model takes for a sentence: so their dictionaries are read.
    parts: Any = model._modules
    attention = parts.get("attention")
    kind = "none" if attention is None else attention.kind
    weight, bias = parts["output"]._parameters.values()
    key = query = nothing(weight.dtype)
    scale, v = 1.0, key[1]
    if attention is not None:
        scale = attention.scale if kind != "cosine" else math.exp(attention.temperature.array)
    if kind in ("general", "additive"):
        key = linear(attention.key.weight, attention.key.bias)
    if kind == "additive":
        query, v = linear(attention.query.weight, None, packed), ready(attention.v.array)
    return ((*recurrent(parts["encoder"]), key, kind == "cosine"),
            (*recurrent(parts["decoder"], packed), kind != "none", query, kind == "cosine", weight.dtype.type(scale), v,
             linear(weight, bias, packed)))


def recurrent(side: Any, packed: bool = False) -> tuple[np.ndarray, tuple[Layer, ...]]:
    """The embedding and the LSTM of an encoder or a decoder."""
    parameters = list(side._modules["lstm"]._parameters.values())
    layers = (parameters[k : k + 4] for k in range(0, len(parameters), 4))
    return (ready(side._modules["embedding"]._parameters["weight"].array),
            tuple((linear(w_ih, b_ih, packed), linear(w_hh, b_hh, packed)) for w_ih, w_hh, b_ih, b_hh in layers))


def linear(weight: Any, bias: Any, packed: bool = False) -> Linear:
    weight = weight.array
    if packed:
        panels = new_panels(weight.shape[1], weight.shape[0], weight.dtype)
        pack(weight.T, panels)
    else:
        panels = nothing(weight.dtype)[2]
    return ready(weight), np.zeros(len(weight), weight.dtype) if bias is None else ready(bias.array), panels


@functools.cache
def nothing(dtype: np.dtype) -> Linear:
    """What stands for a linear layer that is not there."""
    return np.empty((0, 0), dtype), np.empty(0, dtype), np.empty((0, 0, 0), dtype)
