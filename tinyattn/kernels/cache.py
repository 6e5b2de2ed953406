"""Compiled kernels on disk, so that only the first run of a program waits for the compiler.

Numba's own cache does not notice a change in a kernel that lives in another file, fails on a damaged file, and
may run the wrong code after two processes raced. Here a file is named by the hash of everything that its
content depends on, is never changed once it is there, and is checked before it is loaded. Where anything is in
the way the kernel is compiled and runs all the same.

The folder is $TINYATTN_CACHE, else $XDG_CACHE_HOME/tinyattn, else ~/.cache/tinyattn.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..storage import write_atomically

try:
    import fcntl
except ImportError:  # Windows: processes that start together then compile the same kernel each for itself
    fcntl = None  # type: ignore[assignment]

FORMAT = "tinyattn kernels, 2"  # change it with anything else that compiled kernels depend on
KEEP = 60 * 86400  # seconds after which a file that nobody loads any more is removed

_lock_depth = 0


def cache_folder() -> Path:
    """Where compiled kernels are kept; it need not exist yet."""
    chosen = os.environ.get("TINYATTN_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinyattn"


def usable_folder() -> Path | None:
    """The cache folder, made where it is missing; None, and one line about it, where it cannot be used."""
    try:
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid"):
            status = folder.stat()
            # What is loaded from here is run. So nobody else may be able to put something there.
            if status.st_uid != os.getuid() or status.st_mode & 0o022:
                raise PermissionError(f"others can write to {folder}")
    except (OSError, RuntimeError) as error:  # RuntimeError: no home
        warn_once(error)
        return None
    return folder


def warn_once(reason: Exception) -> None:
    if not warned:
        remedy = "set TINYATTN_CACHE to a folder of your own"
        print(f"tinyattn: compiled kernels are not kept ({reason}): {remedy}", file=sys.stderr)
        warned.append(reason)


warned: list[Exception] = []


def file_digest(file: str) -> str | None:
    """The hash of a source file; None where there is no such file."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return None


@functools.cache
def environment() -> list[str]:
    """What compiled code depends on besides its source: the versions, the CPU, and settings of Numba's."""
    import llvmlite
    import numba
    from numba.core.registry import cpu_target

    settings = ("OPT", "BOUNDSCHECK", "LOOP_VECTORIZE", "SLP_VECTORIZE", "DEBUGINFO_DEFAULT")
    return [FORMAT, sys.version, numba.__version__, llvmlite.__version__,
            *map(str, cpu_target.target_context.codegen().magic_tuple()),
            *(f"{name}={getattr(numba.config, name, None)}" for name in settings)]


class KernelCache:
    """Stands in the place of the cache of one of Numba's dispatchers, which asks it before it compiles."""

    def __init__(self, kernel: Any, dispatcher: Any, tell: Callable[[], None]) -> None:
        self.kernel, self.dispatcher, self.tell = kernel, dispatcher, tell
        self.found_by: set[tuple[int, ...]] = set()  # types, as Numba numbers them, by which any_strides finds its code
        self.compile, dispatcher.compile = dispatcher.compile, self.compile_once
        dispatcher._cache = self

    @property
    def cache_path(self) -> str:
        return str(cache_folder())

    def path(self, signature: Any) -> Path | None:
        """The file for this kernel compiled for these types; None where there is no cache for it."""
        used = list(self.kernel.used())
        if any(one.digest is None for one in used):
            return None  # made in a console: there is no file that could tell whether it changed
        folder = usable_folder()
        if folder is None:
            return None
        parts = [*environment(), str(signature)]
        for one in used:
            parts += [one.__qualname__, one.digest, *one.constants(), *sorted(one.fastmath)]
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        return folder / f"{self.kernel.__module__}.{self.kernel.__name__}-{key}.kernel"

    def compile_once(self, signature: Any) -> Any:
        """The dispatcher's compile; for kernels that take any strides the same code for all of them."""
        if not self.kernel.any_strides:
            return self.compile_alone(signature)
        from numba.core.compiler_lock import global_compiler_lock
        from numba.core.sigutils import normalize_signature
        from numba.core.types import unliteral

        given, _ = normalize_signature(signature)
        compiled = tuple(
            x.copy(layout="A", readonly=False) if getattr(x, "ndim", 0) > 1 else unliteral(x) for x in given)
        with global_compiler_lock:
            entry = self.compile_alone(compiled)
            self.found_by.add(tuple(x._code for x in compiled))
            codes = tuple(x._code for x in given)
            if codes not in self.found_by:  # twice the same types, and Numba would find neither, at each call anew
                self.found_by.add(codes)
                self.dispatcher._insert(list(codes), entry, False)
        return entry

    def compile_alone(self, signature: Any) -> Any:
        """The dispatcher's compile, but of several processes that want the same kernel one compiles it."""
        from numba.core.compiler_lock import global_compiler_lock

        with global_compiler_lock:  # first Numba's lock, then ours: so threads never wait in a circle
            path = self.path(signature)
            if path is None or path.exists():
                return self.compile(signature)
            with lock(path.parent):
                return self.compile(signature)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled kernel from its file, or None. A damaged file is removed."""
        path = self.path(signature)
        if path is not None:
            try:
                content = path.read_bytes()
                checksum, payload = content[:32], content[32:]
                if hashlib.sha256(payload).digest() == checksum:
                    from numba.core.compiler import CompileResult

                    target_context.refresh()
                    result = CompileResult._rebuild(target_context, *pickle.loads(payload))
                    with contextlib.suppress(OSError):
                        os.utime(path)  # so that it is not removed as unused
                    return result
                path.unlink()
            except FileNotFoundError:
                pass
            except Exception as error:
                warn_once(error)
        self.tell()
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Write the compiled kernel to its file."""
        path = self.path(signature)
        if path is None or result.library.has_dynamic_globals:
            return
        from numba.core.serialize import dumps

        try:
            payload = dumps(result._reduce())
            write_atomically(path, hashlib.sha256(payload).digest() + payload)
            remove_unused(path.parent)
        except Exception as error:
            warn_once(error)

    def enable(self) -> None:
        """Numba's interface wants these three; this cache is always on, and files never change."""

    disable = flush = enable


def remove_unused(folder: Path) -> None:
    """Remove what was not loaded for KEEP seconds: kernels of old versions. Only files with names as given here."""
    for path in folder.glob(f"*-{'[0-9a-f]' * 64}.kernel*"):
        with contextlib.suppress(FileNotFoundError):  # another process was first
            if path.stat().st_mtime < time.time() - KEEP:
                path.unlink()


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Only one process at a time gets in here; and in again: compiling a kernel compiles those it calls."""
    global _lock_depth
    with contextlib.ExitStack() as stack:
        if fcntl is not None and _lock_depth == 0:
            try:
                file = stack.enter_context(open(folder / "lock", "w"))
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:  # read-only, or a file system without locks
                warn_once(error)
        _lock_depth += 1
        try:
            yield
        finally:
            _lock_depth -= 1
