"""Samples of packing and padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.samples import Sample, Wrong, numbers, register
from tinyattn.nn.utils.rnn import pack_padded_sequence, pad_sequence


def packed(x: Any, lengths: Any, batch_first: bool = True) -> Any:
    return pack_padded_sequence(x, lengths, batch_first, enforce_sorted=False).data


def packed_by_loops(x: np.ndarray, lengths: Any, batch_first: bool = True) -> np.ndarray:
    rows = list(x if batch_first else np.swapaxes(x, 0, 1))
    order = sorted(range(len(rows)), key=lambda b: -int(lengths[b]))
    steps = [rows[b][t] for t in range(max(lengths)) for b in order if t < lengths[b]]
    return np.stack(steps)


def padded(*sequences: Any, **options: Any) -> Any:
    return pad_sequence(sequences, **options)


def padded_by_loops(*sequences: np.ndarray, batch_first: bool = False, padding_value: float = 0.0,
                    padding_side: str = "right") -> np.ndarray:
    T = max(map(len, sequences))
    y = np.full((len(sequences), T, *sequences[0].shape[1:]), padding_value, sequences[0].dtype)
    for row, sequence in zip(y, sequences):
        start = 0 if padding_side == "right" else T - len(sequence)
        for t, step in enumerate(sequence):
            row[start + t] = step
    return y if batch_first else np.swapaxes(y, 0, 1)


register(
    "packing.to_packed",
    packed,
    packed_by_loops,
    [
        Sample((numbers(3, 4, 2), np.array([2, 4, 1]))),
        Sample((numbers(4, 3), np.array([2, 2, 3])), {"batch_first": False}),
        Sample((numbers(1, 1, 2, 0), np.array([1]))),
    ],
    [
        Wrong(
            ValueError,
            r"pack_padded_sequence: lengths must be 1 \.\.\. T = 4, got 2 \.\.\. 5: pad x to its longest row",
            (numbers(3, 4, 2), np.array([2, 5, 3])),
        )
    ],
    single=False,
)
register(
    "packing.to_padded",
    padded,
    padded_by_loops,
    [
        Sample((numbers(2, 3), numbers(4, 3), numbers(1, 3))),
        Sample((numbers(3), numbers(2)), {"batch_first": True, "padding_value": -1.5, "padding_side": "left"}),
        Sample((numbers(1, 0), numbers(0, 0))),
    ],
    [
        Wrong(
            ValueError,
            r"pad_sequence: wanted sequences \(L, \.\.\.\) that differ in L only, got \(2, 3\) and \(4, 2\)",
            (numbers(2, 3), numbers(4, 2)),
        )
    ],
    single=False,
)
