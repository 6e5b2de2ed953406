"""cumsum in every form that PyTorch takes."""

import math

import pytest

import tinyattn as ta
from tests.ops.against import VALUES, as_in_pytorch

CALLS = {
    "0": lambda t, x: x.cumsum(0),
    "-1": lambda t, x: t.cumsum(x, -1),
    "by name": lambda t, x: t.cumsum(input=x, dim=0),
    "of 2": lambda t, x: x.cumsum(2),
    "None": lambda t, x: x.cumsum(None),
    "nothing": lambda t, x: x.cumsum(),
    "float32": lambda t, x: x.cumsum(0, dtype=t.float32),
    "of bools": lambda t, x: (x > 1).cumsum(-1),
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_as_in_pytorch(call, values):
    as_in_pytorch(call, values)


def test_dtypes():
    assert ta.tensor([True, True, False]).cumsum(0).tolist() == [1, 2, 2]
    assert ta.tensor([True, True]).cumsum(0).dtype == ta.tensor([1, 2]).cumsum(0).dtype == ta.int64
    assert ta.tensor([1, 2]).cumsum(0, dtype=ta.float64).dtype == ta.float64
    assert ta.ones(2).cumsum(0).dtype == ta.float32


def test_infinities_come_without_a_warning():
    x = ta.tensor([math.inf, 1.0, -math.inf], requires_grad=True)
    y = x.cumsum(0)
    assert y.tolist()[:2] == [math.inf, math.inf] and math.isnan(y.tolist()[2])
    y.sum().backward()
    assert x.grad.tolist() == [3, 2, 1]
