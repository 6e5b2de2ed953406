"""Elementwise ops where the samples do not go: kinks, powers of 0, the ends of floating point, broadcasting."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad, gradgradcheck


def leaf(*values):
    return ta.tensor(values, dtype=ta.float64, requires_grad=True)


def gradient(function, *values):
    x = leaf(*values)
    y = function(x)
    return grad(y, x, ta.ones_like(y))[0].tolist()


def test_gradients_at_kinks():
    assert gradient(ta.abs, -1.0, 0.0, 1.0) == [-1, 0, 1]
    assert gradient(ta.sign, -1.0, 0.0, 1.0) == [0, 0, 0]


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
    assert gradient(lambda b: ta.tensor([2, 3]) ** b, 1.0, 2.0) == pytest.approx([2 * math.log(2), 9 * math.log(3)])


def test_powers_by_the_names_of_arguments():
    assert ta.pow(input=ta.tensor([3]), exponent=2).tolist() == ta.tensor([3]).pow(exponent=2).tolist() == [9]
    assert (2 ** ta.tensor([3, 0])).tolist() == [8, 1]


def test_near_zero_nothing_is_lost():
    assert ta.expm1(ta.tensor([1e-20])).item() == ta.log1p(ta.tensor([1e-20])).item() == pytest.approx(1e-20)


def test_poles_are_silent_and_infinite():
    zero = ta.zeros(1)
    assert [y.item() for y in (1 / zero, zero.rsqrt(), zero**-1, zero.log(), ta.log1p(zero - 1))] == [
        math.inf, math.inf, math.inf, -math.inf, -math.inf]  # fmt: skip
    assert [y.item() for y in (ta.exp(zero + 1000), ta.expm1(zero + 1000), ta.exp(zero - 1000))] == [math.inf, math.inf, 0]
    minus = zero - 1
    for y in (zero / zero, minus.log(), minus.sqrt(), minus.rsqrt(), minus**0.5, ta.sin(1 / zero), ta.cos(1 / zero)):
        assert y.isnan().item()


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


def test_signs_of_bools_and_fractions_of_integers_are_refused():
    a = ta.tensor([True])
    for call in (lambda: -a, lambda: a - a, lambda: a.sign()):
        with pytest.raises(TypeError, match="boolean"):
            call()
    with pytest.raises(ValueError, match="pow: Integers to negative integer powers"):
        ta.tensor([2]) ** -1


def test_results_do_not_share_memory_with_inputs():
    x = ta.ones(3)
    for y in (x + 0, x * 1, x**1, x.abs(), x.relu(), x.clamp(0, 2), x.masked_fill(x > 5, 0.0), ta.where(x > 0, x, x),
              ta.maximum(x, x)):  # fmt: skip
        assert not np.shares_memory(x.array, y.array)


def test_aliases():
    x = ta.tensor([-3.0, 4.0])
    assert ta.absolute(x).tolist() == x.absolute().tolist() == [3, 4]
    assert ta.clip(x, 0, 1).tolist() == x.clip(0, 1).tolist() == [0, 1]
    assert ta.multiply(x, 2).tolist() == ta.subtract(x, -x).tolist() == [-6, 8]
    assert ta.divide(x, 2).tolist() == [-1.5, 2] and ta.negative(x).tolist() == [3, -4]
