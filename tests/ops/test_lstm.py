"""The fused LSTM against its reference: values, gradients of both orders, lengths, odd shapes, errors."""

import contextlib

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad, gradcheck, gradgradcheck
from tinyattn.ops import recurrent
from tinyattn.ops.lstm import lstm, lstm_cell, lstm_cell_reference, lstm_reference

SIZES = [(3, 5, 2, 4), (1, 1, 1, 1), (2, 1, 3, 2), (2, 3, 1, 1), (9, 4, 3, 9)]  # B, T, E, H
NAMES = ("x", "h0", "c0", "w_ih", "w_hh", "b_ih", "b_hh")


def arrays(B, T, E, H, dtype=np.float64, bias=True):
    random = np.random.default_rng((B, T, E, H))
    shapes = ((B, T, E), (B, H), (B, H), (4 * H, E), (4 * H, H), (4 * H,), (4 * H,))
    found = [random.standard_normal(shape).astype(dtype) for shape in shapes]
    return found if bias else [*found[:5], None, None]


def leaves(*sizes, dtype=np.float64, bias=True):
    return [x if x is None else ta.Tensor(x, True) for x in arrays(*sizes, dtype=dtype, bias=bias)]


def some_lengths(B, T):
    """From 0 on, the longest of them T."""
    return np.linspace(T, 0, B).round().astype(np.int64)


def values_and_gradients(function, inputs):
    """All outputs, and all gradients for a fixed dL/doutput."""
    outputs = function(*inputs)
    random = np.random.default_rng(1)
    dy = [random.standard_normal(y.shape).astype(y.dtype) for y in outputs]
    return [y.array for y in outputs], [g.array for g in grad(outputs, [x for x in inputs if x is not None], dy)]


def assert_same(found, wanted, tolerance=1e-10):
    for one, other in zip(found, wanted, strict=True):
        for y, z in zip(one, other, strict=True):
            np.testing.assert_allclose(y, z, rtol=tolerance, atol=tolerance)


# --- fused and reference ------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_equals_the_reference(sizes, masked, reverse, bias):
    options = {"lengths": some_lengths(*sizes[:2]) if masked else None, "reverse": reverse}
    inputs = leaves(*sizes, bias=bias)
    assert_same(values_and_gradients(lambda *xs: lstm(*xs, **options), inputs),
                values_and_gradients(lambda *xs: lstm_reference(*xs, **options), inputs))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", SIZES)
def test_cell_equals_the_reference(sizes, bias):
    inputs = leaves(*sizes, bias=bias)
    inputs[0] = ta.Tensor(inputs[0].array[:, 0].copy(), True)
    assert_same(values_and_gradients(lstm_cell, inputs), values_and_gradients(lstm_cell_reference, inputs))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, [2, 1]])
def test_gradcheck(lengths, reverse):
    def function(*xs):
        return lstm(*xs, lengths=lengths, reverse=reverse)

    assert gradcheck(function, leaves(2, 2, 2, 2))
    assert gradgradcheck(function, leaves(2, 2, 1, 1))


@pytest.mark.parametrize("lens", ["numba", "numpy"])
@pytest.mark.parametrize("function", [lstm, lstm_cell])
@pytest.mark.parametrize("sizes", SIZES)
def test_no_first_state_is_zeros(sizes, function, lens):
    x, h0, c0, *weights = leaves(*sizes)
    x = x if function is lstm else ta.Tensor(x.array[:, 0].copy(), True)
    zeros = ta.zeros_like(h0), ta.zeros_like(c0)
    with ta.kernels(lens):
        without = values_and_gradients(lambda x, *weights: function(x, None, None, *weights), [x, *weights])
        assert_same(without, values_and_gradients(lambda x, *weights: function(x, *zeros, *weights), [x, *weights]))


def test_second_derivative_without_a_first_state():
    x, _, _, *weights = leaves(2, 2, 1, 1)
    assert gradgradcheck(lambda x, *weights: lstm(x, None, None, *weights), [x, *weights])


def test_cell_gradcheck():
    inputs = leaves(2, 1, 2, 2)
    inputs[0] = ta.Tensor(inputs[0].array[:, 0].copy(), True)
    assert gradcheck(lstm_cell, inputs)
    assert gradgradcheck(lstm_cell, inputs)


def test_float32_is_close_to_float64():
    sizes = (5, 7, 6, 16)
    exact = values_and_gradients(lambda *xs: lstm(*xs), leaves(*sizes))
    inputs = leaves(*sizes, dtype=np.float32)
    found = values_and_gradients(lambda *xs: lstm(*xs), inputs)
    assert all(y.dtype == np.float32 for part in found for y in part)
    assert_same(found, exact, 2e-4)


def test_plain_numpy_runs_the_reference_step_by_step(monkeypatch):
    steps = []
    monkeypatch.setattr(recurrent, "time_step", lambda t: steps.append(t) or contextlib.nullcontext())
    inputs = arrays(2, 3, 2, 2)
    with ta.kernels("numpy"):
        assert lstm(*inputs)[0].shape == (2, 3, 2)
        lstm(*inputs, reverse=True)
    assert steps == [0, 1, 2, 2, 1, 0]
    with ta.kernels("numba"):
        lstm(*inputs)
    assert len(steps) == 6


