"""Reductions where the samples do not go: ties, nothing to reduce, precision, max and min in all their forms."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad, gradcheck, gradgradcheck


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def test_methods_and_functions_by_position_and_by_name():
    x = ta.tensor(np.arange(6.0).reshape(2, 3))
    for y in (x.sum(1), x.sum(dim=-1), ta.sum(x, 1), ta.sum(x, dim=(1,)), ta.sum(x, [1])):
        assert y.tolist() == [3, 12]
    assert x.sum(1, True).shape == x.mean((1,), keepdim=True).shape == (2, 1)
    assert x.sum([]).item() == x.sum(()).item() == x.sum().item() == 15


def test_dtypes():
    whole, truth = ta.tensor([[1, 2], [3, 4]]), ta.tensor([True, False, True])
    assert (whole.sum().dtype, whole.amax(0).dtype, whole.argmax().dtype) == (ta.int64, ta.int64, ta.int64)
    assert truth.sum().item() == 2 and truth.sum().dtype == ta.int64
    assert whole.mean(dtype=ta.float32).item() == 2.5
    assert whole.all().dtype == whole.any(0).dtype == bool and ta.tensor([0.0, 2.0]).any().item() is True
    for name in ("sum", "mean", "var", "std", "amax", "amin"):
        assert getattr(ta.ones(3, 2), name)(0).dtype == ta.float32


def test_sums_in_float32_do_not_lose_the_small():
    x = ta.full((2**20,), 0.1)
    assert abs(x.sum().item() / (2**20 * 0.1) - 1) < 1e-6 and abs(x.mean().item() / 0.1 - 1) < 1e-6
    assert (ta.ones(4) * 1e4 + ta.tensor([0.0, 1.0, 2.0, 3.0])).var().item() == pytest.approx(5 / 3)  # mean first


# --- nothing to reduce --------------------------------------------------


def test_of_nothing():
    x = ta.zeros(0, 3, requires_grad=True)
    assert x.sum().item() == 0 and x.sum(0).tolist() == [0, 0, 0] and x.sum(1).shape == (0,)
    assert math.isnan(x.mean().item()) and x.mean(1).shape == (0,) and np.isnan(x.mean(0).tolist()).all()
    assert np.isnan(x.var(0).tolist()).all() and x.var(1).shape == (0,)
    assert x.bool().all().item() is True and x.bool().any().item() is False
    (x.sum() + x.mean() + x.mean(1).sum()).backward()
    assert x.grad.shape == (0, 3)
    for name in ("amax", "amin", "argmax", "argmin", "max", "min"):
        with pytest.raises((ValueError, IndexError)):
            getattr(x, name)()


def test_the_variance_of_one_number_is_not_a_number():
    for options in ({}, {"correction": 2}):
        x = leaf(3.0)
        y = x.var(**options)
        y.backward()
        assert math.isnan(y.item()) and math.isnan(x.grad.item())
    x = leaf(3.0)
    x.var(correction=0).backward()
    assert x.grad.tolist() == [0]


# --- extremes -----------------------------------------------------------


def test_equal_extremes_share_the_gradient():
    x = leaf(*np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]))
    dy = ta.tensor([6.0, 12.0], dtype=ta.float64)
    assert grad(x.amax(1), x, dy)[0].tolist() == [[0, 3, 3], [4, 4, 4]]
    assert grad(x.amin(1, keepdim=True), x, dy.reshape(2, 1))[0].tolist() == [[6, 0, 0], [4, 4, 4]]
    assert grad(x.max(), x)[0].tolist() == [[0, 0.5, 0.5], [0, 0, 0]]
    assert grad(x.amin((0, 1)), x)[0].tolist() == [[1, 0, 0], [0, 0, 0]]


def test_max_and_min_along_a_dimension_give_the_first_of_several_and_all_gradient_to_it():
    x = leaf(*np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 0.0]]))
    values, indices = x.max(1)
    assert values.tolist() == [3, 2] and indices.tolist() == [1, 0] and indices.dtype == ta.int64
    assert grad(values.sum(), x)[0].tolist() == [[0, 1, 0], [1, 0, 0]]
    found = x.min(dim=-1, keepdim=True)
    assert found.values.tolist() == [[1], [0]] and found.indices.tolist() == [[0], [1]]
    assert grad(found.values.sum(), x)[0].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert gradcheck(lambda x: x.max(0), ta.tensor(np.random.default_rng(0).random((3, 2)), requires_grad=True))
    assert gradgradcheck(
        lambda x: x.max(0).values, ta.tensor(np.random.default_rng(0).random((3, 2)), requires_grad=True)
    )


def test_max_of_two_tensors_is_maximum():
    a, b = leaf(1.0, 5.0), leaf(3.0, 3.0)
    assert a.max(b).tolist() == ta.max(a, b).tolist() == [3, 5] and ta.min(a, b).tolist() == [1, 3]
    assert grad(ta.max(a, b).sum(), [a, b])[1].tolist() == [1, 0]


def test_keepdim_without_dim_is_refused():
    for name in ("max", "min"):
        with pytest.raises(TypeError, match="wanted nothing, one dim"):
            getattr(ta.ones(2), name)(keepdim=True)


def test_extremes_of_infinities():
    x = leaf(-math.inf, -math.inf)
    x.amax().backward()
    assert x.grad.tolist() == [0.5, 0.5]


def test_std():
    x = ta.tensor(np.random.default_rng(0).random((3, 4)), requires_grad=True)
    for options in ({}, {"dim": 1}, {"dim": (0, 1), "correction": 0, "keepdim": True}):
        keywords = {
            "axis": options.get("dim"),
            "ddof": options.get("correction", 1),
            "keepdims": options.get("keepdim", False),
        }
        np.testing.assert_allclose(ta.std(x, **options).detach(), x.array.std(**keywords), rtol=1e-12)
        assert gradcheck(lambda x, options=options: ta.std(x, **options), x)


CALLS = {
    "max": lambda t, x: t.max(x, 1).values,
    "max indices": lambda t, x: t.max(x, 1).indices,
    "max of all": lambda t, x: t.max(x),
    "min": lambda t, x: t.min(x, 0, keepdim=True).values,
    "amax": lambda t, x: t.amax(x, 1),
    "amin": lambda t, x: t.amin(x, (0, 1)),
    "argmax": lambda t, x: t.argmax(x, 1),
    "argmin": lambda t, x: t.argmin(x, keepdim=True),
    "argmin of all": lambda t, x: t.argmin(x),
    "std": lambda t, x: t.std(x, 0, correction=0),
    "var of all": lambda t, x: t.var(x),
    "var unbiased": lambda t, x: x.var(0, True),
    "all": lambda t, x: t.all(x > 0, 1),
    "any": lambda t, x: t.any(x > 2, dim=0, keepdim=True),
    "sum of bools": lambda t, x: (x > 1).sum(1),
    "sum of integers": lambda t, x: x.long().sum(),
    "sum": lambda t, x: x.sum((0, -1)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_as_in_pytorch_with_ties(call):
    torch = pytest.importorskip("torch")
    values = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, 0.0, 1.0]]
    ours, theirs = leaf(*values), torch.tensor(values, dtype=torch.float64, requires_grad=True)
    y, wanted = call(ta, ours), call(torch, theirs)
    assert f"torch.{y.dtype}" == str(wanted.dtype) and y.shape == tuple(wanted.shape)
    np.testing.assert_allclose(y.detach(), wanted.detach().numpy(), rtol=1e-12)
    assert y.requires_grad == wanted.requires_grad
    if y.requires_grad:
        y.sum().backward()
        wanted.sum().backward()
        np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-12)
