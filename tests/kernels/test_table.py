"""Tables of arrays: every element in one row, none outside, whatever the sizes, threads and dtypes."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.kernels.table import PIECE, Table, addresses, array_at

SIZES = [1, 0, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5, 7]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_element_is_in_one_row(dtype):
    xs, ys = ([np.arange(size, dtype=dtype) for size in SIZES] for _ in range(2))
    table = Table(xs, ys)
    found = [[[] for _ in xs] for _ in range(2)]
    for owner, offset, count, *places in table.rows:
        assert 0 < count <= PIECE
        for column, arrays, place in zip(found, (xs, ys), places):
            assert place == addresses(arrays)[owner] + offset
            column[owner].append(array_at.body(place, count, table.one))
    for column in found:
        for x, pieces in zip(xs, column):
            np.testing.assert_array_equal(np.concatenate([*pieces, np.empty(0, dtype)]), x)


def test_array_at_is_the_memory_itself():
    x = np.arange(5.0)
    y = array_at.body(addresses([x])[0], 4, np.float64(1))
    y[1] = 7
    assert y.dtype == np.float64 and y.shape == (4,) and x.tolist() == [0, 7, 2, 3, 4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sum_of_squares_has_the_same_bits_with_any_number_of_threads(dtype):
    random = np.random.default_rng(0)
    xs = [random.standard_normal(size).astype(dtype) for size in SIZES]
    table, before = Table(xs), ta.get_num_threads()
    found = set()
    try:
        for threads in (1, 2, 3):
            ta.set_num_threads(threads)
            found.add(table.sum_of_squares(addresses(xs)))
    finally:
        ta.set_num_threads(before)
    (total,) = found
    np.testing.assert_allclose(total, sum((x.astype(np.float64) ** 2).sum() for x in xs), rtol=1e-12)


@pytest.mark.parametrize("wrong", [np.ones((2, 4))[:, ::2], np.asfortranarray(np.ones((2, 4))), np.broadcast_to(1.0, 3)])
def test_what_a_kernel_could_not_go_through_in_order_is_refused(wrong):
    with pytest.raises((ValueError, TypeError, BufferError)):
        Table([np.ones(2), wrong])
