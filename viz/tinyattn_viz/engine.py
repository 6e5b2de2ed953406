"""Finds a program that lays graphs out, and runs it in a process of its own.

Graphviz does the layout. Nothing but pip is needed for it: where no `dot` program is installed, the pygraphviz wheel
brings the same library. It runs in a child process, so a picture that takes too long or crashes the library costs
the picture and not the program that asked for it.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from typing import NamedTuple

SIGNS = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF-"}  # by format: what its files are known by
FORMATS = tuple(SIGNS)
TIMEOUT = 60.0  # seconds
PNG_DPI = 144


# The child's program. It takes the dot program's options, so that both are called alike.
PYGRAPHVIZ = """
import sys, pygraphviz
program, format, option = sys.argv[1][2:], sys.argv[2][2:], sys.argv[3]
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
sys.stdout.buffer.write(graph.draw(format=format, prog=program, args=option))
"""


class LayoutError(RuntimeError):
    """A picture could not be laid out: what went wrong and what to do about it."""


class Engine(NamedTuple):
    """A layout program: how to call it, and where it came from."""

    command: tuple[str, ...]
    origin: str


def find_engine(format: str = "svg") -> Engine:
    """The layout program: what TINYATTN_DOT names, else `dot` on the PATH, else the pygraphviz wheel.

    Each is tried on a graph of one node, as an installed program may be broken, or built without the format.
    Raises: LayoutError where none works.
    """
    return _find(os.environ.get("TINYATTN_DOT"), shutil.which("dot"), format)


@functools.lru_cache
def _find(chosen: str | None, on_path: str | None, format: str) -> Engine:
    if chosen:
        engine = Engine((chosen,), f"TINYATTN_DOT={chosen}")
        problem = probe(engine, format)
        if problem:
            raise LayoutError(
                f"draw: the layout program that TINYATTN_DOT names, {chosen}, does not work ({problem}): "
                "name a working dot program or unset TINYATTN_DOT"
            )
        return engine
    tried = []
    if on_path:
        tried.append(Engine((on_path,), f"dot program {on_path}"))
    if importlib.util.find_spec("pygraphviz") is not None:
        tried.append(Engine((sys.executable, "-P", "-c", PYGRAPHVIZ), "pygraphviz wheel"))
    problems = []
    for engine in tried:
        problem = probe(engine, format)
        if problem is None:
            return engine
        problems.append(f"{engine.origin}: {problem}")
    found = "; ".join(problems) or "neither a dot program nor the pygraphviz wheel is installed"
    raise LayoutError(
        f"draw: no layout engine works for {format} ({found}): run `pip install pygraphviz`, or install Graphviz; "
        "the dot and mermaid formats need none, nor does a heat map as svg"
    )


def probe(engine: Engine, format: str) -> str | None:
    """What is wrong with the engine, or None."""
    try:
        content = run(engine, "digraph{a}", format, "dot", timeout=20.0)
    except LayoutError as error:
        return str(error).removeprefix("draw: ")
    return None if SIGNS[format] in content[:2000] else f"it gave no {format}"


def layout(source: str, format: str, program: str = "dot", timeout: float = TIMEOUT) -> bytes:
    """The picture that DOT text describes: bytes of an svg, png or pdf file, the same for the same text.

    program: Graphviz's name of the way to lay out: "dot", or "nop" where positions are given.
    Raises: ValueError for another format; LayoutError where no engine works, it fails or takes too long.
    """
    if format not in FORMATS:
        raise ValueError(f"draw: format must be one of {', '.join(FORMATS)}, got {format!r}")
    content = run(find_engine(format), source, format, program, timeout)
    if format == "pdf":  # the same picture is the same file: the hour it was made is no part of it
        content = re.sub(rb"\(D:\d{14}[^)]*\)", lambda m: b"(D:19700101000000Z".ljust(len(m[0]) - 1) + b")", content)
    return content


def run(engine: Engine, source: str, format: str, program: str, timeout: float) -> bytes:
    """Call the engine; its complaints are shown only if it fails."""
    dpi = PNG_DPI if format == "png" else 72
    command = [*engine.command, f"-K{program}", f"-T{format}", f"-Gdpi={dpi}"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0"}  # the date that newer versions write into a PDF
    try:
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, timeout=timeout, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise LayoutError(
            f'draw: the layout took longer than {timeout:g} s: draw less (detail="layer", a smaller '
            "budget), or save the dot format and lay it out yourself"
        ) from None
    except OSError as error:
        raise LayoutError(f"draw: {engine.origin} cannot be run: {error}") from error
    if done.returncode != 0 or not done.stdout:
        said = [line for line in done.stderr.decode("utf-8", "replace").split("\n") if line and "arning:" not in line]
        raise LayoutError(
            f"draw: {engine.origin} failed with exit code {done.returncode}" + (f": {said[-1]}" if said else "")
        )
    return done.stdout
