"""The checks: do they find what is wrong?"""

import re

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import Function, GradcheckError, gradcheck, gradgradcheck
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
    for check in (gradcheck, gradgradcheck):
        with pytest.raises(ValueError, match=f"{check.__name__}: wanted at least one input that requires a gradient, got none"):
            check(lambda x: x * 2, ta.tensor([1.0]))


def test_gradcheck_inside_no_grad():
    with ta.no_grad():
        x = leaf(0.5)
        with ta.enable_grad():
            assert gradcheck(lambda x: x.exp(), x)


def test_gradcheck_of_empty_and_of_single():
    assert gradcheck(lambda x: x.exp(), ta.zeros(0, 3, dtype=ta.float64, requires_grad=True))
    assert gradcheck(lambda x: x.exp(), ta.tensor(0.5, dtype=ta.float64, requires_grad=True))


# --- the explanation: deliberately wrong rules ----------------------------


def explained(check, function, inputs, **options):
    with pytest.raises(GradcheckError) as caught:
        check(function, inputs, **options)
    assert check(function, inputs, raise_exception=False, **options) is False
    return str(caught.value).split("\n  ")


@op
def off_at_one_place(a, b, /):
    """y = a · b"""
    return a * b


off_at_one_place.gradient(da=lambda dy, b: dy * b, db=lambda dy, a: dy * (a + np.array([[0.0, 0.0], [0.5, 0.0]])))


def test_it_names_the_op_its_input_and_the_element():
    x, y = leaf(*np.full((2, 2), 0.5)), leaf(*np.full((2, 2), 2.0))
    first, steps, at_fault, inside = explained(
        gradcheck, lambda x, y: ((x + y).exp(), off_at_one_place(x.sin(), y).tanh().sum()), (x, y))
    assert re.fullmatch(r"gradcheck: d output 1\[\] / d input 1\[1, 0\] is 0.43\d+, by finite differences 0.21\d+; "
                        r"1 of 4 elements differ, by up to 0.22\d", first)
    assert re.fullmatch(r"finite differences: 0.21\d+ over 1e-07, 0.21\d+ over 1e-06, 0.21\d+ over 1e-05: they agree, so "
                        "it is the derivative that is wrong", steps)
    assert at_fault == "the first op whose own derivative is wrong: off_at_one_place, y = a · b"
    assert re.fullmatch(r"  d y\[1, 0\] / d b\[1, 0\] is 0.97942\d+, by finite differences 0.47942\d+; 1 of 16 elements "
                        "differ, by up to 0.5", inside)


def test_of_several_ops_the_first_is_named():
    early, late = tanh_with(lambda dy, y: dy * 2), tanh_with(lambda dy, y: dy * 3)
    late.op.name = "late"
    assert explained(gradcheck, lambda x: late(early(x.exp())), leaf(0.3))[2].endswith(": tanh, tanh")
    assert explained(gradcheck, lambda x: early(late(x.exp())), leaf(0.3))[2].endswith(": late, tanh")


def test_attributes_saved_values_and_joint_gradients():
    @op(saves=True)
    def power(x, y, /, n, scale=1.0):
        """z = (x y)ⁿ · scale"""
        return (x * y) ** n * scale, x * y

    power.joint_gradient(lambda x, y, dy, saved, n, scale: (dy * n * saved ** (n - 1) * y * scale,
                                                            dy * n * saved ** (n - 1) * x * scale * 1.1))
    x, y = leaf(1.5), leaf(2.0)
    *_, at_fault, inside = explained(gradcheck, lambda x, y: power(x.exp(), y, n=2, scale=3.0).sum(), (x, y))
    assert at_fault.endswith("power, z = (x y)ⁿ · scale") and inside.startswith("  d y[0] / d y[0] is")


class Doubled(Function):
    """y = k x²"""

    @staticmethod
    def forward(ctx, k, x):
        ctx.k = k
        ctx.save_for_backward(x)
        return x * x * k

    @staticmethod
    def backward(ctx, dy):
        return None, dy * ctx.k * 2 * ctx.saved_tensors[0].detach() * (1.1 if ctx.k > 5 else 1)


def test_a_users_own_op_is_named():
    *_, at_fault, inside = explained(gradcheck, lambda x: Doubled.apply(6, x.sin()).sum(), leaf(0.3, -0.7))
    assert at_fault.endswith(": Doubled, y = k x²") and inside.startswith("  d y[0] / d x[0] is 3.9")


