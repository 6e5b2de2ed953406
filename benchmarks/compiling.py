"""What the compiler costs a first run: every kernel that `tinyattn demo` needs, with nothing cached.

    python -m benchmarks.compiling

A kernel's time is its own: without that of the kernels it calls, which are compiled on the way. Where a kernel is
compiled for several types of arguments it is counted for each.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.fresh import run
from benchmarks.part import Measurement, Options, run_part

CODE = "from benchmarks.compiling import demo; demo()"


def demo() -> None:
    """`tinyattn demo`, but for five steps; prints the kernels that were compiled, and their seconds."""
    found: list[tuple[str, str, float]] = []
    listen(found)
    from tinyattn.cli import demo as command
    from tinyattn.cli import main

    command.CONFIG = command.CONFIG.with_options({"steps": 5})
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        assert main(["demo", "--out", folder]) == 0
    print(json.dumps(found))


def listen(found: list[tuple[str, str, float]]) -> None:
    """From now on each kernel that Numba compiles is put into `found`: its name, its types, its own seconds."""
    from numba.core import event

    inside: list[list[float]] = []  # for each kernel that is being compiled: its start, the seconds of those it calls

    class Listener(event.Listener):
        def on_start(self, started: Any) -> None:
            inside.append([time.perf_counter(), 0.0])

        def on_end(self, ended: Any) -> None:
            start, of_others = inside.pop()
            seconds = time.perf_counter() - start
            if inside:
                inside[-1][1] += seconds
            types = re.sub(r"Array\((\w+), (\d), '(\w)'[^)]*\)", r"\1 \2\3", str(ended.data["args"]))
            found.append((ended.data["dispatcher"].py_func.__name__, types, seconds - of_others))

    event.register("numba:compile", Listener())


def measure(options: Options) -> Iterator[list[Measurement]]:
    with tempfile.TemporaryDirectory() as folder:
        found = run(CODE, options.threads, TINYATTN_CACHE=folder).said
    found.sort(key=lambda one: -one[2])
    yield [Measurement("kernel", name, seconds, note=types) for name, types, seconds in found]
    yield [Measurement("all", f"{len(found)} kernels", sum(seconds for *_, seconds in found))]


if __name__ == "__main__":
    run_part(measure, __doc__)
