"""softmax and its kin: values at the edges of floating point, gradients of both orders, kernels against NumPy."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tests.ops.against import VALUES, as_in_pytorch
from tinyattn.autograd import gradcheck, gradgradcheck
from tinyattn.ops.softmax import along, log_softmax, logsumexp, masked_softmax, softmax

SHAPES = [((5,), 0), ((3, 4), -1), ((3, 4), 0), ((2, 3, 4), 1), ((2, 2, 11), 2), ((1, 1), 1), ((0, 3), 1), ((3, 0), 1),
          ((3, 0), 0)]


@pytest.fixture(params=["numba", "numpy"], autouse=True)
def mode(request):
    with ta.kernels(request.param):
        yield request.param


def numbers(*shape, dtype=np.float64, scale=3.0):
    return (np.random.default_rng(shape).standard_normal(shape) * scale).astype(dtype)


def leaf(*shape):
    return ta.tensor(numbers(*shape), dtype=ta.float64, requires_grad=True)


def slow_softmax(x, dim):
    y = np.exp(x.astype(np.longdouble))
    return y / y.sum(dim, keepdims=True)


@pytest.mark.parametrize("shape, dim", SHAPES)
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-6), (np.float64, 1e-14)])
def test_value(shape, dim, dtype, tolerance):
    x = numbers(*shape, dtype=dtype)
    weights = slow_softmax(x, dim)
    for y, wanted in ((softmax(x, dim=dim), weights), (log_softmax(x, dim=dim), np.log(weights))):
        assert y.dtype == dtype and y.shape == x.shape
        np.testing.assert_allclose(y, wanted.astype(np.float64), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp])
@pytest.mark.parametrize("shape, dim", SHAPES)
def test_gradients(function, shape, dim):
    x = leaf(*shape)
    if x.array.size:
        assert gradcheck(lambda x: function(x, dim=dim), x)
        assert gradgradcheck(lambda x: function(x, dim=dim), x)
    else:
        function(x, dim=dim).sum().backward()
        assert x.grad.shape == x.shape


def test_large_scores_do_not_overflow():
    np.testing.assert_array_equal(softmax(np.array([1e4, 1e4, -1e4, -math.inf]), dim=0), [0.5, 0.5, 0, 0])
    for dtype, tolerance in ((np.float32, 1e-6), (np.float64, 1e-14)):
        y = log_softmax(np.array([1e6, 1e6, -1e6], dtype), dim=0)
        np.testing.assert_allclose(y, [-math.log(2), -math.log(2), -2e6 - math.log(2)], rtol=tolerance)
    assert logsumexp(np.array([1e4, 1e4]), dim=0) == 1e4 + math.log(2)


def test_a_row_that_says_nothing_is_nan_as_in_torch():
    x = np.array([[-math.inf, -math.inf], [math.nan, 1], [0, 0]])
    np.testing.assert_array_equal(np.isnan(softmax(x, dim=1)), [[True, True], [True, True], [False, False]])
    np.testing.assert_array_equal(np.isnan(log_softmax(x, dim=1)), [[True, True], [True, True], [False, False]])


def test_views_and_read_only_arrays():
    x = numbers(6, 8)[::2, ::-2]
    x.flags.writeable = False
    np.testing.assert_allclose(softmax(x, dim=1), softmax(x.copy(), dim=1), rtol=1e-15)
    y = softmax(np.broadcast_to(np.float32(1), (3, 4)), dim=1)
    np.testing.assert_array_equal(y, np.full((3, 4), 0.25, np.float32))


def test_rows_on_several_threads_equal_one(monkeypatch):
    monkeypatch.setitem(along.__globals__, "ELEMENTS_PER_THREAD", 8)
    x = numbers(9, 7, dtype=np.float32)
    before = ta.get_num_threads()
    try:
        results = []
        for threads in (1, 3):
            ta.set_num_threads(threads)
            results.append(softmax(x, dim=1))
    finally:
        ta.set_num_threads(before)
    np.testing.assert_array_equal(*results)


def test_dtype_comes_first():
    x = np.arange(3)
    for function, wanted in ((softmax, slow_softmax(x, 0)), (log_softmax, np.log(slow_softmax(x, 0)))):
        for y in (function(x, 0, ta.float64), function(x, dim=0, dtype=ta.float64)):
            assert y.dtype == np.float64
            np.testing.assert_allclose(y, wanted.astype(np.float64), rtol=1e-14)
        with pytest.raises(TypeError, match=f"{function.__name__}: wanted floating-point numbers, got int64"):
            function(x, 0)
        with pytest.raises(TypeError, match=f"{function.__name__}: wanted floating-point numbers, got int64"):
            function(np.array([math.nan, 1.0]), 0, dtype=ta.int64)


# --- logsumexp ----------------------------------------------------------


def test_logsumexp():
    x = numbers(2, 3, 4)
    np.testing.assert_allclose(logsumexp(x, dim=1), np.log(np.exp(x).sum(1)), rtol=1e-14)
    wanted = np.log(np.exp(x).sum((0, 2), keepdims=True))
    np.testing.assert_allclose(logsumexp(x, dim=(0, 2), keepdim=True), wanted, rtol=1e-14)
    np.testing.assert_array_equal(logsumexp(np.full((2, 3), -math.inf), dim=1), [-math.inf, -math.inf])
    np.testing.assert_array_equal(logsumexp(np.array([1, math.inf]), dim=0), math.inf)
    np.testing.assert_array_equal(logsumexp(np.zeros((2, 0)), dim=1), [-math.inf, -math.inf])
    assert gradcheck(lambda x: logsumexp(x, dim=(0, 2), keepdim=True), leaf(2, 3, 4))


# --- masked_softmax -----------------------------------------------------


def test_masked_softmax_is_softmax_of_what_is_left():
    scores, mask = numbers(4, 5), np.arange(5) < np.array([[5], [3], [1], [2]])
    y = masked_softmax(scores, mask)
    for row, kept, got in zip(scores, mask, y):
        np.testing.assert_allclose(got[kept], softmax(row[kept], dim=0), rtol=1e-14)
        np.testing.assert_array_equal(got[~kept], 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fully_masked_row_has_weights_and_gradient_0(dtype):
    scores = ta.tensor(numbers(2, 3, dtype=dtype), dtype=dtype, requires_grad=True)
    y = masked_softmax(scores, np.array([[True, True, True], [False, False, False]]))
    (y * ta.tensor(numbers(2, 3, dtype=dtype), dtype=dtype)).sum().backward()
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.detach().numpy()[1], 0)
    np.testing.assert_array_equal(scores.grad.numpy()[1], 0)
    assert np.abs(scores.grad.numpy()[0]).min() > 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
def test_what_is_masked_does_not_matter(bad):
    scores, mask = np.array([[0.5, bad, 1.5], [bad, bad, bad]]), np.array([[True, False, True], [False] * 3])
    y = masked_softmax(scores, mask)
    np.testing.assert_allclose(y[0, [0, 2]], softmax(np.array([0.5, 1.5]), dim=0), rtol=1e-14)
    np.testing.assert_array_equal(y[1], 0)


@pytest.mark.parametrize("scores, mask, dim", [((2, 3, 4), (2, 1, 4), -1), ((3, 4), (4,), 1), ((3, 4), (3, 1), 0),
                                               ((0, 4), (4,), -1), ((3, 0), (3, 0), -1)])
def test_masked_softmax_gradients(scores, mask, dim):
    mask = numbers(*mask) > 0
    function = lambda x: masked_softmax(x, mask, dim=dim)  # noqa: E731
    x = leaf(*scores)
    if x.array.size:
        assert gradcheck(function, x)
        assert gradgradcheck(function, x)
    assert function(x).shape == scores


@pytest.mark.parametrize("call, error, text", [
    (lambda: softmax(np.ones((2, 3)), dim=2), IndexError, r"softmax: dim must be in -2 ... 1, got 2"),
    (lambda: log_softmax(np.ones((2, 3)), dim=-3), IndexError, r"log_softmax: dim must be in -2 ... 1, got -3"),
    (lambda: masked_softmax(np.ones((2, 3)), np.ones((2, 3))), TypeError, "mask must be bool, .* got float64"),
    (lambda: masked_softmax(np.ones((2, 3)), np.ones((2, 4), bool)), ValueError,
     r"mask must fit the scores' shape \(2, 3\), got \(2, 4\)"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


CALLS = {
    "softmax 0": lambda t, x: x.softmax(0),
    "softmax -1": lambda t, x: t.softmax(input=x, dim=-1),
    "softmax of 2": lambda t, x: x.softmax(2),
    "softmax None": lambda t, x: x.softmax(None),
    "softmax float32": lambda t, x: x.softmax(-1, t.float32),
    "softmax float64": lambda t, x: t.softmax(x, 0, dtype=t.float64),
    "log_softmax 0": lambda t, x: t.log_softmax(x, 0),
    "log_softmax -1": lambda t, x: x.log_softmax(dim=-1),
    "log_softmax float64": lambda t, x: x.log_softmax(-1, dtype=t.float64),
    "logsumexp 0": lambda t, x: x.logsumexp(0),
    "logsumexp -1": lambda t, x: t.logsumexp(input=x, dim=-1, keepdim=True),
    "logsumexp (0, 1)": lambda t, x: x.logsumexp((0, 1)),
    "logsumexp [1]": lambda t, x: t.logsumexp(x, [1], True),
    "logsumexp 0, 1": lambda t, x: x.logsumexp(0, 1),
    "logsumexp of nothing": lambda t, x: x.logsumexp(),
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_as_in_pytorch(call, values):
    as_in_pytorch(call, values)
