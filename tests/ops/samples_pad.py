"""Samples of padding, in all modes. The reference pads lists, one dimension after the other."""

from __future__ import annotations

import numpy as np

from tests.ops.samples import Sample, Wrong, numbers, register
from tinyattn.ops import pad


def padded(x: np.ndarray, widths: tuple[int, ...], mode: str = "constant", value: float | None = None) -> np.ndarray:
    for axis, (before, after) in enumerate(zip(widths[::2], widths[1::2])):
        x = np.apply_along_axis(ends, -1 - axis, x, before, after, mode, value) if x.size else np.zeros(
            [n + (before + after) * (k == x.ndim - 1 - axis) for k, n in enumerate(x.shape)]
        ) + (value or 0)  # fmt: skip
    return x


def ends(row: np.ndarray, before: int, after: int, mode: str, value: float | None) -> list[float]:
    row = list(row)
    if mode == "circular":
        row = row[max(-before, 0) : len(row) - max(-after, 0)]
        before, after = max(before, 0), max(after, 0)
    left = {"constant": [value or 0] * max(before, 0), "reflect": row[:0:-1], "replicate": row[:1] * 9, "circular": row}[mode]
    right = {"constant": [value or 0] * max(after, 0), "reflect": row[-2::-1], "replicate": row[-1:] * 9, "circular": row}[mode]
    whole = left + row + right
    return whole[len(left) - before : len(left) + len(row) + after]


A, B = numbers(3, 4), numbers(2, 1, 3)
register(
    "pad.pad_",
    pad.pad,
    padded,
    [
        Sample((A, (1, 2))),
        Sample((A, (1, 2)), {"value": 2.5}),
        Sample((A, (0, 1, 2, 0), "constant", -1.0)),
        Sample((B, (1, 1, 1, 1, 1, 1))),
        Sample((A, (-1, 2, 1, -2))),
        Sample((A, (-2, -2))),
        Sample((A, ())),
        Sample((numbers(), ())),
        Sample((numbers(0, 3), (1, 0, 2, 0)), {"value": 1.0}),
        Sample((numbers(0, 3), (-1, -1))),
    ],
    [
        Wrong(ValueError, r"pad: wanted two widths for each of at most 2 dimensions, got \(1,\)", (A, (1,))),
        Wrong(ValueError, r"pad: wanted two widths for each of at most 2 dimensions, got \(1, 1, 1", (A, [1] * 6)),
        Wrong(TypeError, r"pad: wanted integers, got \(1, 1\.5\)", (A, (1, 1.5))),
        Wrong(ValueError, r"pad: widths .* cut off more than there is of shape \(3, 4\)", (A, (-2, -3))),
        Wrong(ValueError, r"pad: widths .* cut off more than there is of shape \(3, 4\)", (A, (9, -5))),
        Wrong(ValueError, r"pad: widths .* cut off more than there is of shape \(3, 4\)", (A, (-5, 9))),
        Wrong(ValueError, "pad: mode must be constant, reflect, replicate, circular, got 'mirror'", (A, (1, 1), "mirror")),
    ],
    "nn.functional.pad",
)
register(
    "indexing.pick",
    pad.pad,
    padded,
    [
        Sample((x, widths, mode))
        for mode in pad.SOURCES
        for x, widths in ((A, (1, 2)), (A, (3, 0)), (A, (-1, 2)), (A, (-2, -1)), (numbers(0, 2, 3), (1, 1)))
    ]
    + [Sample((numbers(1, 3, 4), (1, 2, 0, 1), mode)) for mode in pad.SOURCES]
    + [
        Sample((A, (-4, 2), "reflect")),
        Sample((A, (3, -3), "reflect")),
        Sample((A, (-4, 2), "replicate")),
        Sample((A, (7, 0), "replicate")),
        Sample((A, (4, 4), "circular")),
        Sample((A, (-1, -3), "circular")),
    ],
    [
        Wrong(ValueError, "pad: reflect of 4 elements takes widths up to 3, got 4 and 0", (A, (4, 0), "reflect")),
        Wrong(ValueError, "pad: circular of 4 elements takes widths up to 4, got 0 and 5", (A, (0, 5), "circular")),
        Wrong(ValueError, "pad: circular of 2 elements takes widths up to 2, got 0 and 3", (A, (-2, 3), "circular")),
        Wrong(ValueError, "pad: replicate of 0 elements takes widths up to 0, got 1 and 1", (numbers(2, 0), (1, 1), "replicate")),
        Wrong(ValueError, "pad: reflect of 4 elements takes widths up to 3, got -4 and -1", (A, (-4, -1), "reflect")),
        Wrong(ValueError, r"pad: widths .* cut off more than there is", (A, (-4, -1), "circular")),
        Wrong(ValueError, "pad: only mode constant takes a value, got 1.0 with reflect", (A, (1, 1), "reflect", 1.0)),
    ],
    "nn.functional.pad",
    single=False,
)
