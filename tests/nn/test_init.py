"""Initialisers: in place, with the spread that their papers ask for."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import init

FILLS = {
    "uniform_": (lambda x: init.uniform_(x, -2, 3), 0.5, 5 / math.sqrt(12), -2, 3),
    "normal_": (lambda x: init.normal_(x, 1, 0.5), 1, 0.5, -math.inf, math.inf),
    "constant_": (lambda x: init.constant_(x, 0.25), 0.25, 0, 0.25, 0.25),
    "zeros_": (init.zeros_, 0, 0, 0, 0),
    "ones_": (init.ones_, 1, 0, 1, 1),
    "xavier_uniform_": (
        lambda x: init.xavier_uniform_(x, 2.0),
        0,
        2 * math.sqrt(2 / 400),
        -2 * math.sqrt(6 / 400),
        2 * math.sqrt(6 / 400),
    ),
    "xavier_normal_": (lambda x: init.xavier_normal_(x, 2.0), 0, 2 * math.sqrt(2 / 400), -math.inf, math.inf),
}


@pytest.mark.parametrize("fill, mean, deviation, low, high", FILLS.values(), ids=FILLS)
@pytest.mark.parametrize("dtype", [ta.float32, ta.float64])
def test_fills_in_place(fill, mean, deviation, low, high, dtype):
    x = ta.nn.Parameter(np.full((300, 100), np.nan, dtype))
    array = x.array
    assert fill(x) is x and x.array is array and x.dtype == dtype and x.requires_grad and x.node is None
    np.testing.assert_allclose([array.mean(), array.std()], [mean, deviation], atol=0.03, rtol=0.02)
    assert low - 1e-6 <= array.min() and array.max() <= high + 1e-6


def test_follows_from_the_seed():
    def draw():
        ta.manual_seed(3)
        return init.normal_(ta.zeros(3)).tolist()

    assert draw() == draw()


def test_fans_of_a_window():
    assert init.fans(ta.zeros(5, 3)) == (3, 5) and init.fans(ta.zeros(5, 3, 2, 2)) == (12, 20)
    with pytest.raises(ValueError, match=r"init: wanted a weight of at least 2 dimensions, got shape \(3,\)"):
        init.xavier_uniform_(ta.zeros(3))


def test_a_filled_parameter_counts_as_changed():
    x = ta.nn.Parameter(np.ones(2))
    y = (x * x).sum()
    init.zeros_(x)
    with pytest.raises(RuntimeError, match="mul needs its input a"):
        y.backward()
