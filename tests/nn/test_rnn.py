"""The LSTM and GRU layers: held to PyTorch's where that is installed, and to themselves in another form where not."""

import itertools

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn

both = pytest.mark.parametrize("kind", ["LSTM", "GRU"])


def numbers(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def double(kind, *arguments, **options):
    ta.manual_seed(3)
    return getattr(nn, kind)(*arguments, **options).double()


def in_pytorch(torch, kind, mine, *arguments, **options):
    """PyTorch's layer with the same parameters."""
    other = getattr(torch.nn, kind)(*arguments, **options).double()
    assert list(mine.state_dict()) == list(other.state_dict())  # names, and in this order
    other.load_state_dict({name: torch.tensor(p.numpy()) for name, p in mine.state_dict().items()})
    return other


def states_of(kind, tensors):
    """The states as a layer takes them: None, h, or (h, c)."""
    return None if not tensors else tensors[0] if kind.startswith("GRU") else tuple(tensors)


def flat(outputs):
    """All tensors among outputs, one after the other."""
    return [y for one in outputs for y in flat(one)] if isinstance(outputs, (tuple, list)) else [outputs]


def results(outputs, inputs, model):
    """All outputs, then the gradients of inputs and parameters of Σ output · fixed numbers; of either library."""
    outputs = flat(outputs)
    loss = 0
    for k, y in enumerate(outputs):
        loss = loss + (y * like(y, numbers(*y.shape, seed=k))).sum()
    loss.backward()
    gradients = [x.grad for x in [*inputs, *(p for _, p in sorted(model.named_parameters()))]]
    return [y.detach().numpy() for y in [*outputs, *gradients]]


def like(y, array):
    return ta.tensor(array, dtype=ta.float64) if isinstance(y, ta.Tensor) else y.new_tensor(array)


def assert_same(found, wanted):
    assert len(found) == len(wanted)
    for y, z in zip(found, wanted):
        np.testing.assert_allclose(y, z, rtol=1e-10, atol=1e-10)


def leaf(array):
    return ta.tensor(array, dtype=ta.float64, requires_grad=True)


# --- PyTorch ------------------------------------------------------------


def settings(count):
    """So many of all settings of a layer, and what to feed it, at random but always the same."""
    every = list(itertools.product(
        ["LSTM", "GRU"], [1, 2, 3], [True, False], [False, True], [False, True], ["batch", "lengths", "one sequence"],
        [False, True]))
    random = np.random.default_rng(5)
    return [pytest.param(*every[k], *(int(size) for size in random.integers(1, 7, 4)))
            for k in random.choice(len(every), count, replace=False)]


@pytest.mark.parametrize(
    "kind, num_layers, bias, batch_first, bidirectional, given, initial, B, T, E, H", settings(60))
def test_equals_pytorch(kind, num_layers, bias, batch_first, bidirectional, given, initial, B, T, E, H):
    torch = pytest.importorskip("torch")
    options = {"num_layers": num_layers, "bias": bias, "batch_first": batch_first, "bidirectional": bidirectional}
    mine = double(kind, E, H, **options)
    other = in_pytorch(torch, kind, mine, E, H, **options)
    batch = () if given == "one sequence" else (B,)
    states = (num_layers * (1 + bidirectional), *batch, H)
    arrays = [numbers(*((*batch, T) if batch_first else (T, *batch)), E)]
    arrays += [numbers(*states, seed=1), numbers(*states, seed=2)][: len(mine.states)] if initial else []
    lengths = np.random.default_rng(B).integers(1, T + 1, B) if given == "lengths" else None

    xs = [leaf(x) for x in arrays]
    found = results(mine(xs[0], states_of(kind, xs[1:]), lengths=lengths), xs, mine)

    xs = [torch.tensor(x, requires_grad=True) for x in arrays]
    read = xs[0]
    if lengths is not None:
        read = torch.nn.utils.rnn.pack_padded_sequence(read, torch.tensor(lengths), batch_first, enforce_sorted=False)
    output, last = other(read, states_of(kind, xs[1:]))
    if lengths is not None:
        output, _ = torch.nn.utils.rnn.pad_packed_sequence(output, batch_first, total_length=T)
    assert_same(found, results((output, last), xs, other))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(4,), ()])
