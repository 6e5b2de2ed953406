"""The decorator over every kernel: a plain Python loop that Numba compiles when it is first called."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Set
from typing import Any

# Without 'nnan' and 'ninf', so that isnan and isinf keep their meaning; the others let LLVM vectorise sums.
FASTMATH = frozenset({"reassoc", "nsz", "contract", "arcp", "afn"})


class Kernel:
    """A function of arrays, in loops. Numba compiles it at the first call, for the types that come."""

    def __init__(self, body: Callable, fastmath: Set[str], emitted: Callable[[], Any] | None) -> None:
        self.body, self.fastmath, self.emitted = body, fastmath, emitted
        functools.update_wrapper(self, body)

    @functools.cached_property
    def compiled(self) -> Any:
        if os.environ.get("NUMBA_DISABLE_JIT") == "1":
            return self.body
        import numba

        body = self.emitted and self.emitted() or self.body
        return numba.njit(nogil=True, error_model="numpy", fastmath=set(self.fastmath))(body)

    @property
    def _numba_type_(self) -> Any:
        """What Numba asks for where one kernel calls another."""
        return self.compiled._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        return self.compiled(*arguments)


def kernel(body: Callable | None = None, *, fastmath: Set[str] = FASTMATH,
           emitted: Callable[[], Any] | None = None) -> Any:
    """Make a kernel of a plain loop."""
    if body is None:
        return functools.partial(kernel, fastmath=fastmath, emitted=emitted)
    return Kernel(body, fastmath, emitted)
