"""What a second thread gains: a training step on all cores against one, beside loops in registers doing the same.

    python -m benchmarks.scaling [size ...] [--threads 2]

The loops share nothing but the machine, so they gain what a step could gain at most.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from benchmarks.machine import rate, registers_only
from benchmarks.part import Measurement, Options, run_part
from benchmarks.timing import medians
from benchmarks.training import Step, loop, torch_eager

CASES = ("toy", "mid", "big")


def gain_of_registers(threads: int) -> float:
    """The median of five."""
    loop = registers_only()
    return statistics.median(
        rate(lambda _: loop(100_000), 1, threads, 0.2) / rate(lambda _: loop(100_000), 1, 1, 0.2) for _ in range(5))


def on(set_threads: Callable[[int], object], threads: int, step: Step) -> Step:
    def limited() -> object:
        set_threads(threads)
        return step()

    return limited


def measure(options: Options) -> Iterator[list[Measurement]]:
    import tinyattn as ta

    counts = (1, options.threads)
    makers: dict[str, tuple[Callable[[str, int], Step], Callable[[int], object]]]
    makers = {"loop": (loop, ta.set_num_threads)}
    with options.optional("PyTorch"):
        import torch

        makers["PyTorch"] = torch_eager, torch.set_num_threads
    for size in options.chosen(CASES):
        steps = {}
        for who, (make, set_threads) in makers.items():
            step = make(size, options.threads)
            steps |= {f"{who} {count}": on(set_threads, count, step) for count in counts}
        registers = gain_of_registers(options.threads)
        seconds = medians(steps, options.seconds(8))
        gains = {who: seconds[f"{who} 1"] / seconds[f"{who} {options.threads}"] for who in makers}
        yield [Measurement(size, who, gain, "times")
               for who, gain in {"registers": registers, **gains}.items()]


if __name__ == "__main__":
    run_part(measure, __doc__, CASES)
