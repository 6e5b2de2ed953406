"""The most memory that a training process holds: this project's and PyTorch's, each in a process of its own.

    python -m benchmarks.memory [size ...] [--threads 1]

Everything counts, imports too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.fresh import run
from benchmarks.part import Measurement, Options, run_part
from benchmarks.training import SIZES

PROGRAMS = {"loop": "loop", "modules": "modules", "PyTorch": "torch_eager"}
CODE = """
from benchmarks.training import {name}
step = {name}({size!r}, {threads})
for _ in range(5):
    step()
from benchmarks.memory import most
print(most())
"""


def most() -> int:
    """The most bytes that this process ever had in memory. (getrusage also knows what its parent had.)"""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def measure(options: Options) -> Iterator[list[Measurement]]:
    for size in options.chosen(SIZES):
        found = []
        for who, name in PROGRAMS.items():
            with options.optional(who):
                code = CODE.format(name=name, size=size, threads=options.threads)
                found.append(Measurement(size, who, run(code, options.threads).said, "B"))
        yield found


if __name__ == "__main__":
    run_part(measure, __doc__, SIZES)
