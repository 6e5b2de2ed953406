"""Ops that copy: to another dtype, to memory of their own. And the changes in place, which gradients do not see."""

from __future__ import annotations

import numpy as np

from ..state import state
from ..tensor import Tensor, op


@op
def cast(x, /, dtype):
    """y = x, in another dtype"""
    return x.astype(dtype, copy=False)


cast.gradient(dx=lambda dy: dy)  # the backward walk brings it back to x's dtype


@op
def truncate(x, /, dtype):
    """y = x, as integers or bools: no gradient goes through"""
    return x.astype(dtype, copy=False)


@op
def clone(x, /):
    """y = x, in memory of its own"""
    return np.array(x, order="C")


clone.gradient(dx=lambda dy: dy)


def contiguous(x):
    """x itself where its elements lie in order, else a copy in which they do"""
    return x if x.array.flags.c_contiguous else clone(x)


def to(x, dtype):
    """x in another dtype. Raises: TypeError for what is no dtype (there is no other device than the CPU)."""
    try:
        dtype = np.dtype("none" if dtype is None else dtype)  # NumPy takes None for float64
    except TypeError:
        raise TypeError(f"to: wanted a dtype such as ta.float64, got {dtype!r}") from None
    if x.dtype == dtype:
        return x
    return cast(x, dtype=dtype) if dtype.kind == "f" else truncate(x, dtype=dtype)


# --- in place -----------------------------------------------------------


def in_place(operator):
    """`x += y` and its kin: into x's own memory where no gradient is wanted, as in an update inside no_grad().

    In a graph `h += y` is `h = h + y`: the value before may be needed.
    Raises: RuntimeError for a leaf in a graph, TypeError where x's dtype cannot hold the result.
    """

    def update(x, other):
        if state.grad_enabled and (x.requires_grad or (isinstance(other, Tensor) and other.requires_grad)):
            if x.node is None and x.requires_grad:
                check_in_place(f"{operator.__name__} in place", x, other)
            return operator(x, other)
        y = operator(x, other)
        if not np.can_cast(y.dtype, x.dtype, "same_kind"):
            raise TypeError(f"{operator.__name__} in place: {x.dtype} cannot hold {y.dtype}: use x = x.float() first")
        return copy_(x, y)

    return update


def check_in_place(name, x, value):
    """Refuses a write that gradients would know nothing of; says when and how it is allowed."""
    if state.grad_enabled and (x.requires_grad or (isinstance(value, Tensor) and value.requires_grad)):
        which = "this tensor" if x.requires_grad else "the value"
        raise RuntimeError(
            f"{name}: {which} requires a gradient, which cannot see changes in place: "
            "make a new tensor, or write inside no_grad()"
        )


def copy_(x, source):
    """Put the values of `source` (broadcast) into x."""
    check_in_place("copy_", x, source)
    try:
        x.array[...] = source.array if isinstance(source, Tensor) else source
    except ValueError as error:
        raise ValueError(f"copy_: {error}, for a tensor of shape {x.shape}") from None
    x.mark_changed()
    return x


def fill_(x, value):
    """Make every element `value`."""
    return copy_(x, value)


def zero_(x):
    """Make every element 0."""
    return copy_(x, 0)
