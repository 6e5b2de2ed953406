"""The decorator over every kernel: a plain Python loop that Numba compiles when it is first called.

    @kernel
    def add(y, a, b):
        for i in range(len(y)):
            y[i] = a[i] + b[i]

Numba itself is imported at that first call. With NUMBA_DISABLE_JIT=1 the loop runs as Python.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Set
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from .cache import KernelCache, file_digest

# Without 'nnan' and 'ninf', so that isnan and isinf keep their meaning; the others let LLVM vectorise sums.
FASTMATH = frozenset({"reassoc", "nsz", "contract", "arcp", "afn"})

_listeners: list[Callable[[str], None]] = []


class Kernel:
    """A function of arrays, in loops. Numba compiles it at the first call, for the types that come.

    Its options, and what it is made of, are what the cache knows its compiled form by.
    """

    __name__: str

    def __init__(self, body: Callable, fastmath: Set[str], emitted: Callable[[], Any] | None,
                 any_strides: bool) -> None:
        self.body, self.fastmath, self.emitted, self.any_strides = body, fastmath, emitted, any_strides
        self.file = body.__code__.co_filename
        self.digest = file_digest(self.file)  # now, so that it is the text that Python has just read
        functools.update_wrapper(self, body)

    @functools.cached_property
    def compiled(self) -> Any:
        """Numba's dispatcher; under NUMBA_DISABLE_JIT=1 the body, as silent about NaN as compiled code is."""
        if jit_disabled():
            return np.errstate(all="ignore")(self.body)
        import numba

        body = (self.emitted and self.emitted()) or self.body
        # forceinline: else a kernel may call another's code where that was compiled before in the same process, and its
        # own copy, optimised once more, where it comes from the cache: the same kernel, but not the same last bits.
        # no_cfunc_wrapper: what C code would call, nobody does.
        options: Any = {"forceinline": True, "no_cfunc_wrapper": True}
        dispatcher = numba.njit(nogil=True, error_model="numpy", fastmath=set(self.fastmath), **options)(body)
        return KernelCache(self, dispatcher, self.tell).dispatcher

    @property
    def _numba_type_(self) -> Any:
        """What Numba asks for where one kernel calls another."""
        return self.compiled._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        return self.compiled(*arguments)

    def tell(self) -> None:
        for listener in _listeners:
            listener(self.__name__)

    def used(self) -> dict[Kernel, None]:
        """This kernel and all that it calls, directly or not; a dictionary, because that keeps the order."""
        found: dict[Kernel, None] = {}
        waiting = [self]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found[one] = None
                waiting += [value for value in one.values_named() if isinstance(value, Kernel)]
        return found

    def constants(self) -> list[str]:
        """The numbers from outside that the body names: they are compiled in, and may be another file's."""
        return [repr(value) for value in self.values_named() if not callable(value)]

    def values_named(self) -> list[Any]:
        """What the names in the body mean that come from outside it, also out of this package's modules."""
        outside = {**self.body.__globals__, **inspect.getclosurevars(self.body).nonlocals}
        names = names_in(self.body.__code__)
        values = [outside[name] for name in names if name in outside]
        modules = [value for value in values if isinstance(value, ModuleType)]
        return [value for value in values if not isinstance(value, ModuleType)] + [
            getattr(module, name) for module in modules if module.__name__.startswith(__package__)
            for name in names if hasattr(module, name)]


def kernel(body: Callable | None = None, *, fastmath: Set[str] = FASTMATH,
           emitted: Callable[[], Any] | None = None, any_strides: bool = False) -> Any:
    """Make a kernel of a function in plain loops; for tests and readers it stays what Python would do.

    fastmath: what LLVM may assume of floating-point numbers, where the default goes too far.
    emitted: called once, gives the function that Numba compiles in place of the body, or None.
    any_strides: compiled once for matrices however they lie in memory, and not once for each way. LLVM then cannot
    know that their rows lie side by side, which plain loops need to become vector instructions.
    """
    if body is None:
        return functools.partial(kernel, fastmath=fastmath, emitted=emitted, any_strides=any_strides)
    return Kernel(body, fastmath, emitted, any_strides)


def jit_disabled() -> bool:
    """Does NUMBA_DISABLE_JIT=1 ask for kernels to run as Python?"""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"


def names_in(code: CodeType) -> list[str]:
    names = [*code.co_names, *code.co_freevars]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names += names_in(constant)
    return names


class tell_when_compiling:
    """`with tell_when_compiling(listener):` listener(name) for each kernel that is compiled, not loaded."""

    def __init__(self, listener: Callable[[str], None]) -> None:
        self.listener = listener

    def __enter__(self) -> None:
        _listeners.append(self.listener)

    def __exit__(self, *_: Any) -> None:
        _listeners.remove(self.listener)


def ready(x: Any) -> Any:
    """x as kernels want it: its elements side by side, aligned, writeable.

    Numba compiles a kernel once more for arrays of another layout, so each kernel sees only this one. A copy
    is made where x is not like that.
    """
    return x if x.flags.carray else x.copy()
