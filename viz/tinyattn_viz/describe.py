"""What pictures say of modules, parameters, ops and lines."""

from __future__ import annotations

import linecache
import textwrap
from collections.abc import Sequence
from typing import Any

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

from .labels import number, shape

MANY = 4  # so many parameters are listed in a box of several ops


def module_title(record: Record, path: str) -> str:
    """A module's own name and its class, once where they are alike."""
    name, kind = path.rpartition(".")[2], record.modules.get(path, "")
    return kind if kind.lower() == name.lower() or not name else f"{name}: {kind}" if kind else name


def parameter_rows(parameters: Sequence[Value], path: str) -> list[tuple[str, str]]:
    """Names and shapes of the first few, and how many numbers there are in all."""
    rows = [("shape", f"{within(v.name or v.kind, path)} {shape(v.array)}") for v in parameters[:MANY]]
    if len(parameters) > MANY:
        rows.append(("shape", f"… {count(len(parameters), 'parameter')}"))
    return rows


def within(name: str, path: str) -> str:
    """The name of a parameter as its own module, or the one around it at `path`, calls it."""
    return name.removeprefix(f"{path}.") if path else name


def short(x: Any) -> str:
    """An attribute in a few characters."""
    text = (
        f"({', '.join(short(part) for part in x)})"
        if isinstance(x, (list, tuple))
        else number(x)
        if isinstance(x, (int, float))
        else str(x)
    )
    return text if len(text) <= 28 else text[:27] + "…"


def where(call: Call) -> str:
    """Module, step and source line of an op."""
    parts = [call.path or "", f"step {call.step}" if call.step is not None else ""]
    for line in (call.source, call.user):
        if line is not None:
            code = linecache.getline(line.file, line.line).strip()
            parts.append(f"{line.file.replace(chr(92), '/').rsplit('/', 1)[-1]}:{line.line}  {code}")
    return "\n".join(part for part in parts if part)


def count(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def subscript(n: int) -> str:
    return str(n).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def wrapped(formula: str) -> list[str]:
    return textwrap.wrap(formula, 36, break_long_words=False)


def word_rows(words: list[str] | None) -> list[tuple[str, str]]:
    """A sentence, broken after every few words."""
    lines: list[str] = []
    for word in words or ():
        if lines and len(lines[-1]) + len(word) < 26:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [("words", line) for line in lines]
