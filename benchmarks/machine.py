"""What this machine can do at most: multiplications and additions in registers, bytes read from and copied in memory.

    python -m benchmarks.machine

Measured in the same run as everything that is compared with it, because it drifts.
"""

from __future__ import annotations

import os
import platform
import statistics
import threading
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SUMS = 12  # vectors of running sums: more than a fused multiply-add takes cycles, fewer than there are registers
LARGE = 2**28  # bytes for each thread: many times what caches hold
VERSIONS = ("numpy", "numba", "torch", "jax", "autograd", "micrograd")


class Peak(NamedTuple):
    """The most that `threads` threads did side by side."""

    threads: int
    flops: float  # float32 operations a second; a multiply-add is two
    read: float  # bytes a second
    copy: float  # bytes a second, those read and those written


def registers_only() -> Callable[[int], float]:
    """loop(n): n times SUMS multiply-adds of whole vector registers that touch no memory.

    Written as LLVM instructions: from a loop in Python, LLVM would keep the sums in memory.
    """
    import numba
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    from tinyattn.kernels.tile import intrinsic_function

    lanes = vector_bytes() // 4

    def repeat(typing_context: Any, count: Any) -> Any:
        def generate(context: Any, build: Any, signature: Any, arguments: Any) -> Any:
            (n,) = arguments
            vector = ir.VectorType(ir.FloatType(), lanes)
            fma = intrinsic_function(build.module, f"llvm.fma.v{lanes}f32", vector, [vector] * 3)
            factor, term = (ir.Constant(vector, [x] * lanes) for x in (0.5, 1.0))
            before = build.block
            loop, done = build.append_basic_block("loop"), build.append_basic_block("done")
            build.branch(loop)
            build.position_at_end(loop)
            k, *sums = build.phi(n.type), *(build.phi(vector) for _ in range(SUMS))
            new = [build.add(k, n.type(1)), *(build.call(fma, [x, factor, term]) for x in sums)]
            first = [n.type(0), *(ir.Constant(vector, [float(i)] * lanes) for i in range(SUMS))]
            for phi, at_first, then in zip([k, *sums], first, new, strict=True):
                phi.add_incoming(at_first, before)
                phi.add_incoming(then, loop)
            build.cbranch(build.icmp_signed("<", new[0], n), loop, done)
            build.position_at_end(done)
            total = new[1]
            for x in new[2:]:
                total = build.fadd(total, x)
            return build.extract_element(total, ir.IntType(32)(0))

        return types.float32(types.int64), generate

    multiply_adds: Any = intrinsic(repeat)

    @numba.njit("float32(int64)", nogil=True)
    def loop(n: int) -> float:
        return multiply_adds(n)

    return loop


def vector_bytes() -> int:
    """Bytes in a vector register of this CPU."""
    from numba.core.registry import cpu_target

    features = set(cpu_target.target_context.codegen().magic_tuple()[2].split(","))
    return 64 if "+avx512f" in features else 32 if "+avx2" in features else 16


def reader() -> Callable[[np.ndarray], float]:
    """Adds up an array, 64 numbers at a time."""
    import numba

    @numba.njit("float32(float32[::1])", nogil=True, fastmath=True)
    def read(x: np.ndarray) -> float:
        total = np.float32(0)
        for i in range(len(x)):
            total += x[i]
        return total

    return read


def rate(work: Callable[[int], object], amount: float, threads: int, seconds: float) -> float:
    """What `threads` threads, each at work(its number) again and again, get done a second together; `amount` a call.

    They start together, and stop together when the time is over.
    """
    rates, stop, barrier = [0.0] * threads, threading.Event(), threading.Barrier(threads)

    def run(number: int) -> None:
        work(number)
        barrier.wait()
        calls, start = 0, time.perf_counter()
        while not stop.is_set():
            work(number)
            calls += 1
        rates[number] = calls * amount / (time.perf_counter() - start)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in running:
        thread.join()
    return sum(rates)


def peaks(threads: list[int], seconds: float = 0.3, rounds: int = 3) -> list[Peak]:
    """The medians of `rounds` measurements, taken in turn; `seconds` for each."""
    loop, read = registers_only(), reader()
    sources = [np.ones(LARGE // 4, np.float32) for _ in range(max(threads))]
    targets = [np.ones(LARGE // 4, np.float32) for _ in range(max(threads))]
    operations = 2.0 * SUMS * (vector_bytes() // 4) * 100_000
    found: dict[int, list[tuple[float, float, float]]] = {count: [] for count in threads}
    for _ in range(rounds):
        for count, own in found.items():
            own.append((rate(lambda _: loop(100_000), operations, count, seconds),
                        rate(lambda k: read(sources[k]), LARGE, count, seconds),
                        rate(lambda k: np.copyto(targets[k], sources[k]), 2 * LARGE, count, seconds)))
    return [Peak(count, *map(statistics.median, zip(*own))) for count, own in found.items()]


def description() -> list[str]:
    """This machine, and the versions of what is compared."""
    lines = [f"{cpu_name()}, {len(os.sched_getaffinity(0))} cores, vectors of {8 * vector_bytes()} bits",
             f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"]
    return [*lines, ", ".join(f"{name} {installed(name)}" for name in VERSIONS)]


def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def main() -> None:
    print(*description(), sep="\n")
    print("threads  GFLOP/s  read GB/s  copied GB/s")
    for peak in peaks([1, len(os.sched_getaffinity(0))]):
        print(f"{peak.threads:7}{peak.flops / 1e9:9.0f}{peak.read / 1e9:11.1f}{peak.copy / 1e9:13.1f}", flush=True)


if __name__ == "__main__":
    main()
