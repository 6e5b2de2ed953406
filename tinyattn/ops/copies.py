"""Ops that copy: to another dtype, to memory of their own. And the changes in place, which gradients do not see."""

from __future__ import annotations

import numpy as np

from ..state import state
from ..tensor import Tensor, op


@op
@np.errstate(all="ignore")  # what is too large for the dtype becomes infinite without a warning
def cast(x, /, dtype):
    """y = x, in another dtype"""
    return x.astype(dtype, copy=False)


cast.gradient(dx=lambda dy: dy)  # the backward walk brings it back to x's dtype


@op
@np.errstate(all="ignore")
def truncate(x, /, dtype):
    """y = x, as integers or bools: no gradient goes through"""
    return x.astype(dtype, copy=False)


@op
def clone(x, /):
    """y = x, in memory of its own"""
    return np.array(x, order="C")


clone.gradient(dx=lambda dy: dy)


def contiguous(input):
    """input itself where its elements lie in order, else a copy in which they do"""
    return input if input.array.flags.c_contiguous else clone(input)


def to(input, *args, **options):
    """input in another dtype, or itself where it has that: called as to(dtype), to("cpu", dtype) or to(tensor of it).

    Then follow `non_blocking`, which changes nothing on a CPU, and `copy`: make a new tensor in any case.
    Raises: TypeError for what is no dtype, ValueError for another device or another order in memory.
    """
    if args and not isinstance(args[0], str):
        args = (None, args[0].dtype if isinstance(args[0], Tensor) else args[0], *args[1:])
    return converted(input, *args, **options)


def converted(input, device=None, dtype=None, non_blocking=False, copy=False, memory_format=None):
    check_device("to", device)
    if memory_format is not None and not str(memory_format).endswith(("contiguous_format", "preserve_format")):
        raise ValueError(f"to: memory_format must be contiguous or preserve, got {memory_format}")
    try:
        dtype = input.dtype if dtype is None else np.dtype(dtype)
    except TypeError:
        raise TypeError(f"to: wanted a dtype such as ta.float64, got {dtype!r}") from None
    if dtype.kind not in "biuf":
        raise TypeError(f"to: wanted numbers or bools, got {dtype}")
    if dtype == input.dtype:
        return clone(input) if copy else input
    return cast(input, dtype=dtype) if dtype.kind == "f" else truncate(input, dtype=dtype)


def check_device(name, device):
    """There is one device. A name other than its own is refused, not ignored."""
    if device is not None and str(device) != "cpu":
        raise ValueError(f'{name}: device must be "cpu", got {str(device)!r}: everything here runs on the CPU')


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


@np.errstate(all="ignore")  # as in a cast
def copy_(input, src, non_blocking=False):
    """Put the values of `src` (broadcast) into input, in input's dtype."""
    check_in_place("copy_", input, src)
    try:
        input.array[...] = src.array if isinstance(src, Tensor) else src
    except ValueError as error:
        raise ValueError(f"copy_: {error}, for a tensor of shape {input.shape}") from None
    input.mark_changed()
    return input


def fill_(input, value):
    """Make every element `value`, a number."""
    if np.ndim(value):
        raise ValueError(f"fill_: wanted a number, got shape {np.shape(value)}: use copy_")
    return copy_(input, value)


def zero_(input):
    """Make every element 0."""
    return copy_(input, 0)
