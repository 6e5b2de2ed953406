"""Shapes where the samples do not go: views and copies, all ways to call them, mixed dtypes."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad

X = np.arange(24.0).reshape(2, 3, 4)


def leaf(array=X):
    return ta.tensor(array, requires_grad=True)


VIEWS = {
    "reshape": lambda x: x.reshape(6, 4),
    "view": lambda x: x.view(-1),
    "flatten": lambda x: x.flatten(1),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "permute": lambda x: x.permute(2, 0, 1),
    "transpose": lambda x: x.transpose(0, -1),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "squeeze": lambda x: x[:, :1].squeeze(1),
    "expand": lambda x: x.expand(5, -1, -1, -1),
    "flip": lambda x: x.flip(0, 2),
    "split": lambda x: x.split(2, 1)[0],
    "chunk": lambda x: x.chunk(2)[1],
    "index": lambda x: x[1:, ..., ::2],
}


@pytest.mark.parametrize("call", VIEWS.values(), ids=VIEWS)
def test_views_share_memory_and_their_changes(call):
    x = ta.tensor(X)
    y = call(x)
    assert np.shares_memory(x.array, y.array)
    w = ta.ones(y.shape, dtype=ta.float64, requires_grad=True)
    product = (w * y).sum()
    x.fill_(0.0)
    assert not y.array.any()
    with pytest.raises(RuntimeError, match="mul needs its input b as it was"):
        product.backward()


def test_reshape_copies_what_does_not_lie_in_order():
    x = ta.tensor(X)
    y = x.mT.reshape(24)
    assert not np.shares_memory(x.array, y.array)
    w = ta.ones(24, dtype=ta.float64, requires_grad=True)
    product = (w * y).sum()
    x.fill_(0.0)  # does not concern y
    product.backward()
    assert w.grad.tolist() == X.swapaxes(1, 2).ravel().tolist()


def test_all_ways_to_name_a_shape():
    x = ta.tensor(X)
    for y in (
        x.reshape(4, 6),
        x.reshape((4, 6)),
        x.reshape([4, -1]),
        x.view(4, 6),
        ta.reshape(x, (4, 6)),
        x.reshape(np.int64(4), ta.tensor(6)),
    ):
        assert y.shape == (4, 6)
    for y in (x.permute(2, 0, 1), x.permute((2, 0, 1)), x.permute([2, 0, 1]), ta.permute(x, (2, 0, -2))):
        assert y.shape == (4, 2, 3)
    assert x.flip(0).tolist() == x.flip((0,)).tolist() == ta.flip(x, [0]).tolist() == X[::-1].tolist()
    assert x.expand(5, 2, 3, 4).shape == x.expand((5, 2, 3, 4)).shape
    assert ta.transpose(x, 0, 1).shape == x.transpose(dim0=1, dim1=0).shape == (3, 2, 4)
    assert x[:, None].squeeze((0, 1)).shape == x[:, None].squeeze().shape == (2, 3, 4)
    for wrong in (2.0, "4", None):
        with pytest.raises(TypeError, match="sizes must be integers"):
            x.reshape(wrong, -1)


def test_expanded_elements_get_the_sum_and_cannot_be_written_to():
    x = leaf(np.ones((1, 3)))
    y = x.expand(4, 3)
    (y * np.arange(12.0).reshape(4, 3)).sum().backward()
    assert x.grad.tolist() == [[18, 22, 26]]
    with ta.no_grad(), pytest.raises(ValueError, match="read-only"):
        y[0] = 1.0


# --- several in, several out --------------------------------------------


def test_cat_and_stack_take_tuples_generators_and_arrays():
    a = ta.tensor([1.0, 2.0])
    for tensors in ((a, a), [a, a.numpy()], (part for part in (a, a))):
        y = ta.cat(tensors)
        assert isinstance(y, ta.Tensor) and y.tolist() == [1, 2, 1, 2]
    assert ta.stack((a, a.numpy()), dim=1).tolist() == [[1, 1], [2, 2]]
    assert isinstance(ta.cat([a.numpy(), a.numpy()]), np.ndarray)


def test_cat_in_the_common_dtype():
    a, b = ta.tensor([1.0], requires_grad=True), ta.tensor([2])
    for y in (ta.cat([a, b]), ta.cat([b, a]), ta.stack([a, b])):
        assert y.dtype == ta.float32 and y.requires_grad
    assert ta.cat([b, b > 0]).dtype == ta.int64 and ta.cat([a, leaf(np.ones(1))]).dtype == ta.float64
    ta.cat([a, leaf(np.ones(1)), a]).sum().backward()
    assert a.grad.tolist() == [2] and a.grad.dtype == ta.float32


def test_cat_of_one_tensor_several_times():
    x = leaf(np.ones(2))
    (ta.cat([x, x, x]) * np.arange(6.0)).sum().backward()
    assert x.grad.tolist() == [0 + 2 + 4, 1 + 3 + 5]


def test_split_gives_zero_to_parts_that_are_not_used():
    x = leaf(np.arange(5.0))
    first, _, last = ta.split(x, 2)
    (first.sum() * 2 + last * last).backward()
    assert x.grad.tolist() == [2, 2, 0, 0, 8]
    a, b = x.split([0, 5])
    assert a.shape == (0,) and grad(b.sum() + a.sum(), x)[0].tolist() == [1] * 5


def test_split_and_cat_are_inverse():
    x = leaf(X)
    for parts in (x.split(2, 1), x.chunk(3, -1), x.split([1, 1], 0), x.split(100)):
        dim = next((k for k in range(3) if parts[0].shape[k] != x.shape[k]), 0)
        np.testing.assert_array_equal(ta.cat(parts, dim).detach(), X)


@pytest.mark.parametrize("size, chunks", [(5, 4), (5, 2), (6, 3), (1, 3), (7, 7), (4, 1)])
def test_chunks_as_in_pytorch(size, chunks):
    torch = pytest.importorskip("torch")
    ours, theirs = ta.chunk(ta.arange(size), chunks), torch.chunk(torch.arange(size), chunks)
    assert [part.tolist() for part in ours] == [part.tolist() for part in theirs]


def test_an_empty_list_of_sizes_and_a_size_too_many():
    with pytest.raises(ValueError, match="split: sizes must add up to 2"):
        ta.split(ta.ones(2), [])
    with pytest.raises(ValueError, match="split: sizes must add up to 2"):
        ta.split(ta.ones(2), [3])
