"""Elementwise ops where the samples do not go: mixed dtypes, kinks, infinities, the ends of floating point."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad, gradgradcheck
from tinyattn.ops import activations

INF, NAN = math.inf, math.nan


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def gradient(function, *values):
    x = leaf(*values)
    y = function(x)
    return grad(y, x, ta.ones_like(y))[0].tolist()


# --- dtypes -------------------------------------------------------------

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
    ):
        with pytest.raises(TypeError):
            call()


# --- kinks --------------------------------------------------------------


def test_gradients_at_kinks():
    assert gradient(ta.relu, -1.0, 0.0, 1.0) == [0, 0, 1]
    assert gradient(ta.abs, -1.0, 0.0, 1.0) == [-1, 0, 1]
    assert gradient(ta.sign, -1.0, 0.0, 1.0) == [0, 0, 0]
    assert gradient(lambda x: x.clamp(-1, 1), -2.0, -1.0, 0.0, 1.0, 2.0) == [0, 1, 1, 1, 0]
    assert gradient(lambda x: ta.maximum(x, 1.0), 0.0, 1.0, 2.0) == [0, 0.5, 1]
    assert gradient(lambda x: ta.minimum(1.0, x), 0.0, 1.0, 2.0) == [1, 0.5, 0]
    assert gradient(lambda x: ta.maximum(x, x), 0.0, 1.0) == [1, 1]
    assert gradient(lambda x: ta.maximum(x, ta.tensor([-INF, INF, 0.0])), -INF, INF, INF) == [0.5, 0.5, 1]


KINKS = {
    "relu": lambda t, x: t.relu(x),
    "abs": lambda t, x: t.abs(x),
    "sign": lambda t, x: t.sign(x),
    "clamp": lambda t, x: t.clamp(x, -1, 1),
    "clamp the wrong way round": lambda t, x: t.clamp(x, 1, -1),
    "maximum": lambda t, x: t.maximum(x, t.tensor([1.0, -INF, 0.0, 0.0, 1.0])),
    "minimum": lambda t, x: t.minimum(x, t.tensor([1.0, -INF, 0.0, 0.0, 1.0])),
    "square": lambda t, x: x**2,
    "first power": lambda t, x: x**1,
    "nothing's power": lambda t, x: x**0,
}


@pytest.mark.parametrize("call", KINKS.values(), ids=KINKS)
def test_kinks_as_in_pytorch(call):
    torch = pytest.importorskip("torch")
    values = [-1.0, -INF, 0.0, -0.0, 1.0] if call not in (KINKS["square"],) else [-1.0, 0.0, -0.0, 1.0]
    theirs = torch.tensor(values, requires_grad=True)
    wanted = call(torch, theirs)
    wanted.sum().backward()
    ours = leaf(*values, dtype=ta.float32)
    y = call(ta, ours)
    y.sum().backward()
    np.testing.assert_array_equal(y.detach(), wanted.detach().numpy())
    np.testing.assert_array_equal(ours.grad, theirs.grad.numpy())


def test_powers_of_zero_to_the_third_derivative():
    for power, derivatives in ((0, [0, 0, 0]), (1, [1, 0, 0]), (2, [0, 2, 0]), (3, [0, 0, 6]), (2.0, [0, 2, 0])):
        x = leaf(0.0)
        y = x**power
        for wanted in derivatives:
            (y,) = grad(y.sum(), x, create_graph=True)
            assert y.item() == wanted, (power, derivatives)


def test_derivatives_by_the_exponent():
    a, b = leaf(0.0, 0.0, 2.0, 2.0, 1.0), leaf(0.0, 2.0, 0.0, -1.0, 5.0)
    da, db = grad((a**b).sum(), [a, b])
    np.testing.assert_allclose(da, [0, 0, 0, -0.25, 5])
    np.testing.assert_allclose(db, [0, 0, math.log(2), 0.5 * math.log(2), 0])
    assert gradgradcheck(lambda a, b: a**b, (leaf(0.5, 2.0), leaf(0.0, 1.5)))  # mixed: d(b aᵇ⁻¹)/db is 1/a at b = 0
    assert gradient(lambda x: (-2.0 * x) ** 3, 1.0) == [-24]


# --- the ends of floating point -----------------------------------------


def test_near_zero_nothing_is_lost():
    assert ta.expm1(ta.tensor([1e-20])).item() == pytest.approx(1e-20) and ta.log1p(
        ta.tensor([1e-20])
    ).item() == pytest.approx(1e-20)


def test_saturation_gives_no_overflow_and_no_nan():
    x = leaf(-800.0, 0.0, 800.0, -INF, INF)
    assert ta.sigmoid(x).tolist() == [0, 0.5, 1, 0, 1] and ta.tanh(x).tolist() == [-1, 0, 1, -1, 1]
    assert activations.softplus(x).tolist() == [0, math.log(2), 800, 0, INF]
    assert gradient(ta.sigmoid, -800.0, 800.0, -INF, INF) == [0, 0, 0, 0]
    assert gradient(activations.softplus, -800.0, 800.0) == [0, 1]
    assert ta.sigmoid(leaf(-200.0, 200.0, dtype=ta.float32)).tolist() == [0, 1]


def test_what_is_not_a_number_stays_so():
    x = ta.tensor([NAN, 1.0, INF])
    assert x.isnan().tolist() == [True, False, False] and x.isinf().tolist() == [False, False, True]
    assert (-x).isinf().tolist() == [False, False, True]
    assert ta.tensor([1, 2]).isnan().tolist() == [False, False]
    for y in (
        ta.relu(x),
        ta.maximum(x, 0.0),
        ta.minimum(0.0, x),
        x.clamp(0.0, 5.0),
        x.abs(),
        x * 0.5,
        activations.softplus(x),
    ):
        assert y.isnan().tolist()[0]
    assert (x == x).tolist() == [False, True, True] and (x != x).tolist()[0] and not (x < 5).tolist()[0]


def test_where_keeps_what_it_did_not_choose_out_of_value_and_gradient():
    x = leaf(1.0, 2.0)
    y = ta.where(ta.tensor([True, False]), x, ta.tensor([NAN, 7.0], dtype=ta.float64))
    y.sum().backward()
    assert y.tolist() == [1, 7] and x.grad.tolist() == [1, 0]
    x.grad = None
    masked = x.masked_fill(ta.tensor([False, True]), -INF)
    masked.exp().sum().backward()
    assert masked.tolist() == [1, -INF] and x.grad.tolist() == [math.e, 0]


# --- broadcasting, operators --------------------------------------------


def test_a_broadcast_input_gets_the_sum_of_its_parts():
    for shape in ((), (1,), (3,), (1, 3), (2, 1), (2, 1, 1), (1, 1, 1, 1)):
        b = ta.ones(shape, dtype=ta.float64, requires_grad=True)
        a = ta.tensor(np.arange(6.0).reshape(2, 1, 3), requires_grad=True)
        (a * b * ta.ones(2, 2, 3, dtype=ta.float64)).sum().backward()
        full = np.broadcast_shapes((2, 2, 3), shape)
        np.testing.assert_allclose(a.grad, np.full((2, 1, 3), math.prod(full) / 6))
        assert b.grad.shape == shape and b.grad.sum().item() == a.array.sum() * math.prod(full) / 6
    x = ta.ones(0, 3, requires_grad=True)
    bias = ta.ones(3, requires_grad=True)
    (x + bias).sum().backward()
    assert bias.grad.tolist() == [0, 0, 0] and x.grad.shape == (0, 3)


def test_logic_and_its_operators():
    a, b = ta.tensor([True, True, False]), ta.tensor([True, False, False])
    assert [(a & b).tolist(), (a | b).tolist(), (~a).tolist()] == [
        [True, False, False],
        [True, True, False],
        [False, False, True],
    ]
    assert (True & a).tolist() == [True, True, False] and (a.numpy() | b).tolist() == [True, True, False]
    n = ta.tensor([6, 5])
    assert [(n & 3).tolist(), (n | 8).tolist(), (~n).tolist()] == [[2, 1], [14, 13], [-7, -6]]
    with pytest.raises(TypeError):
        ta.tensor([1.0]) & a


def test_signs_of_bools_are_refused():
    a = ta.tensor([True])
    for call in (lambda: -a, lambda: a - a):
        with pytest.raises(TypeError, match="boolean"):
            call()
    with pytest.raises(ValueError, match="Integers to negative integer powers"):
        ta.tensor([2]) ** -1


def test_results_do_not_share_memory_with_inputs():
    x = ta.ones(3)
    for y in (
        x + 0,
        x * 1,
        x.abs(),
        x.relu(),
        x.clamp(0, 2),
        ta.where(x > 0, x, x),
        ta.maximum(x, x),
        x.masked_fill(x > 5, 0.0),
    ):
        assert not np.shares_memory(x.array, y.array)
