"""The emitted tile: it computes what the plain loop does, for every set of registers, and touches nothing else.

The instructions are compiled here without Numba, so that this runs with NUMBA_DISABLE_JIT=1 too.
"""

import ctypes
import mmap

import numpy as np
import pytest
from llvmlite import binding, ir

from tinyattn.kernels.compile import kernel
from tinyattn.kernels.tile import AVX2, AVX512, PLAIN, emit_tiles, multiply_panel, panel_width, registers, tile_function

CANARY = 12345.0
POINTER, INTEGER = ctypes.c_void_p, ctypes.c_int64


def compiled(dtype, rows, register):
    """tile_function as a function of ctypes, and what has to stay alive for it."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    element = ir.FloatType() if dtype == np.float32 else ir.DoubleType()
    kinds = [element.as_pointer(), *[ir.IntType(64)] * 2, element.as_pointer(), element.as_pointer(),
             *[ir.IntType(64)] * 4, ir.IntType(1)]
    module = ir.Module("test")
    function = tile_function(module, kinds, rows, register)
    assert tile_function(module, kinds, rows, register) is function
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=2)
    engine = binding.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    return ctypes.CFUNCTYPE(None, POINTER, INTEGER, INTEGER, POINTER, POINTER, *[INTEGER] * 4, ctypes.c_bool)(
        engine.get_function_address(function.name)), engine


def with_canaries(array):
    """A copy of `array` inside a larger one, rows and all, with a canary in every other place."""
    around = np.full((array.shape[0] + 4, array.shape[1] + 70), CANARY, array.dtype)
    inside = around[2:-2, 35:-35]
    inside[...] = array
    return around, inside


@pytest.mark.parametrize("of_cpu", [AVX512, AVX2], ids=["AVX-512", "AVX2"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tiles(of_cpu, dtype):
    random = np.random.default_rng(0)
    width = 2 * of_cpu.bytes // np.dtype(dtype).itemsize
    for rows in of_cpu.rows:
        multiply, alive = compiled(dtype, rows, of_cpu.bytes)
        for M in range(1, rows + 1):
            for N in {1, width // 2 - 1, width // 2, width // 2 + 1, width - 1, width}:
                for K in (0, 1, 5):
                    for accumulate in (False, True):
                        a = random.standard_normal((M, K)).astype(dtype)
                        panel = np.zeros((K, width), dtype)
                        panel[:, :N] = random.standard_normal((K, N))
                        around, c = with_canaries(random.standard_normal((M, N)).astype(dtype))
                        wanted = a.astype(float) @ panel[:, :N] + (c if accumulate else 0)
                        multiply(a.ctypes.data, *a.strides, panel.ctypes.data, c.ctypes.data, c.strides[0], M, N, K,
                                 accumulate)
                        np.testing.assert_allclose(c, wanted, rtol=1e-5, atol=1e-5)
                        c[...] = CANARY
                        assert (around == CANARY).all(), "wrote outside of C"
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


@pytest.mark.parametrize("of_cpu", [AVX512, AVX2], ids=["AVX-512", "AVX2"])
def test_nothing_is_read_outside_the_arrays(of_cpu):
    width, rows = 2 * of_cpu.bytes // 4, of_cpu.rows[-1]
    multiply, alive = compiled(np.float32, rows, of_cpu.bytes)
    panel = at_the_end(np.ones((5, width), np.float32))
    for M in (1, rows - 1, rows):
        for N in (1, width // 2, width - 1, width):
            a, c = at_the_end(np.ones((M, 5), np.float32)), at_the_end(np.full((M, N), np.nan, np.float32))
            multiply(a.ctypes.data, *a.strides, panel.ctypes.data, c.ctypes.data, c.strides[0], M, N, 5, False)
            np.testing.assert_array_equal(c, 5)
            multiply(a.ctypes.data, *a.strides, panel.ctypes.data, c.ctypes.data, c.strides[0], M, N, 5, True)
            np.testing.assert_array_equal(c, 10)
    del alive


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("plain", [False, True], ids=["as called", "plain"])
def test_multiply_panel(dtype, plain):
    random, width = np.random.default_rng(0), panel_width(dtype)
    for M, K, N in [(1, 1, 1), (3, 4, width), (31, 7, width - 1), (0, 3, 2), (2, 0, 3)]:
        a, panel = random.standard_normal((K, M)).astype(dtype).T, np.zeros((K, width), dtype)
        panel[:, :N] = random.standard_normal((K, N))
        around, c = with_canaries(np.full((M, N), 2, dtype))
        multiply = multiply_panel.body if plain else multiply_panel
        for accumulate, times in ((False, 1), (True, 2)):
            multiply(a, panel, c, accumulate)
            np.testing.assert_allclose(c, times * (a @ panel[:, :N]), rtol=1e-4, atol=1e-5)
        c[...] = CANARY
        assert (around == CANARY).all()


def test_a_cpu_without_the_registers_keeps_the_plain_loop(monkeypatch):
    monkeypatch.setitem(emit_tiles.__globals__, "registers", lambda: PLAIN)
    assert emit_tiles() is None


def test_width_is_two_registers():
    for dtype in (np.float32, np.float64):
        assert panel_width(dtype) * np.dtype(dtype).itemsize == 2 * registers().bytes


def test_inside_numba(module, monkeypatch):
    module("unused", "")  # the compiler is on, whatever NUMBA_DISABLE_JIT says
    monkeypatch.setitem(emit_tiles.__globals__, "registers", registers.__wrapped__)
    multiply = kernel(emitted=emit_tiles)(multiply_panel.body)
    random = np.random.default_rng(0)
    a, panel, c = random.standard_normal((9, 4)), random.standard_normal((4, panel_width(np.float64))), np.ones((9, 5))
    multiply(a, panel, c, True)
    np.testing.assert_allclose(c, 1 + a @ panel[:, :5], rtol=1e-13)
