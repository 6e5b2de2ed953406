"""`warmup` and `doctor`: this machine, its kernels and what is installed on it."""

from __future__ import annotations

import platform
import time
from importlib.metadata import PackageNotFoundError, version

import click
import numpy as np

from tinyattn.cli.exercises import EXERCISES
from tinyattn.cli.show import say

PACKAGES = ("tinyattn", "numpy", "numba", "safetensors", "click", "rich", "graphviz", "pygraphviz", "matplotlib",
            "sacrebleu")
TOLERANCE = 1e-4  # largest difference over largest value, in float32


@click.command()
def warmup() -> None:
    """Compile every kernel now, so that nothing waits for it later."""
    from tinyattn.kernels.compile import tell_when_compiling
    from tinyattn.kernels.mode import kernels

    start = time.perf_counter()
    compiled: list[str] = []
    with kernels("numba"), tell_when_compiling(compiled.append):
        for exercise in EXERCISES.values():
            exercise(np.float32)
    say(f"{len(compiled)} kernels compiled, the others were there; {time.perf_counter() - start:.1f} s")


@click.command()
@click.option("--deep", is_flag=True, help="Run every kernel and its plain twin, and compare.")
def doctor(deep: bool) -> None:
    """Versions, threads, layout engine, kernel cache; what is missing, and how to get it."""
    from tinyattn.kernels.cache import cache_folder, usable_folder
    from tinyattn.kernels.mode import use_numba
    from tinyattn.kernels.threads import get_num_threads

    row("python", f"{platform.python_version()}, {platform.system()} {platform.machine()}")
    for package in PACKAGES:
        try:
            row(package, version(package))
        except PackageNotFoundError:
            row(package, "not installed: pip install 'tinyattn[all]'")
    row("threads", str(get_num_threads()))
    row("kernels", "Numba" if use_numba() else "plain NumPy, as TINYATTN_KERNELS=numpy says")
    row("kernel cache", str(cache_folder()) if usable_folder() else f"{cache_folder()} cannot be used")
    row("layout engine", layout_engine())
    if deep and not all([check(name) for name in EXERCISES]):
        raise click.ClickException("kernels disagree with their plain twins on this machine: run with "
                                   "TINYATTN_KERNELS=numpy, and report this")


def row(name: str, text: str) -> None:
    click.echo(f"{name:>14}  {text}")


def layout_engine() -> str:
    try:
        from tinyattn_viz.engine import LayoutError, find_engine
    except ModuleNotFoundError:
        return "tinyattn_viz is not installed"
    try:
        return find_engine().origin
    except LayoutError as error:
        return str(error)


def check(name: str) -> bool:
    """Does an exercise come to the same with Numba's kernels and without?"""
    from tinyattn.kernels.mode import kernels

    with kernels("numba"):
        numba = EXERCISES[name](np.float32)
    with kernels("numpy"):
        plain = EXERCISES[name](np.float32)
    apart = largest_difference(numba, plain)
    fits = apart < TOLERANCE
    row("self-check", f"{name}: {'agrees' if fits else 'DISAGREES'}, largest difference {apart:.1e}")
    return fits


def largest_difference(numba: list[np.ndarray], plain: list[np.ndarray]) -> float:
    """Over the largest value; infinite where shapes differ, or a number is NaN."""
    largest = 0.0
    for x, y in zip(numba, plain, strict=True):
        if x.shape != y.shape or np.isnan(x).any() or np.isnan(y).any():
            return float("inf")
        scale = np.abs(y).max(initial=0) or 1.0
        largest = max(largest, float(np.abs(x - y).max(initial=0) / scale))
    return largest
