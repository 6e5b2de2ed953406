"""The attention of a run, as the page's table shows it: a row for each word that came out."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyattn.record import Record

from ..heatmap import right_to_left
from ..labels import visible

WEIGHTS = "weights"  # what the attention calls its result


def recorded_attention(record: Record) -> tuple[np.ndarray | None, list[int | None]]:
    """The weights that the run itself left, (T, S), and the number of the call that made each row."""
    S = len(record.words.get("source", []))
    rows: list[np.ndarray] = []
    calls: list[int | None] = []
    for call in record.calls:
        for k in call.outputs:
            v = record.values[k]
            if v.name == WEIGHTS and S and v.array.shape[-1:] == (S,) and v.array.size == v.array[..., 0].size * S:
                found = v.array.reshape(-1, S)
                rows += list(found)
                calls += [call.number] * len(found)
    return (np.stack(rows), calls) if rows else (None, [])


def heat(record: Record, attention: Any | None) -> dict[str, Any] | None:
    """Words, weights and the calls that made them; None where the run has no attention.

    attention: (T, S) instead of what the record holds.
    Raises: ValueError where it does not fit the words.
    """
    found, calls = recorded_attention(record)
    weights = found if attention is None else np.asarray(attention, dtype=np.float64)
    if weights is None:
        return None
    source, output = record.words.get("source", []), record.words.get("output", [])
    if weights.ndim != 2 or weights.shape[1] != len(source) or len(weights) > len(output):
        raise ValueError(
            f"explorer: attention must be (target, source) = ({len(output)}, {len(source)}), got {weights.shape}: "
            "tell the record its words with record.tokens(source=..., output=...)"
        )
    return {
        "source": [visible(word) for word in source],
        "target": [visible(word) for word in output[: len(weights)]],
        "weights": [[round(float(w), 4) for w in row] for row in weights],
        "calls": (calls + [None] * len(weights))[: len(weights)],
        "rtl": right_to_left(source),
    }
