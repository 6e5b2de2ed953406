"""Many arrays in one call of a kernel: a table says where they lie.

An optimiser goes through a dozen arrays, or a hundred, most of them small: a call of a kernel for each would cost more
than its arithmetic. So their addresses go into a table of integers, with a row for every piece of at most PIECE
elements. Threads share the rows; a piece is the same whoever works on it, and so are the results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import addressof, c_char
from typing import Any

import numpy as np

from .compile import kernel
from .threads import over_rows

PIECE = 1 << 15  # elements of a row
ELEMENTS_PER_THREAD = 1 << 16  # fewer are not worth a second thread


class Table:
    """A row for each piece of `xs`: which of them it is from, how many bytes in it begins, how many elements it has,
    and then its address in x and in each of the `others`, lists of arrays of the same sizes. All are of one dtype.

    Raises: as `addresses`.
    """

    def __init__(self, xs: Sequence[np.ndarray], *others: Sequence[np.ndarray]) -> None:
        self.arrays = xs, others  # so that the memory stays where it is
        self.one = xs[0].dtype.type(1)  # by which kernels know the type of the elements
        sizes = np.array([x.size for x in xs])
        pieces = -(-sizes // PIECE)
        owner = np.repeat(np.arange(len(xs)), pieces)
        first = PIECE * (np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces))
        offset, count = first * xs[0].itemsize, np.minimum(PIECE, sizes[owner] - first)
        places = [addresses(column)[owner] + offset for column in (xs, *others)]
        self.rows = np.stack([owner, offset, count, *places], 1)
        self.at_least = ELEMENTS_PER_THREAD * len(owner) // max(1, int(sizes.sum()))

    def run(self, work: Callable[[int, int], object]) -> None:
        """work(start, stop): for all rows, or on each thread for its own."""
        over_rows(work, len(self.rows), self.at_least)

    def sum_of_squares(self, at: np.ndarray) -> float:
        """Σ x² in float64 of arrays of the table's sizes; at: their `addresses`."""
        sums = np.empty(len(self.rows))
        self.run(lambda start, stop: squares(sums[start:stop], self.rows[start:stop], at, self.one))
        return float(sums.sum())


def addresses(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Where each begins. Raises: ValueError, TypeError for elements out of order, or not to be written to."""
    return np.array([addressof(c_char.from_buffer(array)) if array.size else 0 for array in arrays])  # type: ignore[arg-type]


def emit_array_at() -> Any:
    """What Numba compiles in place of `array_at`."""
    from numba import carray, types
    from numba.extending import intrinsic

    def integer_as_pointer(typing_context, address, one):
        def generate(context, build, signature, arguments):
            return build.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(one)(address, one), generate

    pointer: Any = intrinsic(integer_as_pointer)
    return lambda address, count, one: carray(pointer(address, one), count)


@kernel(emitted=emit_array_at)
def array_at(address, count, one):
    """The `count` elements, of the type of `one`, that lie at an address"""
    memory: Any = (c_char * int(count * one.itemsize)).from_address(int(address))
    return np.frombuffer(memory, one.dtype)


@kernel
def squares(sums, rows, at, one):
    """sums (R,), each of x² over the elements of one of the rows (R, ...), where x begins at at[owner]"""
    for r in range(len(rows)):
        x = array_at(at[rows[r, 0]] + rows[r, 1], rows[r, 2], one)
        total = 0.0
        for n in range(x.size):
            total += np.float64(x[n]) * np.float64(x[n])
        sums[r] = total
