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
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_as_in_pytorch(index):
    torch = pytest.importorskip("torch")
    ours, theirs = leaf(), torch.tensor(X, requires_grad=True)
    y, wanted = ours[index(ta)], theirs[index(torch)]
    assert y.shape == tuple(wanted.shape)
    np.testing.assert_array_equal(y.detach(), wanted.detach().numpy())
    (y * y).sum().backward()
    (wanted * wanted).sum().backward()
    np.testing.assert_array_equal(ours.grad, theirs.grad.numpy())


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_assignment_as_in_numpy(index):
    def plain(part):
        return part.array if isinstance(part, ta.Tensor) else part

    place = index(ta)
    in_numpy = tuple(map(plain, place)) if isinstance(place, tuple) else plain(place)
    for value in (7.5, ta.tensor(-1.0)):
        ours, theirs = ta.tensor(X), X.copy()
        ours[place] = value
        theirs[in_numpy] = np.asarray(value)
        np.testing.assert_array_equal(ours, theirs)


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


@pytest.mark.parametrize(
    "index, value, error, says",
    [
        (4, 1.0, IndexError, r"item assignment: index 4 is out of bounds .* for a tensor of shape \(4, 3\)"),
        ((0, 0, 0), 1.0, IndexError, r"item assignment: a tensor of shape \(4, 3\) has 2 dimensions, got 3 indices"),
        (0, [1.0, 2.0], ValueError, r"item assignment: could not broadcast .* for a tensor of shape \(4, 3\)"),
        ("a", 1.0, TypeError, "item assignment: wanted integers, slices"),
        (1.5, 1.0, TypeError, "item assignment: wanted integers, slices"),
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
