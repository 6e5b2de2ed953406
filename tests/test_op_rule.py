"""The op rule and the walk at their edges: hooks, graphs of gradients, NumPy's numbers, arguments, updates in place."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def test_hook_of_an_output_that_nobody_used():
    x, seen = leaf(1.0, 2.0, 3.0), []
    a, b = x.split([1, 2])
    a.register_hook(lambda g: seen.append("never called: nothing comes from a"))
    b.register_hook(lambda g: seen.append(g.tolist()))
    (b * 5).sum().backward()
    assert seen == [[5.0, 5.0]] and x.grad.tolist() == [0, 5, 5]


def test_gradients_with_a_graph_have_memory_of_their_own_too():
    a, b, dy = leaf(1.0, 2.0), leaf(3.0, 4.0), ta.tensor([1.0, 1.0], dtype=ta.float64)
    (a + b).backward(dy, create_graph=True)
    assert not np.shares_memory(a.grad.array, b.grad.array) and not np.shares_memory(a.grad.array, dy.array)
    (a * 2).sum().backward()
    assert a.grad.tolist() == [3, 3] and b.grad.tolist() == dy.tolist() == [1, 1]
    c = leaf(1.0, 2.0)
    c.sum().backward(create_graph=True)  # a broadcast view, which cannot be written to
    (c * 2).sum().backward()
    assert c.grad.tolist() == [3, 3]


def test_gradient_with_a_graph_still_leads_to_the_gradient_that_was_given():
    x, dy = leaf(2.0), leaf(5.0)
    (x * 3).backward(dy, create_graph=True)
    (d,) = grad(x.grad, dy)
    assert d.tolist() == [3]
    a, dy = leaf(2.0), leaf(5.0)
    (a + 1).backward(dy, create_graph=True)
    assert grad(a.grad, dy)[0].tolist() == [1]


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2), 2.0, 2, True], ids=repr)
def test_numbers_on_the_left(number):
    x = ta.ones(3)
    for y in (number + x, number - x, number * x, number / x, number**x, ta.maximum(number, x)):
        assert y.dtype == ta.float32
    y = ta.tensor(2.0, dtype=ta.float64) * x
    assert y.dtype == ta.float32
    assert (2 * ta.tensor([True])).dtype == ta.int64 and (2.5 * ta.tensor([1])).dtype == ta.float32


def test_errors_name_the_op():
    for call, name in ((lambda: ta.ones(2, 3) + ta.ones(4), "add"), (lambda: ta.maximum(ta.ones(2, 3), ta.ones(4)), "maximum"),
                       (lambda: ta.ones(2, 3) == ta.ones(4), "eq"), (lambda: ta.ones(2) + "a", "add"), (lambda: -ta.tensor([True]), "neg"),
                       (lambda: ta.where(ta.ones(2, 3) > 0, ta.ones(4), 0.0), "where"), (lambda: ta.ones(0).amax(), "amax")):
        with pytest.raises((TypeError, ValueError, IndexError), match=f"^{name}: "):
            call()


def test_arguments_that_are_missing_or_given_twice():
    with pytest.raises(TypeError, match=r"softmax: wanted the arguments \(x, dim, dtype\), got \(...\)"):
        ta.softmax(ta.ones(2))
    with pytest.raises(TypeError, match=r"sum: wanted the arguments \(x, dim, keepdim, dtype\), got \(..., ..., dim\)"):
        ta.sum(ta.ones(2, 3), 0, dim=1)


def test_recording_where_an_output_is_not_used():
    x = leaf(1.0, 2.0, 3.0)
    with ta.record():
        y = x.split(1)[1] * 2
    y.backward()
    assert x.grad.tolist() == [0, 2, 0]


def test_an_update_in_place_outside_a_graph():
    p, other = leaf(1.0, 2.0), ta.tensor([1.0, 1.0])
    memory = p.array
    with ta.no_grad():
        p -= 0.5 * ta.tensor([1.0, 2.0], dtype=ta.float64)
        p *= 2
    assert p.array is memory and p.tolist() == [1, 2] and p.requires_grad
    other += 1
    assert other.tolist() == [2, 2]
    with pytest.raises(TypeError, match="int64 cannot hold float32"):
        whole = ta.tensor([1, 2])
        whole += 0.5


def test_an_update_in_a_graph_makes_a_new_tensor_and_refuses_a_leaf():
    x = leaf(3.0)
    h = x * 2
    before = h
    h += x
    assert h is not before and before.tolist() == [6] and h.tolist() == [9]
    h.backward()
    assert x.grad.tolist() == [3]
    with pytest.raises(RuntimeError, match="add in place: this tensor requires a gradient"):
        x += 1


def test_a_backward_notices_an_update_in_place():
    w = leaf(2.0)
    y = w * w
    with ta.no_grad():
        w += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_pythons_abs():
    assert abs(ta.tensor([-1.0, 2.0])).tolist() == [1, 2]


@pytest.mark.parametrize("name", ["pow", "floor_divide", "remainder"])
def test_powers_and_quotients_of_bools_are_refused_as_in_pytorch(name):
    yes = ta.tensor([True])
    with pytest.raises(TypeError, match=f"{name}: wanted numbers, got bools on both sides: use .int"):
        getattr(ta, name)(yes, yes)
    assert getattr(ta, name)(yes, 2).dtype == ta.int64
