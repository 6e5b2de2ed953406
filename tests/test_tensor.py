"""Tensors and the backward walk: what gradients come out, what is kept and what is freed."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.tensor import Tensor


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def equal(x, wanted):
    np.testing.assert_allclose(np.asarray(x), wanted, rtol=1e-12)


# --- arrays, numbers and tensors side by side ---------------------------------


@pytest.mark.parametrize(
    "other",
    [np.array([3.0, 4.0]), np.float64(3), np.float32(3), 3, 3.0, True, np.array(3)],
    ids=lambda other: type(other).__name__,
)
def test_operators_with_arrays_and_numbers_on_either_side(other):
    x = leaf(1.0, 2.0)
    for y, wanted in [
        (other + x, np.add(other, x.array)),
        (x + other, np.add(x.array, other)),
        (other - x, np.subtract(other, x.array)),
        (x - other, np.subtract(x.array, other, dtype=float)),
        (other * x, np.multiply(other, x.array)),
        (x * other, x.array * other),
        (other / x, np.divide(other, x.array)),
        (x / other, np.divide(x.array, other)),
        (x**other, x.array ** np.float64(other)),
        (other**x, np.float64(other) ** x.array),
    ]:
        assert isinstance(y, Tensor) and y.requires_grad and y.dtype == np.float64
        equal(y.detach(), wanted)
    for y, wanted in [
        (other < x, other < x.array),
        (other == x, other == x.array),
        (x >= other, x.array >= other),
        (x != other, x.array != other),
        (other <= x, other <= x.array),
        (x > other, x.array > other),
    ]:
        assert isinstance(y, Tensor) and y.dtype == bool
        equal(y, wanted)


def test_matmul_operator_with_an_array_on_the_left():
    x = leaf(1.0, 2.0)
    y = np.array([[1.0, 2.0], [3.0, 4.0]]) @ x
    assert isinstance(y, Tensor) and y.requires_grad
    equal(y.detach(), [5, 11])


def test_an_array_is_not_updated_by_a_tensor_behind_its_back():
    y = np.array([3.0, 4.0])
    with pytest.raises(TypeError, match="Tensor"):
        y *= leaf(1.0, 2.0)


# --- requires_grad ------------------------------------------------------------


def test_what_requires_a_gradient():
    w, x = leaf(1.0), ta.tensor([1.0])
    assert not (x * x).requires_grad and (w * x).requires_grad
    assert not (w > 0).requires_grad and not w.argmax().requires_grad
    assert not w.detach().requires_grad and not (w.detach() * 2).requires_grad
    with ta.no_grad():
        assert not (w * 2).requires_grad
        assert ta.tensor([1.0], requires_grad=True).requires_grad
        with ta.enable_grad():
            assert (w * 2).requires_grad
    assert (w * 2).requires_grad


def test_requires_grad_errors():
    with pytest.raises(TypeError, match=r"requires_grad: wanted a floating-point tensor, got int64: use .float\(\)"):
        ta.tensor([1], requires_grad=True)
    with pytest.raises(TypeError, match=r"requires_grad: .* got bool"):
        ta.tensor([True]).requires_grad = True
    with pytest.raises(RuntimeError, match=r"requires_grad: only a leaf can do without its gradient: use .detach\(\)"):
        (leaf(1.0) * 2).requires_grad = False
    x = leaf(1.0)
    x.requires_grad = False
    assert not (x * 2).requires_grad


def test_integers_take_no_gradient():
    w = leaf(1.5, -2.5)
    assert not w.long().requires_grad and not w.bool().requires_grad
    (w * w.long()).sum().backward()
    equal(w.grad, [1, -2])


# --- backward -----------------------------------------------------------------


def test_a_tensor_used_twice_and_a_diamond():
    x = leaf(2.0)
    (x * x).backward()
    equal(x.grad, [4])
    x.grad = None
    a = x * 3
    b, c = a.exp(), a * a
    (b * c + a).backward()
    a = 6.0
    equal(x.grad, [3 * (np.exp(a) * a * a + np.exp(a) * 2 * a + 1)])


def test_a_gradient_waits_for_all_its_parts():
    """x reaches y by a short and by a long way: its node must not go before the long one has arrived."""
    x = leaf(1.0)
    root = x * 1
    long = root
    for _ in range(50):
        long = long * 1.01
    (root + long).backward()
    equal(x.grad, [1 + 1.01**50])


def test_gradients_add_up_and_are_independent_of_each_other():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first = x.grad
    kept = first.numpy().copy()
    (x * 3).sum().backward()
    equal(x.grad, [5, 5])
    assert x.grad is first  # in place, as in PyTorch
    equal(kept, [2, 2])


def test_the_gradient_of_a_sum_is_not_shared_between_leaves():
    a, b, dy = leaf(1.0, 2.0), leaf(3.0, 4.0), ta.tensor([1.0, 1.0], dtype=ta.float64)
    (a + b).backward(dy)
    assert not np.shares_memory(a.grad.array, b.grad.array) and not np.shares_memory(a.grad.array, dy.array)
    (a * 2).sum().backward()
    equal(a.grad, [3, 3])
    equal(b.grad, [1, 1])
    equal(dy, [1, 1])


def test_gradients_are_writable_arrays_of_their_own():
    x = leaf(1.0, 2.0)
    (x.sum() * ta.tensor([1.0, 1.0], dtype=ta.float64)).sum().backward()  # sum's gradient is a broadcast view
    x.grad.array[0] = 7
    equal(x.grad, [7, 2])


def test_gradient_argument():
    x = leaf(1.0, 2.0)
    y = x * x
    y.backward(np.array([1.0, 10.0]), retain_graph=True)
    equal(x.grad, [2, 40])
    y.backward(gradient=ta.tensor([1, 0]), retain_graph=True)
    equal(x.grad, [4, 40])
    y.backward([0.5, 0.0])
    equal(x.grad, [5, 40])
    assert x.grad.dtype == ta.float64


def test_backward_starts_only_where_it_can():
    x = leaf(1.0, 2.0)
    with pytest.raises(
        RuntimeError, match=r"backward: wanted a single element or a gradient, got a tensor of shape \(2,\): call .sum"
    ):
        (x * 2).backward()
    with pytest.raises(ValueError, match=r"backward: gradient must have the tensor's shape \(2,\), got \(3,\)"):
        (x * 2).backward(np.ones(3))
    with pytest.raises(
        RuntimeError, match="backward: this tensor was made from nothing that requires a gradient: set requires_grad"
    ):
        ta.tensor([1.0]).sum().backward()
    with ta.no_grad(), pytest.raises(RuntimeError, match="made from nothing that requires a gradient"):
        x.sum().backward()
    assert x.grad is None


def test_backward_from_a_leaf_and_from_size_one():
    x = leaf(3.0)
    x.backward()
    equal(x.grad, [1])
    y = ta.ones(1, 1, requires_grad=True)
    (y * 2).backward()
    assert y.grad.shape == (1, 1)


def test_backward_works_inside_no_grad():
    x = leaf(1.0)
    y = x * 2
    with ta.no_grad():
        y.backward()
    equal(x.grad, [2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_shape_and_dtype_of_what_they_belong_to(dtype):
    x = ta.tensor(np.ones((2, 1)), dtype=dtype, requires_grad=True)
    (x * np.ones((3, 1, 4), np.float32) * np.float64(2) * ta.tensor([1, 2, 3, 4]) + 1).sum().backward()
    assert x.grad.shape == (2, 1) and x.grad.dtype == dtype
    equal(x.grad, np.full((2, 1), 60))


def test_mixed_precision_gives_each_leaf_its_own():
    a, b = leaf(1.0, dtype=ta.float32), leaf(2.0)
    y = a * b
    assert y.dtype == ta.float64
    y.backward()
    assert (a.grad.dtype, b.grad.dtype) == (ta.float32, ta.float64)


def test_several_outputs_of_which_not_all_are_used():
    x = leaf(1.0, 2.0, 3.0)
    _, b, _ = x.split(1)
    (b * 5).backward()
    equal(x.grad, [0, 5, 0])
    values, indices = x.max(0)
    values.backward()
    equal(x.grad, [0, 5, 1])
    assert not indices.requires_grad and indices.dtype == ta.int64


# --- hooks --------------------------------------------------------------------


def test_hooks_see_the_whole_gradient_and_may_replace_it():
    x, seen = leaf(1.0, 2.0), []
    h = x * 3
    h.register_hook(lambda g: seen.append(g.tolist()))
    h.register_hook(lambda g: g * 10)
    h.register_hook(lambda g: seen.append(g.tolist()))
    x.register_hook(lambda g: seen.append(g.tolist()))
    x.register_hook(lambda g: -g)
    (h + h * h).sum().backward()
    equal(seen, [[7, 13], [70, 130], [210, 390]])
    equal(x.grad, [-210, -390])


def test_hooks_run_as_backward_does_tracked_only_with_create_graph():
    for create_graph in (False, True):
        x, w, seen = leaf(1.0), leaf(2.0), []
        x.register_hook(lambda g, w=w, seen=seen: seen.append((g * w).requires_grad))
        with ta.enable_grad():
            (x * x).backward(create_graph=create_graph)
        assert seen == [create_graph]


def test_hook_needs_a_gradient():
    with pytest.raises(
        RuntimeError, match="register_hook: this tensor requires no gradient: set requires_grad=True first"
    ):
        ta.tensor([1.0]).register_hook(print)


# --- what a tensor says of its place in the graph -----------------------------


def test_leaves_and_results():
    x = ta.ones(2)
    assert x.is_leaf and x.grad_fn is None and not x.requires_grad
    assert x.requires_grad_() is x and x.requires_grad and x.is_leaf
    y = x * 2
    assert not y.is_leaf and y.grad_fn.op.name == "mul"
    assert x.requires_grad_(False) is x and not x.requires_grad
    with pytest.raises(RuntimeError, match=r"requires_grad: only a leaf can do without its gradient: use .detach"):
        y.requires_grad_(False)
    with pytest.raises(TypeError, match=r"requires_grad: wanted a floating-point tensor, got int64: use .float"):
        ta.tensor([1]).requires_grad_()
