"""What an op costs beside its arithmetic: a chain of tanh(y · w + y) on 8 by 8 matrices, forward and backward.

    python benchmarks/op_overhead.py [seconds]

prints microseconds an op, medians of runs that alternate with PyTorch's where that is installed, and the ratio.
"""

import statistics
import sys
import time

import tinyattn as ta

try:
    import torch
except ModuleNotFoundError:
    torch = None

LENGTH, OPS = 300, 3 * 300


def chain(library):
    y = library.ones(8, 8)
    w = library.full((8, 8), 0.5, requires_grad=True)
    for _ in range(LENGTH):
        y = (y * w + y).tanh()
    y.sum().backward()


def main():
    libraries = {"tinyattn": ta}
    if torch is not None:
        torch.set_num_threads(1)
        libraries["PyTorch"] = torch
    for library in libraries.values():
        chain(library)
    times = {name: [] for name in libraries}
    end = time.perf_counter() + float(sys.argv[1] if len(sys.argv) > 1 else 5)
    while time.perf_counter() < end:
        for name, library in libraries.items():
            start = time.perf_counter()
            chain(library)
            times[name].append((time.perf_counter() - start) / OPS * 1e6)
    medians = {name: statistics.median(runs) for name, runs in times.items()}
    for name, median in medians.items():
        print(f"{name:>9} {median:6.2f} µs an op, fastest {min(times[name]):6.2f}")
    if torch is not None:
        print(f"    ratio {medians['tinyattn'] / medians['PyTorch']:6.2f}")


if __name__ == "__main__":
    main()
