"""Making an op: how it is called, and what is refused."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.tensor import op


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def equal(x, wanted):
    np.testing.assert_allclose(np.asarray(x), wanted, rtol=1e-12)


def test_an_op_of_ones_own():
    @op
    def scaled_difference(a, b, /, scale=1.0):
        """y = scale · (a − b)"""
        return scale * (a - b)

    scaled_difference.gradient(da=lambda dy, scale: dy * scale, db=lambda dy, scale: -dy * scale)
    a, b = leaf(1.0, 2.0), leaf(3.0)
    y = scaled_difference(a, b, 2.0)
    y.sum().backward()
    equal(a.grad, [2, 2])
    equal(b.grad, [-4])  # b was broadcast
    assert scaled_difference.op.formula == "y = scale · (a − b)" and scaled_difference.op.name == "scaled_difference"
    equal(scaled_difference(np.ones(2), np.zeros(1), scale=3.0), [3, 3])
    for call in (
        lambda: scaled_difference(a),
        lambda: scaled_difference(a, b, scal=1.0),
        lambda: scaled_difference(a, b, 1.0, 2.0),
    ):
        with pytest.raises(TypeError, match=r"scaled_difference: wanted the arguments \(a, b, scale\), got"):
            call()


def test_derivatives_have_to_be_in_order():
    @op
    def difference(a, b, /):
        return a - b

    with pytest.raises(TypeError, match=r"difference: wanted derivatives d \+ input, in order, got \['db'\]"):
        difference.gradient(db=lambda dy: -dy)


def test_torch_names_of_inputs():
    x = ta.tensor([[1.0, 2.0]])
    assert ta.sum(input=x, dim=1).tolist() == [3.0]
    assert ta.masked_fill(input=x, mask=x > 1, value=0.0).tolist() == [[1.0, 0.0]]


def test_numpys_names_of_attributes():
    x = ta.tensor([[1.0, 2.0]])
    assert ta.sum(x, axis=1).tolist() == x.sum(axis=1).tolist() == [3.0]
    assert x.sum(axis=0, keepdims=True).tolist() == [[1.0, 2.0]]
    for call in (lambda: x.sum(0, axis=0), lambda: x.sum(dim=0, axis=0), lambda: x.exp(axis=0)):
        with pytest.raises(TypeError, match=r"wanted the arguments \(x"):
            call()


def test_what_has_to_be_named_is_not_taken_by_position():
    with pytest.raises(TypeError, match=r"sum: wanted the arguments \(x, dim, keepdim, dtype\), got \(..., ..., ..., ...\)"):
        ta.ones(2).sum(0, True, ta.float64)


def test_integers_that_come_of_a_gradients_input_have_none():
    y = leaf(1.0, 2.0).sum(dtype=ta.int64)
    assert y.tolist() == 3 and not y.requires_grad and y.is_leaf
