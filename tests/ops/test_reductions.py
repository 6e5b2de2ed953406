"""Reductions where the samples do not go: every form of their arguments, nothing to reduce, precision, zeros."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tests.ops.against import VALUES, as_in_pytorch
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
    for name in ("sum", "mean", "prod", "var", "std", "amax", "amin"):
        assert getattr(ta.ones(3, 2), name)(0).dtype == ta.float32
    assert ta.ones(3, 2).var(0, correction=np.int64(1)).dtype == ta.float32
    assert ta.from_numpy(np.ones(2, np.int32)).sum().dtype == ta.int64


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
    (x.sum() + x.mean() + x.mean(1).sum() + x.prod()).backward()
    assert x.grad.shape == (0, 3)


def test_the_variance_of_one_number_is_not_a_number():
    for options in ({}, {"correction": 2}):
        x = leaf(3.0)
        y = x.var(**options)
        y.backward()
        assert math.isnan(y.item()) and math.isnan(x.grad.item())
    x = leaf(3.0)
    x.var(correction=0).backward()
    assert x.grad.tolist() == [0]


# --- zeros --------------------------------------------------------------


@pytest.mark.parametrize("zeros", [(), (1,), (1, 3), (0, 2, 4)])
@pytest.mark.parametrize("call", [lambda x: x.prod(), lambda x: x.prod(0), lambda x: x.reshape(5, 1).prod(1),
                                  lambda x: x.reshape(1, 5).prod(-1, keepdim=True)])
def test_the_derivatives_of_a_product_do_not_mind_zeros(zeros, call):
    x = ta.tensor([0.5, -1.5, 2.0, 3.0, -0.7], dtype=ta.float64)
    x[list(zeros)] = 0
    x.requires_grad = True
    assert gradcheck(call, x) and gradgradcheck(call, x)


def test_the_gradient_of_a_product_is_the_product_of_the_others():
    x = leaf(0.0, 2.0, 3.0)
    (dx,) = grad(x.prod(), x, create_graph=True)
    assert dx.tolist() == [6, 0, 0]
    assert grad(dx[0], x, retain_graph=True)[0].tolist() == [0, 3, 2]
    assert grad(dx[1], x)[0].tolist() == [3, 0, 0]


def test_where_nothing_deviates_std_has_gradient_0():
    x = leaf(*np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]]))
    (dx,) = grad(x.std(1), x, ta.ones(2, dtype=ta.float64), create_graph=True)
    np.testing.assert_allclose(dx.detach(), [[0, 0, 0], [-0.5, 0, 0.5]])
    assert np.isfinite(grad(dx.sum(), x)[0].array).all()


# --- the forms of the arguments -----------------------------------------


def test_var_and_std_in_their_older_and_newer_forms():
    x = ta.tensor(np.random.default_rng(0).random((3, 4)), requires_grad=True)
    biased, fair = x.array.var(0), x.array.var(0, ddof=1)
    for y in (x.var(0), x.var(0, True), x.var(dim=(0,), correction=1), x.var(0, correction=None), x.std(0) ** 2):
        np.testing.assert_allclose(y.detach(), fair)
    for y in (x.var(0, False), x.var(0, unbiased=False), ta.var(x, dim=0, correction=0), x.std(0, False) ** 2):
        np.testing.assert_allclose(y.detach(), biased)
    assert x.var(0, True, True).shape == x.std(0, False, True).shape == (1, 4)
    for y in (x.var(False), x.var(unbiased=False), x.var(correction=0), x.std(False) ** 2):
        np.testing.assert_allclose(y.item(), x.array.var())
    for call in (lambda x: x.var(()), lambda x: x.std([], keepdim=True)):  # PyTorch's gradient is not right there
        assert gradcheck(call, x)
    with pytest.raises(TypeError, match=r"var: wanted numbers as dim, .* got dim=True, keepdim=False"):
        x.var(True, True)


def test_infinities_come_without_a_warning():
    x = leaf(math.inf, 1.0, -math.inf)
    for y in (x.sum(), x.mean(), x.prod(0), x.var(), x.std(0)):
        y.backward()
    huge = ta.full((2,), 3e38)
    assert huge.sum().item() == huge.mean().item() == huge.prod().item() == huge.var(correction=-1).item() + math.inf


CALLS = {
    "sum": lambda t, x: x.sum(),
    "sum 0": lambda t, x: t.sum(x, 0),
    "sum -1": lambda t, x: t.sum(input=x, dim=-1, keepdim=True),
    "sum ()": lambda t, x: x.sum(()),
    "sum None": lambda t, x: x.sum(None, True),
    "sum (0, 1)": lambda t, x: x.sum((0, 1)),
    "sum [1]": lambda t, x: x.sum([1], True),
    "sum 0, 1": lambda t, x: x.sum(0, 1),
    "sum True": lambda t, x: x.sum(True),
    "sum of 2": lambda t, x: x.sum(2),
    "sum twice": lambda t, x: x.sum((0, 0)),
    "sum float32": lambda t, x: x.sum(0, dtype=t.float32),
    "sum int64": lambda t, x: (x > 1).sum(0, dtype=t.int64),
    "sum of bools": lambda t, x: (x > 1).sum(0),
    "mean": lambda t, x: x.mean(),
    "mean 0": lambda t, x: t.mean(input=x, dim=0),
    "mean ()": lambda t, x: x.mean((), keepdim=True),
    "mean (0, 1)": lambda t, x: x.mean((0, 1), True),
    "mean float32": lambda t, x: x.mean(-1, dtype=t.float32),
    "mean float64": lambda t, x: x.mean(dtype=t.float64),
    "mean int64": lambda t, x: x.mean(dtype=t.int64),
    "prod": lambda t, x: x.prod(),
    "prod 0": lambda t, x: t.prod(x, 0),
    "prod -1": lambda t, x: t.prod(input=x, dim=-1, keepdim=True),
    "prod (0, 1)": lambda t, x: x.prod((0, 1)),
    "prod float64": lambda t, x: x.prod(0, dtype=t.float64),
    "prod of bools": lambda t, x: (x > 1).prod(0),
    "var": lambda t, x: x.var(),
    "var 0": lambda t, x: t.var(x, 0),
    "var -1": lambda t, x: t.var(input=x, dim=(-1,), correction=0, keepdim=True),
    "var False": lambda t, x: t.var(x, False),
    "var 0, True, True": lambda t, x: x.var(0, True, True),
    "var 0, 1": lambda t, x: x.var(0, 1),
    "var True, True": lambda t, x: x.var(True, True),
    "var None": lambda t, x: x.var(None, False),
    "var both": lambda t, x: x.var(0, unbiased=True, correction=1),
    "std": lambda t, x: x.std(),
    "std 0": lambda t, x: t.std(x, 0, unbiased=False),
    "std -1": lambda t, x: t.std(x, dim=-1, correction=0.5),
    "std False": lambda t, x: t.std(input=x, unbiased=False),
    "std (0, 1)": lambda t, x: x.std((0, 1), False, True),
    "all": lambda t, x: x.all(),
    "all 0": lambda t, x: t.all(x, 0),
    "all -1": lambda t, x: t.all(input=x, dim=-1, keepdim=True),
    "all ()": lambda t, x: x.all(()),
    "all (0, 1)": lambda t, x: x.all((0, 1), True),
    "all None": lambda t, x: x.all(dim=None),
    "any": lambda t, x: x.any(),
    "any 0": lambda t, x: t.any(x, dim=0),
    "any []": lambda t, x: x.any([]),
    "any (0, 1)": lambda t, x: x.any((0, 1)),
}


# PyTorch divides a product by each factor, which makes NaN of infinities.
APART = [(name, values) for name in CALLS if name.startswith("prod") for values in ("infinities", "not a number")]
CASES = [(call, values) for call in CALLS for values in VALUES if (call, values) not in APART]


@pytest.mark.filterwarnings("ignore:(var|std)")  # PyTorch's, of a variance of nothing
@pytest.mark.parametrize("call, values", CASES)
def test_as_in_pytorch(call, values):
    as_in_pytorch(CALLS[call], VALUES[values])
