"""Where in a program an op was called, and what the program calls the values it was given."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
# The engine's own files: between the line that asks for an op and the op.
MACHINERY = {
    PACKAGE + name.replace("/", os.sep)
    for name in ("tensor.py", "op.py", "callers.py", "record.py", "autograd/anomaly.py",
                 "ops/__init__.py", "ops/arithmetic.py", "ops/fused.py")
}


DULL = {"x", "y", "a", "b", "input", "other"}  # names that any op might have for any input


@dataclass(frozen=True, slots=True)
class Line:
    """A place in a program."""

    file: str
    line: int
    function: str


def calling_frames(op_file: str) -> tuple[list[FrameType], FrameType | None]:
    """The frames of this package that led to an op, outermost first, and the frame outside it that they began in.

    The engine itself is left out, and so is the file of the op, whose functions only put arguments in order.
    """
    frame: FrameType | None = sys._getframe(1)
    inner = []
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        if frame.f_code.co_filename not in MACHINERY and frame.f_code.co_filename != op_file:
            inner.append(frame)
        frame = frame.f_back
    return inner[::-1], frame


def line_of(frame: FrameType | None) -> Line | None:
    return None if frame is None else Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def variable_names(inner: Sequence[FrameType], user: FrameType | None, things: dict[int, Any]) -> dict[int, str]:
    """Of things, by id, what the variables are called that hold them: the user's, else the outermost of ours that
    says something."""
    names: dict[int, str] = {}
    for frame in (user, *inner):
        if frame is None or len(names) == len(things):
            continue
        for name, thing in variables(frame):
            if id(thing) in things and not name.startswith("_") and (frame is user or name not in DULL):
                names.setdefault(id(thing), name)
    return names


def variables(frame: FrameType) -> list[tuple[str, Any]]:
    """The names and values of a frame's variables, leaving nothing behind."""
    held = frame.f_locals
    found = list(held.items())
    # Before Python 3.13 a function's frame keeps this copy of its variables until it returns, and with it all that
    # they held: a record, a graph. It is emptied, unless the function itself has asked for it: then it is not ours.
    ours = frame.f_code.co_flags & inspect.CO_OPTIMIZED and type(held) is dict and sys.getrefcount(held) <= 3
    if ours:
        held.clear()
    return found
