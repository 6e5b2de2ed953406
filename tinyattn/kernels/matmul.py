"""The packed matrix product: B is laid out once in panels of a few columns, then multiplied as often as wanted.

For callers (ops allocate, kernels call):

    panels = new_panels(K, N, dtype)               # Python; allocates (ceil(N / width), K, width)
    pack(b, panels)                                # B (K, N), any strides; for B = W.T pass W.T
    matmul_packed(a, panels, c, False)             # C (M, N)  = A (M, K) @ B
    matmul_packed(a[start:stop], panels, c[start:stop], True)    # C[start:stop] += A[start:stop] @ B

`a` may have any strides, `c` must have its columns side by side (strides[1] = itemsize; any row stride). All of one
dtype, float32 or float64. M, K and N are anything, 0 included.
"""

from __future__ import annotations

import numpy as np

from .compile import kernel

WIDTH = 32


def new_panels(K: int, N: int, dtype: np.dtype) -> np.ndarray:
    """Memory for a packed B (K, N): panels of `width` columns, (ceil(N / width), K, width)."""
    return np.empty((-(-N // WIDTH), K, WIDTH), dtype)


@kernel
def pack(b, panels):
    """B (K, N), any strides, into panels; the last one is filled up with zeros."""
    K, N = b.shape
    width = panels.shape[2]
    for p in range(panels.shape[0]):
        columns = min(width, N - p * width)
        for k in range(K):
            for j in range(columns):
                panels[p, k, j] = b[k, p * width + j]
            for j in range(columns, width):
                panels[p, k, j] = 0


@kernel
def matmul_packed(a, panels, c, accumulate):
    """C (M, N) = A (M, K) @ B, or C + A @ B where `accumulate`; B (K, N) packed."""
    M, K = a.shape
    N, width = c.shape[1], panels.shape[2]
    for i in range(M):
        for j in range(N if not accumulate else 0):
            c[i, j] = 0
        for p in range(panels.shape[0]):
            for k in range(K):
                x = a[i, k]
                for j in range(p * width, min(N, (p + 1) * width)):
                    c[i, j] += x * panels[p, k, j - p * width]
