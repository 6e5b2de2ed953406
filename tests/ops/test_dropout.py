"""Dropout: how much it drops, what it scales, that backward drops the same, and where its numbers come from."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn.functional import dropout
from tinyattn.streams import stream, using


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [ta.float32, ta.float64])
def test_drops_a_share_and_keeps_the_mean(p, dtype):
    x = ta.ones(200, 100, dtype=dtype, requires_grad=True)
    y = dropout(x, p)
    assert y.dtype == dtype and np.unique(y.array).size == 2
    np.testing.assert_allclose(y.array.max(), 1 / (1 - p), rtol=1e-6)
    assert abs((y.array == 0).mean() - p) < 0.02
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.detach())  # x is 1: value and gradient are the mask


def test_both_dtypes_drop_the_same_and_each_call_drops_anew():
    masks = []
    for dtype in (ta.float32, ta.float64):
        ta.manual_seed(1)
        masks.append([dropout(ta.ones(50, dtype=dtype), 0.5).tolist() for _ in range(2)])
    assert masks[0] == masks[1] and masks[0][0] != masks[0][1]


def test_numbers_come_from_the_stream_in_use():
    def draw():
        with using(stream(3, "dropout", 8)):
            return dropout(ta.ones(50), 0.5).tolist()

    first = draw()
    dropout(ta.ones(7))
    assert draw() == first


def test_edges():
    x = ta.ones(3, requires_grad=True)
    assert dropout(x, 0.0) is x and dropout(x, 0.7, training=False) is x
    y = dropout(x, 1.0)
    y.sum().backward()
    assert y.tolist() == x.grad.tolist() == [0, 0, 0]
    assert dropout(ta.zeros(0, 3)).shape == (0, 3) and dropout(ta.tensor(1.0)).shape == ()
    assert isinstance(dropout(np.ones(3)), np.ndarray)


def test_integers_are_dropped_whole_or_not_at_all():
    x = ta.tensor([1, 2])
    assert dropout(x, 1.0).tolist() == [0, 0] and dropout(x, 1.0).dtype == ta.int64
    assert dropout(x, 0.0) is x and dropout(x, 0.5, training=False) is x


def test_infinity_that_is_dropped_is_nan_as_in_pytorch():
    assert np.isnan(dropout(ta.tensor([np.inf, np.nan]), 1.0).numpy()).all()


def test_errors():
    with pytest.raises(NotImplementedError, match="dropout: inplace=True is not supported: use what it returns"):
        dropout(ta.ones(1), 0.5, True, True)
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"dropout: p must be in 0 \.\.\. 1, got"):
            dropout(ta.ones(1), p)
    with pytest.raises(TypeError, match=r"dropout: input must be floating-point, got int64: use .float\(\)"):
        dropout(ta.tensor([1]))


def test_second_derivative_uses_the_same_mask():
    x = ta.tensor(np.arange(1.0, 21.0), requires_grad=True)
    y = dropout(x, 0.5)
    mask = y.detach().numpy() / x.array
    (first,) = ta.autograd.grad((y * y).sum(), x, create_graph=True)
    (second,) = ta.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(second, 2 * mask**2)
