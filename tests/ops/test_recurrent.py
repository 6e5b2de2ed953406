"""The fused LSTM and GRU against their references: values, gradients of both orders, lengths, odd shapes, errors."""

import contextlib
import types

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad, gradcheck, gradgradcheck
from tinyattn.ops import recurrent
from tinyattn.ops.gru import gru, gru_cell, gru_cell_reference, gru_reference
from tinyattn.ops.lstm import lstm, lstm_cell, lstm_cell_reference, lstm_reference

LSTM = types.SimpleNamespace(
    name="lstm", op=lstm, reference=lstm_reference, cell=lstm_cell, cell_reference=lstm_cell_reference, gates=4,
    states=("h0", "c0"))
GRU = types.SimpleNamespace(
    name="gru", op=gru, reference=gru_reference, cell=gru_cell, cell_reference=gru_cell_reference, gates=3,
    states=("h0",))
both = pytest.mark.parametrize("kind", [LSTM, GRU], ids=["lstm", "gru"])
both_lenses = pytest.mark.parametrize("lens", ["numba", "numpy"])

SIZES = [(3, 5, 2, 4), (1, 1, 1, 1), (2, 1, 3, 2), (2, 3, 1, 1), (9, 4, 3, 9)]  # B, T, E, H


def arrays(kind, B, T, E, H, dtype=np.float64, bias=True):
    random = np.random.default_rng((B, T, E, H))
    rows = kind.gates * H
    shapes = ((B, T, E), *[(1, B, H)] * len(kind.states), (rows, E), (rows, H), (rows,), (rows,))
    found = [random.standard_normal(shape).astype(dtype) for shape in shapes]
    return found if bias else [*found[:-2], None, None]


def leaves(kind, *sizes, dtype=np.float64, bias=True):
    return [x if x is None else ta.Tensor(x, True) for x in arrays(kind, *sizes, dtype=dtype, bias=bias)]


def one_step(inputs):
    """The inputs of a cell: x without its time."""
    one, end = (lambda x: ta.Tensor(x.array[0].copy(), True)), len(inputs) - 4
    return [ta.Tensor(inputs[0].array[:, 0].copy(), True), *map(one, inputs[1:end]), *inputs[end:]]


def parts(kind, inputs):
    """x, the states, the weights and biases."""
    end = 1 + len(kind.states)
    return inputs[0], inputs[1:end], inputs[end:]


def names(kind):
    return ["x", *kind.states, "w_ih", "w_hh", "b_ih", "b_hh"]


def some_lengths(B, T):
    """From 0 on, the longest of them T."""
    return np.linspace(T, 0, B).round().astype(np.int64)


def values_and_gradients(function, inputs):
    """All outputs, and all gradients for a fixed dL/doutput."""
    outputs = function(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
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
@both
def test_equals_the_reference(kind, sizes, masked, reverse, bias):
    options = {"lengths": some_lengths(*sizes[:2]) if masked else None, "reverse": reverse}
    inputs = leaves(kind, *sizes, bias=bias)
    assert_same(values_and_gradients(lambda *xs: kind.op(*xs, **options), inputs),
                values_and_gradients(lambda *xs: kind.reference(*xs, **options), inputs))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", SIZES)
@both
def test_cell_equals_the_reference(kind, sizes, bias):
    inputs = one_step(leaves(kind, *sizes, bias=bias))
    assert_same(values_and_gradients(kind.cell, inputs), values_and_gradients(kind.cell_reference, inputs))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, [2, 1]])
@both
def test_gradcheck(kind, lengths, reverse):
    def function(*xs):
        return kind.op(*xs, lengths=lengths, reverse=reverse)

    assert gradcheck(function, leaves(kind, 2, 2, 2, 2))
    assert gradgradcheck(function, leaves(kind, 2, 2, 1, 1))


@both_lenses
@pytest.mark.parametrize("sizes", SIZES)
@both
def test_no_first_state_is_zeros(kind, sizes, lens):
    inputs = leaves(kind, *sizes)
    for function, given in ((kind.op, inputs), (kind.cell, one_step(inputs))):
        x, states, weights = parts(kind, given)
        zeros, nothing = [ta.zeros_like(state) for state in states], [None] * len(states)
        with ta.kernels(lens):
            without = values_and_gradients(lambda x, *ws, f=function, s=nothing: f(x, *s, *ws), [x, *weights])
            wanted = values_and_gradients(lambda x, *ws, f=function, s=zeros: f(x, *s, *ws), [x, *weights])
        assert_same(without, wanted)


