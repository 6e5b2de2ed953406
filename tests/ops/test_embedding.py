"""Embedding: rows looked up, gradients added to the right rows, padding left alone, ids checked."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import gradcheck, gradgradcheck
from tinyattn.ops.embedding import embedding, put_rows


@pytest.fixture(params=["numba", "numpy"], autouse=True)
def mode(request):
    with ta.kernels(request.param):
        yield request.param


def table(V=6, E=3, dtype=np.float64):
    return ta.tensor(np.random.default_rng(V).standard_normal((V, E)), dtype=dtype, requires_grad=True)


IDS = [[1, 3, 3, 0, 3], [[5, 5], [0, 5]], 2, [], [[], []], [[[0]]]]


@pytest.mark.parametrize("ids", IDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_and_gradient(ids, dtype):
    weight, ids = table(dtype=dtype), np.array(ids, np.int64)
    y = embedding(ids, weight)
    np.testing.assert_array_equal(y.detach().numpy(), weight.array[ids])
    dy = np.random.default_rng(0).standard_normal(y.shape).astype(dtype)
    y.backward(ta.tensor(dy, dtype=dtype))
    wanted = np.zeros((6, 3))
    np.add.at(wanted, ids, dy.astype(np.float64))
    assert weight.grad.dtype == dtype
    np.testing.assert_allclose(weight.grad.numpy(), wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("padding_idx", [None, 3, -1])
@pytest.mark.parametrize("ids", IDS[:3])
def test_gradients(ids, padding_idx):
    weight = table()

    def function(weight):
        y = embedding(ids, weight, padding_idx)
        return y * y * y

    if padding_idx is None:
        assert gradcheck(function, weight)
    assert gradcheck(lambda x: put_rows(x, ids=np.array([0, 2, 2]), rows=4), table(3, 2))
    (dweight,) = ta.autograd.grad(function(weight).sum(), [weight], create_graph=True)
    if padding_idx is None:
        assert gradgradcheck(function, weight)
    else:
        np.testing.assert_array_equal(dweight.detach().numpy()[padding_idx], 0)


def test_the_padding_row_gets_no_gradient():
    weight = table()
    embedding([0, 2, 2, 1], weight, padding_idx=2).sum().backward()
    np.testing.assert_array_equal(weight.grad.numpy(), [[1] * 3, [1] * 3, [0] * 3, [0] * 3, [0] * 3, [0] * 3])


def test_views_and_read_only_arrays():
    weight = np.random.default_rng(0).standard_normal((12, 6))[::2, ::-2]
    weight.flags.writeable = False
    ids = np.arange(12, dtype=np.int32).reshape(3, 4)[:, ::2] % 6
    ids.flags.writeable = False
    np.testing.assert_array_equal(embedding(ids, weight), weight[ids])
    leaf = ta.tensor(weight, requires_grad=True)
    y = embedding(ta.tensor(ids), leaf)
    y.sum().backward()  # its gradient is one number, broadcast
    np.testing.assert_array_equal(leaf.grad.numpy().sum(1), np.bincount(ids.ravel(), minlength=6) * 3)


def test_empty_tables():
    assert embedding([1, 2], np.ones((3, 0))).shape == (2, 0)
    weight = table(0, 3)
    embedding(np.zeros(0, int), weight).sum().backward()
    assert weight.grad.shape == (0, 3)


def test_rows_named_often_get_their_share():
    weight = table()
    embedding([[0, 2], [2, 2]], weight, padding_idx=0, scale_grad_by_freq=True).sum().backward()
    np.testing.assert_allclose(weight.grad.numpy(), [[0] * 3, [0] * 3, [1] * 3, [0] * 3, [0] * 3, [0] * 3])


@pytest.mark.parametrize("norm_type", [2.0, 1.0, np.inf])
def test_long_rows_are_shortened_in_the_table(norm_type):
    weight = ta.Tensor(np.array([[3.0, 4.0], [6.0, 8.0], [0.1, 0.0], [9.0, 9.0]]), True)
    before = weight.array.copy()
    y = embedding(np.array([1, 1, 0, 2]), weight, max_norm=1.0, norm_type=norm_type)
    lengths = np.linalg.norm(before, norm_type, axis=1, keepdims=True)
    np.testing.assert_allclose(weight.array[:2], before[:2] / lengths[:2], rtol=1e-6)
    np.testing.assert_array_equal(weight.array[2:], before[2:])
    np.testing.assert_array_equal(y.detach().numpy(), weight.array[[1, 1, 0, 2]])


def test_shortening_changes_what_others_need():
    weight = table()
    y = (weight * weight).sum()
    embedding([0], weight, max_norm=1e-3)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


@pytest.mark.parametrize("call, error, text", [
    (lambda: embedding([0, 3], np.ones((3, 2))), IndexError, r"embedding: ids must be in 0 ... 2, got 3"),
    (lambda: embedding([0, -1], np.ones((3, 2))), IndexError, "got -1"),
    (lambda: embedding([0.0], np.ones((3, 2))), TypeError, "ids must be integers, got float64"),
    (lambda: embedding([0], np.ones(3)), ValueError, r"weight must be \(V, E\), got \(3,\)"),
    (lambda: embedding([0], np.ones((3, 2)), sparse=True), NotImplementedError,
     "sparse=True is not supported, gradients are dense: leave it out"),
    (lambda: embedding([0], np.ones((3, 2)), padding_idx=3), ValueError, "padding_idx must be in -3 ... 2, got 3"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("options", [(), (1,), (-1, 1.0), (None, 0.5, 1.0), (5, 2.0, np.inf, True)])
def test_equals_torch(options):
    torch = pytest.importorskip("torch")
    weight, ids = table(), np.array([[5, 1, 1], [2, 5, 5]])
    other = torch.tensor(weight.array, requires_grad=True)
    y = embedding(ta.tensor(ids), weight, *options)
    wanted = torch.nn.functional.embedding(torch.tensor(ids), other, *options)
    np.testing.assert_allclose(weight.array, other.detach().numpy(), rtol=1e-12)
    (y * y).sum().backward()
    (wanted * wanted).sum().backward()
    np.testing.assert_allclose(weight.grad.numpy(), other.grad.numpy(), rtol=1e-12)
