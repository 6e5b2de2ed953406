"""Padding and packing, and layers over packed batches: held to PyTorch's, and to loops over single sequences."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.nn.utils import rnn
from tinyattn.nn.utils.rnn import (
    PackedSequence,
    invert_permutation,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)

both = pytest.mark.parametrize("kind", ["LSTM", "GRU"])
LENGTHS = [[2, 5, 1, 3], [5, 3, 2, 1], [4, 4, 4], [1], [1, 1, 2], [3, 1, 3, 1, 2]]


def numbers(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def leaf(array):
    return ta.tensor(array, dtype=ta.float64, requires_grad=True)


def flat(outputs):
    """All tensors among outputs, one after the other."""
    if isinstance(outputs, (tuple, list)):
        return [y for one in outputs if one is not None for y in flat(one)]
    return [outputs]


def results(outputs, inputs):
    """All outputs, then the gradients of inputs of Σ output · fixed numbers; of either library."""
    loss = 0
    for k, y in enumerate(flat(outputs)):
        if y.requires_grad:
            weights = numbers(*y.shape, seed=k)
            loss = loss + (y * (ta.tensor(weights) if isinstance(y, ta.Tensor) else y.new_tensor(weights))).sum()
    loss.backward()
    return [y.detach().numpy() for y in [*flat(outputs), *(x.grad for x in inputs)]]


def assert_same(found, wanted, tolerance=1e-10):
    assert len(found) == len(wanted)
    for y, z in zip(found, wanted):
        assert y.dtype == z.dtype
        np.testing.assert_allclose(y, z, rtol=tolerance, atol=tolerance)


def in_order(lengths):
    return sorted(lengths, reverse=True) == lengths


# --- PyTorch ------------------------------------------------------------


@pytest.mark.parametrize("rest", [(), (3,), (2, 1)])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_packing_and_padding_as_in_pytorch(lengths, batch_first, rest):
    torch = pytest.importorskip("torch")
    B, T = len(lengths), max(lengths) + 1
    array = numbers(*((B, T) if batch_first else (T, B)), *rest)
    for sort in {True, not in_order(lengths)}:
        both_ends = []
        for library, x in ((rnn, leaf(array)), (torch.nn.utils.rnn, torch.tensor(array, requires_grad=True))):
            packed = library.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=not sort)
            padded = library.pad_packed_sequence(packed, batch_first, padding_value=-2.5, total_length=T + 1)
            both_ends.append(results([*packed, *padded, *library.unpack_sequence(packed)], [x]))
        assert_same(*both_ends, tolerance=1e-14)


@pytest.mark.parametrize("options", [
    {}, {"batch_first": True}, {"padding_value": 2.5, "padding_side": "left"},
    {"batch_first": True, "padding_side": "left"}])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_lists_of_sequences_as_in_pytorch(dtype, options):
    torch = pytest.importorskip("torch")
    for rest in ((), (2,)):
        arrays = [numbers(length, *rest).astype(dtype) for length in (3, 0, 4, 1)]
        ours, theirs = [ta.tensor(x) for x in arrays], [torch.tensor(x) for x in arrays]
        wanted = torch.nn.utils.rnn.pad_sequence(theirs, **options)
        found = pad_sequence(iter(ours), **options)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())
    packed = pack_sequence([ours[0], ours[2]], enforce_sorted=False)
    wanted = torch.nn.utils.rnn.pack_sequence([theirs[0], theirs[2]], enforce_sorted=False)
    for part, right in zip(packed, wanted, strict=True):
        np.testing.assert_array_equal(part.numpy(), right.numpy())


def test_sequences_of_several_dtypes_as_in_pytorch():
    torch = pytest.importorskip("torch")
    arrays = [np.array([1, 2]), np.array([2.75, -3.5, 4.0])]
    for some in (arrays, arrays[::-1]):
        wanted = torch.nn.utils.rnn.pad_sequence([torch.tensor(x) for x in some])
        found = pad_sequence([ta.tensor(x) for x in some])
        assert str(wanted.dtype) == f"torch.{found.dtype}"
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("options", [
    {}, {"bidirectional": True, "num_layers": 2}, {"batch_first": True, "bias": False}, {"bidirectional": True}])
@pytest.mark.parametrize("initial", [False, True])
@both
def test_layers_over_packed_batches_as_in_pytorch(kind, options, lengths, initial):
    """Pack, layer, a product on .data in between, layer, pad: values and all gradients."""
    torch = pytest.importorskip("torch")
    B, T, E, H = len(lengths), max(lengths), 3, 4
    batch_first, D = options.get("batch_first", False), 1 + options.get("bidirectional", False)
    ours = [getattr(nn, kind)(size, H, **options).double() for size in (E, D * H)]
    theirs = [getattr(torch.nn, kind)(size, H, **options).double() for size in (E, D * H)]
    for one, other in zip(ours, theirs):
        other.load_state_dict({name: torch.tensor(p.numpy()) for name, p in one.state_dict().items()})
    arrays = [numbers(*((B, T) if batch_first else (T, B)), E)]
    if initial:
        arrays += [numbers(D * options.get("num_layers", 1), B, H, seed=k) for k in range(1 if kind == "GRU" else 2)]
    both_ends = []
    for utils, pair, make in (
        (rnn, ours, leaf), (torch.nn.utils.rnn, theirs, lambda x: torch.tensor(x, requires_grad=True))
    ):
        x, *hx = map(make, arrays)
        packed = utils.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=False)
        packed, states = pair[0](packed, None if not hx else hx[0] if kind == "GRU" else tuple(hx))
        packed = utils.PackedSequence(packed.data * packed.data, packed.batch_sizes, packed.sorted_indices)
        packed, last = pair[1](packed, states)
        outputs = [*packed, last, utils.pad_packed_sequence(packed, batch_first)]
        parameters = [p for layer in pair for _, p in sorted(layer.named_parameters())]
        both_ends.append(results(outputs, [x, *hx, *parameters]))
    assert_same(*both_ends)


# --- without PyTorch ----------------------------------------------------


def test_what_packing_looks_like():
    x = ta.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
    packed = pack_padded_sequence(x, ta.tensor([2, 1, 3]), batch_first=True, enforce_sorted=False)
    assert isinstance(packed, tuple) and packed.data.tolist() == [4, 1, 3, 5, 2, 6]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices.tolist() == [2, 0, 1] and packed.unsorted_indices.tolist() == [1, 2, 0]
    padded, lengths = pad_packed_sequence(packed, batch_first=True)
    assert padded.tolist() == x.tolist() and lengths.tolist() == [2, 1, 3]
    assert [row.tolist() for row in unpack_sequence(packed)] == [[1, 2], [3], [4, 5, 6]]
    in_order = pack_padded_sequence(x[[2, 0, 1]], [3, 2, 1], batch_first=True)
    assert in_order.data.tolist() == packed.data.tolist() and in_order.sorted_indices is None
    assert invert_permutation(ta.tensor([2, 0, 1])).tolist() == [1, 2, 0] and invert_permutation(None) is None


def test_rows_of_one_length_keep_their_order():
    lengths = [2, 3, 1] * 20
    order = pack_padded_sequence(ta.ones(3, 60), lengths, enforce_sorted=False).sorted_indices
    assert order.tolist() == sorted(range(60), key=lambda b: -lengths[b])


@pytest.mark.parametrize("lens", ["numba", "numpy"])
@both
def test_each_row_is_as_if_alone(kind, lens):
    ta.manual_seed(0)
    layer = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=True).double()
    sequences = [ta.tensor(numbers(length, 3)) for length in (2, 5, 1, 4)]
    with ta.kernels(lens):
        output, last = layer(pack_sequence(sequences, enforce_sorted=False))
        for b, (row, sequence) in enumerate(zip(unpack_sequence(output), sequences, strict=True)):
            alone, states = layer(sequence)
            np.testing.assert_allclose(row.array, alone.array, rtol=1e-12)
            for state, own in zip(flat(last), flat(states), strict=True):
                np.testing.assert_allclose(state.array[:, b], own.array, rtol=1e-12)


@both
def test_a_packed_batch_reaches_the_masked_kernel(kind):
    """Two ops around it, not one for each step: the lengths go to the kernel."""
    x = ta.randn(4, 6, 3)
    x.requires_grad = True
    output, _ = getattr(nn, kind)(3, 2, batch_first=True)(pack_padded_sequence(x, [6, 4, 2, 1], True))
    names, node = [], output.data.node
    while node is not None:
        names.append(node.op.name)
        node = node.inputs[0].node
    assert names == ["to_packed", kind.lower(), "to_padded", "to_packed"]


def test_second_derivative_through_a_packed_batch():
    layer = nn.GRU(1, 2).double()

    def function(x):
        output, last = layer(pack_padded_sequence(x, [1, 2], enforce_sorted=False))
        return output.data, last

    assert ta.autograd.gradcheck(function, [leaf(numbers(2, 2, 1))])
    assert ta.autograd.gradgradcheck(function, [leaf(numbers(2, 2, 1))])


def test_other_dtypes_of_a_packed_batch():
    packed = pack_padded_sequence(ta.tensor([[1, 2], [3, 0]]), [2, 1])
    for other, dtype in ((packed.float(), np.float32), (packed.double(), np.float64), (packed.to(ta.bool), np.bool_)):
        assert isinstance(other, PackedSequence) and other.data.dtype == dtype
        assert other.batch_sizes is packed.batch_sizes


def test_unpadding_lets_gradients_through():
    x = leaf(numbers(3, 2))
    rows = unpad_sequence(x, ta.tensor([1, 3]))
    assert [row.shape for row in rows] == [(1,), (3,)]
    (rows[0].sum() + 2 * rows[1].sum()).backward()
    assert x.grad.tolist() == [[1, 2], [0, 2], [0, 2]]


def test_lengths_are_kept_as_they_were():
    lengths = np.array([2, 1])
    packed = pack_padded_sequence(leaf(numbers(2, 2)), lengths)
    lengths[:] = 2
    assert pad_packed_sequence(packed)[1].tolist() == [2, 1]


# --- what is refused ----------------------------------------------------


@pytest.mark.parametrize("call, error, message", [
    (lambda: pack_padded_sequence(ta.ones(3, 2), [1, 3]), RuntimeError,
     r"pack_padded_sequence: lengths must be sorted in decreasing order when enforce_sorted is True, got \[1, 3\]: "
     "pass enforce_sorted=False"),
    (lambda: pack_sequence([ta.ones(1), ta.ones(2)]), RuntimeError, "lengths must be sorted in decreasing order"),
    (lambda: pack_padded_sequence(ta.ones(3, 2), [2, 0]), ValueError,
     r"pack_padded_sequence: lengths must be 1 \.\.\. T = 3, got 0 \.\.\. 2: drop rows without steps"),
    (lambda: pack_padded_sequence(ta.ones(3, 2), [4, 2]), ValueError,
     r"pack_padded_sequence: lengths must be 1 \.\.\. T = 3, got 2 \.\.\. 4: pad x to its longest row"),
    (lambda: pack_padded_sequence(ta.ones(3, 2), [3]), ValueError,
     r"pack_padded_sequence: lengths must be \(B,\) = \(2,\), got \(1,\): one length for each row"),
    (lambda: pack_padded_sequence(ta.ones(3, 2), [2.0, 1.0]), TypeError, "lengths must be int64, got float64"),
    (lambda: pack_padded_sequence(ta.ones(3), [2]), ValueError,
     r"input must be \(T, B, \.\.\.\) with at least one row and one step, got \(3,\)"),
    (lambda: pack_padded_sequence(ta.ones(0, 3), [], True), ValueError,
     r"input must be \(B, T, \.\.\.\) with at least one row and one step, got \(0, 3\)"),
    (lambda: pad_packed_sequence(pack_padded_sequence(ta.ones(3, 1), [3]), total_length=2), ValueError,
     "pad_packed_sequence: total_length must be at least the longest row's 3, got 2"),
    (lambda: pad_packed_sequence(PackedSequence(ta.ones(4), ta.tensor([2, 1]))), ValueError,
     "batch_sizes must add up to the 4 steps of data, got 3: let pack_padded_sequence make them"),
    (lambda: pad_sequence([]), ValueError, r"pad_sequence: wanted sequences \(L, \.\.\.\) that .*, got none"),
    (lambda: pad_sequence([ta.ones(()), ta.ones(2)]), ValueError, r"differ in L only, got \(\) and \(2,\)"),
    (lambda: pad_sequence([ta.ones(2)], padding_side="top"), ValueError,
     "pad_sequence: padding_side must be 'left' or 'right', got 'top'"),
    (lambda: unpad_sequence(ta.ones(3, 2), [4, 1]), ValueError, r"unpad_sequence: lengths must be 0 \.\.\. T = 3"),
    (lambda: nn.LSTM(2, 3)(pack_padded_sequence(ta.ones(3, 1, 4), [3])), ValueError,
     r"LSTM: input must be a PackedSequence of \(N, E\) with E = 2, got \(3, 4\)"),
    (lambda: nn.GRU(2, 3)(pack_padded_sequence(ta.ones(3, 1, 2), [3]), lengths=[3]), ValueError,
     "GRU: a PackedSequence has lengths of its own: leave lengths out"),
    (lambda: nn.GRU(2, 3)(pack_padded_sequence(ta.ones(3, 1, 2), [3]), ta.ones(1, 2, 3)), ValueError,
     r"GRU: h_0 must be \(D · num_layers, B, H\) = \(1, 1, 3\), got \(1, 2, 3\)"),
])
def test_wrong_use(call, error, message):
    with pytest.raises(error, match=message):
        call()
