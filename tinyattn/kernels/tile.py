"""The innermost part of the matrix product: a tile of C that stays in registers while A and B stream past it.

`multiply_panel` is a plain loop, and in its place Numba gets the same thing as LLVM instructions written down
here one by one: LLVM's own vectoriser does not find the form with 28 running sums, which is several times as
fast. CPUs without AVX2 keep the plain loop. What is emitted goes around Numba's bounds checks, so nothing outside
the arrays is ever touched: rows beyond A's last are read from the last again, and what they give is not stored.

Source: Van Zee and van de Geijn 2015, "BLIS: a framework for rapidly instantiating BLAS", section 5.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from .compile import jit_disabled, kernel


class Registers(NamedTuple):
    """What the CPU has for a tile."""

    bytes: int  # in a vector register
    rows: tuple[int, ...]  # how many a tile may have, smallest first


# A row of a tile is two vectors wide: 14 rows take 28 of AVX-512's 32 registers, the rest hold pieces of A and B.
AVX512, AVX2, PLAIN = Registers(64, (4, 8, 14)), Registers(32, (2, 4, 6)), Registers(64, ())


@functools.cache
def registers() -> Registers:
    """The registers of the CPU that kernels are compiled for. PLAIN: the plain loop is used."""
    if jit_disabled():
        return PLAIN
    from numba.core.registry import cpu_target

    features = set(cpu_target.target_context.codegen().magic_tuple()[2].split(","))
    if "+avx512f" in features:
        return AVX512
    return AVX2 if {"+avx2", "+fma"} <= features else PLAIN


def panel_width(dtype: Any) -> int:
    """Columns of B in a panel, which are those of a tile: two registers full."""
    return 2 * registers().bytes // np.dtype(dtype).itemsize


def emit_tiles() -> Any:
    """What Numba compiles in place of the plain loop, or None on a CPU without the registers for it."""
    if registers() is PLAIN:
        return None
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    of_cpu = registers()
    rows = of_cpu.rows[-1]

    def tile(typing_context, a, panel, c, accumulate):
        def generate(context, build, signature, arguments):
            arrays = zip(signature.args[:3], arguments)
            A, B, C = (context.make_array(kind)(context, build, x) for kind, x in arrays)
            (M, K), N = cgutils.unpack_tuple(build, A.shape), cgutils.unpack_tuple(build, C.shape)[1]
            (a_row, a_column), (c_row, _) = (cgutils.unpack_tuple(build, x.strides) for x in (A, C))
            everything = [A.data, a_row, a_column, B.data, C.data, c_row, M, N, K, arguments[3]]
            kinds = [x.type for x in everything]
            functions = [(count, tile_function(build.module, kinds, count, of_cpu.bytes)) for count in of_cpu.rows]
            done = build.append_basic_block("done")
            for count, function in functions:  # the smallest that has M rows
                fits, larger = build.append_basic_block(f"tile{count}"), build.append_basic_block("larger")
                build.cbranch(build.icmp_signed("<=", M, M.type(count)), fits, larger)
                build.position_at_end(fits)
                build.call(function, everything)
                build.branch(done)
                build.position_at_end(larger)
            build.branch(done)
            build.position_at_end(done)
            return context.get_dummy_value()

        return types.void(a, panel, c, types.boolean), generate

    multiply_tile: Any = intrinsic(tile)

    def multiply_panel(a, panel, c, accumulate):
        for i in range(0, a.shape[0], rows):
            multiply_tile(a[i:i + rows], panel, c[i:i + rows], accumulate)

    return multiply_panel


def tile_function(module: Any, argument_types: list[Any], rows: int, register: int) -> Any:
    """The LLVM function for tiles of up to `rows` rows, made once a module; `register` is a register's bytes.

    Its arguments: A's address, and bytes from row to row and from column to column; B's address; C's, and bytes
    from row to row; M, N, K; whether to add to C.
    """
    from llvmlite import ir

    element = argument_types[0].pointee
    name = f"tinyattn.tile.{element}.{rows}"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), argument_types), name)
    function.linkage = "linkonce_odr"  # several kernels may bring it along, they share one
    A, a_row, a_column, B, C, c_row, M, N, K, accumulate = function.args
    integer, byte, bit, lane_index = K.type, ir.IntType(8), ir.IntType(1), ir.IntType(32)
    item = {"float": 4, "double": 8}[str(element)]
    lanes = register // item
    vector, mask = ir.VectorType(element, lanes), ir.VectorType(bit, lanes)
    zero, nowhere = ir.Constant(vector, [0.0] * lanes), ir.Constant(mask, [0] * lanes)
    suffix = f"v{lanes}f{8 * item}"
    fma = intrinsic_function(module, f"llvm.fma.{suffix}", vector, [vector] * 3)
    load = intrinsic_function(module, f"llvm.masked.load.{suffix}.p0", vector,
                              [vector.as_pointer(), lane_index, mask, vector])
    store = intrinsic_function(module, f"llvm.masked.store.{suffix}.p0", ir.VoidType(),
                               [vector, vector.as_pointer(), lane_index, mask])
    entry, loop, done = (function.append_basic_block(name) for name in ("entry", "k", "done"))

    build = ir.IRBuilder(entry)

    def move(pointer: Any, offset: Any, kind: Any) -> Any:
        """pointer + offset bytes, as a pointer to `kind`"""
        moved = build.gep(build.bitcast(pointer, byte.as_pointer()), [offset])
        return build.bitcast(moved, kind.as_pointer())

    def spread(x: Any, kind: Any) -> Any:
        """A vector with x in every lane"""
        first = build.insert_element(ir.Constant(kind, ir.Undefined), x, lane_index(0))
        return build.shuffle_vector(first, ir.Constant(kind, ir.Undefined),
                                    ir.Constant(ir.VectorType(lane_index, kind.count), [0] * kind.count))

    # entry: where each row of A begins, and which lanes are columns of C
    last = build.sub(M, integer(1))
    row = [build.select(build.icmp_signed("<", integer(i), M), integer(i), last) for i in range(rows)]
    row_of_a = [move(A, build.mul(r, a_row), element) for r in row]
    columns = spread(build.trunc(N, lane_index), ir.VectorType(lane_index, lanes))
    numbers = [ir.Constant(columns.type, [j * lanes + lane for lane in range(lanes)]) for j in (0, 1)]
    inside = [build.icmp_signed("<", numbers[j], columns) for j in (0, 1)]
    build.cbranch(build.icmp_signed(">", K, integer(0)), loop, done)

    # k: sums[i][j] += a[i, k] * panel[k, j]
    build.position_at_end(loop)
    k = build.phi(integer)
    sums = [[build.phi(vector) for _ in (0, 1)] for _ in range(rows)]
    b_row = build.mul(k, integer(2 * register))
    b = [build.load(move(B, build.add(b_row, integer(j * register)), vector)) for j in (0, 1)]
    for x in b:
        x.align = item
    offset = build.mul(k, a_column)
    products = []
    for i in range(rows):
        x = spread(build.load(move(row_of_a[i], offset, element)), vector)
        products.append([build.call(fma, [x, b[j], sums[i][j]]) for j in (0, 1)])
    k_next = build.add(k, integer(1))
    for phi, new in [(k, k_next), *((sums[i][j], products[i][j]) for i in range(rows) for j in (0, 1))]:
        phi.add_incoming(integer(0) if phi is k else zero, entry)
        phi.add_incoming(new, loop)
    build.cbranch(build.icmp_signed("<", k_next, K), loop, done)

    # done: c[i, j] = sums, or += sums
    build.position_at_end(done)
    totals = [[build.phi(vector) for _ in (0, 1)] for _ in range(rows)]
    for i in range(rows):
        for j in (0, 1):
            totals[i][j].add_incoming(zero, entry)
            totals[i][j].add_incoming(products[i][j], loop)
    for i in range(rows):
        exists = build.icmp_signed("<", integer(i), M)
        start = move(C, build.mul(row[i], c_row), vector)
        for j in (0, 1):
            place = move(start, integer(j * register), vector)
            there = build.select(exists, inside[j], nowhere)
            old = build.call(load, [place, lane_index(item), build.select(accumulate, there, nowhere), zero])
            build.call(store, [build.fadd(old, totals[i][j]), place, lane_index(item), there])
    build.ret_void()
    return function


def intrinsic_function(module: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """One of LLVM's own functions, declared once a module."""
    from llvmlite import ir

    return module.globals.get(name) or ir.Function(module, ir.FunctionType(result, arguments), name)


@kernel(emitted=emit_tiles)
def multiply_panel(a, panel, c, accumulate):
    """C (M, N) = A (M, K) @ panel (K, width), or C + A @ panel; the panel's columns from N on are zeros."""
    (M, K), N = a.shape, c.shape[1]
    for i in range(M):
        if not accumulate:
            for j in range(N):
                c[i, j] = 0
        for k in range(K):
            x = a[i, k]
            for j in range(N):
                c[i, j] += x * panel[k, j]
