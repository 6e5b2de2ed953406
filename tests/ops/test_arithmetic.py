"""Arithmetic with options where the samples do not go: integers, and Python's operators."""

import itertools
import math

import pytest

import tinyattn as ta


def test_alpha_is_a_factor_in_the_common_dtype():
    a, b = ta.tensor([1.0, 2.0], dtype=ta.float64), ta.tensor([10, 20])
    assert ta.add(a, b, alpha=0.1).tolist() == [1 + 0.1 * 10, 2 + 0.1 * 20]  # 0.1 in float32 would be another number
    assert ta.add(b, b, alpha=2).tolist() == [30, 60] and ta.add(b, b, alpha=2).dtype == ta.int64
    assert a.sub(other=b, alpha=2).tolist() == [-19, -38]
    assert ta.add(input=a, other=1).tolist() == [2, 3]


def test_whole_quotients_of_integers():
    numbers = [-7, -6, -1, 0, 1, 6, 7, 2**62 + 1]
    divisors = [-3, -1, 1, 2, 3]
    a, b = ta.tensor(numbers)[:, None], ta.tensor(divisors)
    pairs = list(itertools.product(numbers, divisors))
    for found, wanted in (
        (a // b, [m // n for m, n in pairs]),
        (a % b, [m % n for m, n in pairs]),
        (ta.div(a, b, rounding_mode="floor"), [m // n for m, n in pairs]),
        (ta.div(a, b, rounding_mode="trunc"), [abs(m) // abs(n) * (1 if m * n > 0 else -1) for m, n in pairs]),
    ):
        assert found.dtype == ta.int64 and found.flatten().tolist() == wanted


def test_operators_with_numbers():
    x = ta.tensor([7.5, -7.5])
    assert [(x // 2).tolist(), (x % 2).tolist(), (x % -2).tolist()] == [[3, -4], [1.5, 0.5], [-0.5, -1.5]]
    assert (7 // ta.tensor([2])).tolist() == [3] and (7.5 % ta.tensor([2])).tolist() == [1.5]
    assert (ta.tensor([7]) // 2.0).dtype == ta.float32
    with ta.no_grad():
        x //= 2
        x %= 3
    assert x.tolist() == [0, 2]


def test_a_record_shows_the_op_and_the_users_line():
    x = ta.ones(2)
    with ta.record() as record:
        ta.add(x, 1), x.sub(1), ta.div(x, 2)
    assert [(call.op, call.formula, call.source) for call in record.calls] == [
        ("add", "y = a + b", None), ("sub", "y = a − b", None), ("div", "y = a / b", None)]  # fmt: skip


def test_division_by_zero():
    zero = ta.tensor([0])
    for call in (lambda: ta.tensor([1]) // zero, lambda: 1 % zero, lambda: ta.div(zero, 0, rounding_mode="trunc")):
        with pytest.raises(ZeroDivisionError, match=r"integers cannot be divided by 0: use .float\(\)"):
            call()
    assert (ta.tensor([1]) / zero).tolist() == (1.0 // zero).tolist() == [math.inf]
    assert (ta.tensor([1.0]) % zero).isnan().tolist() == [True]
