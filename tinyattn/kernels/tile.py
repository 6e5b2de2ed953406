"""The innermost parts of the matrix product: a tile of C that stays in registers while A and B stream past it, and
how a square of numbers is copied to where they lie side by side.

`multiply_tile` and `copy_square` are plain loops, and in their place Numba gets the same thing as LLVM instructions
written down here one by one: LLVM's own vectoriser does not find the form with 28 running sums, which is several
times as fast, nor does it see that rows lie side by side. CPUs without AVX2 keep the plain loops. What is emitted goes
around Numba's bounds checks, so nothing outside the arrays is ever touched: rows beyond A's last are read from the
last again, and what they give is not stored.

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


def emit_tile() -> Any:
    """What Numba compiles in place of the plain loop, or None on a CPU without the registers for it."""
    if registers() is PLAIN:
        return None
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    of_cpu = registers()

    def tile(typing_context, a, panel, plus, c, add):
        def generate(context, build, signature, arguments):
            arrays = zip(signature.args[:4], arguments)
            A, B, D, C = (context.make_array(kind)(context, build, x) for kind, x in arrays)
            (M, K), N = cgutils.unpack_tuple(build, A.shape), cgutils.unpack_tuple(build, C.shape)[1]
            (a_row, a_column), (d_row, _), (c_row, _) = (cgutils.unpack_tuple(build, x.strides) for x in (A, D, C))
            one_row = build.icmp_signed("==", cgutils.unpack_tuple(build, D.shape)[0], M.type(1))
            d_row = build.select(one_row, d_row.type(0), d_row)
            everything = [A.data, a_row, a_column, B.data, D.data, d_row, C.data, c_row, M, N, K, arguments[4]]
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

        return types.void(a, panel, plus, c, add), generate

    emitted: Any = intrinsic(tile)
    return lambda a, panel, plus, c, add: emitted(a, panel, plus, c, add)


def tile_function(module: Any, argument_types: list[Any], rows: int, register: int) -> Any:
    """The LLVM function for tiles of up to `rows` rows, made once a module; `register` is a register's bytes.

    Its arguments: A's address, and bytes from row to row and from column to column; B's address; that of what is to
    be added, and bytes from row to row; the same of C; M, N, K; whether to add.
    """
    from llvmlite import ir

    element = argument_types[0].pointee
    name = f"tinyattn.tile.{element}.{rows}"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), argument_types), name)
    function.linkage = "linkonce_odr"  # several kernels may bring it along, they share one
    A, a_row, a_column, B, D, d_row, C, c_row, M, N, K, add = function.args
    integer, bit, lane_index = K.type, ir.IntType(1), ir.IntType(32)
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
    prefetch = intrinsic_function(module, "llvm.prefetch.p0", ir.VoidType(),
                                  [ir.IntType(8).as_pointer(), *[lane_index] * 3])
    entry, loop, done = (function.append_basic_block(name) for name in ("entry", "k", "done"))

    build = ir.IRBuilder(entry)

    # entry: where each row of A begins, and which lanes are columns of C
    last = build.sub(M, integer(1))
    row = [build.select(build.icmp_signed("<", integer(i), M), integer(i), last) for i in range(rows)]
    row_of_a = [move(build, A, build.mul(r, a_row), element) for r in row]
    columns = spread(build, build.trunc(N, lane_index), ir.VectorType(lane_index, lanes))
    numbers = [ir.Constant(columns.type, [j * lanes + lane for lane in range(lanes)]) for j in (0, 1)]
    inside = [build.icmp_signed("<", numbers[j], columns) for j in (0, 1)]
    for r in row:  # the tile of C is wanted only at the end: until then there is time to bring it from memory
        for j in (0, 1):
            place = move(build, C, build.add(build.mul(r, c_row), integer(j * register)), ir.IntType(8))
            build.call(prefetch, [place, *map(lane_index, (1, 3, 1))])  # to write, to keep, data
    build.cbranch(build.icmp_signed(">", K, integer(0)), loop, done)

    # k: sums[i][j] += a[i, k] * panel[k, j]
    build.position_at_end(loop)
    k = build.phi(integer)
    sums = [[build.phi(vector) for _ in (0, 1)] for _ in range(rows)]
    b_row = build.mul(k, integer(2 * register))
    b = [build.load(move(build, B, build.add(b_row, integer(j * register)), vector)) for j in (0, 1)]
    for x in b:
        x.align = item
    offset = build.mul(k, a_column)
    products = []
    for i in range(rows):
        x = spread(build, build.load(move(build, row_of_a[i], offset, element)), vector)
        products.append([build.call(fma, [x, b[j], sums[i][j]]) for j in (0, 1)])
    k_next = build.add(k, integer(1))
    for phi, new in [(k, k_next), *((sums[i][j], products[i][j]) for i in range(rows) for j in (0, 1))]:
        phi.add_incoming(integer(0) if phi is k else zero, entry)
        phi.add_incoming(new, loop)
    build.cbranch(build.icmp_signed("<", k_next, K), loop, done)

    # done: c[i, j] = sums, or plus[i, j] + sums
    build.position_at_end(done)
    totals = [[build.phi(vector) for _ in (0, 1)] for _ in range(rows)]
    for i in range(rows):
        for j in (0, 1):
            totals[i][j].add_incoming(zero, entry)
            totals[i][j].add_incoming(products[i][j], loop)
    whole, edge = function.append_basic_block("whole"), function.append_basic_block("edge")
    build.cbranch(build.and_(build.icmp_signed("==", M, integer(rows)), build.icmp_signed("==", N, integer(2 * lanes))),
                  whole, edge)
    for block in (whole, edge):  # in AVX2 a store with a mask takes many times as long as one without
        build.position_at_end(block)
        for i in range(rows):
            exists = build.icmp_signed("<", integer(i), M)
            for j in (0, 1):
                start, place = (move(build, X, build.add(build.mul(row[i], x_row), integer(j * register)), vector)
                                for X, x_row in ((D, d_row), (C, c_row)))
                if block is whole:
                    old = build.select(add, build.load(start, align=item), zero)
                    build.store(build.fadd(old, totals[i][j]), place, align=item)
                else:
                    there = build.select(exists, inside[j], nowhere)
                    old = build.call(load, [start, lane_index(item), build.select(add, there, nowhere), zero])
                    build.call(store, [build.fadd(old, totals[i][j]), place, lane_index(item), there])
        build.ret_void()
    return function


@kernel(emitted=emit_tile, any_strides=True)
def multiply_tile(a, panel, plus, c, add):
    """C (M, N) = A (M, K) @ panel (K, width), or `plus` + A @ panel where `add`.

    M is at most a tile's rows. The panel's columns from N on are zeros. plus is (M, N), it may be C itself, or (1, N)
    for all rows alike.
    """
    (M, K), N = a.shape, c.shape[1]
    for i in range(M):
        for j in range(N):
            c[i, j] = plus[min(i, plus.shape[0] - 1), j] if add else 0
        for k in range(K):
            x = a[i, k]
            for j in range(N):
                c[i, j] += x * panel[k, j]


def emit_size() -> Any:
    if registers() is PLAIN:
        return None
    size = registers().rows[-1], 2 * registers().bytes
    return lambda: size


@kernel(emitted=emit_size)
def tile_size():
    """Of a tile: its rows, at most (the plain loop would take any number), and how many bytes wide it is."""
    return 4, 128


def emit_copy() -> Any:
    """What Numba compiles in place of the plain loop, or None on a CPU without the registers for it."""
    if registers() is PLAIN:
        return None
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    register = registers().bytes

    def copy(typing_context, to, block, transposed):
        def generate(context, build, signature, arguments):
            arrays = zip(signature.args[:2], arguments)
            Y, X = (context.make_array(kind)(context, build, x) for kind, x in arrays)
            (y_row, _), (x_row, _) = (cgutils.unpack_tuple(build, x.strides) for x in (Y, X))
            everything = [Y.data, y_row, X.data, x_row, *cgutils.unpack_tuple(build, X.shape), arguments[2]]
            build.call(copy_function(build.module, [x.type for x in everything], register), everything)
            return context.get_dummy_value()

        return types.void(to, block, transposed), generate

    emitted: Any = intrinsic(copy)
    return lambda to, block, transposed: emitted(to, block, transposed)


def copy_function(module: Any, argument_types: list[Any], register: int) -> Any:
    """The LLVM function that copies a square, made once a module; `register` is a register's bytes.

    Its arguments: the copy's address, and bytes from row to row; the same of the original; its rows and columns;
    whether to transpose.
    """
    from llvmlite import ir

    element = argument_types[0].pointee
    name = f"tinyattn.copy.{element}"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), argument_types), name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")  # compiled once, not once for each call
    Y, y_row, X, x_row, rows, columns, transposed = function.args
    item = {"float": 4, "double": 8}[str(element)]
    n = register // item
    integer, lane_index = rows.type, ir.IntType(32)
    vector, mask = ir.VectorType(element, n), ir.VectorType(ir.IntType(1), n)
    zero, nowhere = ir.Constant(vector, [0.0] * n), ir.Constant(mask, [0] * n)
    load = intrinsic_function(module, f"llvm.masked.load.v{n}f{8 * item}.p0", vector,
                              [vector.as_pointer(), lane_index, mask, vector])
    entry, turn, straight = (function.append_basic_block(name) for name in ("entry", "turn", "straight"))

    build = ir.IRBuilder(entry)
    numbers = ir.Constant(ir.VectorType(lane_index, n), list(range(n)))
    inside = build.icmp_signed("<", numbers, spread(build, build.trunc(columns, lane_index), numbers.type))
    row = []
    for i in range(n):  # what is outside the original is 0
        there = build.select(build.icmp_signed("<", integer(i), rows), inside, nowhere)
        start = move(build, X, build.mul(integer(i), x_row), vector)
        row.append(build.call(load, [start, lane_index(item), there, zero]))
    build.cbranch(transposed, turn, straight)

    def store_rows() -> None:
        for i in range(n):
            build.store(row[i], move(build, Y, build.mul(integer(i), y_row), vector), align=item)
        build.ret_void()

    build.position_at_end(straight)
    store_rows()
    # Rows i and i + n/2, interleaved, become rows 2i and 2i + 1. Of a number's place, its row and then its column in
    # bits, that is a rotation by one bit. So after log2 n of them row and column have changed places.
    build.position_at_end(turn)
    first, second = (ir.Constant(numbers.type, [x for j in range(start, start + n // 2) for x in (j, n + j)])
                     for start in (0, n // 2))
    for _ in range(n.bit_length() - 1):
        row = [build.shuffle_vector(row[i], row[i + n // 2], half) for i in range(n // 2) for half in (first, second)]
    store_rows()
    return function


@kernel(emitted=emit_copy, any_strides=True)
def copy_square(to, block, transposed):
    """to (n, n) = block, or its transpose, filled up with zeros; block has at most n rows and columns.

    n: half a panel's width. Columns lie side by side, in both.
    """
    for i in range(to.shape[0]):
        for j in range(to.shape[1]):
            y, x = (j, i) if transposed else (i, j)
            to[i, j] = block[y, x] if y < block.shape[0] and x < block.shape[1] else 0


def move(build: Any, pointer: Any, offset: Any, kind: Any) -> Any:
    """pointer + offset bytes, as a pointer to `kind`"""
    from llvmlite import ir

    moved = build.gep(build.bitcast(pointer, ir.IntType(8).as_pointer()), [offset])
    return build.bitcast(moved, kind.as_pointer())


def spread(build: Any, x: Any, kind: Any) -> Any:
    """A vector with x in every lane"""
    from llvmlite import ir

    lane_index, unknown = ir.IntType(32), ir.Constant(kind, ir.Undefined)
    first = build.insert_element(unknown, x, lane_index(0))
    return build.shuffle_vector(first, unknown, ir.Constant(ir.VectorType(lane_index, kind.count), [0] * kind.count))


def intrinsic_function(module: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """One of LLVM's own functions, declared once a module."""
    from llvmlite import ir

    return module.globals.get(name) or ir.Function(module, ir.FunctionType(result, arguments), name)
