"""Activations where the samples do not go: kinks, saturation, kernels and their twins."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad
from tinyattn.nn import functional as F

INF, NAN = math.inf, math.nan


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def gradient(function, *values):
    x = leaf(*values)
    return grad(function(x).sum(), x)[0].tolist()


def test_gradient_of_relu_at_its_kink():
    assert gradient(ta.relu, -1.0, -0.0, 0.0, 1.0) == [0, 0, 0, 1]


def test_saturation_gives_no_overflow_and_no_nan():
    x = leaf(-800.0, 0.0, 800.0, -INF, INF)
    assert ta.sigmoid(x).tolist() == [0, 0.5, 1, 0, 1] and ta.tanh(x).tolist() == [-1, 0, 1, -1, 1]
    assert F.softplus(x).tolist() == pytest.approx([0, math.log(2), 800, 0, INF])
    assert gradient(ta.sigmoid, -800.0, 800.0, -INF, INF) == [0, 0, 0, 0]
    assert gradient(F.softplus, -800.0, 800.0) == [0, 1]
    assert ta.sigmoid(leaf(-200.0, 200.0, dtype=ta.float32)).tolist() == [0, 1]


def test_what_is_nearly_zero_keeps_its_digits():
    assert ta.sigmoid(leaf(-40.0)).item() == pytest.approx(math.exp(-40), rel=1e-14)
    assert F.softplus(leaf(-40.0)).item() == pytest.approx(math.exp(-40), rel=1e-14)


def test_softplus_is_straight_above_its_threshold():
    assert F.softplus(leaf(20.0, 20.1)).tolist() == [math.log1p(math.exp(20)), 20.1]
    assert F.softplus(leaf(1.0, 1.1), 2, 2).tolist() == pytest.approx([math.log1p(math.exp(2)) / 2, 1.1])
    assert gradient(lambda x: F.softplus(x, beta=2, threshold=2), 1.1) == [1]


def test_what_is_not_a_number_stays_so():
    for function in (ta.tanh, ta.sigmoid, ta.relu, ta.erf, F.softplus, F.gelu):
        assert function(ta.tensor([NAN])).isnan().item()


def test_erf_and_its_twin():
    x = np.linspace(-6, 6, 101)
    for dtype, rtol in ((np.float64, 1e-15), (np.float32, 1e-6)):
        y = ta.erf(ta.tensor(x.astype(dtype)))
        with ta.kernels("numpy"):
            twin = ta.erf(ta.tensor(x.astype(dtype)))
        assert y.dtype == twin.dtype == dtype
        np.testing.assert_allclose(y, twin, rtol=rtol)
        np.testing.assert_allclose(y, [math.erf(v) for v in x], rtol=rtol)


def test_gelu_far_out_is_relu_and_in_between_its_forms_are_near():
    x = ta.tensor(np.linspace(-5, 5, 101))
    assert 1e-5 < (F.gelu(x) - F.gelu(x, approximate="tanh")).abs().max().item() < 1e-3
    far = ta.tensor([-50.0, 50.0])
    assert F.gelu(far).tolist() == F.gelu(far, "tanh").tolist() == [0, 50]
    assert ta.gelu(ta.tensor([1.0], dtype=ta.float32)).dtype == ta.float32
