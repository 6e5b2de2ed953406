"""cosine_similarity: short vectors, no vector at all, long ones."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.ops.similarity import cosine_similarity, norm


def test_by_hand():
    x = np.array([[3.0, 4.0], [1.0, 0.0], [-2.0, 0.0]])
    np.testing.assert_allclose(cosine_similarity(x, x), 1)
    np.testing.assert_allclose(cosine_similarity(x, np.array([5.0, 0.0])), [0.6, 1, -1])


@pytest.mark.parametrize("eps, value, gradient", [  # from PyTorch 2.13
    (0.2, 0.98994949, [0.22627417, -0.16970563]),
    (0.8, 0.61871843, [0.41984465, 0.26516504]),
])
def test_vectors_shorter_than_eps(eps, value, gradient):
    x = ta.Tensor(np.array([[0.3, 0.4]]), True)
    y = cosine_similarity(x, ta.Tensor(np.ones((1, 2))), eps=eps)
    y.backward()
    np.testing.assert_allclose(y.item(), value, rtol=1e-7)
    np.testing.assert_allclose(x.grad[0], gradient, rtol=1e-7)


def test_nothing_is_similar_to_0():
    x, y = ta.Tensor(np.zeros((1, 2)), True), ta.Tensor(np.array([[0.0, 1.0]]), True)
    z = cosine_similarity(x, y)
    z.backward()
    assert z.tolist() == [0] and x.grad.tolist() == [[0, 1e8]] and y.grad.tolist() == [[0, 0]]
    assert cosine_similarity(np.ones((2, 0)), np.ones((2, 0))).tolist() == [0, 0]


def test_the_corner_of_the_norm_at_0_has_slope_and_curvature_0():
    x = ta.Tensor(np.zeros((1, 2)), True)
    (dx,) = ta.autograd.grad(norm(x, dim=1).sum(), [x], create_graph=True)
    assert dx.tolist() == [[0, 0]]
    assert ta.autograd.grad(dx.sum(), [x])[0].tolist() == [[0, 0]]


def test_dtypes():
    assert cosine_similarity(ta.tensor([[1, 2]]), ta.tensor([[1.0, 2.0]])).dtype == ta.float32
    assert cosine_similarity(ta.ones(1, 2), ta.ones(1, 2, dtype=ta.float64)).dtype == ta.float64


def test_equals_torch_where_vectors_are_shorter_than_eps():
    torch = pytest.importorskip("torch")
    arrays = [np.random.default_rng(k).standard_normal(shape) for k, shape in enumerate([(3, 1, 4), (2, 4)])]
    for eps in (1e-8, 1.0, 3.0):
        ours, theirs = [ta.Tensor(x, True) for x in arrays], [torch.tensor(x, requires_grad=True) for x in arrays]
        y, z = cosine_similarity(*ours, -1, eps), torch.cosine_similarity(*theirs, -1, eps)
        (y * y).sum().backward()
        (z * z).sum().backward()
        np.testing.assert_allclose(y.detach(), z.detach().numpy(), rtol=1e-12)
        for x, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x.grad, other.grad.numpy(), rtol=1e-10)
