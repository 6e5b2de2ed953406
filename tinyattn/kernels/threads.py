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
from queue import SimpleQueue

from .memory import keep_freed_memory

Task = tuple[Callable[[int], object], int, SimpleQueue]  # what to do, for which block, and where to say that it is done

_threads: int | None = None
_tasks: SimpleQueue[Task] = SimpleQueue()  # what the threads wait for
_started = 0  # how many threads there are besides the callers
_here = threading.local()  # `inside` is set in threads that are at work on a block


def get_num_threads() -> int:
    """How many threads kernels may use: what set_num_threads said, else TINYATTN_THREADS, else OMP_NUM_THREADS,
    else the cores that this process may run on.

    Raises: ValueError if TINYATTN_THREADS is no positive whole number.
    """
    global _threads
    if _threads is None:
        _threads = threads_from_environment()
        set_up_process()
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
    global _threads
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"set_num_threads: wanted a whole number, got {type(count).__name__}")
    if count < 1:
        raise ValueError(f"set_num_threads: wanted 1 or more, got {count}")
    _threads = count
    set_up_process()


@functools.cache
def set_up_process() -> None:
    """What has to hold before the first op runs."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
    keep_freed_memory()


def blocks_of(most: int) -> int:
    """How many blocks to make of something: one for each thread, but no more than `most`, and 1 at least."""
    return max(1, min(get_num_threads(), most))


def over_rows(work: Callable[[int, int], object], rows: int, at_least: int = 1) -> None:
    """work(start, stop) for blocks that together are rows 0 ... rows - 1, each of `at_least` rows or more."""
    count = blocks_of(rows // max(at_least, 1))
    if count == 1 or inside():
        work(0, rows)
    else:
        over_blocks(lambda k: work(rows * k // count, rows * (k + 1) // count), count)


def over_blocks(work: Callable[[int], object], count: int) -> None:
    """work(0), ..., work(count - 1), each in a thread of its own; the calling thread takes the first.

    An exception in one of them is raised here, when all have ended.
    """
    if count == 1 or inside():  # a block's own blocks could wait for their own thread
        for k in range(count):
            work(k)
        return
    ended: SimpleQueue[BaseException | None] = SimpleQueue()
    start_threads(count - 1)
    for k in range(1, count):
        _tasks.put((work, k, ended))
    failures = [failure_of(work, 0), *(ended.get() for _ in range(1, count))]
    for failure in failures:
        if failure is not None:
            raise failure


def inside() -> bool:
    """Is this thread at work on a block?"""
    return getattr(_here, "inside", False)


def failure_of(work: Callable[[int], object], k: int) -> BaseException | None:
    _here.inside = True
    try:
        work(k)
    except BaseException as failure:
        return failure
    finally:
        _here.inside = False
    return None


def start_threads(count: int) -> None:
    """So many besides the callers, if there are not as many already. They stay, and wait, until the process ends."""
    global _started
    while _started < count:
        _started += 1
        threading.Thread(target=serve, args=(_tasks,), name=f"tinyattn_{_started}", daemon=True).start()


def serve(tasks: SimpleQueue[Task]) -> None:
    while True:
        work, k, ended = tasks.get()
        ended.put(failure_of(work, k))
        del work, ended  # and with them the arrays that they hold, while this thread waits


def forget_threads() -> None:
    """A forked process has this module's memory, but not the threads."""
    global _tasks, _started
    _tasks, _started = SimpleQueue(), 0
    _here.inside = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_threads)
