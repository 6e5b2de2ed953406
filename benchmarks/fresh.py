"""Programs in processes of their own, and how long they took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]


class Ran(NamedTuple):
    seconds: float  # from its start to its end
    said: Any  # its last line, which is JSON; None where it printed nothing


def run(code: str, threads: int = 1, **environment: str) -> Ran:
    """Run `code` in a new Python. Raises: RuntimeError with the last line of what it complained of."""
    variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    variables |= {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "viz")]), **environment}
    start = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
                            env=os.environ | variables)
    seconds = time.perf_counter() - start
    if result.returncode:
        raise RuntimeError((result.stderr.strip().splitlines() or ["ended without a word"])[-1])
    lines = result.stdout.strip().splitlines()
    return Ran(seconds, json.loads(lines[-1]) if lines else None)
