"""From the start of Python to the end of imports, and of the first training step: kernels are cached before.

    python -m benchmarks.start [imports first-step]
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.fresh import run
from benchmarks.part import Measurement, Options, run_part

STEP = "from benchmarks.training import {0}; {0}('toy', 1)()"
CASES = {
    "imports": {"nothing": "pass", "NumPy": "import numpy", "tinyattn": "import tinyattn", "Numba": "import numba",
                "PyTorch": "import torch", "JAX": "import jax", "autograd": "import autograd.numpy"},
    "first-step": {"loop": STEP.format("loop"), "modules": STEP.format("modules"), "JAX": STEP.format("jax_jit"),
                   "PyTorch": STEP.format("torch_eager")},
}


def measure(options: Options) -> Iterator[list[Measurement]]:
    for case in options.chosen(CASES):
        programs = {}
        for who, code in CASES[case].items():
            with options.optional(who):
                run(code)  # fills caches: kernels, and files in memory
                programs[who] = code
        times: dict[str, list[float]] = {who: [] for who in programs}
        for _ in range(1 if options.quick else 5):
            for who, code in programs.items():
                times[who].append(run(code).seconds)
        yield [Measurement(case, who, statistics.median(own)) for who, own in times.items()]


if __name__ == "__main__":
    run_part(measure, __doc__, CASES)
