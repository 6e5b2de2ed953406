"""exp, tanh, sigmoid and largest against 80-bit numbers, and at the edges of what a float can be."""

import math

import numpy as np
import pytest

from tinyattn.kernels.compile import kernel
from tinyattn.kernels.vector import exp, exp_down, largest, sigmoid, tanh


@kernel
def exp_all(y, x):
    for n in range(x.size):
        y[n] = exp(x[n])


@kernel
def exp_down_all(y, x):
    for n in range(x.size):
        y[n] = exp_down(x[n])


@kernel
def tanh_all(y, x):
    for n in range(x.size):
        y[n] = tanh(x[n])


@kernel
def sigmoid_all(y, x):
    for n in range(x.size):
        y[n] = sigmoid(x[n])


def applied(function, x):
    y = np.empty_like(x)
    function(y, x)
    return y


REFERENCES = {exp_all: np.exp, tanh_all: np.tanh, sigmoid_all: lambda x: 1 / (1 + np.exp(-x))}


@pytest.mark.parametrize("function", REFERENCES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype, least, most, tolerance", [(np.float32, -87, 88, 2e-7), (np.float64, -708, 709, 6e-16)])
def test_relative_error(function, dtype, least, most, tolerance):
    random = np.random.default_rng(0)
    x = np.concatenate([np.linspace(least, most, 700), random.standard_normal(500), random.standard_normal(100) * 1e-4,
                        random.standard_normal(100) * 1e-20]).astype(dtype)
    wanted = REFERENCES[function](x.astype(np.longdouble))
    error = np.abs(applied(function, x) / wanted - 1)
    assert error.max() <= tolerance, f"{error.max()} at {x[error.argmax()]}"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_edges(dtype):
    inf, nan, large = math.inf, math.nan, np.finfo(dtype).max
    x = np.array([nan, inf, -inf, 0, large, -large], dtype)
    np.testing.assert_array_equal(applied(exp_all, x), [nan, inf, 0, 1, inf, 0])
    np.testing.assert_array_equal(applied(tanh_all, x), [nan, 1, -1, 0, 1, -1])
    np.testing.assert_array_equal(applied(sigmoid_all, x), [nan, 1, 0, 0.5, 1, 0])


@pytest.mark.parametrize("dtype, least, tolerance", [(np.float32, -87.3, 2e-7), (np.float64, -708.3, 6e-16)])
def test_exp_of_what_is_not_above_0(dtype, least, tolerance):
    x = np.concatenate([np.linspace(least, 0, 3001), -np.logspace(-30, 1, 500)]).astype(dtype)
    error = np.abs(applied(exp_down_all, x) / np.exp(x.astype(np.longdouble)) - 1)
    assert error.max() <= tolerance, f"{error.max()} at {x[error.argmax()]}"
    x = np.array([math.nan, -math.inf, least * 1.01, -np.finfo(dtype).max, -0.0, 0], dtype)
    np.testing.assert_array_equal(applied(exp_down_all, x), [math.nan, 0, 0, 0, 1, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exp_goes_down_and_up_to_the_end_of_the_range(dtype):
    limits = np.finfo(dtype)
    x = np.log(np.array([limits.smallest_subnormal * 4, limits.tiny, limits.max / 2]))
    y = applied(exp_all, x.astype(dtype)).astype(np.float64)
    np.testing.assert_allclose(y, np.exp(x.astype(dtype).astype(np.float64)), rtol=0.2)
    assert applied(exp_all, np.array([x[0] - 3, x[2] + 1], dtype)).tolist() == [0, math.inf]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_largest(dtype):
    random = np.random.default_rng(0)
    for N in (*range(1, 10), 40):
        x = random.standard_normal(N).astype(dtype)
        for numbers in (x, -np.abs(x), np.abs(x), x * 0, np.append(x, math.inf), np.append(x, -math.inf)):
            assert largest(numbers) == numbers.max()
    assert largest(np.full(3, -math.inf, dtype)) == -math.inf


def test_the_type_of_a_number_or_array_chooses_the_kernel(module):
    made = module("choosing", "from tinyattn.kernels.vector import by_type\n@kernel\ndef f32(x):\n    return 32\n"
                              "@kernel\ndef f64(x):\n    return 64\n"
                              "@kernel(emitted=lambda: by_type(f32, f64))\ndef f(x):\n    return 0\n")
    for dtype, wanted in ((np.float32, 32), (np.float64, 64)):
        assert made.f(dtype(1)) == made.f(np.ones(2, dtype)) == wanted
