"""Copies, casts and writes in place."""

import numpy as np
import pytest

import tinyattn as ta


def test_clone_has_memory_of_its_own_and_passes_the_gradient():
    x = ta.ones(2, 3, requires_grad=True)
    y = x.T.clone()
    assert not np.shares_memory(x.array, y.array) and y.array.flags.c_contiguous
    (y * np.arange(6.0).reshape(3, 2)).sum().backward()
    assert x.grad.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_contiguous_copies_only_where_it_has_to():
    x = ta.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    assert x.contiguous() is x
    for view in (x.T, x[:, ::2], x.flip(0), x.expand(2, 2, 3)):
        y = view.contiguous()
        assert y.array.flags.c_contiguous and y.tolist() == view.tolist() and y.requires_grad
        assert y.contiguous() is y


def test_casts():
    x = ta.tensor([1.75, -2.5, 0.0], requires_grad=True)
    assert (x.double().dtype, x.long().dtype, x.bool().dtype, x.to(np.float16).dtype) == (
        ta.float64,
        ta.int64,
        bool,
        np.float16,
    )
    assert x.long().tolist() == [1, -2, 0] and x.bool().tolist() == [True, True, False]
    assert x.float() is x and x.to(ta.float32) is x and x.to("float32") is x
    assert ta.tensor([1, 0]).float().dtype == ta.float32


def test_the_gradient_comes_back_in_the_dtype_of_the_input():
    x = ta.tensor([1.5, 2.0], requires_grad=True)
    (x.double() * np.array([1.0, 1e-300])).sum().backward()
    assert x.grad.dtype == ta.float32 and x.grad.tolist() == [1, 0]


def test_integers_and_bools_end_the_graph():
    x = ta.tensor([1.5], requires_grad=True)
    for y in (x.long(), x.bool(), x.to(ta.int64), x.long().float()):
        assert not y.requires_grad and y.node is None


@pytest.mark.parametrize("wrong", ["cuda", None, object(), "int1"])
def test_what_is_no_dtype_is_refused(wrong):
    with pytest.raises(TypeError, match=r"to: wanted a dtype such as ta\.float64, got"):
        ta.ones(1).to(wrong)


def test_writes_in_place_return_the_tensor_and_broadcast():
    x = ta.zeros(2, 2)
    array = x.array
    assert x.fill_(3) is x and x.tolist() == [[3, 3], [3, 3]]
    assert x.copy_(ta.tensor([1.0, 2.0], dtype=ta.float64)) is x and x.tolist() == [[1, 2], [1, 2]]
    assert x.copy_([[5], [6]]).tolist() == [[5, 5], [6, 6]] and x.dtype == ta.float32
    assert x.zero_().tolist() == [[0, 0], [0, 0]] and x.array is array
    with pytest.raises(ValueError, match=r"copy_: could not broadcast .* for a tensor of shape \(2, 2\)"):
        x.copy_(ta.ones(3))


def test_a_leaf_may_be_written_to_in_no_grad_and_stays_one():
    x = ta.ones(2, requires_grad=True)
    with ta.no_grad():
        x.copy_(ta.tensor([4.0, 5.0]))
    assert x.requires_grad and x.node is None
    (x * x).sum().backward()
    assert x.grad.tolist() == [8, 10]
