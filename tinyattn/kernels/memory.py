"""Memory that arrays leave behind stays with the process, so that the next ones find it.

glibc gives large pieces back to the system as soon as they are free. A training step makes the same arrays each time,
and each time the system would hand out fresh pages and fill them with zeros: a fifth of the time of an LSTM's layer.
Other C libraries are left as they are.
"""

from __future__ import annotations

import ctypes
import functools

# glibc's malloc.h. Pieces above 32 MB it may refuse to keep.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEEP, LARGEST = 1 << 30, 1 << 25  # bytes: of free memory in all, and of one piece


@functools.cache
def keep_freed_memory() -> None:
    """From now on, in the whole process."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(M_MMAP_THRESHOLD, LARGEST)
    mallopt(M_TRIM_THRESHOLD, KEEP)
