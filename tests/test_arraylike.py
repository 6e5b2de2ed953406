"""What a Tensor shares with an array."""

import numpy as np
import pytest

import tinyattn as ta


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def equal(x, wanted):
    np.testing.assert_allclose(np.asarray(x), wanted, rtol=1e-12)


def test_attributes():
    x = ta.tensor([[1.0, 2, 3], [4, 5, 6]])
    assert x.shape == x.size() == (2, 3)
    assert (x.size(1), x.size(-2), x.ndim, x.dim(), x.numel(), len(x)) == (3, 2, 2, 2, 6, 2)
    assert x.dtype == ta.float32 and x.is_floating_point() and not x.long().is_floating_point()
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]]
    equal(x.T, [[1, 4], [2, 5], [3, 6]])
    assert ta.zeros(2, 3, 4).mT.shape == (2, 4, 3)
    assert [row.tolist() for row in x] == [[1, 2, 3], [4, 5, 6]]


def test_a_single_number():
    x = ta.tensor(2.5)
    assert (x.item(), float(x), int(x), f"{x:.2f}") == (2.5, 2.5, 2, "2.50")
    assert isinstance(x.item(), float)
    assert list(range(5))[ta.tensor(3)] == 3
    assert bool(ta.tensor([0.0])) is False and bool(ta.tensor(-1)) is True


@pytest.mark.parametrize(
    "text, x",
    [
        ("tensor([0.6667, 0.3333])", ta.tensor([2 / 3, 1 / 3])),
        ("tensor([1, 2])", ta.tensor([1, 2])),
        ("tensor([ True, False])", ta.tensor([True, False])),
        ("tensor([1.], dtype=float64)", ta.tensor([1.0], dtype=ta.float64)),
        ("tensor([1.], requires_grad=True)", ta.tensor([1.0], requires_grad=True)),
        ("tensor([2.], grad_fn=<mul>)", ta.tensor([1.0], requires_grad=True) * 2),
        ("tensor(3)", ta.tensor(3)),
    ],
)
def test_text(text, x):
    assert repr(x) == str(x) == f"{x}" == text


@pytest.mark.parametrize(
    "call, error, says",
    [
        (lambda x: x.item(), ValueError, r"item: wanted a tensor of one element, got shape \(2,\): index it"),
        (
            lambda x: bool(x),
            ValueError,
            r"bool: a tensor of shape \(2,\) is neither true nor false: use .any\(\) or .all\(\)",
        ),
        (lambda x: [1][x], TypeError, r"index: wanted a tensor of integers, got float32: use .long\(\)"),
        (lambda x: len(x[0]), TypeError, "len: a single number has no length"),
        (lambda x: x.numpy(), RuntimeError, r"numpy: this tensor requires a gradient, .*: use .detach\(\)"),
    ],
)
def test_errors_of_the_look(call, error, says):
    with pytest.raises(error, match=says):
        call(leaf(1.0, 2.0, dtype=ta.float32))


def test_numpy_shares_memory_and_asarray_works():
    x = ta.tensor([1.0, 2.0])
    x.numpy()[0] = 5
    equal(x, [5, 2])
    assert np.asarray(x) is not None and np.asarray(x, np.float64).dtype == np.float64
    assert np.asarray(leaf(1.0)).tolist() == [1.0]
    assert np.array(x, copy=True) is not x.array and not np.shares_memory(np.array(x, copy=True), x.array)


def test_hash_is_identity_and_equality_is_by_element():
    a, b = ta.tensor([1, 2]), ta.tensor([1, 3])
    assert (a == b).tolist() == [True, False]
    assert {a: "a", b: "b"}[a] == "a" and len({a, b, a}) == 2


def test_there_is_one_device():
    x = ta.ones(2)
    assert x.device == "cpu" and ta.zeros(2, device=x.device).device == "cpu" and x.to(x.device) is x
