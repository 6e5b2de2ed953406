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


def matmul(input: Any, other: Any) -> Any:
    """y = input · other, the matrix product; leading dimensions are broadcast.

    Shapes: input (..., M, K), other (..., K, N) -> (..., M, N). A vector input (K,) is a row, a vector other (K,) a
    column, and that dimension is missing in y.
    Raises: ValueError where sizes do not fit, TypeError where the dtypes differ, or are bool.
    """
    check_dtypes("matmul", input, other)
    if input.ndim == other.ndim == 2 and input.shape[1] == other.shape[0]:
        return matmul_(input, other)
    if input.ndim == 0 or other.ndim == 0:
        raise ValueError(f"matmul: wanted vectors or matrices, got {shapes(input, other)}: use * for numbers")
    if input.shape[-1] != other.shape[max(other.ndim - 2, 0)]:
        raise ValueError(f"matmul: input's last size must be other's last but one, got {shapes(input, other)}: "
                         "is one to be transposed?")
    a, b = unsqueeze(input, 0) if input.ndim == 1 else input, unsqueeze(other, 1) if other.ndim == 1 else other
    try:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ValueError("matmul: dimensions before the last two must be equal or 1, "
                         f"got {shapes(input, other)}") from None
    y = matmul_(a, b)
    if input.ndim > 1 and other.ndim > 1:
        return y
    *batch, rows, columns = y.shape
    return reshape_(y, shape=(*batch, *[rows] * (input.ndim > 1), *[columns] * (other.ndim > 1)))


def mm(input: Any, mat2: Any) -> Any:
    """y = input · mat2.    Shapes: input (M, K), mat2 (K, N) -> (M, N)"""
    check_dimensions("mm", 2, input, mat2)
    return matmul(input, mat2)


def bmm(input: Any, mat2: Any) -> Any:
    """y = input · mat2, a batch of products, not broadcast.    Shapes: input (B, M, K), mat2 (B, K, N) -> (B, M, N)"""
    check_dimensions("bmm", 3, input, mat2)
    if input.shape[0] != mat2.shape[0]:
        raise ValueError(f"bmm: both must have as many matrices, got {shapes(input, mat2)}: use matmul to broadcast")
    return matmul(input, mat2)


def dot(input: Any, tensor: Any) -> Any:
    """y = Σ inputᵢ tensorᵢ.    Shapes: input (K,), tensor (K,) -> ()"""
    check_dimensions("dot", 1, input, tensor)
    return matmul(input, tensor)


def outer(input: Any, vec2: Any) -> Any:
    """yᵢⱼ = inputᵢ vec2ⱼ, in their common dtype.    Shapes: input (M,), vec2 (N,) -> (M, N)"""
    check_dimensions("outer", 1, input, vec2)
    return mul(unsqueeze(input, 1), vec2)


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


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """y = input · weightᵀ + bias

    Shapes: input (..., K) or (K,), weight (N, K) or (K,), bias (N,), () or None -> (..., N), without N where weight
    is (K,).
    Raises: ValueError where sizes do not fit, TypeError where the dtypes differ, or are bool.
    """
    check_dtypes("linear", input, weight, *(() if bias is None else (bias,)))
    if weight.ndim not in (1, 2) or input.ndim == 0 or input.shape[-1] != weight.shape[-1]:
        raise ValueError(f"linear: wanted input (..., K) and weight (N, K), got {shapes(input, weight)}")
    if bias is not None and bias.shape not in (weight.shape[:-1], ()):
        raise ValueError(f"linear: bias must be (N,) = {tuple(weight.shape[:-1])}, got {tuple(bias.shape)}")
    y = linear_(unsqueeze(input, 0) if input.ndim == 1 else input,
                unsqueeze(weight, 0) if weight.ndim == 1 else weight, bias)
    if input.ndim > 1 and weight.ndim > 1:
        return y
    return reshape_(y, shape=(*input.shape[:-1], *weight.shape[:-1]))


def check_tensors(name: str, *inputs: Any) -> None:
    for x in inputs:
        if not isinstance(x, (Tensor, np.ndarray)):
            raise TypeError(f"{name}: wanted tensors or arrays, got {type(x).__name__}: make one with ta.tensor")


def check_dtypes(name: str, first: Any, *others: Any) -> None:
    """Refuses mixed dtypes, as PyTorch does: a product that quietly becomes float64 would cost time unseen."""
    check_tensors(name, first, *others)
    for x in others:
        if x.dtype is not first.dtype and x.dtype != first.dtype:
            got = f"{first.dtype} and {x.dtype}"
            raise TypeError(f"{name}: all inputs must have one dtype, got {got}: use .to(dtype)")
    if first.dtype == np.bool_:
        raise TypeError(f"{name}: wanted numbers, got bool: use .float() or .long()")


def check_dimensions(name: str, wanted: int, a: Any, b: Any) -> None:
    check_tensors(name, a, b)
    if a.ndim != wanted or b.ndim != wanted:
        raise ValueError(f"{name}: wanted {wanted} dimensions each, got {shapes(a, b)}: matmul takes others too")


def shapes(a: Any, b: Any) -> str:
    return f"{tuple(a.shape)} and {tuple(b.shape)}"
