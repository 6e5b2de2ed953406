"""The packed matrix product: B is laid out once in panels of a few columns, then multiplied by many times.

For callers (ops allocate, kernels call):

    panels = new_panels(K, N, dtype)               # Python; allocates (ceil(N / width), K, width)
    pack(b, panels)                                # B (K, N), any strides; for B = W.T pass W.T
    matmul_packed(a, panels, c, False)             # C (M, N)  = A (M, K) @ B
    matmul_packed(a[start:stop], panels, c[start:stop], True)    # C[start:stop] += A[start:stop] @ B

`a` may have any strides, `c` must have its columns side by side (strides[1] = itemsize; any row stride). All are
of one dtype, float32 or float64. M, K and N are anything, 0 included.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compile import kernel
from .tile import multiply_panel, panel_width


def new_panels(K: int, N: int, dtype: Any) -> np.ndarray:
    """Memory for a packed B (K, N): panels of `width` columns, (ceil(N / width), K, width)."""
    width = panel_width(dtype)
    return np.empty((-(-N // width), K, width), dtype)


@kernel
def pack(b, panels):
    """B (K, N), any strides, into panels; the last one is filled up with zeros."""
    K, N = b.shape
    width = panels.shape[2]
    full = N // width
    if b.strides[1] <= b.strides[0]:  # read B the way it lies in memory
        for k in range(K):
            for p in range(full):
                for j in range(width):
                    panels[p, k, j] = b[k, p * width + j]
    else:
        for p in range(full):
            for j in range(width):
                for k in range(K):
                    panels[p, k, j] = b[k, p * width + j]
    if full < panels.shape[0]:
        for k in range(K):
            for j in range(width):
                column = full * width + j
                panels[full, k, j] = b[k, column] if column < N else 0


@kernel
def matmul_packed(a, panels, c, accumulate):
    """C (M, N) = A (M, K) @ B, or C + A @ B where `accumulate`; B (K, N) packed."""
    width = panels.shape[2]
    for p in range(panels.shape[0]):
        multiply_panel(a, panels[p], c[:, p * width:(p + 1) * width], accumulate)
