"""scaled_dot_product_attention: against the fused attention, masks that leave nothing, dropout, groups of heads."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn.functional import scaled_dot_product_attention
from tinyattn.ops.attention import attention


def numbers(*shape):
    return np.random.default_rng(shape).standard_normal(shape)


def leaves(*shapes):
    return [ta.Tensor(numbers(*shape), True) for shape in shapes]


def test_equals_the_fused_attention():
    mask = np.array([[True, True, False, True, False]] * 2)
    found = []
    for run in (lambda *xs: scaled_dot_product_attention(*xs, ta.Tensor(mask[:, None])),
                lambda *xs: attention(*xs, mask=mask, scale=0.5)[0]):
        inputs = leaves((2, 3, 4), (2, 5, 4), (2, 5, 6))
        y = run(*inputs)
        (y * y).sum().backward()
        found.append([y.array, *(x.grad.array for x in inputs)])
    for ours, fused in zip(*found, strict=True):
        np.testing.assert_allclose(ours, fused, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [bool, float])
def test_a_query_that_may_look_nowhere(dtype):
    mask = np.array([[True, False], [False, False]])
    if dtype is float:
        mask = np.where(mask, 0.0, -math.inf)
    query, key, value = leaves((2, 3), (2, 3), (2, 1))
    y = scaled_dot_product_attention(query, key, value, ta.Tensor(mask))
    y.sum().backward()
    np.testing.assert_allclose(y.tolist(), [value.tolist()[0], [0]])
    assert query.grad[1].tolist() == [0] * 3 and value.grad.tolist() == [[1], [0]]
    assert scaled_dot_product_attention(query, key[:0], value[:0]).tolist() == [[0], [0]]


def test_a_number_counts_however_low():
    inputs = numbers(2, 3), numbers(4, 3), numbers(4, 2)
    low = np.full((2, 4), -1e4)
    np.testing.assert_allclose(scaled_dot_product_attention(*inputs, low), scaled_dot_product_attention(*inputs))


def test_causal_is_the_lower_triangle():
    query, key, value = numbers(3, 2), numbers(5, 2), numbers(5, 2)
    causal = scaled_dot_product_attention(query, key, value, is_causal=True)
    np.testing.assert_array_equal(causal, scaled_dot_product_attention(query, key, value, np.tri(3, 5) > 0))
    np.testing.assert_allclose(causal[0], value[0])


def test_dropout_forgets_weights_and_scales_the_rest():
    query, key, value = np.zeros((1, 1)), np.zeros((1000, 1)), np.ones((1000, 1))
    ta.manual_seed(0)
    y = [scaled_dot_product_attention(query, key, value, dropout_p=0.75).item() for _ in range(2)]
    assert y[0] != y[1] and all(abs(v - 1) < 0.2 for v in y)
    assert scaled_dot_product_attention(query, key, value, None, 1.0).item() == 0
    with pytest.raises(ValueError, match=r"dropout: p must be in 0 \.\.\. 1, got 2"):
        scaled_dot_product_attention(query, key, value, dropout_p=2)


def test_scale():
    query, key, value = numbers(3, 4), numbers(5, 4), numbers(5, 2)
    y = scaled_dot_product_attention(query, key, value)
    np.testing.assert_allclose(y, scaled_dot_product_attention(query, key, value, scale=0.5))
    np.testing.assert_allclose(scaled_dot_product_attention(query, key, value, scale=0.0), [value.mean(0)] * 3)
    np.testing.assert_allclose(scaled_dot_product_attention(query[:, :0], key[:, :0], value), [value.mean(0)] * 3)


def test_groups_of_heads_share_keys_and_values():
    torch = pytest.importorskip("torch")
    shapes = (2, 6, 3, 4), (2, 3, 5, 4), (2, 1, 5, 2)
    ours, theirs = leaves(*shapes), [torch.tensor(numbers(*shape), requires_grad=True) for shape in shapes]
    y = scaled_dot_product_attention(*ours, enable_gqa=True)
    z = torch.nn.functional.scaled_dot_product_attention(*theirs, enable_gqa=True)
    (y * y).sum().backward()
    (z * z).sum().backward()
    np.testing.assert_allclose(y.detach(), z.detach().numpy(), rtol=1e-12)
    for x, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x.grad, other.grad.numpy(), rtol=1e-11)


def test_a_mask_of_numbers_gets_a_gradient():
    inputs = leaves((2, 3), (4, 3), (4, 2), (4,))
    assert ta.autograd.gradcheck(scaled_dot_product_attention, inputs)
    assert ta.autograd.gradgradcheck(scaled_dot_product_attention, inputs)
