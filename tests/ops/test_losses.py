"""Losses: values, the fused cross-entropy against its reference and PyTorch, gradients, what is ignored, errors."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import gradcheck, gradgradcheck
from tinyattn.ops import losses
from tinyattn.ops.losses import cross_entropy, cross_entropy_reference, mse_loss, nll_loss
from tinyattn.ops.softmax import log_softmax

OPTIONS = [
    {},
    {"reduction": "sum"},
    {"reduction": "none"},
    {"label_smoothing": 0.1},
    {"label_smoothing": 1.0, "reduction": "none"},
    {"ignore_index": 2},
    {"ignore_index": 0, "label_smoothing": 0.3, "reduction": "sum"},
    {"ignore_index": 1, "reduction": "none"},
]
SHAPES = [((6, 5), (6,)), ((2, 5, 3), (2, 3)), ((2, 3, 2, 1), (2, 2, 1)), ((5,), ()), ((1, 5), (1,)), ((4, 1), (4,))]


@pytest.fixture(params=["numba", "numpy"])
def mode(request):
    with ta.kernels(request.param):
        yield request.param


def numbers(shape, dtype=np.float64):
    return (np.random.default_rng(shape).standard_normal(shape) * 2).astype(dtype)


def sample(shape, target_shape, dtype=np.float64):
    C = shape[min(1, len(shape) - 1)]
    targets = np.random.default_rng(target_shape).integers(0, C, target_shape)
    return ta.tensor(numbers(shape, dtype), dtype=dtype, requires_grad=True), ta.tensor(targets)


@pytest.mark.parametrize("options", OPTIONS)
def test_fused_equals_reference(options):
    x, targets = sample((7, 40), (7,))
    results = []
    for name in ("numba", "numpy"):
        with ta.kernels(name):
            x.grad = None
            y = cross_entropy(x, targets, **options)
            (y * y).sum().backward()
            results.append((y.detach().numpy(), x.grad.numpy().copy()))
    for fused, reference in zip(*results):
        np.testing.assert_allclose(fused, reference, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shapes", SHAPES)
def test_gradients(mode, options, shapes):
    x, targets = sample(*shapes)
    if options.get("reduction", "mean") == "mean" and not (targets.array != options.get("ignore_index", -100)).any():
        return  # NaN; tested below
    assert gradcheck(lambda x: cross_entropy(x, targets, **options), x)
    assert gradgradcheck(lambda x: cross_entropy(x, targets, **options), x)


def test_value_by_hand(mode):
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]])) + 5
    targets = np.array([0, 2])
    np.testing.assert_allclose(cross_entropy(logits, targets, reduction="none"), [-math.log(0.7), -math.log(0.25)])
    np.testing.assert_allclose(cross_entropy(logits, targets), -(math.log(0.7) + math.log(0.25)) / 2)
    np.testing.assert_allclose(cross_entropy(logits, targets, ignore_index=0, reduction="sum"), -math.log(0.25))


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 2e-6), (np.float64, 1e-13)])
def test_float32_against_float64(mode, dtype, tolerance):
    logits, targets = numbers((50, 301), dtype) * 10, np.arange(50)
    y = cross_entropy(logits, targets)
    assert y.dtype == dtype and y.shape == ()
    wanted = cross_entropy_reference(logits.astype(np.float64), targets, -100, "mean", 0.0)
    np.testing.assert_allclose(y, wanted, rtol=tolerance)


def test_large_logits_do_not_overflow(mode):
    x = ta.tensor([[1e4, -1e4, 0.0], [-1e30, -1e30, -1e30]], requires_grad=True)
    y = cross_entropy(x, ta.tensor([1, 2]), reduction="none")
    y.sum().backward()
    np.testing.assert_allclose(y.tolist(), [2e4, math.log(3)], rtol=1e-6)
    np.testing.assert_allclose(x.grad.tolist(), [[1, -1, 0], [1 / 3, 1 / 3, -2 / 3]], rtol=1e-6)


@pytest.mark.parametrize("x", [[math.nan, 0.0], [0.0, math.nan], [math.inf, 0.0], [-math.inf, -math.inf]])
def test_nonsense_in_the_logits_is_seen(mode, x):
    assert math.isnan(cross_entropy(np.array([x]), np.array([0])))


def test_nothing_counted(mode):
    x, targets = ta.tensor(np.ones((2, 3)), requires_grad=True), ta.tensor([-100, -100])
    y = cross_entropy(x, targets)
    y.backward()
    assert math.isnan(y.item())
    np.testing.assert_array_equal(x.grad.numpy(), 0)
    assert cross_entropy(x, targets, reduction="sum").item() == 0
    assert cross_entropy(x, targets, reduction="none").tolist() == [0, 0]
    assert math.isnan(cross_entropy(np.ones((0, 3)), np.ones(0, int)))


def test_views_and_read_only_arrays(mode):
    x = numbers((8, 10))[::2, ::-2]
    x.flags.writeable = False
    targets = np.array([0, 9, 1, 9, 2, 9, 3, 9])[::2]
    np.testing.assert_allclose(cross_entropy(x, targets), cross_entropy(x.copy(), targets.copy()), rtol=1e-14)
    assert cross_entropy(x, targets.astype(np.int32)) == cross_entropy(x, targets)


def test_rows_on_several_threads_equal_one(monkeypatch):
    monkeypatch.setattr(losses, "ELEMENTS_PER_THREAD", 8)
    before, results = ta.get_num_threads(), []
    try:
        for threads in (1, 3):
            ta.set_num_threads(threads)
            x, targets = sample((9, 7), (9,), np.float32)
            y = cross_entropy(x, targets)
            y.backward()
            results.append((y.item(), x.grad.numpy()))
    finally:
        ta.set_num_threads(before)
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_losses_are_summed_in_float64():
    """In float32 16777216 + 1 is 16777216."""
    logits = np.array([[0, 2**24], *[[0, math.log(math.e - 1)]] * 2], np.float32)
    with ta.kernels("numba"):
        assert cross_entropy(logits, np.zeros(3, int), reduction="sum") == 2**24 + 2


def test_nll_loss():
    for shapes in SHAPES:
        x, targets = sample(*shapes)
        log_p = log_softmax(x, dim=min(1, x.ndim - 1))
        for options in ({}, {"reduction": "sum"}, {"reduction": "none"}):
            np.testing.assert_allclose(nll_loss(log_p, targets, **options).detach().numpy(),
                                       cross_entropy(x, targets, **options).detach().numpy(), rtol=1e-12)
        assert gradcheck(lambda x, targets=targets: nll_loss(x, targets, ignore_index=3, reduction="sum"), x)


def test_mse_loss():
    x, y = ta.tensor(numbers((3, 4)), requires_grad=True), ta.tensor(numbers((3, 4)) + 1, requires_grad=True)
    np.testing.assert_allclose(mse_loss(x, y).item(), ((x.array - y.array) ** 2).mean())
    np.testing.assert_allclose(mse_loss(x, y, reduction="sum").item(), ((x.array - y.array) ** 2).sum())
    assert mse_loss(x, y, reduction="none").shape == (3, 4)
    assert gradcheck(mse_loss, (x, y)) and gradgradcheck(mse_loss, (x, y))


@pytest.mark.parametrize("call, error, text", [
    (lambda: cross_entropy(np.ones((2, 3)), np.array([0, 3])), IndexError,
     r"cross_entropy: targets must be in 0 ... 2, or ignore_index = -100, got 3"),
    (lambda: cross_entropy(np.ones((2, 3)), np.array([0, -1])), IndexError, "got -1"),
    (lambda: cross_entropy(np.ones((2, 3)), np.array([0, 1, 2])), ValueError, r"got \(2, 3\) and \(3,\)"),
    (lambda: cross_entropy(np.ones((2, 3)), np.ones((2, 3), int)), ValueError, r"target \(N, ...\), got"),
    (lambda: cross_entropy(np.ones(()), np.array(0)), ValueError, r"wanted input \(N, C, ...\)"),
    (lambda: cross_entropy(np.ones((2, 3)), np.ones(2)), TypeError, "class numbers, integers, got float64"),
    (lambda: cross_entropy(np.ones((2, 3), int), np.ones(2, int)), TypeError, "floating-point, got int64"),
    (lambda: cross_entropy(np.ones((2, 3)), np.ones(2, int), reduction="max"), ValueError, "none, got 'max'"),
    (lambda: cross_entropy(np.ones((2, 3)), np.ones(2, int), label_smoothing=2), ValueError, "in 0 ... 1, got 2"),
    (lambda: nll_loss(np.ones((2, 3)), np.array([0, 5])), IndexError, "nll_loss: targets must be in 0 ... 2"),
    (lambda: mse_loss(np.ones((2, 3)), np.ones(3)), ValueError, r"mse_loss: .* one shape, got \(2, 3\) and \(3,\)"),
    (lambda: mse_loss(np.ones(3), np.ones(3), reduction="avg"), ValueError, "mse_loss: reduction must be"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_equals_torch(mode):
    torch = pytest.importorskip("torch")
    for shapes in SHAPES:
        for options in OPTIONS:
            x, targets = sample(*shapes)
            other = torch.tensor(x.array, requires_grad=True)
            y, wanted = cross_entropy(x, targets, **options), torch.nn.functional.cross_entropy(
                other, torch.tensor(targets.array), **options)
            np.testing.assert_allclose(y.detach().numpy(), wanted.detach().numpy(), rtol=1e-12)
            y.sum().backward()
            wanted.sum().backward()
            np.testing.assert_allclose(x.grad.numpy(), np.nan_to_num(other.grad.numpy()), rtol=1e-10, atol=1e-13)
            if "label_smoothing" not in options:
                wanted = torch.nn.functional.nll_loss(other, torch.tensor(targets.array), **options)
                y = nll_loss(x, targets, **options)
                np.testing.assert_allclose(y.detach().numpy(), wanted.detach().numpy(), rtol=1e-12)