@both
def test_second_derivative_without_a_first_state(kind):
    x, states, weights = parts(kind, leaves(kind, 2, 2, 1, 1))
    assert gradgradcheck(lambda x, *weights: kind.op(x, *[None] * len(states), *weights), [x, *weights])


@both
def test_cell_gradcheck(kind):
    inputs = one_step(leaves(kind, 2, 1, 2, 2))
    assert gradcheck(kind.cell, inputs)
    assert gradgradcheck(kind.cell, inputs)


@pytest.mark.parametrize("lengths", [None, [7, 7, 0, 1, 5]])
@both
def test_float32_is_close_to_float64(kind, lengths):
    sizes = (5, 7, 6, 16)
    reference = values_and_gradients(lambda *xs: kind.reference(*xs, lengths=lengths), leaves(kind, *sizes))
    found = values_and_gradients(lambda *xs: kind.op(*xs, lengths=lengths), leaves(kind, *sizes, dtype=np.float32))
    assert all(y.dtype == np.float32 for part in found for y in part)
    for one, other in zip(found, reference):
        for y, z in zip(one, other):  # gradients add up many steps: their rounding errors are as large as the largest
            np.testing.assert_allclose(y, z, rtol=2e-5, atol=2e-5 * np.abs(z).max())


@both
def test_plain_numpy_runs_the_reference_step_by_step(kind, monkeypatch):
    steps = []
    monkeypatch.setattr(recurrent, "time_step", lambda t: steps.append(t) or contextlib.nullcontext())
    inputs = arrays(kind, 2, 3, 2, 2)
    with ta.kernels("numpy"):
        assert kind.op(*inputs)[0].shape == (2, 3, 2)
        kind.op(*inputs, reverse=True)
    assert steps == [0, 1, 2, 2, 1, 0]
    with ta.kernels("numba"):
        kind.op(*inputs)
    assert len(steps) == 6


@both
def test_two_threads_give_the_same_as_one(kind):
    before = ta.get_num_threads()
    inputs = leaves(kind, 20, 3, 4, 5)
    options = {"lengths": some_lengths(20, 3)}
    try:
        ta.set_num_threads(1)
        one = values_and_gradients(lambda *xs: kind.op(*xs, **options), inputs)
        ta.set_num_threads(2)
        assert_same(values_and_gradients(lambda *xs: kind.op(*xs, **options), inputs), one, 1e-13)
    finally:
        ta.set_num_threads(before)


# --- lengths and directions ---------------------------------------------


@pytest.mark.parametrize("reverse", [False, True])
@both
def test_each_row_is_as_if_alone(kind, reverse):
    B, T = 4, 5
    lengths = np.array([5, 2, 0, 1])
    x, states, weights = parts(kind, arrays(kind, B, T, 3, 4))
    hs, *last = kind.op(x, *states, *weights, lengths=lengths, reverse=reverse)
    for b, length in enumerate(lengths):
        assert not hs[b, length:].any()
        if length == 0:
            np.testing.assert_array_equal([state[:, b] for state in last], [state[:, b] for state in states])
            continue
        row = slice(b, b + 1)
        alone = kind.op(x[row, :length], *(state[:, row] for state in states), *weights, reverse=reverse)
        for y, z in zip((hs[row, :length], *(state[:, row] for state in last)), alone, strict=True):
            np.testing.assert_allclose(y, z, rtol=1e-12, atol=1e-12)


@both
def test_reverse_is_the_sequence_back_to_front(kind):
    x, *rest = arrays(kind, 2, 4, 3, 2)
    hs, *last = kind.op(x, *rest, reverse=True)
    for y, z in zip((hs[:, ::-1], *last), kind.op(x[:, ::-1], *rest), strict=True):
        np.testing.assert_allclose(y, z, rtol=1e-12)


@both
def test_padding_takes_no_part_in_the_gradient(kind):
    inputs = leaves(kind, 2, 3, 2, 2)
    sum(y.sum() for y in kind.op(*inputs, lengths=[3, 1])).backward()
    dx = inputs[0].grad.numpy()
    assert dx[0].all() and dx[1, 0].all() and not dx[1, 1:].any()