def test_two_threads_give_the_same_as_one():
    before = ta.get_num_threads()
    inputs = leaves(20, 3, 4, 5)
    options = {"lengths": some_lengths(20, 3)}
    try:
        ta.set_num_threads(1)
        one = values_and_gradients(lambda *xs: lstm(*xs, **options), inputs)
        ta.set_num_threads(2)
        assert_same(values_and_gradients(lambda *xs: lstm(*xs, **options), inputs), one, 1e-13)
    finally:
        ta.set_num_threads(before)


# --- lengths and directions ---------------------------------------------


@pytest.mark.parametrize("reverse", [False, True])
def test_each_row_is_as_if_alone(reverse):
    B, T = 4, 5
    lengths = np.array([5, 2, 0, 1])
    x, h0, c0, *weights = arrays(B, T, 3, 4)
    hs, h, c = lstm(x, h0, c0, *weights, lengths=lengths, reverse=reverse)
    for b, length in enumerate(lengths):
        assert not hs[b, length:].any()
        if length == 0:
            np.testing.assert_array_equal([h[b], c[b]], [h0[b], c0[b]])
            continue
        row = slice(b, b + 1)
        alone = lstm(x[row, :length], h0[row], c0[row], *weights, reverse=reverse)
        for y, z in zip((hs[row, :length], h[row], c[row]), alone):
            np.testing.assert_allclose(y, z, rtol=1e-12, atol=1e-12)


def test_reverse_is_the_sequence_back_to_front():
    x, *rest = arrays(2, 4, 3, 2)
    hs, h, c = lstm(x, *rest, reverse=True)
    for y, z in zip((hs[:, ::-1], h, c), lstm(x[:, ::-1], *rest)):
        np.testing.assert_allclose(y, z, rtol=1e-12)


def test_padding_takes_no_part_in_the_gradient():
    inputs = leaves(2, 3, 2, 2)
    hs, h, c = lstm(*inputs, lengths=[3, 1])
    (hs.sum() + h.sum() + c.sum()).backward()
    assert inputs[0].grad.numpy()[0].all() and inputs[0].grad.numpy()[1, 0].all()
    assert not inputs[0].grad.numpy()[1, 1:].any()


def test_lengths_of_other_kinds():
    inputs = arrays(2, 3, 2, 2)
    wanted = lstm(*inputs, lengths=np.array([3, 1]))
    for lengths in ([3, 1], np.array([3, 1], np.int32), ta.tensor([3, 1])):
        for y, z in zip(lstm(*inputs, lengths=lengths), wanted):
            np.testing.assert_array_equal(y, z)


def test_lengths_are_kept_as_they_were():
    inputs, lengths = leaves(2, 3, 2, 2), np.array([3, 1])
    hs, _, _ = lstm(*inputs, lengths=lengths)
    (wanted,) = grad(hs.sum(), inputs[0], retain_graph=True)
    lengths[:] = 3
    np.testing.assert_array_equal(grad(hs.sum(), inputs[0])[0].numpy(), wanted.numpy())


# --- outputs nobody used, memory ----------------------------------------


@pytest.mark.parametrize("used", [0, 1, 2])
def test_outputs_that_nobody_used(used):
    inputs = leaves(3, 2, 2, 2)
    for y, z in zip(grad(lstm(*inputs)[used].sum(), inputs), grad(lstm_reference(*inputs)[used].sum(), inputs)):
        np.testing.assert_allclose(y.numpy(), z.numpy(), rtol=1e-10, atol=1e-12)


def test_inputs_and_incoming_gradients_stay_as_they_were():
    inputs = leaves(3, 4, 2, 5)
    kept = [x.array.copy() for x in inputs]
    outputs = lstm(*inputs, lengths=[4, 2, 0])
    dy = [ta.Tensor(np.ones_like(y.array)) for y in outputs]
    first = grad(outputs, inputs, dy, retain_graph=True)
    second = grad(outputs, inputs, dy)
    assert all((y.array == 1).all() for y in dy)
    for x, before in zip(inputs, kept):
        np.testing.assert_array_equal(x.array, before)
    for y, z in zip(first, second):  # what was saved is unchanged, too
        np.testing.assert_array_equal(y.array, z.array)


def test_strided_and_read_only_inputs():
    inputs = arrays(3, 4, 2, 5)
    wanted = values_and_gradients(lambda *xs: lstm(*xs), [ta.Tensor(x, True) for x in inputs])
    strided = [np.repeat(x, 2, axis=-1)[..., ::2] for x in inputs]
    transposed = [np.asarray(x, order="F") for x in inputs]
    read_only = [x.copy() for x in inputs]
    for x in read_only:
        x.flags.writeable = False
    for others in (strided, transposed, read_only):
        assert_same(values_and_gradients(lambda *xs: lstm(*xs), [ta.Tensor(x, True) for x in others]), wanted, 1e-13)


