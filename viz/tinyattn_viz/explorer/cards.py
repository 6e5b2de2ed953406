"""What the page says of each value and each call: all texts and numbers are written here, the page only shows them."""

from __future__ import annotations

import linecache
from typing import Any

import numpy as np

from tinyattn.callers import Line
from tinyattn.record import Record
from tinyattn.recorded import Call, Value

from ..describe import short
from ..formulas import Formulas
from ..labels import number, shape, visible
from .worked import DIGITS, worked

FULL = 64  # up to so many elements a value is written out, larger ones as statistics and a histogram
BINS = 24


def value_card(record: Record, v: Value, backward: bool) -> dict[str, Any]:
    """backward: whether the run went backward at all."""
    card: dict[str, Any] = {
        "name": visible(v.name or ""),
        "kind": v.kind,
        "shape": shape(v.array),
        "dtype": str(v.array.dtype),
        "call": v.call,
        "value": numbers(v.array),
    }
    if v.gradient is not None:
        card["gradient"] = numbers(v.gradient)
    elif v.requires_grad:
        card["missing"] = "no gradient came here" if backward else "no gradient yet: there was no backward pass"
    else:
        card["missing"] = "asks for no gradient"
    return card


def numbers(array: np.ndarray) -> dict[str, Any]:
    """rows: all elements, row by row; or, where they are many, lines of statistics and the counts of a histogram."""
    if array.size == 0:
        return {"lines": ["empty"]}
    if array.size <= FULL:
        rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
        return {"rows": [[number(x, DIGITS) for x in row] for row in rows]}
    head = "  ".join(number(x, DIGITS) for x in array.reshape(-1)[:4])
    finite = array[np.isfinite(array)].astype(np.float64)
    lines = [f"{array.size:,} elements: {head}  …"]
    if finite.size < array.size:
        lines.append(f"{array.size - finite.size:,} not finite")
    if finite.size == 0:
        return {"lines": lines}
    lines += [
        f"mean {number(finite.mean(), DIGITS)} ± {number(finite.std(), DIGITS)}",
        f"least {number(finite.min(), DIGITS)}, greatest {number(finite.max(), DIGITS)}",
    ]
    counts = np.histogram(finite, BINS)[0] if finite.min() < finite.max() else np.array([finite.size])
    return {"lines": lines, "histogram": counts.tolist()}


def call_card(record: Record, call: Call, formulas: Formulas) -> dict[str, Any]:
    return {
        "op": call.op,
        "formula": call.formula,
        "named": formulas.of(call),
        "rules": [visible(f"d{name} = {rule}") for name, rule in call.derivatives.items()],
        "worked": [visible(line) for line in worked(record, call)],
        "attributes": [
            f"{name} = {visible(short(x))}" for name, x in call.attributes.items() if x is not None and x is not False
        ],
        "inputs": [[name, k] for name, k in call.inputs],
        "outputs": list(call.outputs),
        "path": call.path,
        "step": call.step,
        "lines": [line_card(line) for line in (call.source, call.user) if line is not None and not installed(line)],
    }


def installed(line: Line) -> bool:
    """Is it a line of somebody else's package? The command line's ops go back to the one that read its arguments."""
    return "site-packages" in line.file


def line_card(line: Line) -> dict[str, str]:
    """Where, as the end of the path, so that the page says nothing of whose machine it was; and the line itself."""
    parts = line.file.replace("\\", "/").split("/")
    code = linecache.getline(line.file, line.line).strip()
    return {"where": f"{visible('/'.join(parts[-2:]))}:{line.line}", "code": visible(code)}
