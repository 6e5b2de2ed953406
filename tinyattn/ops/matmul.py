"""Matrix products. Their gradients are matrix products too, so that the rules below call the op itself.

These use NumPy's product (BLAS): it is as fast as the packed tile of kernels/matmul.py wherever B would have to be
packed for one product alone. Kernels that multiply by the same matrix again and again use the tile.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.threads import get_num_threads, over_rows
from ..tensor import Tensor, op
from .elementwise import mul
from .shapes import reshape_, unsqueeze

MULTIPLICATIONS_PER_THREAD = 4_000_000  # with fewer, a second thread costs more than it brings


def for_blas(x: np.ndarray) -> np.ndarray:
    """x, copied where both its rows and its columns have gaps: NumPy multiplies those without BLAS, 50 times slower."""
    if x.flags.c_contiguous:
        return x
    rows, columns = x.shape[-2:]
    row, column = x.strides[-2:]
    if (column == x.itemsize and row >= columns * column) or (row == x.itemsize and column >= rows * row):
        return x
    return np.ascontiguousarray(x)


def flat(x: Any) -> Any:
    """x as one matrix: all dimensions but the last made one."""
    return x if x.ndim == 2 else reshape_(x, shape=(int(np.prod(x.shape[:-1])), x.shape[-1]))


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """a · b of two matrices; where they are large, each thread makes its own block of rows."""
    (M, K), N = a.shape, b.shape[1]
    at_least = MULTIPLICATIONS_PER_THREAD // max(K * N, 1) + 1
    if get_num_threads() == 1 or M < 2 * at_least:
        return np.matmul(a, b, out=out)
    y = np.empty((M, N), np.result_type(a, b)) if out is None else out
    over_rows(lambda start, stop: np.matmul(a[start:stop], b, out=y[start:stop]), M, at_least)
    return y


@op
def matmul_(a, b, /):
    """y = a · b"""
    if a.ndim == b.ndim == 2:
        return product(for_blas(a), for_blas(b))
    if b.ndim == 2:  # the same b for all: one large product is faster than many small ones
        y = np.empty((*a.shape[:-1], b.shape[-1]), a.dtype)
        product(for_blas(flat(a)), for_blas(b), out=flat(y))
        return y
    return for_blas(a) @ for_blas(b)


# where all products share b, db is the sum over them, and that is one product too
matmul_.gradient(
    da=lambda dy, b: matmul_(dy, b.mT),
    db=lambda dy, a, b: matmul_(flat(a).mT, flat(dy)) if b.ndim == 2 else matmul_(a.mT, dy),
)


def matmul(a: Any, b: Any) -> Any:
    """y = a · b, the matrix product; leading dimensions are broadcast.

    Shapes: a (..., M, K), b (..., K, N) -> (..., M, N). A vector a (K,) is a row, a vector b (K,) a column, and that
    dimension is missing in y.
    Raises: ValueError where sizes do not fit, TypeError where the dtypes differ.
    """
    check_dtypes("matmul", a, b)
    if a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0]:
        return matmul_(a, b)
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"matmul: wanted vectors or matrices, got {shapes(a, b)}: use * for numbers")
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        remedy = "is one to be transposed?"
        raise ValueError(f"matmul: a's last size must be b's last but one, got {shapes(a, b)}: {remedy}")
    matrix_a, matrix_b = unsqueeze(a, 0) if a.ndim == 1 else a, unsqueeze(b, 1) if b.ndim == 1 else b
    try:
        np.broadcast_shapes(matrix_a.shape[:-2], matrix_b.shape[:-2])
    except ValueError:
        raise ValueError(f"matmul: dimensions before the last two must be equal or 1, got {shapes(a, b)}") from None
    y = matmul_(matrix_a, matrix_b)
    if a.ndim > 1 and b.ndim > 1:
        return y
    *batch, rows, columns = y.shape
    return reshape_(y, shape=(*batch, *[rows] * (a.ndim > 1), *[columns] * (b.ndim > 1)))


def mm(a: Any, b: Any) -> Any:
    """y = a · b.    Shapes: a (M, K), b (K, N) -> (M, N)"""
    check_dimensions("mm", 2, a, b)
    return matmul(a, b)


def bmm(a: Any, b: Any) -> Any:
    """y = a · b, a batch of products, without broadcasting.    Shapes: a (B, M, K), b (B, K, N) -> (B, M, N)"""
    check_dimensions("bmm", 3, a, b)
    if a.shape[0] != b.shape[0]:
        raise ValueError(f"bmm: a and b must have as many matrices, got {shapes(a, b)}: use matmul to broadcast")
    return matmul(a, b)


def dot(a: Any, b: Any) -> Any:
    """y = Σ aᵢ bᵢ.    Shapes: a (K,), b (K,) -> ()"""
    check_dimensions("dot", 1, a, b)
    return matmul(a, b)


def outer(a: Any, b: Any) -> Any:
    """yᵢⱼ = aᵢ bⱼ.    Shapes: a (M,), b (N,) -> (M, N)"""
    check_dimensions("outer", 1, a, b)
    return mul(unsqueeze(a, 1), b)


@op
def linear_(x, weight, bias, /):
    """y = x · weightᵀ + bias"""
    y = matmul_(x, weight.T)
    if bias is not None:
        y += bias
    return y


linear_.gradient(
    dx=lambda dy, weight: matmul_(dy, weight),
    dweight=lambda dy, x: matmul_(flat(dy).mT, flat(x)),
    dbias=lambda dy: dy,
)


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """y = x · weightᵀ + bias

    Shapes: x (..., K) or (K,), weight (N, K), bias (N,) or None -> (..., N).
    Raises: ValueError where sizes do not fit, TypeError where the dtypes differ.
    """
    check_dtypes("linear", x, weight, *(() if bias is None else (bias,)))
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(f"linear: wanted x (..., K) and weight (N, K), got {shapes(x, weight)}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"linear: bias must be (N,) = ({weight.shape[0]},), got {tuple(bias.shape)}")
    if x.ndim == 1:
        return reshape_(linear_(unsqueeze(x, 0), weight, bias), shape=weight.shape[:1])
    return linear_(x, weight, bias)


def check_dtypes(name: str, first: Any, *others: Any) -> None:
    """Refuses mixed dtypes, as PyTorch does: a product that quietly becomes float64 would cost time unseen."""
    for x in (first, *others):
        if not isinstance(x, (Tensor, np.ndarray)):
            raise TypeError(f"{name}: wanted tensors or arrays, got {type(x).__name__}: make one with ta.tensor")
        if x.dtype is not first.dtype and x.dtype != first.dtype:
            got = f"{first.dtype} and {x.dtype}"
            raise TypeError(f"{name}: all inputs must have one dtype, got {got}: use .to(dtype)")


def check_dimensions(name: str, wanted: int, a: Any, b: Any) -> None:
    check_dtypes(name, a, b)
    if a.ndim != wanted or b.ndim != wanted:
        raise ValueError(f"{name}: wanted {wanted} dimensions each, got {shapes(a, b)}: matmul takes others too")


def shapes(a: Any, b: Any) -> str:
    return f"{tuple(a.shape)} and {tuple(b.shape)}"
