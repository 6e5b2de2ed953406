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
    assert x.float() is x and x.to(ta.float32) is x and x.to(float).dtype == ta.float64
    assert x.int().dtype == np.int32 and x.int().tolist() == [1, -2, 0]
    assert ta.tensor([1, 0]).float().dtype == ta.float32


def test_the_gradient_comes_back_in_the_dtype_of_the_input():
    x = ta.tensor([1.5, 2.0], requires_grad=True)
    (x.double() * np.array([1.0, 1e-300])).sum().backward()
    assert x.grad.dtype == ta.float32 and x.grad.tolist() == [1, 0]


def test_integers_and_bools_end_the_graph():
    x = ta.tensor([1.5], requires_grad=True)
    for y in (x.long(), x.bool(), x.to(ta.int64), x.long().float()):
        assert not y.requires_grad and y.node is None


CALLS = {
    "dtype": lambda t, x: x.to(t.float64),
    "dtype by name": lambda t, x: x.to(dtype=t.int64),
    "dtype, non_blocking, copy": lambda t, x: x.to(t.float64, False, True),
    "device": lambda t, x: x.to("cpu"),
    "device and dtype": lambda t, x: x.to("cpu", t.float64),
    "device and dtype by name": lambda t, x: x.to(device="cpu", dtype=t.bool),
    "device, dtype and flags": lambda t, x: x.to("cpu", t.float32, True, True),
    "tensor": lambda t, x: x.to(t.tensor([1])),
    "tensor and copy": lambda t, x: x.to(x, copy=True),
    "nothing": lambda t, x: x.to(),
    "copy": lambda t, x: x.to(copy=True),
    "no dtype": lambda t, x: x.to(dtype=None, device=None, non_blocking=True),
    "Python's float": lambda t, x: x.to(float),
    "cpu": lambda t, x: x.cpu(),
    "type_as": lambda t, x: x.type_as(t.tensor([1])),
    "clone": lambda t, x: t.clone(x),
    "clone by name": lambda t, x: t.clone(input=x),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_as_in_pytorch(call):
    torch = pytest.importorskip("torch")
    ours, theirs = (t.tensor([1.75, -2.5, 0.0], requires_grad=True) for t in (ta, torch))
    y, wanted = call(ta, ours), call(torch, theirs)
    assert f"torch.{y.dtype}" == str(wanted.dtype) and y.tolist() == wanted.tolist()
    assert (y is ours) == (wanted is theirs) and y.requires_grad == wanted.requires_grad


def test_formats_of_memory_that_change_nothing_are_taken():
    torch = pytest.importorskip("torch")
    x = ta.ones(2)
    assert x.to(ta.float32, memory_format=torch.preserve_format) is x
    assert x.double(memory_format=torch.contiguous_format).dtype == ta.float64
    for call in (x.to, x.float):
        with pytest.raises(ValueError, match=r"to: memory_format must be contiguous or preserve, got .*channels_last"):
            call(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    "arguments, error, says",
    [
        (("cuda",), ValueError, "to: device must be \"cpu\", got 'cuda': everything here runs on the CPU"),
        (("float32",), ValueError, "to: device must be \"cpu\", got 'float32'"),
        ((object(),), TypeError, r"to: wanted a dtype such as ta\.float64, got <object"),
        (("cpu", "int1"), TypeError, r"to: wanted a dtype such as ta\.float64, got 'int1'"),
        ((complex,), TypeError, "to: wanted numbers or bools, got complex128"),
        ((ta.float64, False, True, None, 1), TypeError, "arguments"),
    ],
)
def test_what_is_no_dtype_or_device_is_refused(arguments, error, says):
    with pytest.raises(error, match=says):
        ta.ones(1).to(*arguments)


def test_casts_of_what_the_dtype_cannot_hold_are_silent():
    assert ta.tensor([1e300, -1e300], dtype=ta.float64).float().tolist() == [np.inf, -np.inf]
    x = ta.tensor([np.nan, np.inf])
    assert x.long().dtype == ta.int64
    ta.zeros(2, dtype=ta.int64).copy_(x)


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


def test_fill_takes_one_number():
    assert ta.zeros(2).fill_(ta.tensor(3.0)).tolist() == [3, 3] and ta.zeros(2, dtype=ta.int64).fill_(1.5).tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"fill_: wanted a number, got shape \(2,\): use copy_"):
        ta.zeros(2).fill_(ta.ones(2))
