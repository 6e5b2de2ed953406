"""Joining and splitting where the samples do not go: what is taken as tensors, dtypes, parts nobody used."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad

X = np.arange(24.0).reshape(2, 3, 4)


def leaf(array=X):
    return ta.tensor(array, requires_grad=True)



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


CALLS = {
    "cat by name": lambda t, x: t.cat(tensors=(x, x), dim=-1),
    "cat in a common dtype": lambda t, x: t.cat([x, t.ones(2, 1, 4), t.ones((2, 1, 4), dtype=t.int64)], 1),
    "cat with nothing first": lambda t, x: t.cat([t.zeros(0), x, t.zeros(0)], 2),
    "cat of nothing in another dtype": lambda t, x: t.cat([t.zeros(0, dtype=t.float64), x.float()]),
    "cat of bools and integers": lambda t, x: t.cat([x.long(), x > 3]),
    "stack in a common dtype": lambda t, x: t.stack([x, x.float()], dim=-2),
    "stack of numbers": lambda t, x: t.stack([x[0, 0, 0], x[1, 1, 1]], -1),
    "split by name": lambda t, x: t.split(x, split_size_or_sections=2, dim=-2),
    "split, the method by name": lambda t, x: x.split(split_size=[1, 3], dim=2),
    "chunk by name": lambda t, x: t.chunk(input=x, chunks=3, dim=2),
    "chunks of nothing": lambda t, x: x[:0].chunk(3),
    "no pieces of nothing": lambda t, x: x[:0].split([]),
    "pieces of nothing": lambda t, x: x[:0].split(2),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_as_in_pytorch(call):
    torch = pytest.importorskip("torch")

    def parts(y):
        return y if isinstance(y, tuple) else (y,)

    ours, theirs = leaf(), torch.tensor(X, requires_grad=True)
    found, wanted = parts(call(ta, ours)), parts(call(torch, theirs))
    for y, right in zip(found, wanted, strict=True):
        assert f"torch.{y.dtype}" == str(right.dtype) and y.requires_grad == right.requires_grad
        np.testing.assert_array_equal(y.detach(), right.detach().numpy())
    if any(y.requires_grad for y in found):
        sum((y * y).sum() for y in found).backward()
        sum((y * y).sum() for y in wanted).backward()
        np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-6)


def test_an_empty_tensor_that_cat_leaves_out_gets_its_gradient():
    x, nothing = leaf(), leaf(np.zeros(0))
    y = ta.cat([nothing, x.detach()], 1)
    assert y.requires_grad and y.shape == x.shape
    y.sum().backward()
    assert nothing.grad.shape == (0,)
    assert ta.cat([ta.zeros(0), ta.zeros(0)]).shape == (0,)
