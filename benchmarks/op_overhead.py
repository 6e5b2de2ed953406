"""What an op costs beside its arithmetic: a chain of tanh(y · w + y) on 8 by 8 matrices, forward and backward.

    python -m benchmarks.op_overhead [--seconds 5]

Microseconds an op. micrograd has no matrices: its chain is one of numbers, a sixty-fourth of the arithmetic.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.part import Measurement, Options, run_part
from benchmarks.timing import medians

LENGTH, OPS = 300, 3 * 300


def chain(library: Any) -> None:
    y = library.ones(8, 8)
    w = library.full((8, 8), 0.5, requires_grad=True)
    for _ in range(LENGTH):
        y = (y * w + y).tanh()
    y.sum().backward()


def own() -> Callable[[], object]:
    import tinyattn as ta

    return lambda: chain(ta)


def pytorch() -> Callable[[], object]:
    import torch

    return lambda: chain(torch)


def hips_autograd() -> Callable[[], object]:
    import autograd.numpy as np
    from autograd import grad

    def result(w: Any) -> Any:
        y = np.ones((8, 8), np.float32)
        for _ in range(LENGTH):
            y = np.tanh(y * w + y)
        return np.sum(y)

    return lambda: grad(result)(np.full((8, 8), 0.5, np.float32))


def micrograd() -> Callable[[], object]:
    from micrograd.engine import Value

    def run() -> None:
        y, w = Value(1.0), Value(0.5)
        for _ in range(LENGTH):
            y = (y * w + y).relu()  # it has no tanh
        y.backward()

    sys.setrecursionlimit(10 * OPS)  # its way back is recursive
    return run


CONTENDERS = {"tinyattn": own, "PyTorch": pytorch, "autograd": hips_autograd, "micrograd": micrograd}


def measure(options: Options) -> Iterator[list[Measurement]]:
    chains = {}
    for who, make in CONTENDERS.items():
        with options.optional(who):
            chains[who] = make()
    seconds = medians(chains, options.seconds(5))
    yield [Measurement("an op", who, found / OPS) for who, found in seconds.items()]


if __name__ == "__main__":
    run_part(measure, __doc__)
