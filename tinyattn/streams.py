"""Random streams that are derived, never stored.

Dropout at step 812 draws from `stream(seed, "dropout", 812)`: a run that was killed and resumed draws the
same numbers as one that never stopped, because there is no generator state that could be lost, saved late or
advanced twice.
"""

from __future__ import annotations

import hashlib
import operator
import threading
from collections.abc import Callable
from typing import Any

import numpy as np


def stream(seed: int, name: str, *numbers: int) -> np.random.Generator:
    """A random generator that depends on the arguments alone: the run's seed, what it is for, and which step
    or epoch.

    Streams that differ in any argument are independent: `stream(1, "shuffle", 0)` tells nothing about
    `stream(1, "shuffle", 1)`, `stream(1, "dropout", 0)` or `stream(2, "shuffle", 0)`.

    Raises: ValueError for a seed or number outside 0 ... 2**64 - 1, TypeError for one that is no integer.
    """
    # Python's own hash() of a string changes from process to process; a digest does not.
    name_number = int.from_bytes(hashlib.blake2b(name.encode("utf-8"), digest_size=8).digest(), "little")
    # Each number fills exactly two 32-bit words: left to itself, SeedSequence takes (2**32,) for (0, 1).
    words = np.array([_checked(seed), name_number, *map(_checked, numbers)], dtype="<u8").view("<u4")
    # PCG64 by name: `np.random.default_rng` may change its generator in a later NumPy, and every run with it.
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words.tolist())))


def _checked(number: int) -> int:
    number = operator.index(number)
    if not 0 <= number < 2**64:
        raise ValueError(f"stream: seed and numbers must be in 0 ... 2**64 - 1, got {number}")
    return number


# --- the stream that random tensors and dropout draw from ---------------


Source = np.random.Generator | Callable[[], np.random.Generator]


class _Current(threading.local):
    source: Source | None = None


_current = _Current()


def generator() -> np.random.Generator:
    """What `rand`, initialisers and dropout draw from in this thread."""
    source = _current.source
    if not isinstance(source, np.random.Generator):
        source = _current.source = source() if source is not None else np.random.default_rng()  # None: no seed given
    return source


def manual_seed(seed: int) -> None:
    """From now on `rand`, initialisers and dropout draw the numbers that belong to this seed, in this thread."""
    _current.source = stream(seed, "manual seed")


class using:
    """Inside, they draw from `source`: `with using(stream(seed, "dropout", step)): ...`

    source: a generator, or a function that makes one: called at the first number that is drawn, if there is any.
    """

    def __init__(self, source: Source) -> None:
        self.source = source

    def __enter__(self) -> None:
        self.before, _current.source = _current.source, self.source

    def __exit__(self, *error: Any) -> None:
        _current.source = self.before
