"""Extremes where the samples do not go: ties, NaN, nothing to choose from, max and min in all their forms."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tests.ops.against import VALUES, as_in_pytorch
from tinyattn.autograd import grad, gradcheck, gradgradcheck


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


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


@pytest.mark.parametrize("call, got", [
    (lambda x: x.max(keepdim=True), "dim=None, keepdim=True: amax takes several dims"),
    (lambda x: x.min((0, 1)), r"dim=\(0, 1\), keepdim=False: amin takes several dims"),
    (lambda x: ta.max(x, 0, other=x), "dim=0, keepdim=False, and a tensor"),
    (lambda x: ta.min(x, x, True), "dim=None, keepdim=True, and a tensor"),
])
def test_other_forms_are_refused(call, got):
    with pytest.raises(TypeError, match=f"(max|min): wanted nothing, one dim .and keepdim., or a second tensor, got {got}"):
        call(ta.ones(2, 2))


def test_of_nothing():
    x = ta.zeros(0, 3)
    for name in ("amax", "amin", "argmax", "argmin", "max", "min"):
        for dims in ((), (0,)):
            with pytest.raises(IndexError, match=rf"^{name}: wanted at least one element along dim 0, got shape \(0, 3\)"):
                getattr(x, name)(*dims)
    assert x.max(1).indices.shape == x.amin(1).shape == x.argmax(-1).shape == (0,)


def test_extremes_of_infinities_and_of_what_is_not_a_number():
    x = leaf(-math.inf, -math.inf)
    x.amax().backward()
    assert x.grad.tolist() == [0.5, 0.5]
    x = leaf(1.0, math.nan, 3.0, math.nan)
    for found in (x.max(0), x.min(0)):
        assert math.isnan(found.values.item()) and found.indices.item() == 1
        assert grad(found.values, x)[0].tolist() == [0, 1, 0, 0]
    assert math.isnan(x.amax().item()) and math.isnan(x.min().item()) and x.argmin().item() == 1


CALLS = {
    "max": lambda t, x: x.max(),
    "max 0": lambda t, x: tuple(x.max(0)),
    "max 0, True": lambda t, x: tuple(t.max(x, 0, True)),
    "max -1": lambda t, x: tuple(t.max(input=x, dim=-1, keepdim=False)),
    "max of both": lambda t, x: t.max(x, other=t.ones_like(x)),
    "max (0, 1)": lambda t, x: x.max((0, 1)),
    "max of 2": lambda t, x: x.max(2),
    "max keepdim": lambda t, x: x.max(keepdim=True),
    "max 0, 1": lambda t, x: x.max(0, 1),
    "min": lambda t, x: t.min(x),
    "min 0": lambda t, x: tuple(x.min(0)),
    "min -1": lambda t, x: x.min(-1, keepdim=True).indices,
    "min of both": lambda t, x: x.min(t.ones_like(x)),
    "amax": lambda t, x: x.amax(),
    "amax 0": lambda t, x: x.amax(0, True),
    "amax ()": lambda t, x: t.amax(input=x, dim=()),
    "amin": lambda t, x: x.amin(),
    "amin (0, 1)": lambda t, x: t.amin(x, (0, 1)),
    "amin -1": lambda t, x: x.amin(dim=[-1]),
    "argmax": lambda t, x: x.argmax(),
    "argmax 0": lambda t, x: x.argmax(0, True),
    "argmax None": lambda t, x: t.argmax(input=x, dim=None),
    "argmax (0, 1)": lambda t, x: x.argmax((0, 1)),
    "argmin": lambda t, x: t.argmin(x, keepdim=True),
    "argmin -1": lambda t, x: x.argmin(-1),
}
# PyTorch gives NaN a gradient in max() and none in amax(); it has no argmax of bools.
APART = [("max", "not a number"), ("min", "not a number"),
         *[(name, "bools") for name in CALLS if name.startswith("arg")]]
CASES = [(call, values) for call in CALLS for values in VALUES if (call, values) not in APART]


@pytest.mark.parametrize("call, values", CASES)
def test_as_in_pytorch(call, values):
    as_in_pytorch(CALLS[call], VALUES[values])
