"""The product in blocks: any shape and strides, both dtypes, adding or not, from Python and from another kernel."""

import numpy as np
import pytest

from tinyattn.kernels.compile import jit_disabled, kernel
from tinyattn.kernels.matmul import (
    BLOCK_BYTES,
    DEPTH,
    WAY,
    matmul_packed,
    multiply,
    new_panels,
    new_workspace,
    pack,
)
from tinyattn.kernels.tile import panel_width, tile_size

CANARY = 12345.0
SHAPES = [(1, 1, 1), (2, 3, 4), (29, 9, 70), (0, 3, 5), (3, 0, 5), (3, 5, 0), (0, 0, 0)]
LAYOUTS = ("rows", "columns", "gaps", "backwards", "frozen")
EACH_DTYPE = pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-14)])


def numbers(*shape, dtype, layout="rows"):
    x = np.random.default_rng(shape).standard_normal(shape).astype(dtype)
    if layout == "columns":
        return x.T.copy().T
    if layout == "gaps":
        return np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3]
    if layout == "backwards":
        return x[::-1, ::-1].copy()[::-1, ::-1]
    x.flags.writeable = layout != "frozen"
    return x


def borders(dtype):
    """Shapes one below, at and one above the sizes at which something changes."""
    rows, width = tile_size()[0], panel_width(dtype)
    block = BLOCK_BYTES // DEPTH // np.dtype(dtype).itemsize  # columns
    around = [(rows, width // 2, width), (rows, width, block), (2 * rows, DEPTH, 3), (1, 2 * DEPTH, width)]
    if jit_disabled():
        around = around[:1]
    return SHAPES + [(M + m, K + k, N + n) for M, K, N in around
                     for m, k, n in ((-1, -1, -1), (0, 0, 0), (1, 1, 1), (1, 0, -1), (-1, 1, 0))]


def with_canaries(array):
    """A copy of `array` inside a larger one, rows and all, with a canary in every other place."""
    around = np.full((array.shape[0] + 4, array.shape[1] + 70), CANARY, array.dtype)
    inside = around[2:-2, 35:-35]
    inside[...] = array
    return around, inside


def check(a, b, tolerance):
    """Every form of the product; they agree to the last bit, and nothing around C is touched."""
    (M, K), N, dtype = a.shape, b.shape[1], a.dtype
    around, c = with_canaries(np.full((M, N), np.nan, dtype))
    wanted, bias = a.astype(float) @ b, np.random.default_rng(0).standard_normal((1, N)).astype(dtype)
    workspace = new_workspace(dtype)
    workspace.fill(np.nan)
    tolerance *= max(K, 1) ** 0.5
    for plus, add, sum_ in ((c, False, wanted), (c, True, 2 * wanted), (bias, True, wanted + bias)):
        multiply(a, b, plus, c, add, workspace)
        np.testing.assert_allclose(c, sum_, rtol=tolerance, atol=tolerance)
    with_bias = c.copy()
    panels = new_panels(K, N, dtype)
    panels.fill(np.nan)
    pack(b, panels)
    assert not panels[N // panels.shape[2] :, :, N % panels.shape[2] :].any()  # filled up with zeros
    matmul_packed(a, panels, c, False)
    np.testing.assert_allclose(c, wanted, rtol=tolerance, atol=tolerance)
    matmul_packed(a, panels, c, True)
    np.testing.assert_allclose(c, 2 * wanted, rtol=tolerance, atol=tolerance)
    for rows, columns in ((slice(M // 3), slice(None)), (slice(None), slice(N // 3, None)), (slice(1, M), slice(N - 1))):
        multiply(a[rows], b[:, columns], bias[:, columns], c[rows, columns], True, workspace)
        np.testing.assert_array_equal(c[rows, columns], with_bias[rows, columns])
    c[...] = CANARY
    assert (around == CANARY).all()


@EACH_DTYPE
def test_shapes(dtype, tolerance):
    for M, K, N in borders(dtype):
        check(numbers(M, K, dtype=dtype), numbers(K, N, dtype=dtype), tolerance)


@EACH_DTYPE
@pytest.mark.parametrize("of_a", LAYOUTS)
@pytest.mark.parametrize("of_b", LAYOUTS)
def test_strides(dtype, tolerance, of_a, of_b):
    width = panel_width(dtype)
    for M, K, N in [(5, 3, 2), (tile_size()[0] + 1, width // 2 + 1, width + 3), (9, width, 1), (1, 9, 1)]:
        check(numbers(M, K, dtype=dtype, layout=of_a), numbers(K, N, dtype=dtype, layout=of_b), tolerance)


@EACH_DTYPE
@pytest.mark.parametrize("transposed", [False, True])
def test_strides_that_crowd_the_cache(dtype, tolerance, transposed):
    side, K = WAY // np.dtype(dtype).itemsize, 20 if jit_disabled() else DEPTH + 20
    for M in (9, tile_size()[0] + 9):
        a = np.empty((K, side), dtype).T[:M] if transposed else np.empty((M, 4 * side), dtype)[:, :K]
        a[...] = numbers(M, K, dtype=dtype)
        assert max(a.strides) % WAY == 0
        check(a, numbers(K, 40, dtype=dtype), tolerance)


def test_one_compilation_serves_all_strides():
    if not jit_disabled():
        a, c, workspace = np.ones((4, 4), np.float32), np.empty((4, 4), np.float32), new_workspace(np.float32)
        for x in (a, a.T, a[::2, ::2], np.broadcast_to(a[:1], (4, 4))):
            multiply(x, x, c, c, False, workspace)
        assert len({one[0].dtype for one in multiply.compiled.overloads}) == len(multiply.compiled.overloads)


@kernel
def both(a, b, panels, c, d, workspace):
    pack(b, panels)
    matmul_packed(a, panels, c, False)
    multiply(a.T, c, d, d, False, workspace)


def test_from_another_kernel():
    a, b = numbers(3, 4, dtype=np.float64), numbers(4, 5, dtype=np.float64)
    c, d = np.empty((3, 5)), np.empty((4, 5))
    both(a, b, new_panels(4, 5, np.float64), c, d, new_workspace(np.float64))
    np.testing.assert_allclose(c, a @ b, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(d, a.T @ c, rtol=1e-14, atol=1e-14)


def test_for_whatever_layout_a_kernel_is_found_the_second_time(monkeypatch):
    """Numba finds neither of two entries for the same types: it would ask for the compiler at every call."""
    if jit_disabled():
        return
    asked = []
    compile_ = multiply.compiled.compile
    monkeypatch.setattr(multiply.compiled, "compile", lambda types: asked.append(types) or compile_(types))
    x, c, workspace = np.ones((8, 8), np.float32), np.zeros((8, 8), np.float32), new_workspace(np.float32)
    layouts = [x, x.T, x[:, :4], x[:4].T]
    for _ in range(2):
        before = len(asked)
        for a in layouts:
            for b in layouts:
                a, b = a[:4, :4], b[:4, :4]
                multiply(a, b, c[:4, :4], c[:4, :4], False, workspace)
                multiply(np.ascontiguousarray(a), b, np.zeros((4, 4), np.float32), c[:4, :4], False, workspace)
    assert len(asked) == before
