"""Products with the Jacobian and the Hessian: PyTorch's numbers, in PyTorch's structure."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import functional, gradcheck

RANDOM = np.random.default_rng(0)
A, B = RANDOM.standard_normal((2, 3)), RANDOM.standard_normal(3)
VA, VB = RANDOM.standard_normal((2, 3)), RANDOM.standard_normal(3)
NAMES = ["vjp", "jvp", "jacobian", "hessian", "vhp", "hvp"]


def one(a):
    return (a.exp() * a).sum(1)


def two(a, b):
    return (a * b).tanh()


def several(a, b):
    return (a * b).tanh(), b.sin().sum(), a[0] * 3


def unused(a, b):
    return a.exp()


def single(a):
    return (a.tanh() ** 3).sum()


def energy(a, b):
    return ((a * b).tanh() ** 2).sum() + (b**3).sum()


def linear(a, b):
    return (a * 2).sum() + b.sum()


# Function, inputs, the v of vjp (like the outputs), whether the output is a single number.
CASES = [
    (one, A, VA[:, 0]),
    (two, (A, B), VA),
    (several, (A, B), (VA, np.array(0.3), VB)),
    (unused, (A, B), VA),
    (single, A, None),
    (single, (A,), np.array(2.0)),
    (energy, (A, B), None),
    (linear, (A, B), None),
]
SCALAR = [case for case in CASES if case[0] in (single, energy, linear)]


def both(x):
    """The same for tinyattn and for PyTorch."""
    torch = pytest.importorskip("torch")
    if isinstance(x, tuple):
        pairs = [both(part) for part in x]
        return tuple(mine for mine, _ in pairs), tuple(theirs for _, theirs in pairs)
    return (None, None) if x is None else (ta.tensor(x), torch.tensor(x))


def assert_same(mine, theirs):
    assert type(mine) is tuple if isinstance(theirs, tuple) else isinstance(mine, ta.Tensor)
    if isinstance(theirs, tuple):
        assert len(mine) == len(theirs)
        for x, y in zip(mine, theirs):
            assert_same(x, y)
    else:
        assert mine.shape == tuple(theirs.shape)
        np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=1e-10, atol=1e-12)


def compare(name, func, inputs, *v, **options):
    torch = pytest.importorskip("torch")
    (mine, theirs), vs = both(inputs), [both(x) for x in v]
    got = getattr(functional, name)(func, mine, *[x for x, _ in vs], **options)
    assert_same(got, getattr(torch.autograd.functional, name)(func, theirs, *[x for _, x in vs], **options))
    return got


def like(inputs):
    return {1: VA, 2: (VA, VB)}[len(inputs)] if isinstance(inputs, tuple) and len(inputs) > 1 else (
        (VA,) if isinstance(inputs, tuple) else VA)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("func, inputs, v", CASES)
def test_jacobians_are_pytorchs(func, inputs, v, create_graph):
    compare("vjp", func, inputs, v, create_graph=create_graph)
    compare("jvp", func, inputs, like(inputs), create_graph=create_graph)
    compare("jacobian", func, inputs, create_graph=create_graph)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("func, inputs, v", SCALAR)
def test_hessians_are_pytorchs(func, inputs, v, create_graph):
    compare("hessian", func, inputs, create_graph=create_graph)
    compare("vhp", func, inputs, like(inputs), create_graph=create_graph)
    compare("hvp", func, inputs, like(inputs), create_graph=create_graph)


def test_v_may_be_left_out_for_a_single_element():
    for name in ("vjp", "jvp", "hvp", "vhp"):
        compare(name, lambda x: (x**3).sum(), np.array([2.0]))


def test_products_are_products():
    """Without PyTorch: vᵀJ and Jv with the Jacobian, vᵀH and Hv with the Hessian, that one symmetric."""
    a, b = ta.tensor(A), ta.tensor(B)
    rows = [j.numpy().reshape(6, -1) for j in functional.jacobian(two, (a, b))]
    for product, j in zip(functional.vjp(two, (a, b), ta.tensor(VA))[1], rows):
        np.testing.assert_allclose(product.numpy().ravel(), VA.ravel() @ j, rtol=1e-12)
    product = functional.jvp(two, (a, b), (ta.tensor(VA), ta.tensor(VB)))[1]
    np.testing.assert_allclose(product.numpy().ravel(), rows[0] @ VA.ravel() + rows[1] @ VB, rtol=1e-12)
    h = functional.hessian(single, a).numpy().reshape(6, 6)
    np.testing.assert_allclose(h, h.T, rtol=1e-12)
    for name in ("hvp", "vhp"):
        product = getattr(functional, name)(single, a, ta.tensor(VA))[1]
        np.testing.assert_allclose(product.numpy().ravel(), h @ VA.ravel(), rtol=1e-12)


def test_nothing_is_left_behind():
    """Neither gradients nor graphs; and inputs need not ask for a gradient."""
    a = ta.tensor(A, requires_grad=True)
    for name in NAMES:
        v = () if name in ("jacobian", "hessian") else (None,) if name == "vjp" else (ta.tensor(VA),)
        found = getattr(functional, name)(single, a, *v)
        assert not any(x.requires_grad for x in (found if isinstance(found, tuple) else (found,)))
    assert a.grad is None
    with ta.no_grad():
        assert functional.jacobian(one, ta.tensor(A)).shape == (2, 2, 3)


def test_only_what_goes_through_the_arguments_counts():
    a = ta.tensor(A, requires_grad=True)
    for create_graph in (False, True):
        found = functional.jacobian(lambda x: (x * a).sum(), a, create_graph=create_graph)
        np.testing.assert_allclose(found.detach().numpy(), A)


@pytest.mark.parametrize("name", NAMES)
def test_results_can_be_differentiated_by_inputs_and_v(name):
    x, v = ta.tensor([0.3, -0.7], dtype=ta.float64, requires_grad=True), ta.tensor([0.5, 2.0], dtype=ta.float64)
    v.requires_grad = True
    call = getattr(functional, name)
    if name in ("jacobian", "hessian"):
        assert gradcheck(lambda x: call(lambda x: (x.exp() * x[0]).sum(), x, create_graph=True), x)
    else:
        def func(x):
            return x.exp() * x[0] if name in ("vjp", "jvp") else (x.exp() * x[0]).sum()

        assert gradcheck(lambda x, v: call(func, x, v, create_graph=True), (x, v))


def test_a_jacobian_of_nothing():
    for x in (ta.zeros(0, 3), ta.zeros(0, 3, requires_grad=True)):
        assert functional.jacobian(lambda x: x * 2, x, create_graph=True).shape == (0, 3, 0, 3)


# --- strict, and what is refused ------------------------------------------


def strict_calls(func, inputs):
    v = tuple(ta.ones_like(x) for x in inputs)
    return {
        "vjp": lambda: functional.vjp(func, inputs, strict=True),
        "jvp": lambda: functional.jvp(func, inputs, v, strict=True),
        "jacobian": lambda: functional.jacobian(func, inputs, strict=True),
        "hessian": lambda: functional.hessian(func, inputs, strict=True),
        "vhp": lambda: functional.vhp(func, inputs, v, strict=True),
        "hvp": lambda: functional.hvp(func, inputs, v, strict=True),
    }


@pytest.mark.parametrize("name", NAMES)
def test_strict_wants_every_input_to_matter(name):
    a, b = ta.tensor(A), ta.tensor(B)
    with pytest.raises(RuntimeError, match=rf"{name}: .*output.* does not depend on input 1: pass strict=False"):
        strict_calls(lambda a, b: (a**3).sum(), (a, b))[name]()
    with pytest.raises(RuntimeError, match=f"{name}: output 0 requires no gradient: make it of the inputs by ops"):
        strict_calls(lambda a, b: ta.tensor(1.0), (a, b))[name]()
    strict_calls(energy, (a, b))[name]()


def test_strict_wants_second_derivatives_where_there_will_be_some():
    a, b = ta.tensor(A), ta.tensor(B)
    for name in ("hessian", "vhp", "hvp"):
        with pytest.raises(RuntimeError, match=f"{name}: the derivative of the output by input 0 is constant, without a"):
            strict_calls(linear, (a, b))[name]()
    with pytest.raises(RuntimeError, match="vjp: the derivative of the output by input 0 is constant"):
        functional.vjp(linear, (ta.tensor(A, requires_grad=True), b), strict=True, create_graph=True)
    w = ta.tensor(B, requires_grad=True)
    with pytest.raises(RuntimeError, match="hvp: the gradient does not depend on input 1: pass strict=False to get 0"):
        functional.hvp(lambda a, b: (a**2).sum() + (b * w).sum(), (a, b), (a, b), strict=True)


def test_wrong_arguments():
    a, b = ta.tensor(A), ta.tensor(B)
    with pytest.raises(TypeError, match="vjp: inputs must be a Tensor or a tuple of Tensors, got list"):
        functional.vjp(two, [a, b])
    with pytest.raises(TypeError, match="jacobian: outputs must be a Tensor or a tuple of Tensors, got int"):
        functional.jacobian(lambda a: 3, a)
    with pytest.raises(TypeError, match="jvp: v must be a Tensor or a tuple of Tensors, got ndarray"):
        functional.jvp(one, a, VA)
    with pytest.raises(ValueError, match="vjp: v can be left out only where the output is a single element: pass it"):
        functional.vjp(one, a)
    with pytest.raises(ValueError, match="hvp: v can be left out only where the input is a single element: pass it"):
        functional.hvp(single, a)
    with pytest.raises(ValueError, match=r"jvp: v must have the shape of the input, \[\(2, 3\)\], got \[\(3,\)\]"):
        functional.jvp(one, a, b)
    with pytest.raises(ValueError, match=r"hessian: wanted a function with one output of one element, got shape \(2,\)"):
        functional.hessian(one, a)
    with pytest.raises(ValueError, match="vhp: wanted a function with one output of one element, got 1 output"):
        functional.vhp(lambda a: (a.sum(),), a, a)
    for name in ("jacobian", "hessian"):
        with pytest.raises(NotImplementedError, match=f"{name}: vectorize=True is not built: leave it out"):
            getattr(functional, name)(single, a, vectorize=True)
    with pytest.raises(NotImplementedError, match="jacobian: wanted the strategy 'reverse-mode', got 'forward-mode'"):
        functional.jacobian(single, a, strategy="forward-mode")
    with pytest.raises(NotImplementedError, match="hessian: wanted the strategy 'reverse-mode', got 'forward-mode'"):
        functional.hessian(single, a, outer_jacobian_strategy="forward-mode")
    with pytest.raises(TypeError, match="requires_grad: wanted a floating-point tensor, got int64"):
        functional.jacobian(lambda x: x, ta.tensor([1, 2]))
