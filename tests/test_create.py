"""Making tensors: dtypes, sizes, randomness, and what is no tensor."""

import numpy as np
import pytest

import tinyattn as ta


@pytest.mark.parametrize(
    "data, dtype, shape",
    [
        (1, "int64", ()),
        (1.5, "float32", ()),
        (True, "bool", ()),
        ([1, 2.5], "float32", (2,)),
        ([[1, 2], [3, 4]], "int64", (2, 2)),
        ([True, 2], "int64", (2,)),
        ([], "float32", (0,)),
        ([[]], "float32", (1, 0)),
        (np.ones(2, np.float64), "float64", (2,)),
        (np.ones(2, np.int32), "int32", (2,)),
        (np.float64(1), "float64", ()),
        ([np.float32(1), np.float32(2)], "float32", (2,)),
        ((1, 2), "int64", (2,)),
        (range(3), "int64", (3,)),
        (ta.tensor([1.0], dtype=ta.float64), "float64", (1,)),
        ([ta.tensor(1.0), ta.tensor(2.0)], "float32", (2,)),
    ],
)
def test_dtype_and_shape_follow_from_the_data(data, dtype, shape):
    x = ta.tensor(data)
    assert x.dtype == dtype and x.shape == shape and not x.requires_grad
    np.testing.assert_array_equal(x, np.array(data))


def test_tensor_copies_and_from_numpy_does_not():
    array = np.ones(2)
    copy, shared = ta.tensor(array), ta.from_numpy(array)
    array[0] = 5
    assert copy.tolist() == [1, 1] and shared.tolist() == [5, 1]
    again = ta.tensor(shared)
    shared[1] = 7.0
    assert array.tolist() == [5, 7] and again.tolist() == [5, 1]
    w = ta.tensor([1.0], requires_grad=True)
    assert not ta.tensor(w).requires_grad


def test_dtype_given():
    assert ta.tensor([1.9, -1.9], dtype=ta.long).tolist() == [1, -1]
    assert ta.tensor([1, 0], dtype=ta.bool).dtype == bool
    assert ta.tensor([1], dtype=ta.float64, requires_grad=True).requires_grad
    assert ta.tensor(1.5, dtype=np.float32).dtype == ta.float32
    assert (ta.long, ta.bool) == (ta.int64, np.dtype(bool))


