"""clip_grad_norm_, against PyTorch and at the edges."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import Parameter
from tinyattn.nn.utils import clip_grad_norm_


def with_gradients(*gradients, dtype=np.float64):
    parameters = [Parameter(np.zeros(np.shape(g), dtype)) for g in gradients]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = ta.tensor(gradient, dtype=dtype)
    return parameters


@pytest.mark.parametrize("max_norm", [0.0, 0.1, 5.0, 13.0, 100.0, math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_as_in_pytorch(max_norm, dtype):
    torch = pytest.importorskip("torch")
    gradients = [[3.0, -4.0], [[12.0]], [0.0]]
    ours = [*with_gradients(*gradients, dtype=dtype), Parameter(np.zeros(2))]
    theirs = [torch.nn.Parameter(torch.tensor(x.array.copy())) for x in ours]
    for x, gradient in zip(theirs, gradients):
        x.grad = torch.tensor(gradient, dtype=x.dtype)
    norm, wanted = clip_grad_norm_(ours, max_norm), torch.nn.utils.clip_grad_norm_(theirs, max_norm)
    np.testing.assert_allclose(norm.item(), wanted.item(), rtol=1e-6)
    assert norm.dtype == dtype and not norm.requires_grad
    for x, right in zip(ours[:3], theirs):
        assert x.grad.dtype == dtype
        np.testing.assert_allclose(x.grad, right.grad.numpy(), rtol=1e-6, atol=1e-12)


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


def test_an_option_of_pytorch_that_is_not_here_is_refused():
    parameters = with_gradients([3.0, 4.0])
    for call in (
        lambda: clip_grad_norm_(parameters, 1.0, 1.0),
        lambda: clip_grad_norm_(parameters, 1.0, norm_type=1.0),
    ):
        with pytest.raises(TypeError):
            call()
    assert parameters[0].grad.tolist() == [3, 4]


def test_clipped_gradients_count_as_changed():
    (x,) = with_gradients([3.0, 4.0])
    w = Parameter(np.ones(2))
    y = (w * x.grad).sum()
    clip_grad_norm_([x], 1.0)
    with pytest.raises(RuntimeError, match="mul needs its input b"):
        y.backward()
