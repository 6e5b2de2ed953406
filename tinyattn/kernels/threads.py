"""Kernels and matrix products on several cores: plain Python threads over blocks of rows, which release the GIL.

Which rows a block has depends on nothing but the number of rows and of threads, so the same number of threads
gives the same bits.

NumPy's own BLAS would bring threads of its own. They wait by spinning: on two cores of which one had other work, that
made a training step six times slower. So it is told to use one, when tinyattn first asks how many threads there are;
this holds for the whole process, and `threadpoolctl.threadpool_limits` takes it back.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

_threads: int | None = None
_pool: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()
_here = threading.local()  # `inside` is set in threads that are at work on a block


def get_num_threads() -> int:
    """How many threads kernels may use: what set_num_threads said, else TINYATTN_THREADS, else OMP_NUM_THREADS,
    else the cores that this process may run on.

    Raises: ValueError if TINYATTN_THREADS is no positive whole number.
    """
    global _threads
    if _threads is None:
        _threads = threads_from_environment()
        keep_blas_to_one_thread()
    return _threads


def threads_from_environment() -> int:
    own = os.environ.get("TINYATTN_THREADS", "").strip()
    if own:
        if not own.isdecimal() or int(own) < 1:
            raise ValueError(f"TINYATTN_THREADS: wanted a whole number from 1 on, got {own!r}")
        return int(own)
    others = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # "4,2": 2 is for nested loops
    if others.isdecimal() and int(others) >= 1:
        return int(others)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def set_num_threads(count: int) -> None:
    """From now on kernels and matrix products use `count` threads.

    Raises: TypeError, ValueError for anything but a whole number from 1 on.
    """
    global _threads, _pool
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"set_num_threads: wanted a whole number, got {type(count).__name__}")
    if count < 1:
        raise ValueError(f"set_num_threads: wanted 1 or more, got {count}")
    with _pool_lock:
        if count != _threads and _pool is not None:
            _pool.shutdown(wait=False)  # what it was given already it still does
            _pool = None
        _threads = count
    keep_blas_to_one_thread()


@functools.cache
def keep_blas_to_one_thread() -> None:
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")


def over_rows(work: Callable[[int, int], object], rows: int, at_least: int = 1) -> None:
    """work(start, stop) for blocks that together are rows 0 ... rows - 1, each of `at_least` rows or more.

    The calling thread takes the first block. An exception in a block is raised here, when all have ended.
    """
    blocks = min(get_num_threads(), rows // max(at_least, 1))
    if blocks < 2 or getattr(_here, "inside", False):  # a block's own blocks could wait for their own thread
        work(0, rows)
        return
    edges = [rows * i // blocks for i in range(blocks + 1)]

    def run(start: int, stop: int) -> None:
        _here.inside = True
        try:
            work(start, stop)
        finally:
            _here.inside = False

    with _pool_lock:
        others = [pool().submit(run, start, stop) for start, stop in pairwise(edges[1:])]
    try:
        run(edges[0], edges[1])
    finally:
        failures = [one.exception() for one in others]
    for failure in failures:
        if failure is not None:
            raise failure


def pool() -> ThreadPoolExecutor:
    """The threads, made when first wanted."""
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(get_num_threads() - 1 or 1, thread_name_prefix="tinyattn")
    return _pool


def forget_pool() -> None:
    """A forked process has this module's memory, but not the threads."""
    global _pool, _pool_lock
    _pool, _pool_lock = None, threading.Lock()
    _here.inside = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_pool)
