"""Indexing where the samples do not go: with tensors, repeated places, assignment, PyTorch's view of it."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad

X = np.arange(12.0).reshape(4, 3)


def leaf(array=X):
    return ta.tensor(array, requires_grad=True)


INDICES = {
    "int": lambda t: 1,
    "negative": lambda t: -1,
    "slice": lambda t: slice(1, 3),
    "step": lambda t: slice(None, None, 2),
    "two": lambda t: (1, 2),
    "rows and column": lambda t: (slice(None), 1),
    "ellipsis": lambda t: (..., 0),
    "None": lambda t: (None, 1, None),
    "ints": lambda t: t.tensor([3, 0, 3]),
    "negative ints": lambda t: t.tensor([-1, 0]),
    "a table of ints": lambda t: t.tensor([[0, 1], [2, 3]]),
    "pairs": lambda t: (t.tensor([0, 3]), t.tensor([2, 1])),
    "outer": lambda t: (t.tensor([[0], [3]]), t.tensor([2, 1])),
    "bool rows": lambda t: t.tensor([True, False, True, True]),
    "bool of all": lambda t: t.tensor(X > 4),
    "bool and int": lambda t: (t.tensor([True, False, True, False]), 2),
    "column by ints": lambda t: (slice(1, 3), t.tensor([2, 2])),
    "no ints": lambda t: t.zeros(0, dtype=t.int64),
    "no bool": lambda t: t.tensor([False] * 4),
    "list": lambda t: [2, 0],
    "single int": lambda t: t.tensor(2),
    "int far apart": lambda t: (t.tensor([1, 2]), None, t.tensor([0, 1])),
    "list of lists": lambda t: [[0, 3], [1, 2]],
    "list of a slice and a list": lambda t: [slice(1, 3), [2, 0]],
    "list of bools": lambda t: [True, False, True, True],
    "no list": lambda t: [],
    "nothing": lambda t: (),
    "true": lambda t: True,
    "false": lambda t: False,
    "single bool": lambda t: t.tensor(True),
    "true between": lambda t: (1, True, slice(1, 3)),
    "true, ints": lambda t: (True, t.tensor([1, 2])),
    "int32": lambda t: t.tensor([1, 2], dtype=t.tensor(np.zeros(1, np.int32)).dtype),
    "range": lambda t: (slice(None), range(2)),
    "tuple": lambda t: (slice(1, 3), (0, 2)),
    "int and ints": lambda t: (1, t.tensor([0, 2, 2])),
    "bool of columns": lambda t: (..., t.tensor([True, False, True])),
}
CUBE = {  # of three dimensions: an integer takes its own away before tensors are looked at
    "int, slice, ints": lambda t: (0, slice(None), t.tensor([0, 3, 3])),
    "slice, int, ints": lambda t: (slice(None), 1, t.tensor([0, 3, 3])),
    "single int, slice, ints": lambda t: (t.tensor(1), slice(None), t.tensor([0, 3])),
    "ints, slice, ints": lambda t: (t.tensor([0, 1]), slice(None), t.tensor([0, 3])),
    "ints, int": lambda t: (t.tensor([0, 1, 1]), 2),
    "ints, int, None, ints": lambda t: (t.tensor([0, 1]), -1, None, t.tensor([0, 1])),
    "int, None, ints, int": lambda t: (0, None, t.tensor([0, 1]), 0),
    "int, ..., ints": lambda t: (-1, ..., t.tensor([[0, 1], [2, 2]])),
    "table, slice, int": lambda t: (t.tensor([[0]]), slice(1, 3), 0),
    "ints, bool, int": lambda t: (t.tensor([0, 1]), t.tensor([True, True, False]), 0),
    "None, true, ..., bool": lambda t: (None, True, ..., t.tensor([True, False, True, True])),
    "bool of two, int": lambda t: (t.tensor(np.arange(6).reshape(2, 3) > 2), 1),
    "int, bool of two": lambda t: (1, t.tensor(np.arange(12).reshape(3, 4) > 5)),
    "int, true, int": lambda t: (0, True, 1),
    "ints, nothing left for ..., ints": lambda t: (t.tensor([0, 1]), ..., [0, 2], 1),
    "two ...": lambda t: (0, ..., 1, ..., 2),
    "slice, list, None, int": lambda t: (slice(None), [0, 1], None, 0),
}
CASES = [pytest.param(X, index, id=name) for name, index in INDICES.items()]
CASES += [pytest.param(np.arange(24.0).reshape(2, 3, 4), index, id=f"cube: {name}") for name, index in CUBE.items()]


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")  # PyTorch's, of x[[rows, columns]]
@pytest.mark.parametrize("array, index", CASES)
def test_as_in_pytorch(array, index):
    torch = pytest.importorskip("torch")
    ours, theirs = leaf(array), torch.tensor(array, requires_grad=True)
    y, wanted = ours[index(ta)], theirs[index(torch)]
    assert y.shape == tuple(wanted.shape)
    np.testing.assert_array_equal(y.detach(), wanted.detach().numpy())
    (y * y).sum().backward()
    (wanted * wanted).sum().backward()
    np.testing.assert_array_equal(ours.grad, theirs.grad.numpy())


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")
@pytest.mark.parametrize("array, index", CASES)
def test_assignment_as_in_pytorch(array, index):
    torch = pytest.importorskip("torch")
    shape = torch.tensor(array)[index(torch)].shape
    for value in (7.5, True, -np.arange(1.0, 1 + shape.numel()).reshape(shape), -np.ones((1, *shape))):
        ours, theirs = ta.tensor(array), torch.tensor(array)
        ours[index(ta)] = ta.tensor(value) if isinstance(value, np.ndarray) else value
        theirs[index(torch)] = torch.tensor(value) if isinstance(value, np.ndarray) else value
        np.testing.assert_array_equal(ours, theirs.numpy())


def test_an_integer_goes_before_the_tensors():
    x, ids = leaf(np.arange(24.0).reshape(2, 3, 4)), ta.tensor([0, 3, 3])
    assert x[0, :, ids].tolist() == x[0][:, ids].tolist() and x[0, :, ids].shape == (3, 3)
    assert x[:, 1, ids[:1]].shape == (2, 1)


def test_an_element_is_a_view_too():
    x = ta.tensor(X)
    y = x[1, 2]
    x.fill_(8.0)
    assert y.item() == 8 and np.shares_memory(x.array, y.array)


def test_a_place_named_several_times_gets_the_sum():
    x = leaf(np.zeros(3))
    (x[ta.tensor([1, 1, 1, 0])] * np.array([1.0, 10.0, 100.0, 5.0])).sum().backward()
    assert x.grad.tolist() == [5, 111, 0]
    x = leaf(np.zeros((2, 2)))
    (x[:, [0, 0]] * np.array([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert x.grad.tolist() == [[3, 0], [7, 0]]


def test_numbers_of_numpy_and_tensors_as_positions_and_bounds():
    x = leaf()
    assert x[np.int64(1), ta.tensor(2)].item() == X[1, 2]
    assert x[ta.tensor(1) : ta.tensor(3)].tolist() == X[1:3].tolist()
    assert x[np.array([True, False, False, True])].tolist() == X[[0, 3]].tolist()


@pytest.mark.parametrize(
    "call", [lambda x, k: x[k], lambda x, k: x.gather(0, k), lambda x, k: x.index_select(0, k)], ids=["[]", "gather", "index_select"]
)
def test_positions_may_change_after_they_were_used(call):
    x, index = leaf(np.arange(3.0)), ta.tensor([2, 2])
    y = call(x, index)
    index.fill_(0)
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 2]


def test_second_derivative_through_an_index():
    x = leaf(np.array([1.0, 2.0, 3.0]))
    y = x[ta.tensor([0, 2, 2])]
    (first,) = grad((y**3).sum(), x, create_graph=True)
    assert first.tolist() == [3, 0, 54] and grad(first.sum(), x)[0].tolist() == [6, 0, 36]


def test_iterating_gives_rows_with_gradients():
    x = leaf()
    total = sum(row.sum() * k for k, row in enumerate(x))
    total.backward()
    assert x.grad.tolist() == [[k] * 3 for k in range(4)]


def test_assignment_broadcasts_and_casts():
    x = ta.zeros(2, 3, dtype=ta.int64)
    x[:, 1] = ta.tensor([1.0, 2.9])
    x[0, ::2] = 5
    x[1] = [7, 8, 9]
    assert x.tolist() == [[5, 1, 5], [7, 8, 9]]
    x[0, 0] = ta.tensor(np.nan)  # any integer, and no warning


@pytest.mark.parametrize(
    "index, value, error, says",
    [
        (4, 1.0, IndexError, r"item assignment: index 4 is out of bounds .* for a tensor of shape \(4, 3\)"),
        ((0, 0, 0), 1.0, IndexError, r"item assignment: wanted at most 2 indices, got 3, .* \(4, 3\)"),
        (0, [1.0, 2.0], ValueError, r"item assignment: could not broadcast .* for a tensor of shape \(4, 3\)"),
        ("a", 1.0, IndexError, r"item assignment: wanted integers, slices, .* got 'a', for a tensor of shape \(4, 3\)"),
        (1.5, 1.0, IndexError, "item assignment: wanted integers, slices"),
        (slice(None, None, -1), 1.0, ValueError, "item assignment: the step of a slice must be at least 1, got -1"),
    ],
)
def test_assignment_errors(index, value, error, says):
    with pytest.raises(error, match=says):
        ta.tensor(X)[index] = value


def test_gather_and_index_select_by_name_and_by_method():
    x, index = leaf(), ta.tensor([[0, 2, 2], [1, 1, 0]])
    assert ta.gather(x, 1, index).tolist() == x.gather(dim=-1, index=index).tolist() == [[0, 2, 2], [4, 4, 3]]
    assert x.gather(0, index.numpy()).tolist() == [[0, 7, 8], [3, 4, 2]]
    assert x.index_select(1, ta.tensor([2])).tolist() == X[:, [2]].tolist()
    chosen = -ta.log_softmax(x, 1).gather(1, ta.tensor([[0], [1], [2], [0]])).mean()
    chosen.backward()
    wanted = ta.softmax(x, 1).detach().numpy() - np.eye(3)[[0, 1, 2, 0]]
    np.testing.assert_allclose(x.grad, wanted / 4, rtol=1e-12)
