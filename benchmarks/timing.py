"""How times are taken: all that are compared take turns, and the median of each counts."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping

TURN = 0.1  # seconds; what is shorter runs several times in its turn, after once that does not count
REST = 0.12  # seconds between turns: so long OpenBLAS's threads spin for more work, in the next one's way


def medians(contenders: Mapping[str, Callable[[], object]], seconds: float, at_least: int = 3) -> dict[str, float]:
    """Median seconds of a call of each; `seconds` for all together, and each has `at_least` so many turns.

    The machine's speed may change meanwhile (other work, heat): it then changes for all.
    """
    calls = {}
    for name, run in contenders.items():
        run()  # compiles, allocates
        calls[name] = round(TURN / seconds_of(run))
    rest = REST if len(os.sched_getaffinity(0)) > 1 else 0.0
    times: dict[str, list[float]] = {name: [] for name in contenders}
    end, turns = time.perf_counter() + seconds, 0
    while time.perf_counter() < end or turns < at_least:
        for name, run in contenders.items():
            time.sleep(rest)
            if calls[name]:
                run()  # cores that rested are slow at first
            times[name] += [seconds_of(run) for _ in range(max(1, calls[name]))]
        turns += 1
    return {name: statistics.median(own) for name, own in times.items()}


def seconds_of(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
