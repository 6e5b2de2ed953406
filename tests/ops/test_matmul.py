"""Matrix products and linear layers: values, gradients of both orders, shapes, errors."""

import sys

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import gradcheck, gradgradcheck
from tinyattn.kernels.compile import jit_disabled
from tinyattn.kernels.threads import get_num_threads, set_num_threads
from tinyattn.ops.matmul import bmm, dot, for_blas, linear, matmul, mm, outer, product

module = sys.modules["tinyattn.ops.matmul"]  # tinyattn.ops.matmul, as an attribute, is the function

SHAPES = [
    ((3, 4), (4, 2)),
    ((4,), (4,)),
    ((4,), (4, 2)),
    ((3, 4), (4,)),
    ((5, 3, 4), (4, 2)),
    ((5, 3, 4), (5, 4, 2)),
    ((5, 1, 3, 4), (2, 4, 2)),
    ((5, 3, 4), (4,)),
    ((4,), (5, 4, 2)),
    ((3, 4), (5, 4, 2)),
    ((1, 1), (1, 1)),
    ((0, 4), (4, 2)),
    ((3, 0), (0, 2)),
    ((2, 0, 4), (4, 3)),
    ((2, 3, 4), (4, 0)),
]


def numbers(shape, dtype=np.float64, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def leaf(*shape, seed=0):
    return ta.tensor(numbers(shape, seed=seed), dtype=ta.float64, requires_grad=True)


@pytest.mark.parametrize("a, b", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value(a, b, dtype):
    a, b = numbers(a, dtype), numbers(b, dtype, seed=1)
    y = matmul(a, b)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, a.astype(np.float64) @ b.astype(np.float64), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("a, b", SHAPES)
def test_gradients(a, b):
    inputs = leaf(*a), leaf(*b, seed=1)
    assert gradcheck(matmul, inputs)
    assert gradgradcheck(matmul, inputs)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("x", [(4,), (3, 4), (2, 3, 4), (0, 4), (1, 4)])
def test_linear(x, bias):
    inputs = [leaf(*x), leaf(5, 4, seed=1), *([leaf(5, seed=2)] if bias else [])]
    x, weight = inputs[0].detach().numpy(), inputs[1].detach().numpy()
    wanted = x @ weight.T + (inputs[2].detach().numpy() if bias else 0)
    np.testing.assert_allclose(linear(*inputs).detach().numpy(), wanted, atol=1e-14)
    assert gradcheck(linear, inputs)
    assert gradgradcheck(linear, inputs)


def test_linear_does_not_write_to_its_inputs():
    x, weight, bias = numbers((1, 1)), numbers((1, 1)), numbers((1,))
    before = x.copy(), weight.copy(), bias.copy()
    linear(x, weight, bias)
    for old, new in zip(before, (x, weight, bias)):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("view", [
    lambda x: x.T.copy().T,
    lambda x: np.repeat(np.repeat(x, 2, 0), 2, 1)[::2, ::2],
    lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    lambda x: np.broadcast_to(x[:1, :1], x.shape),
], ids=["transposed", "strided", "reversed", "broadcast"])
def test_any_strides(view):
    a, b = view(numbers((6, 6))), view(numbers((6, 6), seed=1))
    a.flags.writeable = b.flags.writeable = False
    np.testing.assert_allclose(matmul(a, b), np.einsum("ik,kj->ij", a, b), atol=1e-14)


def test_for_blas_copies_only_what_blas_cannot_take():
    x = numbers((4, 5, 6))
    for good in (x, x[:, ::2], x.swapaxes(1, 2), x[1, :, 2:4]):
        assert for_blas(good) is good
    for bad in (x[..., ::2], x[0, :, ::-1], np.broadcast_to(x[0, 0, 0], (3, 3))):
        assert for_blas(bad).flags.c_contiguous
        np.testing.assert_array_equal(for_blas(bad), bad)


@pytest.fixture
def threads():
    """set_num_threads, undone at the end; two threads then share small products too."""
    before = get_num_threads()
    yield set_num_threads
    set_num_threads(before)


# Below and above what makes the kernel faster than NumPy, with either side longer
SIZES = [(2, 3, 4), (40, 200, 70), (70, 200, 40), (500, 20, 40), (40, 20, 500), (31, 200, 70), (70, 200, 31), (300, 15, 70),
         (0, 3, 4), (3, 0, 4), (3, 4, 0)]


@pytest.mark.parametrize("M, K, N", SIZES)
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-4), (np.float64, 1e-13)])
@pytest.mark.parametrize("count", [1, 2])
def test_product(M, K, N, dtype, tolerance, count, threads, monkeypatch):
    monkeypatch.setattr(module, "MULTIPLICATIONS_PER_THREAD", 1000)
    threads(count)
    a, b, bias = numbers((M, K), dtype), numbers((N, K), dtype, seed=1).T, numbers((N,), dtype, seed=2)
    wanted = a.astype(float) @ b
    for plus in (None, bias, np.asarray(bias[:1].sum()), np.repeat(bias, 2)[::2], bias[::-1]):
        right = wanted if plus is None else wanted + plus
        np.testing.assert_allclose(product(a, b, bias=plus), right, atol=tolerance)
        around = np.full((M + 2, N + 2), 7, dtype)
        out = around[1:-1, 1:-1]
        assert product(a, b, out=out, bias=plus) is out
        np.testing.assert_allclose(out, right, atol=tolerance)
        product(a, b, out=out, accumulate=True, bias=plus)
        np.testing.assert_allclose(out, 2 * right, atol=2 * tolerance)
        out[...] = 7
        assert (around == 7).all()


