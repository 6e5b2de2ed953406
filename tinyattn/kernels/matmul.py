"""The matrix product C = A @ B in blocks that fit the caches, on one thread.

    for blocks of columns of B, and of its rows:     (the block is packed in panels, and lies in the L2 cache)
        for strips of rows of A:                     (as high as a tile; they come from the L2 or L3 cache to L1)
            for panels of the block:
                one tile of C: strip @ panel         (in registers; kernels/tile.py)

A panel holds a few columns side by side, so that a tile reads one place after the other. For callers (ops allocate,
kernels call; from Python or from another kernel):

    workspace = new_workspace(dtype)               # about 2 MB; for any number of products, one at a time
    multiply(a, b, c, c, False, workspace)         # C (M, N)  = A (M, K) @ B (K, N)
    multiply(a, b, c, c, True, workspace)          # C        += A @ B
    multiply(a, b, bias, c, True, workspace)       # C         = A @ B + bias (1, N)

Where the same B is multiplied again and again it is packed once:

    panels = new_panels(K, N, dtype)               # allocates (ceil(N / width), K, width)
    pack(b, panels)                                # for B = W.T pass W.T
    matmul_packed(a, panels, c, False)             # C (M, N)  = A (M, K) @ B
    matmul_packed(a[start:stop], panels, c[start:stop], True)    # C[start:stop] += A[start:stop] @ B

A and B may have any strides, C and bias must have their columns side by side (strides[1] = itemsize; any row stride).
All are of one dtype, float32 or float64. M, K and N are anything, 0 included. A number of C is the same, bit by bit,
in whichever part of a larger product it is computed: the order of its sum depends on K alone.

Source: Van Zee and van de Geijn 2015, "BLIS: a framework for rapidly instantiating BLAS", section 4. There a block of
A lies in L2 and a panel of B in L1. With a tile that is wider than high it is better the other way round.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compile import kernel
from .tile import copy_square, multiply_tile, panel_width, tile_size

# A block of B has at most DEPTH rows: with fewer, C would be read and written once more. It has at most 1 MB, or 2 MB
# where strips of A are copied, which is done once for each block. All is measured on a CPU with 1 MB of L2.
DEPTH, BLOCK_BYTES, COPYING_BLOCK_BYTES = 1024, 1 << 20, 2 << 20
# Numbers WAY bytes apart share WAYS places in the L1 cache (32 KB), and drive each other out of it.
WAY, WAYS, LINE = 4096, 8, 64
STRIP_ROWS = 16  # of A: at least a tile's, and two squares
STRIP = STRIP_ROWS * (DEPTH + STRIP_ROWS)


def new_panels(K: int, N: int, dtype: Any) -> np.ndarray:
    """Memory for a packed B (K, N): panels of `width` columns, (ceil(N / width), K, width)."""
    width = panel_width(dtype)
    panels = -(-N // width)
    return aligned(panels * K * width, dtype).reshape(panels, K, width)


def new_workspace(dtype: Any) -> np.ndarray:
    """Memory for `multiply`: a block of B, then a strip of A."""
    return aligned(COPYING_BLOCK_BYTES // np.dtype(dtype).itemsize + STRIP, dtype)


def aligned(size: int, dtype: Any) -> np.ndarray:
    """Memory for `size` numbers, from the start of a line of the cache: a load from two lines takes twice as long."""
    item = np.dtype(dtype).itemsize
    memory = np.empty(size + LINE // item, dtype)
    start = -memory.ctypes.data % LINE // item
    return memory[start : start + size]


@kernel(any_strides=True)
def multiply(a, b, plus, c, add, workspace):
    """C (M, N) = A (M, K) @ B (K, N), or `plus` + A @ B where `add`; plus is C, or (1, N) for all rows alike."""
    K, N = b.shape
    width = tile_size()[1] // workspace.itemsize
    depth, copies = block_depth(K), copies_strips(a, N // width)
    panels = (COPYING_BLOCK_BYTES if copies else BLOCK_BYTES) // (DEPTH * tile_size()[1])
    for n in range(0, N, panels * width):
        columns = slice(n, min(n + panels * width, N))
        P = (columns.stop - n + width - 1) // width
        for k in range(0, max(K, 1), depth):
            rows = slice(k, min(k + depth, K))
            block = workspace[: P * (rows.stop - k) * width].reshape(P, rows.stop - k, width)
            pack(b[rows, columns], block)
            d = plus if k == 0 else c
            multiply_block(a[:, rows], block, d[:, columns], c[:, columns], add or k > 0, copies,
                           workspace[workspace.size - STRIP :])


@kernel(any_strides=True)
def matmul_packed(a, panels, c, accumulate):
    """C (M, N) = A (M, K) @ B, or C + A @ B where `accumulate`; B (K, N) packed."""
    K, width = a.shape[1], panels.shape[2]
    depth, copies = block_depth(K), copies_strips(a, panels.shape[0])
    step = (COPYING_BLOCK_BYTES if copies else BLOCK_BYTES) // (DEPTH * tile_size()[1])
    strip = np.empty(STRIP if copies else 0, a.dtype)
    for p in range(0, panels.shape[0], step):
        columns = slice(p * width, (p + step) * width)
        for k in range(0, max(K, 1), depth):
            rows = slice(k, k + depth)
            multiply_block(a[:, rows], panels[p : p + step, rows], c[:, columns], c[:, columns], accumulate or k > 0,
                           copies, strip)


@kernel(any_strides=True)
def multiply_block(a, panels, plus, c, add, copies, strip):
    """As `multiply`, for one block of B, packed. strip (STRIP,): where a strip of A goes if it `copies` them."""
    M, K = a.shape
    rows, width, n = tile_size()[0], panels.shape[2], panels.shape[2] // 2
    for i in range(0, M, rows):
        x = a[i : i + rows]
        if copies:  # column by column, as the tile reads it
            copy = strip.reshape(strip.size // STRIP_ROWS, STRIP_ROWS)
            for k in range(0, K, n):
                for row in range(0, x.shape[0], n):
                    copy_part(copy[k : k + n, row : row + n], x[row : row + n, k : k + n].T)
            x = copy[:K, : x.shape[0]].T
        d = plus if plus.shape[0] == 1 else plus[i : i + rows]
        for p in range(panels.shape[0]):
            columns = slice(p * width, (p + 1) * width)
            multiply_tile(x, panels[p], d[:, columns], c[i : i + rows, columns], add)


@kernel
def block_depth(K):
    """How many rows a block of B has: as many as the others, as far as K allows."""
    blocks = max((K + DEPTH - 1) // DEPTH, 1)
    return max((K + blocks - 1) // blocks, 1)


@kernel(any_strides=True)
def copies_strips(a, panels):
    """Is it worth while to copy strips of A? Where what a tile reads one after the other shares a few places in the
    cache; and where each number lies in another page of memory than the one before, if the copy is read often."""
    row, column = a.strides
    crowded = max(row, column) % WAY == 0 and min(a.shape[0], a.shape[1]) > WAYS
    return (row == a.itemsize and (crowded or panels > WAYS)) or (column == a.itemsize and crowded)


@kernel(any_strides=True)
def pack(b, panels):
    """B (K, N), any strides, into panels; the last one is filled up with zeros."""
    K, width = b.shape[0], panels.shape[2]
    n = width // 2
    for k in range(0, K, n):
        start = max(min(k, K - n), 0)  # the last squares go back over rows that are there, so that they are whole
        for p in range(panels.shape[0]):
            for j in range(0, width, n):
                column = p * width + j
                copy_part(panels[p, start : start + n, j : j + n], b[start : start + n, column : column + n])


@kernel(any_strides=True)
def copy_part(to, x):
    """to = x, any strides, filled up with zeros. `to` is part of a square as copy_square makes it, x no larger."""
    n = to.shape[1]
    if to.shape[0] == n and x.strides[1] == x.itemsize:
        copy_square(to, x, False)
    elif to.shape[0] == n and x.strides[0] == x.itemsize:
        copy_square(to, x.T, True)
    else:
        for i in range(to.shape[0]):
            for j in range(n):
                to[i, j] = x[i, j] if i < x.shape[0] and j < x.shape[1] else 0
