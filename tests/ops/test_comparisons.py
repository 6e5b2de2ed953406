"""Comparisons and logic where the samples do not go: one answer for all elements, other dtypes, Python's operators."""

import math

import numpy as np
import pytest

import tinyattn as ta

INF, NAN = math.inf, math.nan


def test_allclose_is_one_python_bool():
    x = ta.tensor([1.0, 2.0])
    assert ta.allclose(x, x + 1e-7) is True and x.allclose(x + 1e-4) is False
    assert x.allclose(x * 1.09, rtol=0.1) and x.allclose(x + 0.09, 0, 0.1) and not x.allclose(x + 0.11, rtol=0, atol=0.1)
    assert not ta.allclose(ta.tensor([0.0]), ta.tensor([1e-7])) and ta.allclose(ta.tensor([0.0]), ta.tensor([1e-9]))
    assert ta.allclose(ta.ones(2, 1), ta.ones(3)) and ta.allclose(ta.ones(0), ta.ones(0))
    with pytest.raises(ValueError, match="isclose: rtol and atol must not be below 0, got -1 and 1e-08"):
        x.allclose(x, rtol=-1)


def test_allclose_of_what_is_not_finite():
    nan, inf = ta.tensor([NAN]), ta.tensor([INF])
    assert not nan.allclose(nan) and nan.allclose(nan, equal_nan=True)
    assert inf.allclose(inf) and not inf.allclose(-inf) and not ta.tensor([1.0]).allclose(inf)


def test_equal_asks_for_shape_and_elements():
    x = ta.tensor([1.0, 2.0])
    assert ta.equal(x, ta.tensor([1, 2])) is True and x.equal(x + 1) is False
    assert not ta.equal(x, ta.tensor([[1.0, 2.0]])) and not ta.equal(ta.tensor([NAN]), ta.tensor([NAN]))


def test_what_is_no_number_equals_no_tensor():
    x = ta.tensor([1.0])
    for other in (None, "a", [1.0]):
        assert (x == other) is False and (other == x) is False and (x != other) is True
        with pytest.raises(TypeError, match="'<' not supported"):
            assert x < other
    with pytest.raises(TypeError, match="eq: wanted tensors, arrays or numbers, got NoneType"):
        ta.eq(x, None)


def test_comparisons_are_made_in_the_common_dtype():
    x = ta.tensor([0.1])
    assert (x == 0.1).item() and (x == ta.tensor(0.1, dtype=ta.float64)).item() and (x == np.float64(0.1)).item()
    assert not (x == ta.tensor([0.1], dtype=ta.float64)).item()
    assert (ta.tensor([2**24 + 1]) == 2.0**24).item()  # float32 cannot tell them apart


def test_comparisons_by_name_and_by_operator():
    x, y = ta.tensor([1, 2, 3]), ta.tensor([2, 2, 2])
    for name, answers in {"eq": [0, 1, 0], "ne": [1, 0, 1], "lt": [1, 0, 0], "le": [1, 1, 0], "gt": [0, 0, 1],
                          "ge": [0, 1, 1]}.items():  # fmt: skip
        for found in (getattr(ta, name)(x, y), getattr(x, name)(other=2), getattr(x, f"__{name}__")(y)):
            assert found.dtype == ta.bool and found.tolist() == answers
    assert (2 > x).tolist() == (x < 2).tolist() == (y.numpy() > x).tolist() == [True, False, False]


def test_logic_asks_for_zeros_and_operators_for_bits():
    a, b = ta.tensor([True, True, False]), ta.tensor([True, False, False])
    assert [(a & b).tolist(), (a | b).tolist(), (a ^ b).tolist(), (~a).tolist()] == [
        [True, False, False], [True, True, False], [False, True, False], [False, False, True]]  # fmt: skip
    assert (True & a).tolist() == [True, True, False] and (a.numpy() | b).tolist() == [True, True, False]
    n = ta.tensor([6, 5, 0])
    assert [(n & 3).tolist(), (n | 8).tolist(), (1 ^ n).tolist(), (~n).tolist()] == [
        [2, 1, 0], [14, 13, 8], [7, 4, 1], [-7, -6, -1]]  # fmt: skip
    assert ta.logical_and(n, ta.tensor([1.0, 0.0, NAN])).tolist() == [True, False, False]
    assert n.logical_or(a).tolist() == [True, True, False] and n.logical_xor(n).tolist() == [False] * 3
    assert n.logical_not().tolist() == [False, False, True] and ta.bitwise_and(n, n).tolist() == [6, 5, 0]
    a &= b
    n |= 1
    assert a.tolist() == [True, False, False] and n.tolist() == [7, 5, 1]


def test_what_is_not_a_number():
    x = ta.tensor([NAN, 1.0, -INF])
    assert [x.isnan().tolist(), x.isinf().tolist(), x.isfinite().tolist()] == [
        [True, False, False], [False, False, True], [False, True, False]]  # fmt: skip
    for x in (ta.tensor([1, 2]), ta.tensor([True, False])):
        assert not x.isnan().any() and not x.isinf().any() and x.isfinite().all()
