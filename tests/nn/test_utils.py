"""Clipping gradients and vectors of parameters, against PyTorch and at the edges."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import Parameter
from tinyattn.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)


def with_gradients(*gradients, dtype=np.float64):
    parameters = [Parameter(np.zeros(np.shape(g), dtype)) for g in gradients]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = ta.tensor(gradient, dtype=dtype)
    return parameters


GRADIENTS = [[3.0, -4.0], [[12.0]], [0.0]]


def in_pytorch(torch, parameters, gradients):
    """The same parameters there; the last of ours have no gradient."""
    theirs = [torch.nn.Parameter(torch.tensor(x.array.copy())) for x in parameters]
    for x, gradient in zip(theirs, gradients):
        x.grad = torch.tensor(gradient, dtype=x.dtype)
    return theirs


def assert_same_gradients(ours, theirs, dtype):
    for x, right in zip(ours, theirs, strict=True):
        if right.grad is None:
            assert x.grad is None
        else:
            assert x.grad.dtype == dtype
            np.testing.assert_allclose(x.grad, right.grad.numpy(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("norm_type", [2.0, 1, 3.5, 0.5, math.inf, "inf", -math.inf, 0])
@pytest.mark.parametrize("max_norm", [0.0, 0.1, 5.0, 13.0, 100.0, math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norm_as_in_pytorch(max_norm, dtype, norm_type):
    torch = pytest.importorskip("torch")
    ours = [*with_gradients(*GRADIENTS, dtype=dtype), Parameter(np.zeros(2))]
    theirs = in_pytorch(torch, ours, GRADIENTS)
    wanted = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    norm = clip_grad_norm_(ours, max_norm, norm_type)
    np.testing.assert_allclose(norm.item(), wanted.item(), rtol=1e-6)
    assert norm.dtype == dtype and not norm.requires_grad
    assert_same_gradients(ours, theirs, dtype)


@pytest.mark.parametrize("clip_value", [0, 1.5, 3.0, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_as_in_pytorch(clip_value, dtype):
    torch = pytest.importorskip("torch")
    ours = [*with_gradients(*GRADIENTS, dtype=dtype), Parameter(np.zeros(2))]
    theirs = in_pytorch(torch, ours, GRADIENTS)
    torch.nn.utils.clip_grad_value_(theirs, clip_value)
    assert clip_grad_value_(iter(ours), clip_value) is None
    assert_same_gradients(ours, theirs, dtype)


def test_length_and_scaling_by_themselves_as_in_pytorch():
    torch = pytest.importorskip("torch")
    ours = with_gradients(*GRADIENTS)
    theirs = in_pytorch(torch, ours, GRADIENTS)
    norm = get_total_norm([x.grad for x in ours], 3)
    wanted = torch.nn.utils.get_total_norm([x.grad for x in theirs], 3)
    np.testing.assert_allclose(norm.item(), wanted.item(), rtol=1e-12)
    torch.nn.utils.clip_grads_with_norm_(theirs, 2.0, wanted)
    assert clip_grads_with_norm_(ours, 2.0, norm) is None
    assert_same_gradients(ours, theirs, np.float64)


def test_length_before_and_after_in_place():
    a, b = with_gradients([3.0, 0.0], [0.0, 4.0])
    array = a.grad.array
    assert clip_grad_norm_(iter([a, b]), 2.5).item() == 5
    np.testing.assert_allclose([*a.grad, *b.grad], [1.5, 0, 0, 2], rtol=1e-6)
    assert a.grad.array is array
    assert math.isclose(clip_grad_norm_([a, b], 100.0).item(), 2.5, rel_tol=1e-6)


def test_a_single_tensor_and_none_at_all():
    (x,) = with_gradients([3.0, 4.0])
    assert clip_grad_norm_(x, 1.0).item() == 5
    assert clip_grad_norm_([Parameter(np.ones(2))], 1.0).item() == 0 and clip_grad_norm_([], 1.0).item() == 0


def test_sums_over_many_gradients_without_losing_the_small_ones():
    parameters = with_gradients(*[[1e4]] + [[1.0]] * 2000, dtype=np.float32)
    assert math.isclose(clip_grad_norm_(parameters, math.inf).item(), math.sqrt(1e8 + 2000), rel_tol=1e-7)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_what_is_not_finite(value):
    parameters = with_gradients([value, 1.0])
    with pytest.raises(RuntimeError, match=r"clip_grad_norm_: the gradients' length is (inf|nan)"):
        clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    assert parameters[0].grad.tolist()[1] == 1
    assert not math.isfinite(clip_grad_norm_(parameters, 1.0).item())


@pytest.mark.parametrize("call", [
    lambda x, foreach: clip_grad_norm_(x, 1.0, 2.0, False, foreach),
    lambda x, foreach: clip_grad_value_(x, 1.0, foreach),
    lambda x, foreach: clip_grads_with_norm_(x, 1.0, 5.0, foreach),
    lambda x, foreach: get_total_norm(x, 2.0, False, foreach),
])
def test_foreach_is_refused(call):
    parameters = with_gradients([3.0, 4.0])
    with pytest.raises(ValueError, match="foreach must be None or False, got True: tensors go one by one here"):
        call(parameters, True)
    assert parameters[0].grad.tolist() == [3, 4]
    call(parameters, False)


@pytest.mark.parametrize("clip", [lambda x: clip_grad_norm_([x], 1.0), lambda x: clip_grad_value_(x, 1.0)])
def test_clipped_gradients_count_as_changed(clip):
    (x,) = with_gradients([3.0, 4.0])
    w = Parameter(np.ones(2))
    y = (w * x.grad).sum()
    clip(x)
    with pytest.raises(RuntimeError, match="mul needs its input"):
        y.backward()


def test_empty_gradients_and_squares_beyond_float32():
    parameters = with_gradients(np.zeros(0), [3.0, 4.0])
    assert clip_grad_norm_(parameters, 1.0, math.inf).item() == 4
    for size in (1e30, 1e-30):
        assert math.isclose(get_total_norm(ta.tensor([size, 0.0])).item(), size, rel_tol=1e-6)
    assert get_total_norm([ta.ones(1), ta.ones(1).double()]).dtype == np.float64


# --- parameters as one vector -------------------------------------------


def test_parameters_to_a_vector_and_back():
    a, b = Parameter(np.arange(6.0).reshape(2, 3)), Parameter(np.array(7.0))
    vector = parameters_to_vector(iter([a, b]))
    assert vector.tolist() == [0, 1, 2, 3, 4, 5, 7]
    (vector * vector).sum().backward()
    assert a.grad.tolist() == [[0, 2, 4], [6, 8, 10]] and b.grad.item() == 14
    vector_to_parameters(vector * 2, iter([a, b]))
    assert a.tolist() == [[0, 2, 4], [6, 8, 10]] and b.item() == 14 and a.requires_grad and a.is_leaf
    with pytest.raises(ValueError, match=r"vector_to_parameters: vec must be \(7,\) for these parameters, got \(6,\)"):
        vector_to_parameters(vector[:6], [a, b])
