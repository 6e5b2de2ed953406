"""Samples of the triangles of matrices."""

from __future__ import annotations

import numpy as np

from tests.ops.samples import Sample, Wrong, moved, numbers, register
from tinyattn.ops import triangles


def kept(x: np.ndarray, keep) -> np.ndarray:
    return moved(x.shape, lambda *index: x[index] if keep(index[-1] - index[-2]) else 0.0)


SAMPLES = [Sample((numbers(3, 4),), {"diagonal": k}) for k in (-4, -1, 0, 2, 4)]
SAMPLES += [Sample((x,)) for x in (numbers(4, 2), numbers(2, 1, 3, 3), numbers(0, 3), numbers(1, 1))]
register(
    "triangles.tril",
    triangles.tril,
    lambda x, diagonal=0: kept(x, lambda above: above <= diagonal),
    SAMPLES,
    [Wrong(ValueError, r"tril: wanted at least two dimensions, got shape \(3,\)", (numbers(3),))],
    "tril",
    single=False,
)
register(
    "triangles.triu",
    triangles.triu,
    lambda x, diagonal=0: kept(x, lambda above: above >= diagonal),
    SAMPLES,
    [Wrong(ValueError, r"triu: wanted at least two dimensions, got shape \(\)", (numbers(),))],
    "triu",
    single=False,
)
