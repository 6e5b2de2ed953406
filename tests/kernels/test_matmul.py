"""The packed product: any shape and strides, both dtypes, adding or not, from Python and from another kernel."""

import numpy as np
import pytest

from tinyattn.kernels.compile import kernel
from tinyattn.kernels.matmul import matmul_packed, new_panels, pack

SHAPES = [(1, 1, 1), (2, 3, 4), (7, 5, 33), (15, 3, 32), (16, 1, 64), (29, 9, 70),
          (0, 3, 5), (3, 0, 5), (3, 5, 0), (0, 0, 0)]


def numbers(*shape, dtype):
    return np.random.default_rng(shape).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-14)])
@pytest.mark.parametrize("transposed_a", [False, True])
@pytest.mark.parametrize("transposed_b", [False, True])
def test_product(dtype, tolerance, transposed_a, transposed_b):
    for M, K, N in SHAPES:
        a = numbers(K, M, dtype=dtype).T if transposed_a else numbers(M, K, dtype=dtype)
        b = numbers(N, K, dtype=dtype).T if transposed_b else numbers(K, N, dtype=dtype)
        panels = new_panels(K, N, dtype)
        panels.fill(np.nan)
        pack(b, panels)
        assert not panels[N // panels.shape[2]:, :, N % panels.shape[2]:].any()  # filled up with zeros
        c, wanted = np.full((M, N), np.nan, dtype), a.astype(np.float64) @ b.astype(np.float64)
        matmul_packed(a, panels, c, False)
        np.testing.assert_allclose(c, wanted, rtol=tolerance, atol=tolerance)
        matmul_packed(a, panels, c, True)
        np.testing.assert_allclose(c, 2 * wanted, rtol=tolerance, atol=tolerance)


def test_rows_one_after_the_other_as_a_scan_does():
    a, b = numbers(9, 6, dtype=np.float32), numbers(6, 40, dtype=np.float32)
    panels, c = new_panels(6, 40, np.float32), np.zeros((9, 50), np.float32)
    pack(b, panels)
    for start in range(0, 9, 4):
        matmul_packed(a[start : start + 4], panels, c[start : start + 4, :40], False)
    np.testing.assert_allclose(c[:, :40], a @ b, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(c[:, 40:], 0)


@kernel
def both(a, b, panels, c):
    pack(b, panels)
    matmul_packed(a, panels, c, False)


def test_from_another_kernel():
    a, b = numbers(3, 4, dtype=np.float64), numbers(4, 5, dtype=np.float64)
    c = np.empty((3, 5))
    both(a, b, new_panels(4, 5, np.float64), c)
    np.testing.assert_allclose(c, a @ b, rtol=1e-14, atol=1e-14)
