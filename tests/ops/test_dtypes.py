"""Which dtype comes out where inputs differ: PyTorch's rules, held to PyTorch itself."""

import numpy as np
import pytest

import tinyattn as ta

# b1 bool, i8 int64, f4 float32, f8 float64; () a single number as a tensor, without dimensions
PROMOTED = """
        b1  i8  f4  f8  b1()  i8()  f4()  f8()  True  2   2.5
b1      b1  i8  f4  f8  b1    i8    f4    f8    b1    i8  f4
i8      i8  i8  f4  f8  i8    i8    f4    f8    i8    i8  f4
f4      f4  f4  f4  f8  f4    f4    f4    f4    f4    f4  f4
f8      f8  f8  f8  f8  f8    f8    f8    f8    f8    f8  f8
b1()    b1  i8  f4  f8  b1    i8    f4    f8    b1    i8  f4
i8()    i8  i8  f4  f8  i8    i8    f4    f8    i8    i8  f4
f4()    f4  f4  f4  f8  f4    f4    f4    f8    f4    f4  f4
f8()    f8  f8  f4  f8  f8    f8    f8    f8    f8    f8  f8
"""
COLUMNS, *ROWS = [line.split() for line in PROMOTED.strip().splitlines()]
TABLE = [(row[0], column, wanted) for row in ROWS for column, wanted in zip(COLUMNS, row[1:])]
NUMBERS = {"True": True, "2": 2, "2.5": 2.5}


def operand(name, tensor):
    if name in NUMBERS:
        return NUMBERS[name]
    return tensor(np.ones((), name[:2]) if name.endswith("()") else np.ones(3, name))


def results(t, a, b):
    """name, and dtype as text, of everything that brings two operands to a common dtype"""
    x, y = operand(a, t.tensor), operand(b, t.tensor)
    calls = {
        "add": t.add,
        "mul": t.mul,
        "div": t.div,
        "where": lambda a, b: t.where(t.tensor([True, False, True]), a, b),
    }
    if not {a, b} & {"b1", "b1()", "True"}:  # PyTorch subtracts no bools
        calls["sub"] = t.sub
    if b not in NUMBERS:
        calls |= {"maximum": t.maximum, "minimum": t.minimum}
        if not (a + b).count("("):
            calls["cat"] = lambda a, b: t.cat([a, b])
    for name, call in calls.items():
        yield name, str(call(x, y).dtype).removeprefix("torch.")


def expected(name, wanted):
    return np.dtype("f4" if name == "div" and wanted in ("b1", "i8") else wanted).name


@pytest.mark.parametrize("a, b, wanted", TABLE)
def test_common_dtype(a, b, wanted):
    for name, dtype in results(ta, a, b):
        assert dtype == expected(name, wanted), name


@pytest.mark.parametrize("a, b, wanted", TABLE)
def test_common_dtype_as_in_pytorch(a, b, wanted):
    torch = pytest.importorskip("torch")
    for name, dtype in results(torch, a, b):
        assert dtype == expected(name, wanted), name


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2)], ids=repr)
def test_numbers_of_numpy_are_like_pythons(number):
    x = ta.ones(3)
    for y in (x + number, x / number, x**number, ta.maximum(x, number), x.clamp(max=number)):
        assert y.dtype == ta.float32
    assert (ta.ones(3, dtype=ta.int64) * np.float64(0.5)).dtype == ta.float32
    assert (ta.ones(3, dtype=ta.float64) * np.float32(0.5)).dtype == ta.float64


def test_integers_become_float32_where_fractions_come_out():
    for x in (ta.tensor([1, 2]), ta.tensor([True]), ta.tensor(1), ta.tensor(np.ones(2, np.int8))):
        for name in "exp expm1 log log1p sqrt rsqrt sin cos tanh sigmoid".split():
            y = getattr(ta, name)(x)
            assert y.dtype == ta.float32, name
        assert (x / 2).dtype == (1 / x).dtype == (x / x).dtype == ta.float32
    x = ta.tensor([-3, 4])
    assert [(-x).tolist(), x.abs().tolist(), x.relu().tolist(), x.sign().tolist()] == [[3, -4], [3, 4], [0, 4], [-1, 1]]
    assert {(-x).dtype, x.abs().dtype, x.relu().dtype, x.sign().dtype, (x * 2).dtype, (x**2).dtype} == {ta.int64}
    assert x.clamp(0, 3).dtype == ta.int64 and x.clamp(0.5).dtype == ta.float32 and x.clamp(-3.5).tolist() == [-3, 4]
    assert x.masked_fill(x > 0, 7).tolist() == [-3, 7]


@pytest.mark.parametrize("wrong", ["1", None, [1.0], np.array(["a"]), 1j], ids=repr)
def test_what_is_no_number_is_refused(wrong):
    for call in (
        lambda: ta.tensor([1.0]) + wrong,
        lambda: wrong * ta.tensor([1.0]),
        lambda: ta.maximum(ta.tensor([1]), wrong),
        lambda: ta.maximum(wrong, wrong),
    ):
        with pytest.raises(TypeError, match="wanted tensors, arrays or numbers"):
            call()
