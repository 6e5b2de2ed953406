"""The checks: do they find what is wrong?"""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import GradcheckError, gradcheck, gradgradcheck
from tinyattn.tensor import Tensor, op


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def test_gradcheck_passes_what_is_right():
    x, w = leaf(0.3, -0.7), leaf(1.5)
    assert gradcheck(lambda x, w: (x * w).tanh(), (x, w))
    assert gradcheck(lambda x: [x.exp(), x.sum(), x.argmax()], x)
    assert gradgradcheck(lambda x, w: (x.sin() * w, w**3), [x, w])
    assert gradcheck(lambda x, k: x * k, (x, 3)) and gradcheck(lambda x, k: x * k, (x, ta.tensor([1.0, 2.0])))


def test_gradcheck_leaves_inputs_and_gradients_as_they_were():
    x = leaf(0.3, -0.7)
    gradcheck(lambda x: x.tanh(), x)
    gradgradcheck(lambda x: x.tanh(), x)
    assert x.tolist() == [0.3, -0.7] and x.grad is None


def tanh_with(derivative):
    @op
    def tanh(x, /):
        return np.tanh(x)

    tanh.gradient(dx=derivative)
    return tanh


def as_constant(function):
    """A derivative by array that forgets to be one of Tensors: the value is right, its graph is missing."""

    def derivative(dy, x):
        arrays = [a.array if isinstance(a, Tensor) else a for a in (dy, x)]
        return Tensor(function(*arrays)) if isinstance(dy, Tensor) else function(*arrays)

    return derivative


def right(dy, x):
    return dy * (1 - np.tanh(x) ** 2)


@pytest.mark.parametrize(
    "derivative",
    [
        lambda dy, y: dy * (1 - y),
        lambda dy, y: -dy * (1 - y * y),
        lambda dy, y: dy * (1.01 - y * y),
        lambda dy: dy * 0,
        lambda dy: None,
        lambda dy, y: dy * (1 - y * y) + 1e-4,
        lambda dy, y: dy * float("nan"),
    ],
)
def test_gradcheck_finds_a_wrong_derivative(derivative):
    with pytest.raises(
        GradcheckError, match=r"gradcheck: d output 0\[0\] / d input 0\[\d\] is .*, by finite differences"
    ):
        gradcheck(tanh_with(derivative), leaf(0.3, -0.7))
    assert gradcheck(tanh_with(derivative), leaf(0.3, -0.7), raise_exception=False) is False


def test_gradcheck_says_which_element_and_by_how_much():
    @op
    def product(a, b, /):
        return a * b

    product.gradient(da=lambda dy, b: dy * b, db=lambda dy, a: dy * (a + np.array([[0.0, 0.0], [0.5, 0.0]])))
    x, y = leaf(*np.ones((2, 2))), leaf(*np.full((2, 2), 2.0))
    with pytest.raises(
        GradcheckError,
        match=r"d output 1\[1, 0\] / d input 1\[1, 0\] is 1.5, by finite differences 1\.?0*; "
        r"1 of 16 elements differ, by up to 0.5",
    ):
        gradcheck(lambda x, y: (x + y, product(x, y)), (x, y))


def test_gradcheck_finds_a_missing_gradient():
    with pytest.raises(GradcheckError, match="is 0, by finite differences 1"):
        gradcheck(lambda x: Tensor(x.array * 1), leaf(1.0))
    with pytest.raises(GradcheckError, match="is 1, by finite differences 2"):
        gradcheck(lambda x: x + x.detach(), leaf(1.0))


def test_gradcheck_finds_a_gradient_that_depends_on_something_else_than_its_input():
    noise = iter(range(1000))
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: x * next(noise), leaf(1.0))


def test_gradgradcheck_finds_what_gradcheck_cannot():
    for derivative in (
        as_constant(right),
        lambda dy, x: dy * (1 - np.tanh(x.array if isinstance(x, Tensor) else x) ** 2),
    ):
        tanh = tanh_with(derivative)
        assert gradcheck(tanh, leaf(0.3, -0.7))
        with pytest.raises(GradcheckError):
            gradgradcheck(tanh, leaf(0.3, -0.7))
        assert gradgradcheck(tanh, leaf(0.3), raise_exception=False) is False


def test_gradgradcheck_takes_grad_outputs():
    dy = leaf(0.0, 1.0)
    assert gradgradcheck(lambda x: x.exp(), leaf(0.3, -0.7), dy)
    assert gradgradcheck(lambda x: (x.exp(), x.sin()), leaf(0.3, -0.7), [dy, leaf(2.0, 3.0)])


def test_gradcheck_wants_something_to_check():
    with pytest.raises(ValueError, match="gradcheck: wanted at least one input that requires a gradient, got none"):
        gradcheck(lambda x: x * 2, ta.tensor([1.0]))


def test_gradcheck_inside_no_grad():
    with ta.no_grad():
        x = leaf(0.5)
        with ta.enable_grad():
            assert gradcheck(lambda x: x.exp(), x)


def test_gradcheck_of_empty_and_of_single():
    assert gradcheck(lambda x: x.exp(), ta.zeros(0, 3, dtype=ta.float64, requires_grad=True))
    assert gradcheck(lambda x: x.exp(), ta.tensor(0.5, dtype=ta.float64, requires_grad=True))