@both
def test_lengths_of_other_kinds(kind):
    inputs = arrays(kind, 2, 3, 2, 2)
    wanted = kind.op(*inputs, lengths=np.array([3, 1]))
    for lengths in ([3, 1], np.array([3, 1], np.int32), ta.tensor([3, 1])):
        for y, z in zip(kind.op(*inputs, lengths=lengths), wanted):
            np.testing.assert_array_equal(y, z)


@both
def test_lengths_are_kept_as_they_were(kind):
    inputs, lengths = leaves(kind, 2, 3, 2, 2), np.array([3, 1])
    hs = kind.op(*inputs, lengths=lengths)[0]
    (wanted,) = grad(hs.sum(), inputs[0], retain_graph=True)
    lengths[:] = 3
    np.testing.assert_array_equal(grad(hs.sum(), inputs[0])[0].numpy(), wanted.numpy())


# --- outputs nobody used, memory ----------------------------------------


@both
def test_outputs_that_nobody_used(kind):
    inputs = leaves(kind, 3, 2, 2, 2)
    for used in range(1 + len(kind.states)):
        wanted = grad(kind.reference(*inputs)[used].sum(), inputs)
        for y, z in zip(grad(kind.op(*inputs)[used].sum(), inputs), wanted):
            np.testing.assert_allclose(y.numpy(), z.numpy(), rtol=1e-10, atol=1e-12)


@both
def test_inputs_and_incoming_gradients_stay_as_they_were(kind):
    inputs = leaves(kind, 3, 4, 2, 5)
    kept = [x.array.copy() for x in inputs]
    outputs = kind.op(*inputs, lengths=[4, 2, 0])
    dy = [ta.Tensor(np.ones_like(y.array)) for y in outputs]
    first = grad(outputs, inputs, dy, retain_graph=True)
    second = grad(outputs, inputs, dy)
    assert all((y.array == 1).all() for y in dy)
    for x, before in zip(inputs, kept):
        np.testing.assert_array_equal(x.array, before)
    for y, z in zip(first, second):  # what was saved is unchanged, too
        np.testing.assert_array_equal(y.array, z.array)


@both
def test_strided_and_read_only_inputs(kind):
    inputs = arrays(kind, 3, 4, 2, 5)
    wanted = values_and_gradients(kind.op, [ta.Tensor(x, True) for x in inputs])
    strided = [np.repeat(x, 2, axis=-1)[..., ::2] for x in inputs]
    transposed = [np.asarray(x, order="F") for x in inputs]
    read_only = [x.copy() for x in inputs]
    for x in read_only:
        x.flags.writeable = False
    for others in (strided, transposed, read_only):
        assert_same(values_and_gradients(kind.op, [ta.Tensor(x, True) for x in others]), wanted, 1e-13)


@both
def test_both_biases_get_a_gradient_of_their_own(kind):
    inputs = leaves(kind, 2, 3, 2, 2)
    kind.op(*inputs)[0].sum().backward()
    b_ih, b_hh = inputs[-2].grad.array, inputs[-1].grad.array
    assert not np.shares_memory(b_ih, b_hh)
    shared = 4 if kind is GRU else 8  # only the GRU's n tells them apart
    np.testing.assert_array_equal(b_ih[:shared], b_hh[:shared])
    assert (b_ih[shared:] != b_hh[shared:]).all()


@both
def test_no_rows(kind):
    inputs = leaves(kind, 0, 3, 2, 4)
    outputs = kind.op(*inputs)
    assert [y.shape for y in outputs] == [(0, 3, 4), *[(1, 0, 4)] * len(kind.states)]
    sum(y.sum() for y in outputs).backward()
    assert inputs[0].grad.shape == (0, 3, 2) and not inputs[-4].grad.numpy().any()


@both
def test_arrays_give_arrays(kind):
    assert all(type(y) is np.ndarray for y in kind.op(*arrays(kind, 2, 2, 2, 2)))


@both
def test_large_inputs_saturate(kind):
    inputs = arrays(kind, 2, 3, 2, 2, dtype=np.float32)
    inputs[0] *= 1e6
    outputs = kind.op(*inputs)
    assert all(np.isfinite(y).all() for y in outputs) and np.abs(outputs[1]).max() <= max(1, np.abs(inputs[1]).max())


# --- what is refused ----------------------------------------------------


