"""Whose memory a gradient is: a leaf keeps what was made for it without copying, and shares it with nobody."""

import itertools

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad
from tinyattn.ops.lstm import lstm
from tinyattn.tensor import op


def leaves(*shapes):
    random = np.random.default_rng(0)
    return [ta.tensor(random.standard_normal(shape), requires_grad=True) for shape in shapes]


def assert_apart(*arrays):
    for a, b in itertools.combinations(arrays, 2):
        assert not np.shares_memory(a, b)


def arrays_of(*tensors):
    return [x.grad.array for x in tensors]


def test_what_was_made_for_a_leaf_is_kept_without_copying():
    made = []

    @op
    def double(x, /):
        """y = 2 x"""
        return 2 * x

    def rule(dy):
        made.append(2 * dy)
        return made[-1]

    double.gradient(dx=rule)
    (x,) = leaves((3,))
    double(x).sum().backward()
    assert x.grad.array is made[0]
    x.grad = None
    double(x).sum().backward(retain_graph=True)  # then it might be something that the Node has kept
    assert x.grad.array is not made[1]


@pytest.mark.parametrize("together", [
    lambda a, b: a + b,
    lambda a, b: ta.cat([a, b]),
    lambda a, b: ta.stack([a, b]),
    lambda a, b: a.reshape(3, 2) + b.reshape(3, 2),
    lambda a, b: (a + b).T,
    lambda a, b: a + (b + a),
])
def test_leaves_that_are_handed_one_gradient(together):
    a, b = leaves((2, 3), (2, 3))
    given = ta.ones(*together(a, b).shape, dtype=ta.float64)
    together(a, b).backward(given)
    assert_apart(given.array, *arrays_of(a, b))
    a.grad.zero_()
    assert (b.grad.array == 1).all() and (given.array == 1).all()


def test_the_two_biases_of_an_lstm():
    inputs = leaves((2, 3, 4), (1, 2, 5), (1, 2, 5), (20, 4), (20, 5), (20,), (20,))
    lstm(*inputs)[0].sum().backward()
    assert_apart(*arrays_of(*inputs))


def test_a_leaf_is_not_given_the_callers_gradient():
    (x,) = leaves((3,))
    given = ta.ones(3, dtype=ta.float64)
    x.backward(given)
    assert_apart(given.array, x.grad.array)
    (x + 0).backward(given)
    assert given.tolist() == [1, 1, 1] and x.grad.tolist() == [2, 2, 2]


def test_nor_what_a_hook_has_seen_or_given():
    (x,) = leaves((3,))
    seen, given = [], ta.full((3,), 5.0, dtype=ta.float64)
    y = x + 0
    y.register_hook(seen.append)
    z = y + 0
    z.register_hook(lambda dz: given)
    z.retain_grad()
    z.sum().backward()
    assert_apart(given.array, x.grad.array)
    assert_apart(seen[0].array, x.grad.array)
    assert_apart(z.grad.array, x.grad.array)
    assert x.grad.tolist() == [5, 5, 5]


def test_nor_another_result_of_grad():
    a, b = leaves((3,), (3,))
    y = a + b
    assert_apart(*(dx.array for dx in grad((y * 2).sum(), (y, a, b))))


def test_nor_what_a_users_function_has_kept():
    class Keeps(ta.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.kept = ta.full((3,), 7.0, dtype=ta.float64)
            return x * 7

        @staticmethod
        def backward(ctx, dy):
            kept.append(ctx.kept)
            return ctx.kept

    kept = []
    (x,) = leaves((3,))
    Keeps.apply(x).sum().backward()
    assert_apart(kept[0].array, x.grad.array)


def test_a_second_backward_through_a_kept_graph():
    """Its losses give out what they have saved."""
    (x,) = leaves((5, 3))
    loss = ta.nn.functional.cross_entropy(x, ta.tensor([0, 1, 2, 2, 0]))
    loss.backward(retain_graph=True)
    first = x.grad.array.copy()
    loss.backward(retain_graph=True)
    x.grad = None
    loss.backward()
    np.testing.assert_array_equal(x.grad.array, first)


def test_a_kept_gradient_lies_in_order():
    """Optimisers want it so."""
    w, x = leaves((4, 3), (3, 4))
    (w.T * x).sum().backward()
    assert w.grad.array.flags.c_contiguous and x.grad.array.flags.c_contiguous
