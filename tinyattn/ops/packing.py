"""Packing: the real steps of a padded batch side by side, and back. See nn/utils/rnn.py for why anybody would.

`places` are two arrays: where each real step stands in the padded batch's first and in its second dimension. No place
is named twice, so that going back is writing, not adding.
"""

from __future__ import annotations

import numpy as np

from ..tensor import op


@op
def to_packed(x, /, places):
    """y = the steps of x at places

    Shapes: x (B, T, ...) or (T, B, ...), places two of (N,) -> (N, ...).
    """
    return x[places]


@op
def to_padded(x, /, places, shape, value=0.0):
    """y = the steps x, put at places; value elsewhere

    Shapes: x (N, ...), places two of (N,) -> (*shape, ...).
    """
    y = np.full((*shape, *x.shape[1:]), value, x.dtype)
    y[places] = x
    return y


# Each is the other's gradient.
to_packed.gradient(dx=lambda dy, x, places: to_padded(dy, places=places, shape=x.shape[:2]))
to_packed.op.reads_shape_of("x")
to_padded.gradient(dx=lambda dy, places: to_packed(dy, places=places))