def test_the_kernel_gives_the_same_bits_for_any_number_of_threads(threads, monkeypatch):
    monkeypatch.setattr(module, "MULTIPLICATIONS_PER_THREAD", 1000)
    for a, b in ((numbers((333, 40), np.float32), numbers((40, 101), np.float32)),
                 (numbers((101, 40), np.float32), numbers((40, 333), np.float32))):
        found = []
        for count in (1, 2, 3):
            threads(count)
            found.append(product(a, b))
        for other in found[1:]:
            if jit_disabled():  # there BLAS makes it, which does not promise the same
                np.testing.assert_allclose(found[0], other, atol=1e-4)
            else:
                np.testing.assert_array_equal(found[0], other)


def test_the_kernel_makes_what_it_is_faster_with(monkeypatch):
    called = []
    monkeypatch.setattr(module, "by_kernel", lambda a, b, out, accumulate, bias: called.append(out.shape))
    large, small = np.ones((80, 80), np.float32), np.ones((20, 20), np.float32)
    product(large, large)
    for other in (small, large.astype(int), np.ones((80, 80), complex)):
        product(other, other)
    product(large, large, out=np.empty((80, 160), np.float32)[:, ::2])  # columns with gaps
    with ta.kernels("numpy"):
        product(large, large)
    assert called == ([] if jit_disabled() else [(80, 80)])


@pytest.mark.parametrize("a, b", [((3, 80, 80), (3, 80, 80)), ((2, 1, 80, 80), (3, 80, 70)), ((90, 80), (2, 80, 80)),
                                  ((3, 4, 80), (80, 400))])
def test_large_batches(a, b):
    a, b = numbers(a, np.float32), numbers(b, np.float32, seed=1)
    np.testing.assert_allclose(matmul(a, b), a.astype(float) @ b, atol=1e-4)
    b = b.swapaxes(-1, -2).copy().swapaxes(-1, -2)
    np.testing.assert_allclose(matmul(a, b), a.astype(float) @ b, atol=1e-4)


def test_named_products():
    a, b, batch = numbers((3, 4)), numbers((4, 2)), numbers((5, 4, 2))
    np.testing.assert_array_equal(mm(a, b), a @ b)
    np.testing.assert_array_equal(bmm(batch.swapaxes(1, 2), batch), batch.swapaxes(1, 2) @ batch)
    np.testing.assert_allclose(dot(a[0], b[:, 0]), a[0] @ b[:, 0])
    assert dot(a[0], b[:, 0]).shape == ()
    np.testing.assert_array_equal(outer(a[0], b[0]), a[0][:, None] * b[0])
    assert gradcheck(outer, (leaf(3), leaf(2)))


def test_arguments_have_pytorch_s_names():
    a, batch = numbers((2, 2)), numbers((3, 2, 2))
    np.testing.assert_array_equal(matmul(input=a, other=a), a @ a)
    np.testing.assert_array_equal(mm(input=a, mat2=a), a @ a)
    np.testing.assert_array_equal(bmm(input=batch, mat2=batch), batch @ batch)
    np.testing.assert_allclose(dot(input=a[0], tensor=a[1]), a[0] @ a[1])
    np.testing.assert_array_equal(outer(input=a[0], vec2=a[1]), a[0][:, None] * a[1])
    np.testing.assert_allclose(linear(input=a, weight=a, bias=a[0]), a @ a.T + a[0])


