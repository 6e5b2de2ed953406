"""How times are taken: all that are compared take turns, and the median of each counts."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping

TURN = 0.02  # seconds; what is shorter runs several times in its turn
REST = 0.12  # seconds between turns: so long OpenBLAS's threads spin for more work, in the next one's way


def medians(contenders: Mapping[str, Callable[[], object]], seconds: float, at_least: int = 3) -> dict[str, float]:
    """Median seconds of a call of each; `seconds` for all together, and each runs `at_least` so many times.

    The machine's speed may change meanwhile (other work, heat): it then changes for all.
    """
    calls = {}
    for name, run in contenders.items():
        run()  # compiles, allocates
        start = time.perf_counter()
        run()
        calls[name] = max(1, round(TURN / (time.perf_counter() - start)))
    rest = REST if len(os.sched_getaffinity(0)) > 1 else 0.0
    times: dict[str, list[float]] = {name: [] for name in contenders}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, times.values())) < at_least:
        for name, run in contenders.items():
            time.sleep(rest)
            for _ in range(calls[name]):
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(own) for name, own in times.items()}
