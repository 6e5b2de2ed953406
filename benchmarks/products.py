"""The matrix products of benchmarks/matmul.py as a part of the whole: this project's, NumPy's, PyTorch's.

    python -m benchmarks.products [nn nt tn] [--threads 1]

nn is A @ B, nt is x @ W.T, tn is A.T @ B; `packed` has B packed before.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from benchmarks.matmul import SHAPES, contenders
from benchmarks.part import BASELINE, Measurement, Options, run_part
from benchmarks.timing import medians

FORMS = ("nn", "nt", "tn")


def measure(options: Options) -> Iterator[list[Measurement]]:
    import tinyattn as ta

    ta.set_num_threads(options.threads)
    for form in options.chosen(FORMS):
        ratios: dict[str, list[float]] = {}
        for M, K, N in SHAPES:
            flops = 2.0 * M * K * N
            seconds = medians(contenders(M, K, N, form, np.dtype(np.float32)), options.seconds(0.5))
            for who, found in seconds.items():
                ratios.setdefault(who, []).append(seconds.get(BASELINE, found) / found)
            yield [Measurement(f"{form} {M}, {K}, {N}", who, found, "s", flops / options.peak.flops, flops)
                   for who, found in seconds.items()]
        yield [Measurement(f"{form}, all", who, statistics.geometric_mean(own), f"× {BASELINE}")
               for who, own in ratios.items()]


if __name__ == "__main__":
    run_part(measure, __doc__, FORMS)