def test_outer_brings_dtypes_together():
    assert outer(ta.tensor([1, 2]), ta.tensor([0.5])).dtype == ta.float32
    assert outer(ta.tensor([True]), ta.tensor([2])).tolist() == [[2]]
    assert outer(np.array([True]), np.array([True])).dtype == bool


@pytest.mark.parametrize("x", [(4,), (3, 4), (2, 3, 4)])
def test_linear_with_one_output_and_with_one_bias_for_all(x):
    x, weight, bias = leaf(*x), leaf(4, seed=1), leaf(seed=2)
    np.testing.assert_allclose(linear(x, weight, bias).detach().numpy(), x.array @ weight.array + bias.array)
    assert gradcheck(linear, (x, weight, bias)) and gradgradcheck(linear, (x, weight, bias))
    wide = leaf(5, 4, seed=3)
    np.testing.assert_allclose(linear(x, wide, bias).detach().numpy(), x.array @ wide.array.T + bias.array)
    assert linear(np.ones((2, 4), int), np.ones((3, 4), int), np.ones(3, int)).tolist() == [[5] * 3] * 2


def test_integers():
    np.testing.assert_array_equal(matmul(np.arange(4).reshape(2, 2), np.arange(4).reshape(2, 2)), [[2, 3], [6, 11]])


@pytest.mark.parametrize("call, error, text", [
    (lambda: matmul(np.ones((2, 3)), np.ones((4, 5))), ValueError,
     r"matmul: input's last size must be other's last but one, got \(2, 3\) and \(4, 5\)"),
    (lambda: matmul(np.ones(()), np.ones((4, 5))), ValueError, r"matmul: wanted vectors or matrices, got \(\) and"),
    (lambda: matmul(np.ones((2, 3, 4)), np.ones((3, 4, 5))), ValueError, r"matmul: dimensions before .* \(2, 3, 4\)"),
    (lambda: matmul(np.ones((2, 2), np.float32), np.ones((2, 2))), TypeError, "one dtype, got float32 and float64"),
    (lambda: matmul(np.ones((2, 2)), [1, 2]), TypeError, "matmul: wanted tensors or arrays, got list"),
    (lambda: matmul(np.ones((2, 2), int), np.ones((2, 2))), TypeError, "one dtype, got int64 and float64"),
    (lambda: matmul(np.ones((2, 2), bool), np.ones((2, 2), bool)), TypeError,
     r"matmul: wanted numbers, got bool: use .float\(\) or .long\(\)"),
    (lambda: linear(np.ones((2, 2), bool), np.ones((2, 2), bool)), TypeError, "linear: wanted numbers, got bool"),
    (lambda: outer(np.ones(3), [1]), TypeError, "outer: wanted tensors or arrays, got list"),
    (lambda: linear(np.ones((2, 3)), np.ones(3), np.ones(3)), ValueError, r"bias must be \(N,\) = \(\), got \(3,\)"),
    (lambda: mm(np.ones((2, 3)), np.ones(3)), ValueError, "mm: wanted 2 dimensions each"),
    (lambda: bmm(np.ones((2, 3, 4)), np.ones((1, 4, 5))), ValueError, "bmm: both must have as many matrices"),
    (lambda: dot(np.ones(3), np.ones(4)), ValueError, r"got \(3,\) and \(4,\)"),
    (lambda: outer(np.ones(3), np.ones((4, 1))), ValueError, "outer: wanted 1 dimensions"),
    (lambda: linear(np.ones((2, 3)), np.ones((3, 4))), ValueError,
     r"linear: wanted input \(..., K\) and weight \(N, K\), got \(2, 3\) and \(3, 4\)"),
    (lambda: linear(np.ones((2, 3)), np.ones((4, 3)), np.ones(3)), ValueError, r"\(N,\) = \(4,\), got \(3,\)"),
    (lambda: linear(np.ones((2, 3)), np.ones((4, 3)), np.ones(4, np.float32)), TypeError, "float64 and float32"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_equals_torch():
    torch = pytest.importorskip("torch")
    for a, b in SHAPES:
        a, b = numbers(a), numbers(b, seed=1)
        ours = [ta.tensor(x, dtype=ta.float64, requires_grad=True) for x in (a, b)]
        theirs = [torch.tensor(x, requires_grad=True) for x in (a, b)]
        for library, inputs in ((ta, ours), (torch, theirs)):
            y = matmul(*inputs) if library is ta else torch.matmul(*inputs)
            (y * y).sum().backward()
        assert matmul(a, b).shape == torch.matmul(*theirs).shape
        for x, wanted in zip(ours, theirs):
            np.testing.assert_allclose(x.grad.numpy(), wanted.grad.numpy(), atol=1e-12)
