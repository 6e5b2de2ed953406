"""Matrix products on one thread, in GFLOP/s: the packed tile, NumPy and, where it is installed, PyTorch.

    python benchmarks/matmul.py [--dtype float64] [--seconds 1]

All that are compared take turns, and the median of each is shown: the machine's speed may change meanwhile.
"""

import argparse
import os
import statistics
import time

for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"  # read when NumPy and PyTorch are imported

import numpy as np  # noqa: E402

from tinyattn.kernels.matmul import matmul_packed, new_panels, pack  # noqa: E402
from tinyattn.kernels.tile import registers  # noqa: E402

try:
    import torch

    torch.set_num_threads(1)
except ModuleNotFoundError:
    torch = None

# M, K, N: steps of a recurrence, then projections to a vocabulary
SHAPES = [(1, 128, 512), (32, 128, 512), (64, 128, 512), (640, 64, 512), (512, 512, 512), (64, 512, 2048),
          (640, 256, 2000), (960, 1024, 8000)]


def medians(functions, seconds):
    """Seconds that a call of each function takes."""
    for function in functions:
        function()
    times, start = [[] for _ in functions], time.perf_counter()
    while time.perf_counter() - start < seconds or len(times[0]) < 5:
        for own, function in zip(times, functions):
            before = time.perf_counter()
            function()
            own.append(time.perf_counter() - before)
    return [statistics.median(own) for own in times]


def contenders(M, K, N, dtype):
    random = np.random.default_rng(0)
    a, b = random.standard_normal((M, K)).astype(dtype), random.standard_normal((K, N)).astype(dtype)
    c, panels = np.empty((M, N), dtype), new_panels(K, N, dtype)
    pack(b, panels)

    def with_packing():
        pack(b, panels)
        matmul_packed(a, panels, c, False)

    found = {
        "packed before": lambda: matmul_packed(a, panels, c, False),
        "with packing": with_packing,
        "NumPy": lambda: np.dot(a, b, out=c),
    }
    if torch is not None:
        torch_a, torch_b, torch_c = (torch.from_numpy(x) for x in (a, b, c))
        found["PyTorch"] = lambda: torch.mm(torch_a, torch_b, out=torch_c)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each shape")
    options = parser.parse_args()
    of_cpu = registers()
    print(f"GFLOP/s, {options.dtype}, one thread; tiles of {of_cpu.rows} rows in registers of {of_cpu.bytes} bytes")
    for number, (M, K, N) in enumerate(SHAPES):
        found = contenders(M, K, N, np.dtype(options.dtype))
        if number == 0:
            print(f"{'M, K, N':>16}" + "".join(f"{name:>16}" for name in found))
        seconds = medians(list(found.values()), options.seconds)
        print(f"{f'{M}, {K}, {N}':>16}" + "".join(f"{2e-9 * M * K * N / s:16.0f}" for s in seconds))


if __name__ == "__main__":
    main()
