"""Hooks on gradients, and gradients that results keep."""

import gc
import weakref

import pytest

import tinyattn as ta
from tinyattn.autograd import grad


def leaf(*values):
    return ta.tensor(values, dtype=ta.float64, requires_grad=True)


@pytest.mark.parametrize("of", ["leaf", "result"])
def test_a_hook_is_called_until_it_is_removed(of):
    x, seen = leaf(1.0, 2.0), []
    y = x if of == "leaf" else x * 1
    handle = y.register_hook(lambda g: seen.append(g.tolist()))
    (y * 3).sum().backward(retain_graph=True)
    assert seen == [[3, 3]]
    handle.remove()
    handle.remove()  # once more does no harm
    (y * 3).sum().backward()
    assert len(seen) == 1


def test_a_handle_may_outlive_what_it_belongs_to():
    x = leaf(1.0)
    handle = x.register_hook(lambda g: None)
    del x
    handle.remove()


def test_a_hook_of_a_with_block():
    x = leaf(1.0)
    with x.register_hook(lambda g: g * 10):
        (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [22]


def test_hooks_follow_one_another_and_the_kept_gradient_is_the_last():
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g + 1)
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert y.grad.tolist() == [20] and x.grad.tolist() == [40]


def test_retained_gradients_add_up_and_are_kept_once():
    x = leaf(3.0)
    y = x * x
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad and not x.retains_grad
    (y * 5).sum().backward(retain_graph=True)
    (y * 5).sum().backward()
    assert y.grad.tolist() == [10]


def test_a_retained_gradient_can_be_differentiated():
    x = leaf(3.0)
    y = x * x
    y.retain_grad()
    (y * y).sum().backward(create_graph=True)  # dy = 2 y = 2 x²
    assert grad(y.grad.sum(), x)[0].tolist() == [12]


def test_a_retained_gradient_has_memory_of_its_own():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y + 0
    y.retain_grad()
    z.retain_grad()
    z.sum().backward()
    with ta.no_grad():
        z.grad[0] = 7.0
    assert y.grad.tolist() == [1, 1] and x.grad.tolist() == [1, 1]


def test_leaves_keep_their_gradient_anyway():
    x = leaf(1.0)
    x.retain_grad()
    assert not x.retains_grad
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2]


def test_what_requires_no_gradient_has_none_to_keep_or_to_see():
    with pytest.raises(RuntimeError, match=r"retain_grad: .* requires no gradient: set requires_grad=True on an input"):
        ta.ones(2).retain_grad()
    with pytest.raises(RuntimeError, match=r"register_hook: .* requires no gradient: set requires_grad=True first"):
        ta.ones(2).register_hook(print)


def test_retained_gradients_keep_no_graph_alive():
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    gone = weakref.ref(y)
    gc.disable()
    try:
        del y
        assert gone() is None  # without the garbage collector: there is no cycle
    finally:
        gc.enable()


def test_grad_calls_no_hook_of_what_was_not_asked_for():
    x, w, seen = leaf(1.0), leaf(2.0), []
    w.register_hook(lambda g: seen.append("leaf"))
    u = w * 1
    u.register_hook(lambda g: seen.append("result"))
    assert grad((x * u).sum(), x)[0].tolist() == [2]
    assert not seen
    grad((x * u).sum(), w)
    assert seen == ["result", "leaf"]
