"""Gradients on request, and gradients of gradients."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad
from tinyattn.ops.attention import attention


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def equal(x, wanted):
    np.testing.assert_allclose(np.asarray(x), wanted, rtol=1e-12)


# --- grad ---------------------------------------------------------------


def test_grad_leaves_grad_alone():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    dx, dw = grad((x * w * w).sum(), [x, w])
    equal(dx, [9, 16])
    equal(dw, [6, 16])
    assert x.grad is None and w.grad is None and not dx.requires_grad and dx.dtype == ta.float64


def test_grad_by_one_input_and_by_something_on_the_way():
    x = leaf(1.0, 2.0)
    h = x * 3
    y = (h * h).sum()
    (dh,) = grad(y, h, retain_graph=True)
    equal(dh, [6, 12])
    dx, dh, dy = grad(y, (x, h, y))
    equal(dx, [18, 36])
    equal(dh, [6, 12])
    equal(dy, 1)


def test_grad_of_several_outputs():
    x = leaf(1.0, 2.0)
    a, b = x * 2, x * x
    equal(grad([a, b], x, [ta.tensor([1.0, 10.0]), ta.tensor([100.0, 1000.0])], retain_graph=True)[0], [202, 4020])
    equal(grad([a.sum(), b.sum(), b.sum()], x)[0], [2 + 4, 2 + 8])
    with pytest.raises(ValueError, match="grad: wanted a grad_output for each of 2 outputs, got 1"):
        grad([a, b], x, [ta.ones(2)])
    with pytest.raises(RuntimeError, match="wanted a single element or a gradient"):
        grad(x * 2, x)


def test_grad_of_one_output_of_several_by_another_op():
    x = leaf(1.0, 2.0, 3.0)
    parts = (x * x).split(1)
    equal(grad(parts[1], x)[0], [0, 4, 0])


def test_inputs_that_do_not_matter():
    x, other = leaf(1.0), leaf(2.0)
    with pytest.raises(
        RuntimeError, match=r"grad: the outputs do not depend on input 1 \(1,\): pass allow_unused=True"
    ):
        grad(x * 2, [x, other])
    assert grad(x * 2, [other, x], allow_unused=True)[0] is None
    equal(grad(x * 2, [other, x], allow_unused=True)[1], [2])
    with pytest.raises(
        RuntimeError, match="grad: input 0 requires no gradient: set requires_grad = True before using it"
    ):
        grad(x * 2, [ta.tensor([1.0])])


def test_unused_inputs_as_zeros():
    x, other = leaf(1.0), leaf(2.0, 3.0)
    dx, zeros = grad(x * 2, [x, other], materialize_grads=True)
    assert dx.tolist() == [2] and zeros.tolist() == [0, 0]
    with pytest.raises(ValueError, match="grad: materialize_grads=True gives 0 for unused inputs: leave allow_unused=False"):
        grad(x * 2, [x, other], allow_unused=False, materialize_grads=True)


def test_what_is_refused():
    x = leaf(1.0)
    with pytest.raises(NotImplementedError, match="grad: only_inputs=False is not built: leave it out"):
        grad(x * 2, x, only_inputs=False)
    with pytest.raises(NotImplementedError, match="grad: is_grads_batched=True is not built: leave it out"):
        grad(x * 2, x, is_grads_batched=True)


def test_hooks_of_what_was_not_asked_for_are_left_alone():
    x, w, seen = leaf(2.0), leaf(3.0), []
    h = x * 2
    for name, tensor in (("x", x), ("w", w), ("h", h)):
        tensor.register_hook(lambda g, name=name: seen.append((name, g.item())))
    h.retain_grad()
    y = h * w
    grad(y, w, retain_graph=True)
    assert seen == [("w", 4)] and h.grad is None
    grad(y, h, retain_graph=True)
    assert seen[1:] == [("h", 3)] and x.grad is None
    grad(y, x)
    assert seen[2:] == [("h", 3), ("x", 6)]


def test_hooks_put_other_gradients_in_the_place():
    x = leaf(2.0)
    h = x * 2
    h.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    (h * 3).backward(retain_graph=True)
    assert x.grad.tolist() == [61]
    assert [g.tolist() for g in grad(h * 3, [h, x])] == [[30], [61]]


def test_grad_by_a_part_keeps_the_rest_of_the_graph():
    """Two ways to carry a gradient on by hand: through what was asked for, and through what was left out."""
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = x * 2
    (dh,) = grad((h * w).sum(), h)
    h.backward(dh)
    equal(x.grad, [6, 8])
    h = x * 5
    grad((h * w).sum(), w)
    h.sum().backward()
    equal(x.grad, [11, 13])


def test_grad_frees_the_graph_like_backward():
    x = leaf(1.0)
    y = x.exp()
    grad(y, x, retain_graph=True)
    grad(y, x)
    for options in ({}, {"allow_unused": True}):
        with pytest.raises(
            RuntimeError, match="backward: the graph behind exp was freed by an earlier backward: pass retain_graph"
        ):
            grad(y, x, **options)


def test_a_freed_part_behind_the_input_does_not_matter():
    x = leaf(1.0)
    h = x.exp()
    h.backward()
    equal(grad(h * h, h)[0], [2 * np.e])


def test_a_freed_part_is_never_taken_for_no_dependence():
    x = leaf(1.0)
    h = x.exp()
    h.backward()
    with pytest.raises(RuntimeError, match="the graph behind exp was freed"):  # the way by x * 2 alone would be wrong
        grad(h + x * 2, x)


def test_grad_notices_a_changed_input():
    x, w = leaf(1.0), leaf(2.0)
    y = x * w
    with ta.no_grad():
        w.zero_()
    with pytest.raises(RuntimeError, match="mul needs its input b as it was"):
        grad(y, x)


# --- gradients of gradients ----------------------------------------------


def test_derivatives_of_tanh_up_to_the_third():
    x = leaf(0.3)
    y, t = x.tanh(), np.tanh(0.3)
    for wanted in (1 - t**2, -2 * t * (1 - t**2), (1 - t**2) * (6 * t**2 - 2)):
        (y,) = grad(y, x, create_graph=True)
        equal(y.detach(), [wanted])


def test_backward_with_create_graph():
    x = leaf(2.0)
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad
    first, x.grad = x.grad, None
    first.backward()
    equal(x.grad, [12])  # d 3x² / dx


def test_gradients_with_a_graph_add_up():
    x = leaf(2.0)
    (x**3).backward(create_graph=True)
    (x**2).backward(create_graph=True)
    assert x.grad.tolist() == [16] and x.grad.requires_grad
    total, x.grad = x.grad, None
    total.backward()
    equal(x.grad, [12 + 2])


def test_gradient_penalty():
    w, x = leaf(0.5, -0.2), leaf(1.0, 2.0)
    (dx,) = grad((w * x).tanh().sum(), x, create_graph=True)
    (dx * dx).sum().backward()
    t = np.tanh(w.array * x.array)
    dx = w.array * (1 - t**2)
    equal(w.grad, 2 * dx * ((1 - t**2) - 2 * w.array * x.array * t * (1 - t**2)))


def test_hessian_of_a_quadratic_form_row_by_row():
    a = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 4.0]])
    x = leaf(1.0, 2.0, 3.0)
    (dx,) = grad(x @ ta.tensor(a) @ x, x, create_graph=True)
    equal([grad(dx[k], x, retain_graph=True)[0].numpy() for k in range(3)], 2 * a)


def test_create_graph_keeps_the_graph_and_no_grad_inside_does_not_matter():
    x = leaf(2.0)
    y = x.exp()
    (first,) = grad(y, x, create_graph=True)
    with ta.no_grad():
        (again,) = grad(y, x, create_graph=True)
    assert first.requires_grad and again.requires_grad


def test_second_derivative_of_a_fused_op_is_its_references():
    x = ta.tensor(np.random.default_rng(0).standard_normal((1, 2, 3)), requires_grad=True)
    results = []
    for kernels in ("numba", "numpy"):
        with ta.kernels(kernels):
            context, _ = attention(x, x * 2, x * x)
            (dx,) = grad((context * context).sum(), x, create_graph=True)
            results.append(grad(dx.sin().sum(), x)[0].numpy())
    np.testing.assert_allclose(*results, rtol=1e-10)
