"""sort, argsort and topk: ties, NaN, every form that PyTorch takes, and gradients that find their way back."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tests.ops.against import VALUES, as_in_pytorch
from tinyattn.autograd import grad, gradcheck, gradgradcheck


def leaf(*shape):
    return ta.tensor(np.random.default_rng(shape).permutation(math.prod(shape)).reshape(shape) / 8, dtype=ta.float64,
                     requires_grad=True)


def test_values_and_indices_have_names():
    x = ta.tensor([3.0, 1.0, 2.0])
    found = x.sort()
    assert found.values.tolist() == [1, 2, 3] and found.indices.tolist() == [1, 2, 0] and found.indices.dtype == ta.int64
    values, indices = x.topk(2)
    assert values.tolist() == [3, 2] and indices.tolist() == [0, 2]
    assert x.argsort(descending=True).tolist() == [0, 2, 1]


def test_equal_elements_stay_in_their_order():
    x = ta.tensor([2, 1, 2, 1, 2])
    assert x.sort(stable=True).indices.tolist() == x.sort().indices.tolist() == [1, 3, 0, 2, 4]
    assert x.sort(descending=True, stable=True).indices.tolist() == [0, 2, 4, 1, 3]
    assert x.topk(4).indices.tolist() == [0, 2, 4, 1] and x.topk(3, largest=False).indices.tolist() == [1, 3, 0]
    many = np.arange(1000) % 3
    first_twos = np.flatnonzero(many == 2)[:5].tolist()
    assert ta.tensor(many).sort().indices[:3].tolist() == [0, 3, 6]
    assert ta.tensor(many).sort(descending=True).indices[:5].tolist() == ta.tensor(many).topk(5).indices.tolist() == first_twos
    assert ta.tensor([0, -(2**63), 5]).sort(descending=True).values.tolist() == [5, 0, -(2**63)]  # has no negative


def test_what_is_not_a_number_is_larger_than_every_number():
    x = ta.tensor([1.0, math.nan, math.inf, 2.0])
    assert x.sort().indices.tolist() == [0, 3, 2, 1] and x.sort(descending=True).indices.tolist() == [1, 2, 3, 0]
    assert x.topk(2).indices.tolist() == [1, 2] and x.topk(2, largest=False).indices.tolist() == [0, 3]


@pytest.mark.parametrize("call", [lambda x: x.sort(1).values, lambda x: x.sort(0, True)[0], lambda x: x.topk(2).values,
                                  lambda x: x.topk(1, 0, False).values, lambda x: x.topk(0).values])
def test_gradients_of_both_orders(call):
    assert gradcheck(call, leaf(3, 4)) and gradgradcheck(lambda x: call(x) ** 3, leaf(3, 4))


def test_each_gradient_goes_back_to_where_its_value_came_from():
    x = ta.tensor([3.0, 1.0, 2.0], requires_grad=True)
    dy = ta.tensor([10.0, 20.0, 30.0])
    assert grad(x.sort().values, x, dy)[0].tolist() == [30, 10, 20]
    assert grad(x.topk(2).values, x, dy[:2])[0].tolist() == [10, 0, 20]
    assert not x.sort().indices.requires_grad and not x.argsort().requires_grad


@pytest.mark.parametrize("shape, k, dim, size, axis", [((2, 3), 4, -1, 3, 1), ((2, 3), 3, 0, 2, 0), ((2,), -1, 0, 2, 0),
                                                      ((), 2, 0, 1, 0), ((0, 3), 1, 0, 0, 0), ((2,), 0.5, 0, 2, 0)])
def test_topk_of_more_than_there_are(shape, k, dim, size, axis):
    with pytest.raises(ValueError, match=rf"topk: k must be in 0 \.\.\. {size}, the size of dim {axis}, got {k}"):
        ta.ones(shape).topk(k, dim)


def test_dims_that_are_not_there():
    for name, call in (("topk", lambda x: x.topk(1, 2)), ("sort", lambda x: x.sort(2))):
        with pytest.raises(IndexError, match=rf"{name}: dim must be in -2 \.\.\. 1, got 2"):
            call(ta.ones(2, 3))


CALLS = {
    "sort": lambda t, x: tuple(x.sort()),
    "sort 0": lambda t, x: tuple(t.sort(x, 0)),
    "sort 0, True": lambda t, x: tuple(t.sort(input=x, dim=0, descending=True)),
    "sort stable": lambda t, x: tuple(t.sort(x, stable=True, dim=-1, descending=True)),
    "sort of 2": lambda t, x: x.sort(2),
    "argsort": lambda t, x: x.argsort(),
    "argsort 0, True": lambda t, x: t.argsort(x, 0, True),
    "argsort stable": lambda t, x: x.argsort(dim=-1, stable=True),
    "topk 1": lambda t, x: x.topk(1).values,
    "topk 0": lambda t, x: t.topk(x, 0).values,
    "topk 2, 0": lambda t, x: x.topk(2, 0).values,
    "topk smallest": lambda t, x: t.topk(input=x, k=2, dim=-1, largest=False).values,
    "topk in any order": lambda t, x: x.topk(3, sorted=False).values.sum(-1),
    "topk -1": lambda t, x: x.topk(-1),
    "topk 1.5": lambda t, x: x.topk(1.5),
}
# Of equal elements PyTorch's topk takes any; and it has none of bools.
APART = [(name, values) for name in CALLS if name.startswith("topk") for values in ("ties and zeros", "not a number", "bools")]
CASES = [(call, values) for call in CALLS for values in VALUES if (call, values) not in APART]


@pytest.mark.parametrize("call, values", CASES)
def test_as_in_pytorch(call, values):
    as_in_pytorch(CALLS[call], VALUES[values])
