"""How long many arrays are, taken as one vector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...kernels.mode import use_numba
from ...kernels.table import Table, addresses

SMALL = 4096  # elements: so many are quicker copied than given to a kernel


@np.errstate(all="ignore")
def norm_of(arrays: Sequence[np.ndarray], p: float = 2.0) -> float:
    """(Σ |x|ᵖ)^(1/p), summed in float64; max |x| for p = inf. The length of nothing is 0."""
    arrays = [array for array in arrays if array.size]
    if p != 2:
        each = [np.linalg.norm(x.astype(np.float64, copy=False).reshape(-1), p) for x in arrays]
        return float(np.linalg.norm(each, p)) if each else 0.0
    total, small = 0.0, []
    large: dict[np.dtype, list[np.ndarray]] = {}
    for x in arrays:
        if x.size > SMALL and use_numba() and x.flags.carray and x.dtype.char in "fd":
            large.setdefault(x.dtype, []).append(x)
        else:
            small.append(x.reshape(-1))
    if small:
        together = np.concatenate(small, dtype=np.float64)
        total += float(together @ together)
    for part in large.values():
        total += Table(part).sum_of_squares(addresses(part))
    return float(np.sqrt(total))
