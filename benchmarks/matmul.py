"""Matrix products in GFLOP/s: this project's, NumPy's and, where it is installed, PyTorch's.

    python benchmarks/matmul.py [--threads 2] [--dtype float64] [--seconds 1] [--forms nn,nt,tn]

Forms: nn is A @ B of two matrices as they lie in memory, nt is x @ W.T, tn is A.T @ B. "packed" has B packed before.
All that are compared take turns, and the median of each is shown: the machine's speed may change meanwhile. What a
register-only loop reaches on the same machine is in benchmarks/machine.py. NumPy has one thread whatever is said, as
it has wherever tinyattn is in use.

Limited to AVX2, NumPy too:

    NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES=+avx2,+fma OPENBLAS_CORETYPE=Haswell python benchmarks/matmul.py
"""

import argparse
import math
import os
import statistics
import sys
import time

threads = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv else "1"
for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = threads  # read when NumPy and PyTorch are imported

import numpy as np  # noqa: E402

import tinyattn as ta  # noqa: E402
from tinyattn.kernels.matmul import matmul_packed, new_panels, pack  # noqa: E402
from tinyattn.kernels.tile import registers  # noqa: E402
from tinyattn.ops.matmul import product  # noqa: E402

try:
    import torch

    torch.set_num_threads(int(threads))
except ModuleNotFoundError:
    torch = None

# M, K, N: steps of a recurrence; a layer and a projection to a vocabulary at three sizes, forward, then the gradients
SHAPES = [(32, 128, 512), (64, 128, 512), (512, 512, 512), (64, 512, 2048),
          (640, 64, 512), (640, 512, 64), (512, 640, 64), (640, 256, 2000), (640, 2000, 256), (2000, 640, 256),
          (768, 512, 4000), (768, 4000, 512), (4000, 768, 512),
          (960, 1024, 8000), (960, 8000, 1024), (8000, 960, 1024)]


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


def matrix(rows, columns, form, dtype):
    """Random numbers; "t": what lies in memory is the transpose."""
    shape = (columns, rows) if form == "t" else (rows, columns)
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    return x.T if form == "t" else x


def contenders(M, K, N, form, dtype):
    a, b, c = matrix(M, K, form[0], dtype), matrix(K, N, form[1], dtype), np.empty((M, N), dtype)
    found = {"own": lambda: product(a, b, out=c), "NumPy": lambda: np.matmul(a, b, out=c)}
    if threads == "1":
        panels = new_panels(K, N, dtype)
        pack(b, panels)
        found["packed"] = lambda: matmul_packed(a, panels, c, False)
    if torch is not None:
        torch_a, torch_b, torch_c = (torch.from_numpy(x) for x in (a, b, c))
        found["PyTorch"] = lambda: torch.mm(torch_a, torch_b, out=torch_c)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each shape")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--forms", default="nn,nt,tn")
    options = parser.parse_args()
    ta.set_num_threads(options.threads)
    of_cpu, ratios = registers(), {}
    print(f"GFLOP/s, {options.dtype}, {options.threads} threads; tiles of {of_cpu.rows} rows in registers of "
          f"{of_cpu.bytes} bytes")
    for form in options.forms.split(","):
        for M, K, N in SHAPES:
            found = contenders(M, K, N, form, np.dtype(options.dtype))
            seconds = dict(zip(found, medians(list(found.values()), options.seconds)))
            if not ratios:
                print(f"{'M, K, N':>20}" + "".join(f"{name:>9}" for name in found))
            for one in [name for name in ("own", "packed") if name in found]:
                for other in [name for name in ("NumPy", "PyTorch") if name in found]:
                    ratios.setdefault(f"{one} / {other}", []).append(seconds[other] / seconds[one])
            print(f"{f'{form} {M}, {K}, {N}':>20}"
                  + "".join(f"{2e-9 * M * K * N / s:9.0f}" for s in seconds.values()), flush=True)
    for name, found in ratios.items():
        mean = math.exp(statistics.fmean(map(math.log, found)))
        print(f"{name}: geometric mean {mean:.2f}, least {min(found):.2f}")


if __name__ == "__main__":
    main()