@pytest.mark.parametrize(
    "call, error, says",
    [
        (
            lambda: ta.tensor([[1, 2], [3]]),
            ValueError,
            "tensor: wanted numbers, or lists of them with rows of equal length",
        ),
        (lambda: ta.tensor("abc"), TypeError, "tensor: wanted numbers, or lists of them .* got str"),
        (lambda: ta.tensor([1, None]), TypeError, "tensor: wanted numbers, or lists of them .* got NoneType"),
        (lambda: ta.tensor([1j]), TypeError, "tensor: wanted numbers, or lists of them .* got complex"),
        (lambda: ta.tensor(np.ones(1, complex)), TypeError, "tensor: wanted numbers or bools, got complex128"),
        (lambda: ta.tensor([2**63]), ValueError, "tensor: .* too large"),
        (lambda: ta.tensor([ta.ones(2), ta.ones(2)]), TypeError, "tensor: .* a list of tensors: use ta.stack"),
        (lambda: ta.tensor(1, device="cuda"), ValueError, "device must be \"cpu\", got 'cuda'"),
        (lambda: ta.tensor([1], requires_grad=True), TypeError, r"requires_grad: .* got int64: use .float\(\)"),
        (lambda: ta.tensor(1.0, dtype="floaty"), TypeError, "tensor: .*floaty"),
        (lambda: ta.from_numpy([1, 2]), TypeError, "from_numpy: wanted a NumPy array, got list: use ta.tensor"),
        (lambda: ta.randint(3, 3, (2,)), ValueError, "randint: high must be above low, got low=3, high=3"),
        (lambda: ta.from_numpy(np.array(["a"])), TypeError, "from_numpy: wanted numbers or bools, got <U1"),
        (lambda: ta.zeros(2.5), TypeError, r"zeros: wanted integers, got \(2.5,\)"),
        (lambda: ta.ones(2, -1), ValueError, r"ones: wanted sizes, none negative, got \(2, -1\)"),
        (lambda: ta.zeros(), ValueError, "zeros: wanted sizes, none negative, got none"),
        (lambda: ta.eye(-1), ValueError, r"eye: wanted sizes, none negative, got \(-1, -1\)"),
        (lambda: ta.linspace(0, 1, -1), ValueError, r"linspace: wanted sizes, none negative, got \(-1,\)"),
        (lambda: ta.linspace(0, 1, 2.5), TypeError, r"linspace: wanted integers, got \(2.5,\)"),
        (lambda: ta.randn(2, device="mps"), ValueError, "device must be \"cpu\", got 'mps'"),
        (lambda: ta.arange(0, 5, 0), ValueError, "arange: step must lead from start to end, got start=0, end=5, step=0"),
        (lambda: ta.arange(5, 0), ValueError, "arange: step must lead from start to end, got start=5, end=0, step=1"),
        (lambda: ta.arange(0, float("inf")), ValueError, "arange: .* end=inf"),
        (lambda: ta.rand(2, dtype=ta.int64), TypeError, "rand: dtype must be float32 or float64, got int64: use randint"),
        (lambda: ta.randn_like(ta.ones(2).long()), TypeError, "randn: dtype must be float32 or float64, got int64"),
        (lambda: ta.randint(2.5, (2,)), TypeError, r"randint: wanted integers, got \(0, 2.5\)"),
    ],
)
def test_errors(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_filled():
    for make, value in ((ta.zeros, 0), (ta.ones, 1)):
        for x in (make(2, 3), make((2, 3)), make([2, 3]), make(np.int64(2), 3)):
            assert x.shape == (2, 3) and x.dtype == ta.float32 and (x == value).all()
        assert make(()).shape == () and make(0).shape == (0,) and make(2, dtype=ta.int64).dtype == ta.int64
        assert make(1, requires_grad=True).requires_grad
    assert ta.full((2, 2), 7).dtype == ta.int64 and ta.full((2,), 0.5).tolist() == [0.5, 0.5]
    assert ta.full((1,), True).dtype == bool and ta.full(3, 1.0).shape == (3,)
    x = ta.ones(2, 1, dtype=ta.float64)
    for like, value in ((ta.zeros_like(x), 0), (ta.ones_like(x), 1), (ta.full_like(x, 3), 3)):
        assert like.shape == (2, 1) and like.dtype == ta.float64 and (like == value).all()
    assert ta.zeros_like(x, dtype=ta.int64, requires_grad=False).dtype == ta.int64


def test_eye_and_linspace():
    assert ta.eye(2).tolist() == [[1, 0], [0, 1]] and ta.eye(1, 3).shape == (1, 3) and ta.eye(2).dtype == ta.float32
    assert ta.linspace(0, 1, 5).tolist() == [0, 0.25, 0.5, 0.75, 1] and ta.linspace(2, 3, 1).tolist() == [2]


RANGES = [
    (5,),
    (2, 5),
    (0, 5, 2),
    (5, 0, -2),
    (1.0,),
    (0, 1, 0.25),
    (5000, 5100, 0.1),
    (0, 10**6, 0.5),
    (2, 2),
    (-1.5, 1),
]


@pytest.mark.parametrize("arguments", RANGES)
def test_arange(arguments):
    x = ta.arange(*arguments)
    start, end, step = (0, *arguments, 1) if len(arguments) == 1 else (*arguments, 1)[:3]
    assert x.dtype == (ta.int64 if all(isinstance(n, int) for n in arguments) else ta.float32)
    assert len(x) == int(np.ceil((end - start) / step))
    np.testing.assert_allclose(x, start + step * np.arange(len(x)), rtol=1e-7)  # no error adds up on the way


def test_arange_with_dtype():
    assert ta.arange(3, dtype=ta.float64).dtype == ta.float64 and ta.arange(0.0, 3, dtype=ta.int64).tolist() == [
        0,
        1,
        2,
    ]
    assert ta.arange(2.0, requires_grad=True).requires_grad


def test_random_numbers_follow_from_the_seed():
    def draw():
        return [
            ta.rand(3),
            ta.randn(2, 2),
            ta.randint(0, 100, (5,)),
            ta.rand(3, dtype=ta.float64),
            ta.nn.Linear(3, 2).weight,
            ta.nn.functional.dropout(ta.ones(20)),
        ]

    ta.manual_seed(5)
    first = [x.tolist() for x in draw()]
    assert [x.tolist() for x in draw()] != first
    ta.manual_seed(5)
    assert [x.tolist() for x in draw()] == first
    ta.manual_seed(6)
    assert [x.tolist() for x in draw()] != first


def test_random_numbers_lie_where_they_should():
    x = ta.rand(10_000)
    assert x.dtype == ta.float32 and 0 <= x.min() < 0.01 and 0.99 < x.max() < 1 and abs(x.mean().item() - 0.5) < 0.02
    x = ta.randn(10_000, dtype=ta.float64)
    assert x.dtype == ta.float64 and abs(x.mean().item()) < 0.05 and abs(x.std().item() - 1) < 0.05
    x = ta.randint(-2, 3, (1000,))
    assert x.dtype == ta.int64 and sorted(set(x.tolist())) == [-2, -1, 0, 1, 2]
    for like in (ta.rand_like, ta.randn_like):
        x = like(ta.ones(2, 3, dtype=ta.float64), requires_grad=True)
        assert x.shape == (2, 3) and x.dtype == ta.float64 and x.requires_grad and len(set(x.reshape(-1).tolist())) == 6
        assert like(ta.ones(2).long(), dtype=ta.float32).dtype == ta.float32
    assert set(ta.randint(2, (50,)).tolist()) == {0, 1} and ta.randint(3, size=(2, 2), high=5).min() >= 3


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.tensor(1.5),
        lambda t: t.tensor([1, 2.5]),
        lambda t: t.tensor([True, 2]),
        lambda t: t.tensor([]),
        lambda t: t.tensor([[]]),
        lambda t: t.zeros(2, 3),
        lambda t: t.full((2,), 3),
        lambda t: t.full((2,), 0.5),
        lambda t: t.full((), True),
        lambda t: t.linspace(-1, 1, 7),
        lambda t: t.eye(2, 3),
        lambda t: t.arange(5),
        lambda t: t.arange(0, 1, 0.1),
        lambda t: t.arange(5000, 5100, 0.1),
        lambda t: t.arange(10, 0, -3),
        lambda t: t.tensor([1.7, -1.7], dtype=t.int64),
        lambda t: t.ones_like(t.tensor([1, 2])),
        lambda t: t.full_like(t.tensor([1.0, 2]), 3),
        lambda t: t.full_like(t.tensor([1, 2]), 2.5),
        lambda t: t.full(size=[2], fill_value=t.tensor(3)),
        lambda t: t.zeros(size=(2, 3), dtype=t.int64, device="cpu"),
        lambda t: t.zeros(t.tensor(2), 3),
        lambda t: t.ones([2, 0], dtype=float),
        lambda t: t.ones_like(input=t.tensor([[1.0]]), dtype=t.float64),
        lambda t: t.arange(t.tensor(3)),
        lambda t: t.arange(end=3),
        lambda t: t.arange(1, t.tensor(2.5)),
        lambda t: t.arange(start=1, end=7, step=2.5),
        lambda t: t.arange(1, 7, 2.5, dtype=t.int64),
        lambda t: t.arange(-2.5, 3, 1.5, dtype=t.int64),
        lambda t: t.arange(True),
        lambda t: t.linspace(0, 10, 4, dtype=t.int64),
        lambda t: t.linspace(-5, 5, 4, dtype=t.int64),
        lambda t: t.linspace(t.tensor(0), t.tensor(2.5), 3),
        lambda t: t.linspace(start=1, end=2, steps=t.tensor(3), dtype=t.float64),
        lambda t: t.linspace(0, 1, 0),
        lambda t: t.eye(2, m=3, dtype=t.bool),
        lambda t: t.eye(n=0),
        lambda t: t.tensor(data=[[]], dtype=t.int64),
        lambda t: t.tensor([1.5, -1.5], dtype=t.int64),
        lambda t: t.tensor(1e300),
        lambda t: t.tensor([[np.float64(1)], [2]]),
        lambda t: t.tensor([np.float32(1), 2.0]),
        lambda t: t.tensor([np.int32(1)]),
        lambda t: t.tensor([np.int32(1), 2.0]),
        lambda t: t.tensor([[np.float64(1), np.float32(2)]]),
        lambda t: t.tensor([t.tensor(1.0, dtype=t.float64), 2.0]),
        lambda t: t.tensor([t.tensor(1), True]),
        lambda t: t.tensor(range(3)),
        lambda t: 0 * t.randint(high=3, size=(2,)),
        lambda t: 0 * t.randint(3, size=(2,)),
        lambda t: 0 * t.randint(1, 3, (2,), dtype=t.float64),
        lambda t: 0 * t.randint(low=1, high=3, size=(2, 2)),
        lambda t: 0 * t.randn(size=(2, 1)),
    ],
)
def test_as_in_pytorch(call):
    torch = pytest.importorskip("torch")
    ours, theirs = call(ta), call(torch)
    assert f"torch.{ours.dtype}" == str(theirs.dtype)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-7, atol=1e-7)
