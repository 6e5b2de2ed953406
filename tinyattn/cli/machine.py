"""`warmup` and `doctor`: this machine, its kernels and what is installed on it."""

from __future__ import annotations

import platform
import time
from importlib.metadata import PackageNotFoundError, version

import click

from tinyattn.cli.show import say
from tinyattn.storage import CheckpointError

PACKAGES = ("tinyattn", "numpy", "numba", "safetensors", "click", "rich", "graphviz", "pygraphviz", "matplotlib",
            "sacrebleu")


@click.command()
def warmup() -> None:
    """Compile every kernel now, so that nothing waits for it later."""
    from tinyattn.kernels.cache import warmup

    start = time.perf_counter()
    count = warmup()
    say(f"{count} kernels ready, {time.perf_counter() - start:.1f} s")


@click.command()
@click.option("--deep", is_flag=True, help="Check every kernel against its plain twin on this machine.")
def doctor(deep: bool) -> None:
    """Versions, threads, layout engine, kernel cache; what is missing, and how to get it."""
    from tinyattn.kernels.mode import use_numba
    from tinyattn.kernels.threads import get_num_threads

    row("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in PACKAGES:
        try:
            row(package, version(package))
        except PackageNotFoundError:
            row(package, "not installed")
    row("threads", str(get_num_threads()))
    row("kernels", "Numba" if use_numba() else "plain NumPy (TINYATTN_KERNELS=numpy)")
