"""What is emitted, a tile and the copy of a square: it computes what the plain loop does, for every set of registers, and touches nothing else.

The instructions are compiled here without Numba, so that this runs with NUMBA_DISABLE_JIT=1 too.
"""

import ctypes
import mmap

import numpy as np
import pytest
from llvmlite import binding, ir

from tinyattn.kernels.compile import kernel
from tinyattn.kernels.tile import (
    AVX2,
    AVX512,
    PLAIN,
    copy_function,
    copy_square,
    emit_copy,
    emit_size,
    emit_tile,
    multiply_tile,
    panel_width,
    registers,
    tile_function,
    tile_size,
)

CANARY = 12345.0
POINTER, INTEGER = ctypes.c_void_p, ctypes.c_int64


def compiled(make, dtype, arguments, *options):
    """The LLVM function that `make` makes, as a function of ctypes, and what has to stay alive for it."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    element = ir.FloatType() if dtype == np.float32 else ir.DoubleType()
    kinds = {POINTER: element.as_pointer(), INTEGER: ir.IntType(64), ctypes.c_bool: ir.IntType(1)}
    module = ir.Module("test")
    function = make(module, [kinds[x] for x in arguments], *options)
    assert make(module, [kinds[x] for x in arguments], *options) is function
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=2)
    engine = binding.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    return ctypes.CFUNCTYPE(None, *arguments)(engine.get_function_address(function.name)), engine


def compiled_tile(dtype, rows, register):
    matrix = [POINTER, INTEGER]
    return compiled(tile_function, dtype,
                    [*matrix, INTEGER, POINTER, *matrix, *matrix, *[INTEGER] * 3, ctypes.c_bool], rows, register)


def compiled_copy(dtype, register):
    matrix = [POINTER, INTEGER]
    return compiled(copy_function, dtype, [*matrix, *matrix, INTEGER, INTEGER, ctypes.c_bool], register)


def address(matrix):
    """Where it begins, and bytes from row to row"""
    return matrix.ctypes.data, matrix.strides[0]


def with_canaries(array):
    """A copy of `array` inside a larger one, rows and all, with a canary in every other place."""
    around = np.full((array.shape[0] + 4, array.shape[1] + 70), CANARY, array.dtype)
    inside = around[2:-2, 35:-35]
    inside[...] = array
    return around, inside


EACH_CPU = pytest.mark.parametrize("of_cpu", [AVX512, AVX2], ids=["AVX-512", "AVX2"])
EACH_DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@EACH_CPU
@EACH_DTYPE
def test_tiles(of_cpu, dtype):
    random = np.random.default_rng(0)
    width = 2 * of_cpu.bytes // np.dtype(dtype).itemsize
    for rows in of_cpu.rows:
        multiply, alive = compiled_tile(dtype, rows, of_cpu.bytes)
        for M in range(1, rows + 1):
            for N in {1, width // 2 - 1, width // 2, width // 2 + 1, width - 1, width}:
                for K in (0, 1, 5):
                    a = random.standard_normal((M, K)).astype(dtype)
                    panel = np.zeros((K, width), dtype)
                    panel[:, :N] = random.standard_normal((K, N))
                    around, c = with_canaries(random.standard_normal((M, N)).astype(dtype))
                    one_row = random.standard_normal(N).astype(dtype)
                    product = a.astype(float) @ panel[:, :N]
                    for add, plus, wanted in ((False, address(c), product), (True, address(c), 2 * product),
                                              (True, (one_row.ctypes.data, 0), product + one_row)):
                        multiply(a.ctypes.data, *a.strides, panel.ctypes.data, *plus, *address(c), M, N, K, add)
                        np.testing.assert_allclose(c, wanted, rtol=1e-5, atol=1e-5)
                    c[...] = CANARY
                    assert (around == CANARY).all(), "wrote outside of C"
        del alive


@EACH_CPU
@EACH_DTYPE
def test_copies(of_cpu, dtype):
    random, n = np.random.default_rng(0), of_cpu.bytes // np.dtype(dtype).itemsize
    copy, alive = compiled_copy(dtype, of_cpu.bytes)
    for rows in {0, 1, n // 2, n - 1, n}:
        for columns in {0, 1, n // 2, n - 1, n}:
            x, wanted = random.standard_normal((rows, columns)).astype(dtype), np.zeros((n, n), dtype)
            wanted[:rows, :columns] = x
            for transposed in (False, True):
                around, y = with_canaries(np.full((n, n), np.nan, dtype))
                copy(*address(y), *address(x), rows, columns, transposed)
                np.testing.assert_array_equal(y, wanted.T if transposed else wanted)
                y[...] = CANARY
                assert (around == CANARY).all(), "wrote outside of the square"
    del alive


def at_the_end(array):
    """A copy of `array` at the end of its memory: who reads on meets a page that nobody may read, and dies."""
    page = mmap.PAGESIZE
    size = -(-array.nbytes // page) * page
    memory = mmap.mmap(-1, size + page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + size), ctypes.c_size_t(page), 0) == 0
    copy = np.frombuffer(memory, array.dtype, array.size, size - array.nbytes).reshape(array.shape)
    copy[...] = array
    return copy


@EACH_CPU
def test_nothing_is_read_outside_the_arrays(of_cpu):
    width, rows = 2 * of_cpu.bytes // 4, of_cpu.rows[-1]
    multiply, alive = compiled_tile(np.float32, rows, of_cpu.bytes)
    copy, copy_alive = compiled_copy(np.float32, of_cpu.bytes)
    panel, square = at_the_end(np.ones((5, width), np.float32)), np.empty((width // 2, width // 2), np.float32)
    for M in (1, rows - 1, rows):
        for N in (1, width // 2, width - 1, width):
            a, c = at_the_end(np.ones((M, 5), np.float32)), at_the_end(np.full((M, N), np.nan, np.float32))
            bias = at_the_end(np.ones(N, np.float32))
            for plus, wanted in ((None, 5), (address(c), 10), ((bias.ctypes.data, 0), 6)):
                multiply(a.ctypes.data, *a.strides, panel.ctypes.data, *(plus or address(c)), *address(c), M, N, 5,
                         plus is not None)
                np.testing.assert_array_equal(c, wanted)
    for rows in range(width // 2 + 1):
        x = at_the_end(np.ones((rows, 3), np.float32))
        for transposed in (False, True):
            copy(*address(square), *address(x), rows, 3, transposed)
            assert square.sum() == 3 * rows
    del alive, copy_alive


@EACH_DTYPE
@pytest.mark.parametrize("plain", [False, True], ids=["as called", "plain"])
def test_multiply_tile(dtype, plain):
    random, width = np.random.default_rng(0), panel_width(dtype)
    for M, K, N in [(1, 1, 1), (3, 4, width), (tile_size()[0], 7, width - 1), (0, 3, 2), (2, 0, 3)]:
        a, panel = random.standard_normal((K, M)).astype(dtype).T, np.zeros((K, width), dtype)
        panel[:, :N] = random.standard_normal((K, N))
        around, c = with_canaries(np.full((M, N), 2, dtype))
        bias, product = random.standard_normal((1, N)).astype(dtype), a.astype(float) @ panel[:, :N]
        multiply = multiply_tile.body if plain else multiply_tile
        for plus, add, wanted in ((c, False, product), (c, True, 2 * product), (bias, True, product + bias)):
            multiply(a, panel, plus, c, add)
            np.testing.assert_allclose(c, wanted, rtol=1e-4, atol=1e-5)
        c[...] = CANARY
        assert (around == CANARY).all()


@EACH_DTYPE
@pytest.mark.parametrize("plain", [False, True], ids=["as called", "plain"])
def test_copy_square(dtype, plain):
    n = panel_width(dtype) // 2
    copy = copy_square.body if plain else copy_square
    for rows, columns in [(n, n), (n - 1, n), (1, 2), (0, 3)]:
        x = np.random.default_rng(0).standard_normal((rows, columns)).astype(dtype)
        for transposed in (False, True):
            around, y = with_canaries(np.full((n, n), np.nan, dtype))
            copy(y, x, transposed)
            back = y.T if transposed else y
            np.testing.assert_array_equal(back[:rows, :columns], x)
            assert not back[rows:].any() and not back[:, columns:].any()
            y[...] = CANARY
            assert (around == CANARY).all()


def test_a_cpu_without_the_registers_keeps_the_plain_loops(monkeypatch):
    monkeypatch.setitem(emit_tile.__globals__, "registers", lambda: PLAIN)
    assert emit_tile() is emit_copy() is emit_size() is None


def test_width_is_two_registers():
    for dtype in (np.float32, np.float64):
        assert panel_width(dtype) * np.dtype(dtype).itemsize == 2 * registers().bytes == tile_size()[1]


def test_inside_numba(module, monkeypatch):
    module("unused", "")  # the compiler is on, whatever NUMBA_DISABLE_JIT says
    monkeypatch.setitem(emit_tile.__globals__, "registers", registers.__wrapped__)
    multiply = kernel(emitted=emit_tile)(multiply_tile.body)
    random = np.random.default_rng(0)
    a, panel, c = random.standard_normal((3, 4)), random.standard_normal((4, panel_width(np.float64))), np.ones((3, 5))
    multiply(a, panel, c, c, True)
    np.testing.assert_allclose(c, 1 + a @ panel[:, :5], rtol=1e-13)
    copy, n = kernel(emitted=emit_copy)(copy_square.body), panel_width(np.float64) // 2
    x, y = random.standard_normal((n, n)), np.empty((n, n))
    copy(y, x, True)
    np.testing.assert_array_equal(y, x.T)