def test_gradgradcheck_explains_too():
    assert gradcheck(lambda x: Doubled.apply(2, x.sin()), leaf(0.3, -0.7))
    first, _, at_fault, inside = explained(gradgradcheck, lambda x: Doubled.apply(2, x.sin()), leaf(0.3, -0.7))
    assert first.startswith("gradgradcheck: d (gradient of input 0)[0] / d input 0[0] is ")
    assert at_fault.endswith(": Doubled, y = k x²") and inside.startswith("  d (gradient of x)[0] / d x[0] is 0, by")
    once = tanh_with(lambda dy, y: dy.detach() * (1 - y * y) if isinstance(dy, Tensor) else dy * (1 - y * y))
    assert "/ d grad_output 0[0] is" in explained(gradgradcheck, once, leaf(0.3))[0]


def test_a_missing_part_of_the_way():
    *_, last = explained(gradcheck, lambda x: x + x.detach(), leaf(1.0))
    assert last == "the derivative of each op by itself is right: a part of the way is missing, look for .detach() and .array"


def test_a_bend():
    steps = explained(gradcheck, lambda x: x.relu(), leaf(0.0, 1.0))[1]
    assert steps == ("finite differences: 0.5 over 1e-07, 0.5 over 1e-06, 0.5 over 1e-05: 0 to the left and 1 to the "
                     "right, the function bends or jumps there")


def test_eps_that_is_not_right():
    steps = explained(gradcheck, lambda x: x**3, leaf(0.0), eps=0.1)[1]
    assert steps == ("finite differences: 0.0001 over 0.01, 0.01 over 0.1, 1 over 1: they do not agree, so eps is not right "
                     "for this function, or its inputs have too few digits")


def test_a_function_that_changes():
    noise = iter(range(1000))
    last = explained(gradcheck, lambda x: x * next(noise), leaf(1.0))[-1]
    assert last == "the function returns something else each time it is called: that has no derivative"


def test_a_gradient_that_changes():
    noise = iter(np.arange(1, 2, 0.001))
    tanh = tanh_with(lambda dy, y: dy * (1 - y * y) * (1 if isinstance(dy, Tensor) else next(noise)))
    first, last = explained(gradcheck, tanh, leaf(0.3))
    assert re.match(r"gradcheck: d output 0\[0\] / d input 0\[0\] is 0.9\d+, and taken again 0.9\d+; 1 of 1 elements", first)
    assert last.startswith("a backward pass must give the same each time, or pass nondet_tol=0.00")
    noise = iter(np.arange(1, 1.001, 1e-7))
    assert gradcheck(tanh, leaf(0.3), nondet_tol=1e-3)


def test_nothing_for_other_outputs_or_zeros():
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, da, db):
            return da * 2 + db * 3

    with pytest.raises(TypeError, match="NoneType"):
        gradcheck(Two.apply, leaf(1.0))
    assert gradcheck(Two.apply, leaf(1.0), check_undefined_grad=False)
    assert gradcheck(lambda x: (x * 2, x.detach()), leaf(1.0), check_undefined_grad=False, raise_exception=False) is False


def test_float32_is_warned_of():
    x = ta.tensor([0.5], dtype=ta.float32, requires_grad=True)
    for check in (gradcheck, gradgradcheck):
        with pytest.warns(UserWarning, match=rf"{check.__name__}: input 0 is float32, which has too few digits for "
                                             r"finite differences: use .double\(\)"):
            check(lambda x: x.exp(), x, eps=1e-2, atol=1e-2, rtol=1e-2)
    with pytest.warns(UserWarning), pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x: x.exp(), x)
    assert "too few digits" in str(caught.value) or "bends" in str(caught.value)
    assert len(str(caught.value).split("\n")) == 2  # each op by itself would have too few digits as well


def test_options_that_are_not_built_are_refused():
    for check, option, value in ((gradcheck, "fast_mode", True), (gradcheck, "check_forward_ad", True),
                                 (gradcheck, "check_backward_ad", False), (gradcheck, "masked", True),
                                 (gradgradcheck, "check_rev_over_rev", False), (gradgradcheck, "check_fwd_over_rev", True),
                                 (gradgradcheck, "gen_non_contig_grad_outputs", True),
                                 (gradcheck, "check_batched_grad", True), (gradcheck, "check_grad_dtypes", True)):
        with pytest.raises(NotImplementedError, match=f"{check.__name__}: {option}={value} is not built: leave it out"):
            check(lambda x: x.exp(), leaf(1.0), **{option: value})
        assert check(lambda x: x.exp(), leaf(1.0), **{option: not value})
    with pytest.raises(TypeError, match="gradcheck: there is no argument 'epsilon'"):
        gradcheck(lambda x: x.exp(), leaf(1.0), epsilon=1e-6)
