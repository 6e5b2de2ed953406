"""Matrix products. Their gradients are matrix products too, so that the rules below call the op itself.

`product` is the one way to multiply two matrices. Large ones go to the kernel in kernels/matmul.py, on all threads.
NumPy's BLAS is faster with small ones, for it does not pack them: a product of 32 x 32 matrices takes it 1.1 µs, the
kernel 1.8; of 64 x 64 5.3 and 6.6; of 640 x 64 with 64 x 512 its 0.47 ms are 0.41 in the kernel.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from ..kernels.matmul import multiply, new_workspace
from ..kernels.mode import use_numba
from ..kernels.threads import over_rows
from ..kernels.tile import PLAIN, panel_width, registers
from ..tensor import Tensor, op
from .elementwise import mul
from .shapes import reshape_, unsqueeze

MULTIPLICATIONS_PER_THREAD = 4_000_000  # with fewer, a second thread costs more than it brings
MULTIPLICATIONS_FOR_KERNEL, SIDE_FOR_KERNEL, DEPTH_FOR_KERNEL = 300_000, 32, 16  # with fewer, NumPy is faster

_here = threading.local()  # of each thread: the kernel's workspaces, by dtype


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None, accumulate: bool = False,
            bias: np.ndarray | None = None) -> np.ndarray:
    """a · b of two matrices, into `out` where it is given, or added to what is there; + bias, (N,) or ().

    Where the kernel makes it, the number of threads does not change a bit of it.
    """
    (M, K), N = a.shape, b.shape[1]
    if out is None:
        if M * K * N < MULTIPLICATIONS_FOR_KERNEL:
            y = np.dot(a, b)
            return y if bias is None else np.add(y, bias, out=y)
        out, accumulate = np.empty((M, N), np.result_type(a, b)), False
    if bias is not None:  # (1, N), its numbers side by side, as the kernel reads them
        bias = np.ascontiguousarray(np.broadcast_to(bias, (1, N)), out.dtype)
    if kernel_is_faster(a, b, out):
        one, tile = by_kernel, registers().rows[-1] if M > N else panel_width(a.dtype)  # whole tiles for each thread
    else:
        one, tile = by_numpy, 1

    def work(start: int, stop: int) -> None:
        part = slice(start * tile, stop * tile)
        if M > N:  # the longer side is divided, for what belongs to the other is read by every thread
            one(a[part], b, out[part], accumulate, bias)
        else:
            one(a, b[:, part], out[:, part], accumulate, None if bias is None else bias[:, part])

    tiles = -(-max(M, N) // tile)
    over_rows(work, tiles, MULTIPLICATIONS_PER_THREAD * tiles // max(M * K * N, 1) + 1)
    return out


def kernel_is_faster(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> bool:
    """Than NumPy; a CPU without registers for it, or a reader, may not want the kernel at all."""
    (M, K), N = a.shape, b.shape[1]
    return (M * K * N >= MULTIPLICATIONS_FOR_KERNEL and min(M, N) >= SIDE_FOR_KERNEL and K >= DEPTH_FOR_KERNEL
            and a.dtype == b.dtype == out.dtype and a.dtype.char in "fd" and out.strides[1] == out.itemsize
            and use_numba() and registers() is not PLAIN)


def by_kernel(a: np.ndarray, b: np.ndarray, out: np.ndarray, accumulate: bool, bias: np.ndarray | None) -> None:
    workspaces = _here.__dict__
    if a.dtype.char not in workspaces:
        workspaces[a.dtype.char] = new_workspace(a.dtype)
    plus = out if bias is None else np.add(out, bias, out=out) if accumulate else bias
    multiply(a, b, plus, out, accumulate or bias is not None, workspaces[a.dtype.char])


def by_numpy(a: np.ndarray, b: np.ndarray, out: np.ndarray, accumulate: bool, bias: np.ndarray | None) -> None:
    if accumulate:
        out += for_blas(a) @ for_blas(b)
    else:
        np.matmul(for_blas(a), for_blas(b), out=out)
    if bias is not None:
        out += bias


def for_blas(x: np.ndarray) -> np.ndarray:
    """x, copied where both its rows and its columns have gaps: NumPy multiplies those without BLAS, 50 times slower."""
    if x.flags.c_contiguous:
        return x
    rows, columns = x.shape[-2:]
    row, column = x.strides[-2:]
    if (column == x.itemsize and row >= columns * column) or (row == x.itemsize and column >= rows * row):
        return x
    return np.ascontiguousarray(x)


def products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a · b of batches of matrices, broadcast."""
    if a.shape[-2] * b.shape[-2] * b.shape[-1] < MULTIPLICATIONS_FOR_KERNEL:
        return for_blas(a) @ for_blas(b)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    y = np.empty((*batch, a.shape[-2], b.shape[-1]), np.result_type(a, b))
    a, b = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b))
    for i in np.ndindex(batch):
        product(a[i], b[i], out=y[i])
    return y


def flat(x: Any) -> Any:
    """x as one matrix: all dimensions but the last made one."""
    return x if x.ndim == 2 else reshape_(x, shape=(int(np.prod(x.shape[:-1])), x.shape[-1]))


def of_rows(x: np.ndarray, b: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """x · b + bias with the same b for all: one large product is faster than many small ones."""
    if x.ndim == 2:
        return product(x, b, bias=bias)
    return product(flat(x), b, bias=bias).reshape(*x.shape[:-1], b.shape[-1])


@op
def matmul_(a, b, /):
    """y = a · b"""
    return of_rows(a, b) if b.ndim == 2 else products(a, b)


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
    return of_rows(x, weight.T, bias)


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
