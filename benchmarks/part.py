"""What every part of the benchmarks is: a program of its own that measures one thing and says what it found.

    python -m benchmarks.PART [case ...] [--threads 1] [--quick] [--seconds 10] [--json]

A part runs in a process of its own, on as many cores as it is given threads: so JAX too has that many, which has no
setting for it, and no peer's threads or memory are in the way of another part.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from benchmarks.machine import Peak, peaks

BASELINE = "PyTorch"
SCALES = {"s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")), "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))}


@dataclass
class Measurement:
    """One number: of `who`, in the case that the others of the same case are compared in."""

    case: str
    who: str
    value: float
    unit: str = "s"
    floor: float | None = None  # the least that this machine allows, in the same unit
    flops: float | None = None  # operations that it stands for
    note: str = ""


@dataclass
class Options:
    cases: list[str]
    threads: int
    quick: bool
    wanted_seconds: float | None
    peak: Peak
    missing: dict[str, str] = field(default_factory=dict)

    def chosen(self, cases: Iterable[str]) -> list[str]:
        """Those asked for, else all; with --quick not the largest size, a step of which takes a second."""
        return self.cases or [case for case in cases if not (self.quick and case == "big")]

    def seconds(self, usual: float) -> float:
        """For one case: as asked for, else the usual time, less with --quick."""
        return self.wanted_seconds or (usual / 8 if self.quick else usual)

    @contextmanager
    def optional(self, who: str) -> Iterator[None]:
        """A peer that is not installed, or does not work here, is left out, and this is said."""
        try:
            yield
        except Exception as error:
            reason = f"{error}".strip().split("\n")[0] or type(error).__name__
            if who not in self.missing:
                print(f"{who} is left out: {reason}", file=sys.stderr, flush=True)
            self.missing[who] = reason


Measure = Callable[[Options], Iterable[list[Measurement]]]


def run_part(measure: Measure, doc: str, cases: Iterable[str] = ()) -> None:
    """The part's command line. `measure` gives the measurements of a case together."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(cases)}; all unless told" if cases else "none here")
    parser.add_argument("--threads", type=int, default=1, help="how many cores all that are compared may use")
    parser.add_argument("--quick", action="store_true", help="less time for each case, no big sizes: rougher numbers")
    parser.add_argument("--seconds", type=float, help="for each case")
    parser.add_argument("--json", action="store_true", help="print what was measured as one JSON object")
    parser.add_argument("--peak", type=json.loads, help="what benchmarks.machine measured; else measured here")
    given = parser.parse_args()
    unknown = set(given.cases) - set(cases)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-given.threads:])
    peak = Peak(*given.peak) if given.peak else peaks([given.threads])[0]
    options = Options(given.cases, given.threads, given.quick, given.seconds, peak)
    out, found = sys.stderr if given.json else sys.stdout, []
    for case in measure(options):
        print(lines(case, peak), file=out, flush=True)
        found += case
    if given.json:
        print(json.dumps({"measurements": [asdict(one) for one in found], "missing": options.missing}))


def lines(case: list[Measurement], peak: Peak) -> str:
    """A line for each: the median, how it compares with PyTorch's, GFLOP/s, the floor."""
    found = []
    for one in case:
        line = f"{one.case:>16}  {one.who:>16}  {shown(one.value, one.unit):>10}  {compared(one, case):14}"
        if one.flops and one.flops / one.value > peak.flops / 1000:
            line += f"{one.flops / one.value / 1e9:5.0f} GFLOP/s, {one.flops / one.value / peak.flops:4.0%} of peak  "
        if one.floor:
            line += f"floor {shown(one.floor, one.unit)}  "
        found.append(f"{line}{one.note}".rstrip())
    return "\n".join(found)


def compared(one: Measurement, case: list[Measurement]) -> str:
    """Times: how many times as fast as PyTorch. Bytes: the share of PyTorch's."""
    baseline = next((other.value for other in case if other.who == BASELINE), None)
    if baseline is None or one.who == BASELINE or one.unit not in SCALES:
        return ""
    return f"× {baseline / one.value:.2f}" if one.unit == "s" else f"{one.value / baseline:.2f} of it"


def shown(value: float, unit: str) -> str:
    """Three digits and a unit that suits: 0.0372 s is 37.2 ms."""
    for scale, name in SCALES.get(unit, ()):
        if value >= scale:
            return f"{value / scale:#.3g}".rstrip(".") + f" {name}"
    return f"{value:.3g} {unit}".rstrip()
