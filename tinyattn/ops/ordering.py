"""Ops that put elements in order: all of them (sort), or only the first few (topk).

The order itself is integers and has no gradient. The values are gathered by it, so theirs goes back to where they
came from. NaN counts as larger than every number; equal elements stay in their order.
"""

from __future__ import annotations

import numpy as np

from ..tensor import op
from .extremes import Found
from .indexing import gather
from .shapes import axis_of


@op
def order(x, /, dim, descending):
    """y = where the elements of x stand, from the smallest on, or from the largest"""
    axis = axis_of("sort", x.ndim, dim)
    rows = np.atleast_1d(x)
    if descending:  # from the back, so that equal elements stay in their order
        places = rows.shape[axis] - 1 - np.flip(np.argsort(np.flip(rows, axis), axis, kind="stable"), axis)
    else:
        places = np.argsort(rows, axis, kind="stable")
    return places.reshape(x.shape)


def sort(input, dim=-1, descending=False, *, stable=False):
    """(values, indices) of x in order along `dim`. Equal elements always stay in their order, as stable=True asks."""
    places = order(input, dim, descending)
    return Found(gather(input, dim, places), places)


def argsort(input, dim=-1, descending=False, *, stable=False):
    """Where the elements of x stand in order along `dim`: the indices of `sort`."""
    return order(input, dim, descending)


def topk(input, k, dim=-1, largest=True, sorted=True):
    """(values, indices) of the k largest x along `dim`, or the smallest: in order, also where sorted=False allows any.

    Raises: ValueError where there are not k elements.
    """
    axis = axis_of("topk", input.ndim, dim)
    size = input.shape[axis] if input.ndim else 1
    if not isinstance(k, (int, np.integer)) or not 0 <= k <= size:
        raise ValueError(f"topk: k must be in 0 ... {size}, the size of dim {axis}, got {k}")
    first = (*[slice(None)] * axis, slice(k)) if input.ndim else ()
    places = order(input, dim, largest)[first]
    return Found(gather(input, dim, places), places)
