"""`warmup` and `doctor`: this machine, its kernels and what is installed on it."""

from __future__ import annotations

import platform
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click
import numpy as np

from tinyattn.cli.show import say
from tinyattn.translator.config import ATTENTION_KINDS
from tinyattn.translator.translator import Translator

PACKAGES = ("tinyattn", "numpy", "numba", "safetensors", "click", "rich", "graphviz", "pygraphviz", "matplotlib",
            "sacrebleu")
# Enough to train on: what is compiled depends on the options, not on the data.
PAIRS = [("one two three", "uno dos tres"), ("two", "dos"), ("three one", "tres uno")] * 2
TINY: dict[str, Any] = {"embed": 4, "hidden": 4, "batch_size": 4, "dropout": 0.1, "steps": 3}


@click.command()
def warmup() -> None:
    """Compile every kernel that training and translating use now, so that nothing waits for it later."""
    from tinyattn.kernels.compile import tell_when_compiling

    start = time.perf_counter()
    compiled: list[str] = []
    with tell_when_compiling(compiled.append):
        for kind in ATTENTION_KINDS:
            Translator.train(PAIRS, attention=kind, **TINY).translate("one two")
    say(f"{len(compiled)} kernels compiled, the others were there; {time.perf_counter() - start:.1f} s")


@click.command()
@click.option("--deep", is_flag=True, help="Train with Numba's kernels and with their plain twins, and compare.")
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
    if deep and not all([check(kind) for kind in ATTENTION_KINDS]):
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


def check(kind: str) -> bool:
    """Do three training steps come to the same parameters with Numba's kernels and without?"""
    from tinyattn.kernels.mode import kernels

    options = {**TINY, "attention": kind, "layers": 2, "bidirectional": True}
    with kernels("numba"):
        numba = Translator.train(PAIRS, **options).parameters()
    with kernels("numpy"):
        plain = Translator.train(PAIRS, **options).parameters()
    apart = max(float(np.abs(numba[name] - plain[name]).max()) for name in plain)
    fits = apart < 1e-4
    row("self-check", f"attention {kind}: {'agrees' if fits else 'DISAGREES'}, largest difference {apart:.1e}")
    return fits
