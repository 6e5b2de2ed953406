"""Where in a program an op was called, and what the program calls the values it was given."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
# The engine's own files: between the line that asks for an op and the op.
MACHINERY = {PACKAGE + os.path.join(*parts) for parts in
             (["tensor.py"], ["callers.py"], ["record.py"], ["ops", "__init__.py"], ["ops", "fused.py"])}


@dataclass(frozen=True, slots=True)
class Line:
    """A place in a program."""

    file: str
    line: int
    function: str


def calling_frames() -> tuple[FrameType | None, FrameType | None]:
    """The frame outside this package that led here, and this package's own that asked for the op, if one did."""
    frame: FrameType | None = sys._getframe(1)
    source = None
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        if source is None and frame.f_code.co_filename not in MACHINERY:
            source = frame
        frame = frame.f_back
    return frame, source


def line_of(frame: FrameType | None) -> Line | None:
    return None if frame is None else Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def variable_names(frame: FrameType | None, things: dict[int, Any]) -> dict[int, str]:
    """Of things, by id, what the variables are called that hold them in this frame."""
    if frame is None or not things:
        return {}
    names: dict[int, str] = {}
    for name, thing in list(frame.f_locals.items()):
        if id(thing) in things and not name.startswith("_"):
            names.setdefault(id(thing), name)
    return names
