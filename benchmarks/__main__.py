"""Everything that is measured, in one run: this project and each installed peer in turn.

    python -m benchmarks [part ...] [--quick] [--write]

A part is one of those below; `python -m benchmarks.PART --help` has more to say. --write puts what was found into
docs/speed.md and docs/images/speed.svg.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

from benchmarks import report
from benchmarks.machine import Peak, description, peaks
from benchmarks.part import Measurement

ONE, ALL = (1,), (len(os.sched_getaffinity(0)),)  # cores that a part is given, one run for each
PARTS = {
    "training": tuple(sorted({*ONE, *ALL})), "scaling": ALL, "decoding": ONE, "op_overhead": ONE, "products": ONE,
    "growth": ONE, "memory": ONE, "start": ONE, "compiling": ONE, "accuracy": ONE,
}
QUICK = [part for part in PARTS if part not in ("scaling", "start", "compiling")]


def run(part: str, threads: int, quick: bool, peak: Peak) -> report.Part:
    """One part, in a process of its own. What it finds it shows itself, meanwhile."""
    variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    command = [sys.executable, "-m", f"benchmarks.{part}", "--json", "--threads", str(threads), "--peak",
               json.dumps(peak), *["--quick"] * quick]
    print(f"\n{part}, {threads} thread{'s' * (threads > 1)}", file=sys.stderr, flush=True)
    start = time.perf_counter()
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ | variables)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    if child.returncode:
        return report.Part(part, threads, [], {part: f"ended with exit code {child.returncode}"})
    found = json.loads(child.stdout)
    return report.Part(part, threads, [Measurement(**one) for one in found["measurements"]], found["missing"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all unless told")
    parser.add_argument("--quick", action="store_true", help="less time for each, no big sizes, fewer parts")
    parser.add_argument("--write", action="store_true", help="put the tables and the plot into docs/")
    given = parser.parse_args()
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    start = time.perf_counter()
    print(*description(), sep="\n", file=sys.stderr)
    measured = {peak.threads: peak for peak in peaks(sorted({*ONE, *ALL}))}
    found = [run(part, threads, given.quick, measured[threads])
             for part in given.parts or (QUICK if given.quick else PARTS) for threads in PARTS[part]]
    text = report.markdown(description(), list(measured.values()), found)
    print(text)
    print(f"{time.perf_counter() - start:.0f} s in all", file=sys.stderr)
    if given.write:
        report.write(text, found)


if __name__ == "__main__":
    main()
