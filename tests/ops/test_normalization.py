"""layer_norm: what it leaves, far from 0, without spread, and with PyTorch's arguments."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.ops import normalization as module
from tinyattn.ops.normalization import layer_norm


def test_mean_0_and_variance_1():
    y = layer_norm(np.random.default_rng(0).standard_normal((5, 40)) * 3 + 7, (40,), eps=0.0)
    np.testing.assert_allclose(y.mean(1), 0, atol=1e-14)
    np.testing.assert_allclose(y.var(1), 1, rtol=1e-13)


def test_float32_far_from_0():
    x = (np.random.default_rng(0).standard_normal((4, 64)) + 10000).astype(np.float32)
    y = layer_norm(x, (64,))
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, layer_norm(x.astype(np.float64), (64,)), atol=1e-5)


def test_rows_without_spread():
    x = ta.ones(2, 3, requires_grad=True)
    y = layer_norm(x, [3], bias=ta.tensor([1.0, 2.0, 3.0]))
    y.sum().backward()
    assert y.tolist() == [[1, 2, 3]] * 2 and x.grad.tolist() == [[0] * 3] * 2
    assert np.isnan(layer_norm(ta.ones(2, 3), (3,), eps=-1.0).numpy()).all()
    assert layer_norm(ta.ones(2, 0), (0,)).shape == (2, 0)


def test_the_gradient_neither_shifts_nor_stretches():
    x = ta.Tensor(np.random.default_rng(1).standard_normal((3, 8)), True)
    layer_norm(x, (8,), eps=0.0).backward(ta.Tensor(np.random.default_rng(2).standard_normal((3, 8))))
    np.testing.assert_allclose(x.grad.sum(1), 0, atol=1e-14)
    np.testing.assert_allclose((x.grad * x.detach()).sum(1), 0, atol=1e-14)


def test_second_derivatives_as_in_pytorch():
    torch = pytest.importorskip("torch")
    arrays = [np.random.default_rng(k).standard_normal(shape) for k, shape in enumerate([(2, 3, 4), (3, 4), (3, 4)])]
    found = []
    for library, tensor, norm in ((ta, ta.tensor, layer_norm), (torch, torch.tensor, torch.nn.functional.layer_norm)):
        x, weight, bias = (tensor(x, requires_grad=True) for x in arrays)
        y = norm(x, (3, 4), weight, bias)
        first = library.autograd.grad((y * y * y).sum(), [x, weight], create_graph=True)
        total = sum((dx * dx).sum() for dx in first)
        found.append([g.numpy() for g in library.autograd.grad(total, [x, weight, bias])])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


def results(x, weight, bias, shape):
    """Value and gradients of Σ y³"""
    leaves = [ta.Tensor(part, True) for part in (x, weight, bias)]
    y = layer_norm(leaves[0], shape, leaves[1], leaves[2])
    (y * y * y).sum().backward()
    return [y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 2e-5), (np.float64, 1e-12)])
def test_kernels_equal_the_reference(monkeypatch, threads, dtype, tolerance):
    monkeypatch.setattr(module, "ELEMENTS_PER_THREAD", 8)
    random = np.random.default_rng(3)
    x, weight, bias = (random.standard_normal(shape) + 2 for shape in ((5, 4, 3, 7), (3, 7), (3, 7)))
    with ta.kernels("numpy"):
        wanted = results(x, weight, bias, (3, 7))
    before = ta.get_num_threads()
    try:
        ta.set_num_threads(threads)
        found = results(*(part.astype(dtype) for part in (x, weight, bias)), (3, 7))
    finally:
        ta.set_num_threads(before)
    for y, right in zip(found, wanted, strict=True):
        assert y.dtype == dtype and y.shape == right.shape
        assert abs(y - right).max() <= tolerance * abs(right).max()