WRONG_SHAPES = [
    ("x", (3, 2), r"wanted x \(B, T, E\) and w_hh \({G}H, H\), got \(3, 2\) and \({R}, 4\): give x all"),
    ("x", (3, 0, 2), r"wanted at least one step, got x \(B, T, E\) = \(3, 0, 2\): drop empty batches"),
    ("h0", (2, 4), r"h0 must be \(1, B, H\) = \(1, 3, 4\), got \(2, 4\): x is \(3, 5, 2\) and w_hh \({R}, 4\)"),
    ("c0", (3, 4), r"c0 must be \(1, B, H\) = \(1, 3, 4\), got \(3, 4\)"),
    ("w_ih", (16, 3), r"w_ih must be \({G}H, E\) = \({R}, 2\), got \(16, 3\)"),
    ("w_hh", (10, 4), r"w_hh must be \({G}H, H\) = \({R}, 4\), got \(10, 4\)"),
    ("b_hh", (4,), r"b_hh must be \({G}H,\) = \({R},\), got \(4,\)"),
]


@both_lenses
@pytest.mark.parametrize("kind, name, shape, message", [
    (kind, name, shape, message.replace("{G}", str(kind.gates)).replace("{R}", str(4 * kind.gates)))
    for kind in (LSTM, GRU) for name, shape, message in WRONG_SHAPES if name in names(kind)])
def test_wrong_shapes(kind, name, shape, message, lens):
    inputs = arrays(kind, 3, 5, 2, 4)
    inputs[names(kind).index(name)] = np.zeros(shape)
    with ta.kernels(lens), pytest.raises(ValueError, match=f"{kind.name}: {message}"):
        kind.op(*inputs)


@both
def test_wrong_dtypes(kind):
    inputs = arrays(kind, 3, 5, 2, 4)
    inputs[-4] = inputs[-4].astype(np.float32)
    with pytest.raises(TypeError, match=rf"{kind.name}: w_ih must be float64 like x, got float32: use .to\(float64\)"):
        kind.op(*inputs)
    with pytest.raises(TypeError, match=rf"{kind.name}: x must be float32 or float64, got int64: use .float\(\)"):
        kind.op(np.zeros((3, 5, 2), np.int64), *inputs[1:])


@both
def test_one_of_two_biases(kind):
    inputs = arrays(kind, 3, 5, 2, 4)
    with pytest.raises(ValueError, match=f"{kind.name}: b_ih and b_hh must both be there or both be None, "
                                         "got only b_hh"):
        kind.op(*inputs[:-2], None, inputs[-1])


def test_one_of_two_states():
    x, h0, c0, *weights = arrays(LSTM, 3, 5, 2, 4)
    with pytest.raises(ValueError, match="lstm: h0 and c0 must both be there or both be None, got only h0"):
        lstm(x, h0, None, *weights)
    with pytest.raises(ValueError, match="lstm_cell: h and c must both be there or both be None, got only c"):
        lstm_cell(x[:, 0], None, c0[0], *weights)


@pytest.mark.parametrize("lengths, error, message", [
    ([1, 2], ValueError, r"lengths must be \(B,\) = \(3,\), got \(2,\): one length for each row"),
    ([1, 6, 5], ValueError, r"lengths must be 0 ... T = 5, got 1 ... 6: pad x to its longest row"),
    ([-1, 5, 5], ValueError, r"lengths must be 0 ... T = 5, got -1 ... 5"),
    ([1.0, 2.0, 3.0], TypeError, r"lengths must be int64, got float64: use .long\(\)"),
])
@both
def test_wrong_lengths(kind, lengths, error, message):
    with pytest.raises(error, match=f"{kind.name}: {message}"):
        kind.op(*arrays(kind, 3, 5, 2, 4), lengths=lengths)


@both
def test_cell_errors_name_the_cell(kind):
    x, h, *others = arrays(kind, 3, 1, 2, 4)
    with pytest.raises(ValueError, match=rf"{kind.name}_cell: wanted x \(B, E\) and w_hh \({kind.gates}H, H\), "
                                         r"got \(3, 1, 2\)"):
        kind.cell(x, h, *others)
    with pytest.raises(ValueError, match=rf"{kind.name}_cell: h must be \(B, H\) = \(3, 4\), got \(3, 3\)"):
        kind.cell(x[:, 0], h[0, :, 1:], *others)
