"""The LSTM layers: held to PyTorch's where that is installed, and to themselves in another form where not."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn


def numbers(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def double(*arguments, kind=nn.LSTM, **options):
    ta.manual_seed(3)
    return kind(*arguments, **options).double()


def results(outputs, inputs, model):
    """All outputs, then the gradients of inputs and parameters of Σ output · fixed numbers."""
    loss = 0
    for k, y in enumerate(outputs):
        loss = loss + (y * numbers(*y.shape, seed=k)).sum()
    loss.backward()
    return [y.array for y in outputs] + [
        x.grad.array for x in [*inputs, *(p for _, p in sorted(model.named_parameters()))]]


def assert_same(found, wanted):
    assert len(found) == len(wanted)
    for y, z in zip(found, wanted):
        np.testing.assert_allclose(y, z, rtol=1e-10, atol=1e-10)


# --- PyTorch ------------------------------------------------------------


@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("lengths", [None, [2, 5, 1, 3]])
@pytest.mark.parametrize("options", [
    {},
    {"batch_first": True},
    {"bias": False},
    {"num_layers": 3},
    {"bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
    {"num_layers": 2, "bidirectional": True, "bias": False},
])
def test_equals_pytorch(options, lengths, initial):
    torch = pytest.importorskip("torch")
    B, T, E, H = 4, 5, 3, 6
    mine = double(E, H, **options)
    other = torch.nn.LSTM(E, H, **options).double()
    assert list(mine.state_dict()) == list(other.state_dict())  # names, and in this order
    other.load_state_dict({name: torch.tensor(p.numpy()) for name, p in mine.state_dict().items()})

    layers = (2 if options.get("bidirectional") else 1) * options.get("num_layers", 1)
    batch_first = options.get("batch_first", False)
    arrays = [numbers(*((B, T) if batch_first else (T, B)), E)]
    if initial:
        arrays += [numbers(layers, B, H, seed=1), numbers(layers, B, H, seed=2)]
    xs = [ta.tensor(x, dtype=ta.float64, requires_grad=True) for x in arrays]
    output, states = mine(xs[0], tuple(xs[1:]) or None, lengths=lengths)
    found = results([output, *states], xs, mine)

    xs = [torch.tensor(x, requires_grad=True) for x in arrays]
    read = xs[0]
    if lengths is not None:
        read = torch.nn.utils.rnn.pack_padded_sequence(read, lengths, batch_first, enforce_sorted=False)
    output, states = other(read, tuple(xs[1:]) or None)
    if lengths is not None:
        output, _ = torch.nn.utils.rnn.pad_packed_sequence(output, batch_first)
    assert_same(found, results_of_torch(torch, [output, *states], xs, other))


def results_of_torch(torch, outputs, inputs, model):
    loss = sum((y * torch.tensor(numbers(*y.shape, seed=k))).sum() for k, y in enumerate(outputs))
    loss.backward()
    return [y.detach().numpy() for y in outputs] + [
        x.grad.numpy() for x in [*inputs, *(p for _, p in sorted(model.named_parameters()))]]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(4,), ()])
@pytest.mark.parametrize("initial", [False, True])
def test_cell_equals_pytorch(initial, batch, bias):
    torch = pytest.importorskip("torch")
    mine = double(3, 5, bias, kind=nn.LSTMCell)
    other = torch.nn.LSTMCell(3, 5, bias).double()
    assert list(mine.state_dict()) == list(other.state_dict())
    other.load_state_dict({name: torch.tensor(p.numpy()) for name, p in mine.state_dict().items()})
    arrays = [numbers(*batch, 3)] + ([numbers(*batch, 5, seed=1), numbers(*batch, 5, seed=2)] if initial else [])
    xs = [ta.tensor(x, dtype=ta.float64, requires_grad=True) for x in arrays]
    found = results(mine(xs[0], tuple(xs[1:]) or None), xs, mine)
    xs = [torch.tensor(x, requires_grad=True) for x in arrays]
    assert_same(found, results_of_torch(torch, other(xs[0], tuple(xs[1:]) or None), xs, other))


@pytest.mark.parametrize("batch_first", [False, True])
def test_one_sequence_equals_pytorch(batch_first):
    torch = pytest.importorskip("torch")
    options = {"num_layers": 2, "bidirectional": True, "batch_first": batch_first}
    mine = double(3, 4, **options)
    other = torch.nn.LSTM(3, 4, **options).double()
    other.load_state_dict({name: torch.tensor(p.numpy()) for name, p in mine.state_dict().items()})
    arrays = [numbers(5, 3), numbers(4, 4, seed=1), numbers(4, 4, seed=2)]
    xs = [ta.tensor(x, dtype=ta.float64, requires_grad=True) for x in arrays]
    output, states = mine(xs[0], (xs[1], xs[2]))
    found = results([output, *states], xs, mine)
    xs = [torch.tensor(x, requires_grad=True) for x in arrays]
    output, states = other(xs[0], (xs[1], xs[2]))
    assert_same(found, results_of_torch(torch, [output, *states], xs, other))


# --- without PyTorch ----------------------------------------------------


def test_numbers_from_pytorch():
    """torch 2.13, parameters 0.1, -0.1, 0.2, -0.2, ... in the order of state_dict: (T, B, E) = (2, 1, 2), H = 1."""
    model = double(2, 1)
    count = 0
    for parameter in model.parameters():
        size = parameter.array.size
        steps = np.arange(count, count + size)
        parameter.array[...] = ((steps // 2 + 1) * 0.1 * (-1.0) ** steps).reshape(parameter.shape)
        count += size
    output, (h, c) = model(ta.tensor([[[1.0, 2.0]], [[-1.0, 0.5]]], dtype=ta.float64))
    np.testing.assert_allclose(output.array.ravel(), [0.06275911108183606, 0.05392520280248393], rtol=1e-12)
    np.testing.assert_allclose([h.item(), c.item()], [0.05392520280248393, 0.8128553871842741], rtol=1e-12)


@pytest.mark.parametrize("lens", ["numba", "numpy"])
def test_layers_are_what_one_would_build_by_hand(lens):
    model = double(3, 4, num_layers=2, bidirectional=True, batch_first=True)
    x, lengths = ta.tensor(numbers(3, 5, 3), dtype=ta.float64), [5, 2, 4]
    with ta.kernels(lens):
        output, (h, c) = model(x, lengths=lengths)
        for layer in range(2):
            parts = []
            for k, direction in enumerate(["", "_reverse"]):
                one = nn.LSTM(x.shape[-1], 4, batch_first=True).double()
                one.load_state_dict({f"{name}_l0": getattr(model, f"{name}_l{layer}{direction}")
                                     for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")})
                read = backwards(x, lengths) if k else x
                y, (h_one, c_one) = one(read, lengths=lengths)
                parts.append(backwards(y, lengths) if k else y)
                np.testing.assert_allclose(h.array[2 * layer + k], h_one.array[0], rtol=1e-12)
                np.testing.assert_allclose(c.array[2 * layer + k], c_one.array[0], rtol=1e-12)
            x = ta.cat(parts, 2)
        np.testing.assert_allclose(output.array, x.array, rtol=1e-12)


def backwards(x, lengths):
    """The real steps of each row back to front; padding stays."""
    array = x.array.copy()
    for row, length in zip(array, lengths):
        row[:length] = row[:length][::-1].copy()
    return ta.Tensor(array)


def test_a_loop_over_the_cell_is_the_sequence():
    sequence = double(3, 4)
    cell = nn.LSTMCell(3, 4).double()
    cell.load_state_dict({name: getattr(sequence, f"{name}_l0") for name in cell.state_dict()})
    x = ta.tensor(numbers(5, 2, 3), dtype=ta.float64)
    output, (_, c_n) = sequence(x)
    state = None
    for t in range(5):
        state = cell(x[t], state)
        np.testing.assert_allclose(state[0].array, output.array[t], rtol=1e-12)
    np.testing.assert_allclose(state[1].array, c_n.array[0], rtol=1e-12)


def test_dropout_between_layers_only_in_training():
    ta.manual_seed(0)
    model = nn.LSTM(3, 50, num_layers=2, dropout=0.5)
    x = ta.randn(4, 2, 3)
    once, again = model(x)[0].array, model(x)[0].array
    assert (once != again).any() and once.all()  # the last layer's output itself is not dropped
    model.eval()
    np.testing.assert_array_equal(model(x)[0].array, model(x)[0].array)
    ta.manual_seed(7)
    first = model.train()(x)[0].array
    ta.manual_seed(7)
    np.testing.assert_array_equal(model(x)[0].array, first)


def test_parameters_begin_small():
    ta.manual_seed(0)
    model = nn.LSTM(8, 25, num_layers=2)
    for parameter in model.parameters():
        assert parameter.dtype == np.float32 and parameter.requires_grad
        assert 0.15 < np.abs(parameter.array).max() <= 0.2  # 1 / √25
    assert nn.LSTM(8, 25, bias=False).bias_ih_l0 is None


def test_every_parameter_and_the_state_get_a_gradient():
    model = nn.LSTM(2, 3, num_layers=2, bidirectional=True)
    x = ta.randn(4, 2, 2)
    x.requires_grad = True
    output, _ = model(x)
    (output * output).sum().backward()
    assert all(p.grad is not None and p.grad.array.any() for p in [x, *model.parameters()])


def test_repr_says_what_is_not_the_default():
    assert repr(nn.LSTM(3, 4)) == "LSTM(3, 4)"
    assert repr(nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)) == (
        "LSTM(3, 4, num_layers=2, batch_first=True, bidirectional=True)")
    assert repr(nn.LSTMCell(3, 4, bias=False)) == "LSTMCell(3, 4, bias=False)"


# --- what is refused ----------------------------------------------------


@pytest.mark.parametrize("build, message", [
    (lambda: nn.LSTM(3, 4, proj_size=2), "LSTM: proj_size must be 0, got 2: put a Linear layer after the LSTM"),
    (lambda: nn.LSTM(3, 0), "LSTM: hidden_size and num_layers must be at least 1, got 0 and 1"),
    (lambda: nn.LSTM(3, 4, 0), "LSTM: hidden_size and num_layers must be at least 1, got 4 and 0"),
    (lambda: nn.LSTM(3, 4, 2, dropout=1.5), "LSTM: dropout must be in 0 ... 1, got 1.5"),
    (lambda: nn.LSTMCell(3, 0), "LSTMCell: hidden_size must be at least 1, got 0"),
    (lambda: nn.LSTM(3, 4)(ta.zeros(5, 2, 2)),
     r"LSTM: input must be \(T, B, E\) or \(T, E\) with E = 3, got \(5, 2, 2\): its last dimension is"),
    (lambda: nn.LSTM(3, 4, batch_first=True)(ta.zeros(3)),
     r"LSTM: input must be \(B, T, E\) or \(T, E\) with E = 3, got \(3,\)"),
    (lambda: nn.LSTM(3, 4)(ta.zeros(5, 2, 3), (ta.zeros(2, 4), ta.zeros(1, 2, 4))),
     r"LSTM: h_0 must be \(D · num_layers, B, H\) = \(1, 2, 4\), got \(2, 4\): the batch stands second in a state"),
    (lambda: nn.LSTM(3, 4)(ta.zeros(5, 3), (ta.zeros(1, 4), ta.zeros(1, 1, 4))),
     r"LSTM: c_0 must be \(D · num_layers, H\) = \(1, 4\), got \(1, 1, 4\)"),
    (lambda: nn.LSTMCell(3, 4)(ta.zeros(2, 5)),
     r"LSTMCell: input must be \(B, E\) or \(E,\) with E = 3, got \(2, 5\)"),
    (lambda: nn.LSTM(3, 4)(ta.zeros(5, 2, 3), lengths=[1]), r"lstm: lengths must be \(B,\) = \(2,\), got \(1,\)"),
])
def test_wrong_use(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_dropout_of_a_single_layer_is_warned_about():
    with pytest.warns(UserWarning, match="dropout is applied between layers, so with num_layers=1 it does nothing"):
        nn.LSTM(3, 4, dropout=0.5)