@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("kind", ["LSTMCell", "GRUCell"])
def test_cell_equals_pytorch(kind, initial, batch, bias):
    torch = pytest.importorskip("torch")
    mine = double(kind, 3, 5, bias)
    other = in_pytorch(torch, kind, mine, 3, 5, bias)
    arrays = [numbers(*batch, 3)]
    arrays += [numbers(*batch, 5, seed=1), numbers(*batch, 5, seed=2)][: len(mine.states)] if initial else []
    xs = [leaf(x) for x in arrays]
    found = results(mine(xs[0], states_of(kind, xs[1:])), xs, mine)
    xs = [torch.tensor(x, requires_grad=True) for x in arrays]
    assert_same(found, results(other(xs[0], states_of(kind, xs[1:])), xs, other))


# --- without PyTorch ----------------------------------------------------


@pytest.mark.parametrize("kind, outputs, states", [
    ("LSTM", [0.06275911108183606, 0.05392520280248393], [0.05392520280248393, 0.8128553871842741]),
    ("GRU", [-0.2563489623965456, -0.46427858207635164], [-0.46427858207635164]),
])
def test_numbers_from_pytorch(kind, outputs, states):
    """torch 2.13, parameters 0.1, -0.1, 0.2, -0.2, ... in the order of state_dict: (T, B, E) = (2, 1, 2), H = 1."""
    model = double(kind, 2, 1)
    count = 0
    for parameter in model.parameters():
        size = parameter.array.size
        steps = np.arange(count, count + size)
        parameter.array[...] = ((steps // 2 + 1) * 0.1 * (-1.0) ** steps).reshape(parameter.shape)
        count += size
    output, *last = flat(model(ta.tensor([[[1.0, 2.0]], [[-1.0, 0.5]]], dtype=ta.float64)))
    np.testing.assert_allclose(output.array.ravel(), outputs, rtol=1e-12)
    np.testing.assert_allclose([state.item() for state in last], states, rtol=1e-12)


@pytest.mark.parametrize("lens", ["numba", "numpy"])
@both
def test_layers_are_what_one_would_build_by_hand(kind, lens):
    model = double(kind, 3, 4, num_layers=2, bidirectional=True, batch_first=True)
    x, lengths = ta.tensor(numbers(3, 5, 3), dtype=ta.float64), [5, 2, 4]
    with ta.kernels(lens):
        output, *last = flat(model(x, lengths=lengths))
        for layer in range(2):
            parts = []
            for k, direction in enumerate(["", "_reverse"]):
                one = double(kind, x.shape[-1], 4, batch_first=True)
                one.load_state_dict({f"{name}_l0": getattr(model, f"{name}_l{layer}{direction}")
                                     for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")})
                read = backwards(x, lengths) if k else x
                y, *states = flat(one(read, lengths=lengths))
                parts.append(backwards(y, lengths) if k else y)
                for state, own in zip(last, states, strict=True):
                    np.testing.assert_allclose(state.array[2 * layer + k], own.array[0], rtol=1e-12)
            x = ta.cat(parts, 2)
        np.testing.assert_allclose(output.array, x.array, rtol=1e-12)


def backwards(x, lengths):
    """The real steps of each row back to front; padding stays."""
    array = x.array.copy()
    for row, length in zip(array, lengths):
        row[:length] = row[:length][::-1].copy()
    return ta.Tensor(array)


@both
def test_a_loop_over_the_cell_is_the_sequence(kind):
    sequence = double(kind, 3, 4)
    cell = double(f"{kind}Cell", 3, 4)
    cell.load_state_dict({name: getattr(sequence, f"{name}_l0") for name in cell.state_dict()})
    x = ta.tensor(numbers(5, 2, 3), dtype=ta.float64)
    output, *last = flat(sequence(x))
    states = None
    for t in range(5):
        states = cell(x[t], states)
        np.testing.assert_allclose(flat(states)[0].array, output.array[t], rtol=1e-12)
    for state, right in zip(flat(states), last, strict=True):
        np.testing.assert_allclose(state.array, right.array[0], rtol=1e-12)


@both
def test_dropout_between_layers_only_in_training(kind):
    ta.manual_seed(0)
    model = getattr(nn, kind)(3, 50, num_layers=2, dropout=0.5)
    x = ta.randn(4, 2, 3)
    once, again = model(x)[0].array, model(x)[0].array
    assert (once != again).any() and once.all()  # the last layer's output itself is not dropped
    model.eval()
    np.testing.assert_array_equal(model(x)[0].array, model(x)[0].array)
    ta.manual_seed(7)
    first = model.train()(x)[0].array
    ta.manual_seed(7)
    np.testing.assert_array_equal(model(x)[0].array, first)


@both
def test_parameters_begin_small_and_can_begin_anew(kind):
    ta.manual_seed(0)
    model = getattr(nn, kind)(8, 25, num_layers=2)
    for parameter in model.parameters():
        assert parameter.dtype == np.float32 and parameter.requires_grad
        assert 0.15 < np.abs(parameter.array).max() <= 0.2  # 1 / √25
    before = model.weight_ih_l0.array.copy()
    model.reset_parameters()
    assert (model.weight_ih_l0.array != before).any() and np.abs(model.weight_ih_l0.array).max() <= 0.2
    assert getattr(nn, kind)(8, 25, bias=False).bias_ih_l0 is None


@both
def test_dtype_of_the_parameters(kind):
    assert all(p.dtype == np.float64 for p in getattr(nn, kind)(2, 3, dtype=ta.float64).parameters())
    assert all(p.dtype == np.float64 for p in getattr(nn, f"{kind}Cell")(2, 3, dtype=ta.float64).parameters())


@both
def test_all_weights_and_flatten_parameters(kind):
    model = getattr(nn, kind)(2, 3, num_layers=2, bidirectional=True, bias=False)
    assert [weight for weights in model.all_weights for weight in weights] == list(model.parameters())
    assert [len(weights) for weights in model.all_weights] == [2] * 4
    before = model.state_dict()
    assert model.flatten_parameters() is None
    assert all(np.array_equal(before[name], p) for name, p in model.state_dict().items())


@both
def test_every_parameter_and_the_input_get_a_gradient(kind):
    model = getattr(nn, kind)(2, 3, num_layers=2, bidirectional=True)
    x = ta.randn(4, 2, 2)
    x.requires_grad = True
    output, _ = model(x)
    (output * output).sum().backward()
    assert all(p.grad is not None and p.grad.array.any() for p in [x, *model.parameters()])


def test_first_states_may_be_a_list_and_an_empty_batch_runs():
    model, h, c = nn.LSTM(2, 3), ta.ones(1, 4, 3), ta.zeros(1, 4, 3)
    x = ta.randn(5, 4, 2)
    np.testing.assert_array_equal(model(x, [h, c])[0].array, model(x, (h, c))[0].array)
    output, last = nn.GRU(2, 3)(ta.zeros(5, 0, 2))
    assert (output.shape, last.shape) == ((5, 0, 3), (1, 0, 3))


@both
def test_repr_says_what_is_not_the_default(kind):
    layer = getattr(nn, kind)
    assert repr(layer(3, 4)) == f"{kind}(3, 4)"
    assert repr(layer(3, 4, 2, batch_first=True, bidirectional=True)) == (
        f"{kind}(3, 4, num_layers=2, batch_first=True, bidirectional=True)")
    assert repr(getattr(nn, f"{kind}Cell")(3, 4, bias=False)) == f"{kind}Cell(3, 4, bias=False)"


# --- what is refused ----------------------------------------------------


@pytest.mark.parametrize("build, message", [
    (lambda layer, cell: layer(3, 4, proj_size=2),
     "KIND: proj_size must be 0, got 2: put a Linear layer after the KIND"),
    (lambda layer, cell: layer(3, 0), "KIND: input_size and hidden_size must be at least 1, got 3 and 0"),
    (lambda layer, cell: layer(0, 4), "KIND: input_size and hidden_size must be at least 1, got 0 and 4"),
    (lambda layer, cell: layer(3, 4, 0), "KIND: num_layers must be at least 1, got 0"),
    (lambda layer, cell: layer(3, 4, 2, dropout=1.5), r"KIND: dropout must be in 0 \.\.\. 1, got 1.5"),
    (lambda layer, cell: layer(3, 4, 2, dropout=True), r"KIND: dropout must be in 0 \.\.\. 1, got True"),
    (lambda layer, cell: cell(3, 0), "KINDCell: input_size and hidden_size must be at least 1, got 3 and 0"),
    (lambda layer, cell: layer(3, 4)(ta.zeros(5, 2, 2)),
     r"KIND: input must be \(T, B, E\) or \(T, E\) with E = 3, got \(5, 2, 2\): its last dimension is"),
    (lambda layer, cell: layer(3, 4, batch_first=True)(ta.zeros(3)),
     r"KIND: input must be \(B, T, E\) or \(T, E\) with E = 3, got \(3,\)"),
    (lambda layer, cell: cell(3, 4)(ta.zeros(2, 5)),
     r"KINDCell: input must be \(B, E\) or \(E,\) with E = 3, got \(2, 5\)"),
    (lambda layer, cell: layer(3, 4)(ta.zeros(5, 2, 3), lengths=[1]), r"lengths must be \(B,\) = \(2,\), got \(1,\)"),
])
@both
def test_wrong_use(kind, build, message):
    with pytest.raises(ValueError, match=message.replace("KIND", kind)):
        build(getattr(nn, kind), getattr(nn, f"{kind}Cell"))


@pytest.mark.parametrize("call, error, message", [
    (lambda: nn.LSTM(3, 4)(ta.zeros(5, 2, 3), (ta.zeros(2, 4), ta.zeros(1, 2, 4))), ValueError,
     r"LSTM: h_0 must be \(D · num_layers, B, H\) = \(1, 2, 4\), got \(2, 4\): the batch stands second in a state"),
    (lambda: nn.LSTM(3, 4)(ta.zeros(5, 2, 3), (ta.zeros(1, 2, 4), ta.zeros(1, 1, 4))), ValueError,
     r"LSTM: c_0 must be \(D · num_layers, B, H\) = \(1, 2, 4\), got \(1, 1, 4\)"),
    (lambda: nn.LSTM(3, 4)(ta.zeros(5, 3), (ta.zeros(1, 4), ta.zeros(1, 1, 4))), ValueError,
     r"LSTM: c_0 must be \(D · num_layers, H\) = \(1, 4\), got \(1, 1, 4\)"),
    (lambda: nn.GRU(3, 4, bidirectional=True, batch_first=True)(ta.zeros(2, 5, 3), ta.zeros(2, 2, 4)[:1]), ValueError,
     r"GRU: h_0 must be \(D · num_layers, B, H\) = \(2, 2, 4\), got \(1, 2, 4\)"),
    (lambda: nn.LSTM(3, 4)(ta.zeros(5, 2, 3), ta.zeros(1, 2, 4)), TypeError,
     r"LSTM: hx must be a tuple \(h_0, c_0\), got Tensor"),
    (lambda: nn.LSTM(3, 4)(ta.zeros(5, 2, 3), (ta.zeros(1, 2, 4),)), TypeError,
     r"LSTM: hx must be a tuple \(h_0, c_0\), got tuple"),
    (lambda: nn.GRU(3, 4)(ta.zeros(5, 2, 3), (ta.zeros(1, 2, 4),)), TypeError,
     "GRU: hx must be the tensor h_0, got tuple"),
    (lambda: nn.LSTMCell(3, 4)(ta.zeros(2, 3), ta.zeros(2, 4)), TypeError,
     r"LSTMCell: hx must be a tuple \(h, c\), got Tensor"),
    (lambda: nn.GRUCell(3, 4)(ta.zeros(2, 3), ta.zeros(1, 4)), ValueError,
     r"gru_cell: h must be \(B, H\) = \(2, 4\), got \(1, 4\)"),
    (lambda: nn.GRU(3, 4)(ta.zeros(5, 2, 3), ta.zeros(1, 2, 4).double()), TypeError,
     "gru: h0 must be float32 like x, got float64"),
])
def test_wrong_states(call, error, message):
    with pytest.raises(error, match=message):
        call()


@both
def test_dropout_of_a_single_layer_is_warned_about(kind):
    with pytest.warns(UserWarning, match=f"{kind}: dropout is applied between layers, so with num_layers=1 it does"):
        getattr(nn, kind)(3, 4, dropout=0.5)
