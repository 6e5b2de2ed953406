"""Padding: more elements around a tensor, or fewer, where a width is negative."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor, op
from .indexing import pick
from .shapes import ints_of

# The modes that take y's elements −before ... n + after − 1 from x: which of x's elements 0 ... n − 1 each one is,
# and up to which width that is defined.
SOURCES = {
    "reflect": (lambda k, n: n - 1 - abs(n - 1 - abs(k)), lambda n: n - 1),
    "replicate": (lambda k, n: k.clip(0, n - 1), lambda n: np.inf if n else 0),
    "circular": (lambda k, n: k % n, lambda n: n),
}


@op
def pad_(x, /, widths, value=0):
    """y = x, with `value` around it; where a width is negative, less of x"""
    if any(n + min(before, 0) + min(after, 0) < 0 for n, (before, after) in zip(x.shape, widths)):
        raise ValueError(f"pad: widths {widths} cut off more than there is of shape {x.shape}")
    y = np.full([n + before + after for n, (before, after) in zip(x.shape, widths)], value, x.dtype)
    inner = tuple(slice(max(before, 0), n - max(after, 0)) for n, (before, after) in zip(y.shape, widths))
    y[inner] = x[tuple(slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(x.shape, widths))]
    return y


pad_.gradient(dx=lambda dy, widths: pad_(dy, widths=[(-before, -after) for before, after in widths]))


def pad(input, pad, mode="constant", value=None):
    """y = input with more elements around it: `pad` has two widths for the last dimension, two for the one before, ...

    reflect: c b | a b c | b a    replicate: a a | a b c | c c    circular: b c | a b c | a b    constant: `value` or 0
    A negative width cuts elements off: with circular first, so that what is left goes round.
    Shapes: as input, each size plus its two widths.
    Raises: ValueError for widths that do not fit the input or the mode, and for a value outside constant.
    """
    pad = ints_of("pad", (pad,))
    same = input.ndim - len(pad) // 2  # so many dimensions, the first ones, stay as they are
    if same < 0 or len(pad) % 2:
        raise ValueError(f"pad: wanted two widths for each of at most {input.ndim} dimensions, got {pad}")
    widths = [(0, 0)] * same + [*zip(pad[-2::-2], pad[::-2])]
    if mode == "constant":
        value = value.item() if isinstance(value, Tensor) else value
        return pad_(input, widths=widths, value=value or 0)
    if mode not in SOURCES:
        raise ValueError(f"pad: mode must be constant, {', '.join(SOURCES)}, got {mode!r}")
    if value:
        raise ValueError(f"pad: only mode constant takes a value, got {value} with {mode}")
    if mode == "circular" and min(pad, default=0) < 0:
        input = pad_(input, widths=[(min(before, 0), min(after, 0)) for before, after in widths])
        widths = [(max(before, 0), max(after, 0)) for before, after in widths]
    source, most = SOURCES[mode]
    places = []
    for n, (before, after) in zip(input.shape[same:], widths[same:]):
        if max(before, after) > most(n) or n + before + after < 0:
            raise ValueError(f"pad: {mode} of {n} elements takes widths up to {most(n)}, got {before} and {after}")
        places.append(source(np.arange(-before, n + after), n))
    return pick(input, index=(..., *np.ix_(*places)))
