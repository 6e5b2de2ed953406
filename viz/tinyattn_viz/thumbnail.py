"""An array as a strip of a few coloured cells, for values that are too large to be written out."""

from __future__ import annotations

import numpy as np

from . import style

WIDE, TALL = 16, 4  # cells, at most
NOTE = (
    f"Strips: the elements in their order, averaged to at most {WIDE} × {TALL} cells; blue below 0, red above, "
    "strongest where |mean| is greatest, grey where not finite."
)


def thumbnail(array: np.ndarray) -> str:
    """Rows of colours, "#f7f7f7 #2166ac", a row a line: the last dimension across, all others down."""
    rows = array.reshape(-1, array.shape[-1] if array.ndim else 1).astype(np.float64)
    means = averaged(averaged(rows, 0, TALL), 1, WIDE)
    finite = np.abs(means[np.isfinite(means)])
    most = finite.max(initial=0.0) or 1.0
    return "\n".join(" ".join(style.diverging(x / most) for x in row) for row in means)


def averaged(rows: np.ndarray, axis: int, cells: int) -> np.ndarray:
    """The mean of each of so many parts, as equal as they can be, along an axis."""
    size = rows.shape[axis]
    if size <= cells:
        return rows
    ends = np.arange(cells + 1) * size // cells
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        sums = np.add.reduceat(rows, ends[:-1], axis)
    return sums / np.diff(ends).reshape((-1, 1) if axis == 0 else (1, -1))
