"""Mean squared error and binary cross-entropy: values, extremes, gradients, PyTorch's arguments."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import gradcheck, gradgradcheck
from tinyattn.ops.losses import binary_cross_entropy_with_logits, log_sigmoid, mse_loss


def numbers(*shape):
    return np.random.default_rng(shape).standard_normal(shape)


def test_mse_loss_by_hand():
    x, y, weight = np.array([1.0, 2.0]), np.array([2.0, 5.0]), np.array([3.0, 1.0])
    assert mse_loss(x, y) == 5 and mse_loss(x, y, reduction="sum") == 10
    assert mse_loss(x, y, reduction="none").tolist() == [1, 9]
    assert mse_loss(x, y, weight=weight) == 12 / 4 and mse_loss(x, y, None, None, "sum", weight) == 12
    assert math.isnan(mse_loss(np.ones(0), np.ones(0)))


def test_mse_loss_of_integers_and_floats():
    assert mse_loss(ta.tensor([1, 2]), ta.tensor([1.0, 4.0])).dtype == ta.float32


def test_gradients_by_all_inputs():
    inputs = [ta.Tensor(numbers(3, 2) + k, True) for k in range(4)]
    for reduction in ("mean", "sum", "none"):
        def squares(x, y, weight, reduction=reduction):
            return mse_loss(x, y, weight=weight, reduction=reduction)

        def yes_or_no(x, y, weight, pos_weight, reduction=reduction):
            return binary_cross_entropy_with_logits(x, y, weight, pos_weight=pos_weight, reduction=reduction)

        assert gradcheck(squares, inputs[:3]) and gradgradcheck(squares, inputs[:3])
        assert gradcheck(yes_or_no, inputs) and gradgradcheck(yes_or_no, inputs)


def test_large_logits_do_not_overflow_and_small_losses_do_not_vanish():
    x = ta.tensor([1000.0, -1000.0, 1000.0, -1000.0, 50.0], dtype=ta.float64, requires_grad=True)
    y = binary_cross_entropy_with_logits(x, ta.tensor([1.0, 0, 0, 1, 1], dtype=ta.float64), reduction="none")
    np.testing.assert_allclose(y.tolist(), [0, 0, 1000, 1000, math.exp(-50)], rtol=1e-12)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, [0, 0, 1, -1, -math.exp(-50)], rtol=1e-5, atol=1e-15)
    assert log_sigmoid(np.array([-1e300, 0.0])).tolist() == [-1e300, -math.log(2)]


def test_infinite_logits_are_nan_as_in_pytorch():
    y = binary_cross_entropy_with_logits(ta.tensor([math.inf, -math.inf]), ta.tensor([1.0, 0.0]), reduction="none")
    assert np.isnan(y.numpy()).all()


def test_pos_weight_counts_a_yes_several_times():
    x, y = numbers(4), np.array([1.0, 0.0, 1.0, 0.0])
    losses = binary_cross_entropy_with_logits(x, y, reduction="none")
    weighted = binary_cross_entropy_with_logits(x, y, pos_weight=np.array([3.0]), reduction="none")
    np.testing.assert_allclose(weighted, losses * np.where(y == 1, 3, 1))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weights", [{}, {"weight": (3,)}, {"pos_weight": (2, 1)}, {"weight": (), "pos_weight": (3,)}])
def test_binary_cross_entropy_equals_torch(reduction, weights):
    torch = pytest.importorskip("torch")
    arrays = [numbers(2, 3), numbers(2, 3) + 1]
    ours, theirs = [ta.Tensor(x, True) for x in arrays], [torch.tensor(x, requires_grad=True) for x in arrays]
    weights = {name: np.abs(numbers(*shape)) for name, shape in weights.items()}
    y = binary_cross_entropy_with_logits(*ours, **{n: ta.Tensor(w) for n, w in weights.items()}, reduction=reduction)
    z = torch.nn.functional.binary_cross_entropy_with_logits(
        *theirs, **{n: torch.tensor(w) for n, w in weights.items()}, reduction=reduction)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-12)
    (y * y).sum().backward()
    (z * z).sum().backward()
    for x, other in zip(ours, theirs):
        np.testing.assert_allclose(x.grad, other.grad.numpy(), rtol=1e-10)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weighted_squares_equal_torch(reduction):
    torch = pytest.importorskip("torch")
    arrays = [numbers(2, 3), numbers(2, 3) + 1, np.abs(numbers(2, 3))]
    y = mse_loss(*arrays[:2], weight=arrays[2], reduction=reduction)
    z = torch.nn.functional.mse_loss(*map(torch.tensor, arrays[:2]), weight=torch.tensor(arrays[2]), reduction=reduction)
    np.testing.assert_allclose(y, z.numpy(), rtol=1e-12)


def test_a_weight_of_another_dtype_is_refused():
    with pytest.raises(ValueError, match=r"weights must fit .* dtype float32, got \(2,\) and float64"):
        binary_cross_entropy_with_logits(ta.ones(2), ta.ones(2), ta.ones(2, dtype=ta.float64))
    with pytest.raises(ValueError, match=r"weights must fit .* dtype float32, got \(2,\) and float64"):
        binary_cross_entropy_with_logits(ta.ones(2), ta.ones(2), pos_weight=ta.ones(2, dtype=ta.float64))
