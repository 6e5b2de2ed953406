"""The decorator over every kernel: a plain Python loop that Numba compiles when it is first called."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

# Without 'nnan' and 'ninf', so that isnan and isinf keep their meaning; the others let LLVM vectorise sums.
FASTMATH = {"reassoc", "nsz", "contract", "arcp", "afn"}


class kernel:
    """A function of arrays, in loops. Numba compiles it at the first call, for the types that come."""

    def __init__(self, body: Callable) -> None:
        self.body = body
        functools.update_wrapper(self, body)

    @functools.cached_property
    def compiled(self) -> Any:
        if os.environ.get("NUMBA_DISABLE_JIT") == "1":
            return self.body
        import numba

        return numba.njit(nogil=True, error_model="numpy", fastmath=FASTMATH)(self.body)

    @property
    def _numba_type_(self) -> Any:
        """What Numba asks for where one kernel calls another."""
        return self.compiled._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        return self.compiled(*arguments)