def test_both_biases_get_a_gradient_of_their_own():
    inputs = leaves(2, 3, 2, 2)
    lstm(*inputs)[0].sum().backward()
    b_ih, b_hh = inputs[5].grad.array, inputs[6].grad.array
    np.testing.assert_array_equal(b_ih, b_hh)
    assert not np.shares_memory(b_ih, b_hh)


def test_no_rows():
    inputs = leaves(0, 3, 2, 4)
    hs, h, c = lstm(*inputs)
    assert (hs.shape, h.shape, c.shape) == ((0, 3, 4), (0, 4), (0, 4))
    (hs.sum() + c.sum()).backward()
    assert inputs[0].grad.shape == (0, 3, 2) and not inputs[3].grad.numpy().any()


def test_arrays_give_arrays():
    assert all(type(y) is np.ndarray for y in lstm(*arrays(2, 2, 2, 2)))


def test_large_inputs_saturate():
    inputs = arrays(2, 3, 2, 2, dtype=np.float32)
    inputs[0] *= 1e6
    hs, h, c = lstm(*inputs)
    assert np.isfinite(hs).all() and np.isfinite(c).all() and np.abs(h).max() <= 1


# --- what is refused ----------------------------------------------------


@pytest.mark.parametrize("lens", ["numba", "numpy"])
@pytest.mark.parametrize("name, shape, message", [
    ("x", (3, 2), r"lstm: wanted x \(B, T, E\) and w_hh \(4H, H\), got \(3, 2\) and \(16, 4\): give x all"),
    ("x", (3, 0, 2), r"lstm: wanted at least one step, got x \(B, T, E\) = \(3, 0, 2\): drop empty batches"),
    ("h0", (2, 4), r"lstm: h0 must be \(B, H\) = \(3, 4\), got \(2, 4\): x is \(3, 5, 2\) and w_hh \(16, 4\)"),
    ("c0", (1, 3, 4), r"lstm: c0 must be \(B, H\) = \(3, 4\), got \(1, 3, 4\)"),
    ("w_ih", (16, 3), r"lstm: w_ih must be \(4H, E\) = \(16, 2\), got \(16, 3\)"),
    ("w_hh", (12, 4), r"lstm: w_hh must be \(4H, H\) = \(16, 4\), got \(12, 4\)"),
    ("b_hh", (4,), r"lstm: b_hh must be \(4H,\) = \(16,\), got \(4,\)"),
])
def test_wrong_shapes(name, shape, message, lens):
    inputs = arrays(3, 5, 2, 4)
    inputs[NAMES.index(name)] = np.zeros(shape)
    with ta.kernels(lens), pytest.raises(ValueError, match=message):
        lstm(*inputs)


def test_wrong_dtypes():
    inputs = arrays(3, 5, 2, 4)
    inputs[3] = inputs[3].astype(np.float32)
    with pytest.raises(TypeError, match=r"lstm: w_ih must be float64 like x, got float32: use .to\(float64\)"):
        lstm(*inputs)
    with pytest.raises(TypeError, match=r"lstm: x must be float32 or float64, got int64: use .float\(\)"):
        lstm(np.zeros((3, 5, 2), np.int64), *inputs[1:])


def test_one_of_two():
    x, h0, c0, *weights = arrays(3, 5, 2, 4)
    with pytest.raises(ValueError, match="lstm: b_ih and b_hh must both be there or both be None, got only b_hh"):
        lstm(x, h0, c0, *weights[:2], None, np.zeros(16))
    with pytest.raises(ValueError, match="lstm: h0 and c0 must both be there or both be None, got only h0"):
        lstm(x, h0, None, *weights)
    with pytest.raises(ValueError, match="lstm_cell: h and c must both be there or both be None, got only c"):
        lstm_cell(x[:, 0], None, c0, *weights)


@pytest.mark.parametrize("lengths, error, message", [
    ([1, 2], ValueError, r"lstm: lengths must be \(B,\) = \(3,\), got \(2,\): one length for each row of x"),
    ([1, 6, 5], ValueError, r"lstm: lengths must be 0 ... T = 5, got 1 ... 6: pad x to its longest row"),
    ([-1, 5, 5], ValueError, r"lstm: lengths must be 0 ... T = 5, got -1 ... 5"),
    ([1.0, 2.0, 3.0], TypeError, r"lstm: lengths must be int64, got float64: use .long\(\)"),
])
def test_wrong_lengths(lengths, error, message):
    with pytest.raises(error, match=message):
        lstm(*arrays(3, 5, 2, 4), lengths=lengths)


def test_cell_errors_name_the_cell():
    x, h, c, *weights = arrays(3, 1, 2, 4)
    with pytest.raises(ValueError, match=r"lstm_cell: wanted x \(B, E\) and w_hh \(4H, H\), got \(3, 1, 2\)"):
        lstm_cell(x, h, c, *weights)
    with pytest.raises(ValueError, match=r"lstm_cell: h must be \(B, H\) = \(3, 4\), got \(3, 3\)"):
        lstm_cell(x[:, 0], h[:, 1:], c, *weights)
