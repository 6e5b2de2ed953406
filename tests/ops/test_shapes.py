"""Shapes where the samples do not go: views and copies, and all ways to call them."""

import numpy as np
import pytest

import tinyattn as ta

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
        with pytest.raises(TypeError, match="reshape: wanted integers"):
            x.reshape(wrong, -1)


CALLS = {
    "reshape": lambda t, x: t.reshape(input=x, shape=(6, -1)),
    "reshape, shape=": lambda t, x: x.reshape(shape=(6, 4)),
    "view, size=": lambda t, x: x.view(size=(6, 4)),
    "view of a list": lambda t, x: x.view([6, 4]),
    "flatten": lambda t, x: t.flatten(x, start_dim=1, end_dim=-1),
    "transpose": lambda t, x: t.transpose(input=x, dim0=-1, dim1=0),
    "permute, dims=": lambda t, x: t.permute(x, dims=(2, 0, -2)),
    "permute of a list": lambda t, x: x.permute([2, 0, 1]),
    "squeeze": lambda t, x: t.squeeze(x[:, :1], dim=(1, 0)),
    "unsqueeze": lambda t, x: x.unsqueeze(dim=-4),
    "expand, size=": lambda t, x: x.expand(size=(2, -1, -1, 4)),
    "expand_as": lambda t, x: x[:, :1].expand_as(x),
    "view_as": lambda t, x: x.view_as(t.zeros(4, 6)),
    "repeat, repeats=": lambda t, x: x.repeat(repeats=[2, 1, 3]),
    "repeat of numbers": lambda t, x: x.repeat(2, 1, 1, 1),
    "flip, dims=": lambda t, x: t.flip(x, dims=(0, -1)),
    "flip of nothing": lambda t, x: x.flip(()),
    "t": lambda t, x: t.t(x[0]) + x[0].t(),
    "T": lambda t, x: x[0].T,
    "mT": lambda t, x: x.mT,
    "a number's T": lambda t, x: x[0, 0, 0].t(),
    "a number, transposed": lambda t, x: x[0, 0, 0].transpose(-1, 0),
    "a number, flipped": lambda t, x: x[0, 0, 0].flip(-1),
    "a number, squeezed": lambda t, x: x[0, 0, 0].squeeze((0,)),
    "a number, repeated": lambda t, x: x[0, 0, 0].repeat(2, 3),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_as_in_pytorch(call):
    torch = pytest.importorskip("torch")
    ours, theirs = leaf(), torch.tensor(X, requires_grad=True)
    y, wanted = call(ta, ours), call(torch, theirs)
    assert y.shape == tuple(wanted.shape)
    np.testing.assert_array_equal(y.detach(), wanted.detach().numpy())
    (y * y).sum().backward()
    (wanted * wanted).sum().backward()
    np.testing.assert_array_equal(ours.grad, theirs.grad.numpy())


def test_matrices_of_a_vector_or_a_number_are_refused():
    for x in (ta.ones(3), ta.ones(())):
        with pytest.raises(IndexError, match="transpose: dim must be in -1"):
            x.mT  # noqa: B018


def test_a_shape_given_twice_is_refused():
    with pytest.raises(TypeError, match=r"reshape: wanted integers, got \(6, \(6, 4\)\)"):
        ta.tensor(X).reshape(6, shape=(6, 4))


def test_view_of_another_dtype_is_refused():
    with pytest.raises(TypeError, match="reshape: wanted integers"):
        ta.ones(4).view(ta.int64)


def test_repeat_copies_even_once():
    x = ta.tensor(X)
    for y in (x.repeat(1, 1, 1), ta.tensor(1.0).repeat(1)):
        assert not np.shares_memory(x.array, y.array) and y.array.flags.writeable


def test_expanded_elements_get_the_sum_and_cannot_be_written_to():
    x = leaf(np.ones((1, 3)))
    y = x.expand(4, 3)
    (y * np.arange(12.0).reshape(4, 3)).sum().backward()
    assert x.grad.tolist() == [[18, 22, 26]]
    with ta.no_grad(), pytest.raises(ValueError, match="read-only"):
        y[0] = 1.0
