"""Which layer of an LSTM or GRU an op belongs to, read off the parameters it uses: weight_ih_l1_reverse."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tinyattn.record import Record

LAYER = re.compile(r"_l(\d+)(_reverse)?$")
Layer = tuple[int, bool]  # its number, and whether it reads from the end to the beginning


def layers(record: Record) -> dict[int, Layer]:
    """By the number of a call. From one parameter of a module's layer to the next layer's, all ops are the layer's."""
    found: dict[int, Layer] = {}
    last: dict[str, Layer] = {}  # by the path of a module
    for call in record.calls:
        for _, k in call.inputs:
            v = record.values[k]
            if v.kind == "parameter" and (match := LAYER.search(v.name or "")):
                last[call.path] = int(match[1]), match[2] is not None
        if call.path in last:
            found[call.number] = last[call.path]
    return found


def layer_note(which: Iterable[Layer]) -> str:
    """`2 layers, both directions`, as far as there is more than one."""
    numbers, directions = ({layer[k] for layer in which} for k in (0, 1)) if (which := list(which)) else (set(), set())
    parts = [f"{len(numbers)} layers"] * (len(numbers) > 1) + ["both directions"] * (len(directions) > 1)
    return ", ".join(parts)
