"""Cross-entropy: values, fused against reference and PyTorch, weights, probabilities, what is ignored, errors."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import gradcheck, gradgradcheck
from tinyattn.ops import cross_entropy as module
from tinyattn.ops.cross_entropy import cross_entropy, cross_entropy_reference, nll_loss
from tinyattn.ops.softmax import log_softmax

OPTIONS = [
    {},
    {"reduction": "sum"},
    {"reduction": "none"},
    {"label_smoothing": 0.1},
    {"label_smoothing": 1.0, "reduction": "none"},
    {"ignore_index": 2},
    {"ignore_index": 0, "label_smoothing": 0.3, "reduction": "sum"},
    {"ignore_index": 1, "reduction": "none"},
]
SHAPES = [((6, 5), (6,)), ((2, 5, 3), (2, 3)), ((2, 3, 2, 1), (2, 2, 1)), ((5,), ()), ((1, 5), (1,)), ((4, 1), (4,))]


@pytest.fixture(params=["numba", "numpy"])
def mode(request):
    with ta.kernels(request.param):
        yield request.param


def numbers(shape, dtype=np.float64):
    return (np.random.default_rng(shape).standard_normal(shape) * 2).astype(dtype)


def sample(shape, target_shape, dtype=np.float64):
    C = shape[min(1, len(shape) - 1)]
    targets = np.random.default_rng(target_shape).integers(0, C, target_shape)
    return ta.tensor(numbers(shape, dtype), dtype=dtype, requires_grad=True), ta.tensor(targets)


@pytest.mark.parametrize("options", OPTIONS)
def test_fused_equals_reference(options):
    x, targets = sample((7, 40), (7,))
    results = []
    for name in ("numba", "numpy"):
        with ta.kernels(name):
            x.grad = None
            y = cross_entropy(x, targets, **options)
            (y * y).sum().backward()
            results.append((y.detach().numpy(), x.grad.numpy().copy()))
    for fused, reference in zip(*results):
        np.testing.assert_allclose(fused, reference, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shapes", SHAPES)
def test_gradients(mode, options, shapes):
    x, targets = sample(*shapes)
    if options.get("reduction", "mean") == "mean" and not (targets.array != options.get("ignore_index", -100)).any():
        return  # NaN; tested below
    assert gradcheck(lambda x: cross_entropy(x, targets, **options), x)
    assert gradgradcheck(lambda x: cross_entropy(x, targets, **options), x)


def test_value_by_hand(mode):
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]])) + 5
    targets = np.array([0, 2])
    np.testing.assert_allclose(cross_entropy(logits, targets, reduction="none"), [-math.log(0.7), -math.log(0.25)])
    np.testing.assert_allclose(cross_entropy(logits, targets), -(math.log(0.7) + math.log(0.25)) / 2)
    np.testing.assert_allclose(cross_entropy(logits, targets, ignore_index=0, reduction="sum"), -math.log(0.25))


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 2e-6), (np.float64, 1e-13)])
def test_float32_against_float64(mode, dtype, tolerance):
    logits, targets = numbers((50, 301), dtype) * 10, np.arange(50)
    y = cross_entropy(logits, targets)
    assert y.dtype == dtype and y.shape == ()
    wanted = cross_entropy_reference(logits.astype(np.float64), targets, -100, "mean", 0.0)
    np.testing.assert_allclose(y, wanted, rtol=tolerance)


def test_large_logits_do_not_overflow(mode):
    x = ta.tensor([[1e4, -1e4, 0.0], [-1e30, -1e30, -1e30]], requires_grad=True)
    y = cross_entropy(x, ta.tensor([1, 2]), reduction="none")
    y.sum().backward()
    np.testing.assert_allclose(y.tolist(), [2e4, math.log(3)], rtol=1e-6)
    np.testing.assert_allclose(x.grad.tolist(), [[1, -1, 0], [1 / 3, 1 / 3, -2 / 3]], rtol=1e-6)


@pytest.mark.parametrize("x", [[math.nan, 0.0], [0.0, math.nan], [math.inf, 0.0], [-math.inf, -math.inf]])
def test_nonsense_in_the_logits_is_seen(mode, x):
    assert math.isnan(cross_entropy(np.array([x]), np.array([0])))


def test_nothing_counted(mode):
    x, targets = ta.tensor(np.ones((2, 3)), requires_grad=True), ta.tensor([-100, -100])
    y = cross_entropy(x, targets)
    y.backward()
    assert math.isnan(y.item())
    np.testing.assert_array_equal(x.grad.numpy(), 0)
    assert cross_entropy(x, targets, reduction="sum").item() == 0
    assert cross_entropy(x, targets, reduction="none").tolist() == [0, 0]
    assert math.isnan(cross_entropy(np.ones((0, 3)), np.ones(0, int)))


def test_views_and_read_only_arrays(mode):
    x = numbers((8, 10))[::2, ::-2]
    x.flags.writeable = False
    targets = np.array([0, 9, 1, 9, 2, 9, 3, 9])[::2]
    np.testing.assert_allclose(cross_entropy(x, targets), cross_entropy(x.copy(), targets.copy()), rtol=1e-14)
    assert cross_entropy(x, targets.astype(np.int32)) == cross_entropy(x, targets)


def test_rows_on_several_threads_equal_one(monkeypatch):
    monkeypatch.setattr(module, "ELEMENTS_PER_THREAD", 8)
    before, results = ta.get_num_threads(), []
    try:
        for threads in (1, 3):
            ta.set_num_threads(threads)
            x, targets = sample((9, 7), (9,), np.float32)
            y = cross_entropy(x, targets)
            y.backward()
            results.append((y.item(), x.grad.numpy()))
    finally:
        ta.set_num_threads(before)
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_losses_are_summed_in_float64():
    """In float32 16777216 + 1 is 16777216."""
    logits = np.array([[0, 2**24], *[[0, math.log(math.e - 1)]] * 2], np.float32)
    with ta.kernels("numba"):
        assert cross_entropy(logits, np.zeros(3, int), reduction="sum") == 2**24 + 2


def test_nll_loss():
    for shapes in SHAPES:
        x, targets = sample(*shapes)
        log_p = log_softmax(x, dim=min(1, x.ndim - 1))
        for options in ({}, {"reduction": "sum"}, {"reduction": "none"}):
            np.testing.assert_allclose(nll_loss(log_p, targets, **options).detach().numpy(),
                                       cross_entropy(x, targets, **options).detach().numpy(), rtol=1e-12)
        assert gradcheck(lambda x, targets=targets: nll_loss(x, targets, ignore_index=3, reduction="sum"), x)


@pytest.mark.parametrize("call, error, text", [
    (lambda: cross_entropy(np.ones((2, 3)), np.array([0, 3])), IndexError,
     r"cross_entropy: targets must be in 0 ... 2, or ignore_index = -100, got 3"),
    (lambda: cross_entropy(np.ones((2, 3)), np.array([0, -1])), IndexError, "got -1"),
    (lambda: cross_entropy(np.ones((2, 3)), np.array([0, 1, 2])), ValueError, r"got \(2, 3\) and \(3,\)"),
    (lambda: cross_entropy(np.ones((2, 3)), np.ones((2, 3), int)), TypeError,
     "probabilities as target must be floating-point, got int64: .* class numbers as target have no dimension of"),
    (lambda: cross_entropy(np.ones((2, 3), int), np.ones((2, 3))), TypeError, "input must be floating-point, got int64"),
    (lambda: cross_entropy(np.ones(()), np.array(0)), ValueError, r"wanted input \(N, C, ...\)"),
    (lambda: cross_entropy(np.ones((2, 3)), np.ones(2)), TypeError, "class numbers, integers, got float64"),
    (lambda: cross_entropy(np.ones((2, 3), int), np.ones(2, int)), TypeError, "floating-point, got int64"),
    (lambda: cross_entropy(np.ones((2, 3)), np.ones(2, int), reduction="max"), ValueError, "none, got 'max'"),
    (lambda: cross_entropy(np.ones((2, 3)), np.ones(2, int), label_smoothing=2), ValueError, "in 0 ... 1, got 2"),
    (lambda: cross_entropy(np.ones((2, 3)), np.ones(2, int), ta.ones(3, dtype=ta.float64, requires_grad=True)),
     ValueError, r"cross_entropy: weight gets no gradient where targets are class numbers: use weight.detach\(\)"),
    (lambda: nll_loss(np.ones((2, 3)), np.array([0, 5])), IndexError, "nll_loss: targets must be in 0 ... 2"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


WEIGHT = np.array([0.5, 2.0, 0.0, 1.0, 3.0])


def compare(call, wanted, inputs, **options):
    """Value and gradients of both, `inputs` given to both as tensors."""
    torch = pytest.importorskip("torch")
    ours = [ta.Tensor(x.copy(), x.dtype.kind == "f") for x in inputs]
    theirs = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
    weight = options.pop("weight", None)
    y = call(*ours, None if weight is None else ta.Tensor(weight), **options)
    z = wanted(*theirs, None if weight is None else torch.tensor(weight), **options)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-12)
    (y * y).sum().backward()
    (z * z).sum().backward()
    for x, other in zip(ours, theirs, strict=True):
        if x.requires_grad and not np.isnan(z.detach().numpy()).any():
            np.testing.assert_allclose(x.grad.numpy(), other.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("shapes", SHAPES)
def test_equals_torch(mode, shapes):
    functional = pytest.importorskip("torch").nn.functional
    x, targets = (x.array for x in sample(*shapes))
    C = x.shape[min(1, x.ndim - 1)]
    for options in OPTIONS:
        for weight in (None, WEIGHT[-C:].copy()):
            compare(cross_entropy, functional.cross_entropy, (x, targets), weight=weight, **options)
            if "label_smoothing" not in options:
                compare(nll_loss, functional.nll_loss, (x, targets), weight=weight, **options)
            if "ignore_index" not in options:
                p = np.abs(np.sin(x))
                compare(cross_entropy, functional.cross_entropy, (x, p), weight=weight, **options)


def test_weights_by_hand():
    logits, weight = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]])), np.array([1.0, 9.0, 3.0])
    losses = [-math.log(0.7), -3 * math.log(0.25)]
    np.testing.assert_allclose(cross_entropy(logits, np.array([0, 2]), weight, reduction="none"), losses)
    np.testing.assert_allclose(cross_entropy(logits, np.array([0, 2]), weight), sum(losses) / 4)
    assert math.isnan(cross_entropy(logits, np.array([0, 2]), np.zeros(3)))


def test_a_probability_of_1_is_a_class_number():
    x, targets = sample((6, 5), (6,))
    for options in ({}, {"reduction": "none"}, {"label_smoothing": 0.2}):
        np.testing.assert_allclose(cross_entropy(x, ta.Tensor(np.eye(5)[targets.array]), **options).detach().numpy(),
                                   cross_entropy(x, targets, **options).detach().numpy(), rtol=1e-13)


def test_gradients_by_weights_and_probabilities():
    x, p, weight = (ta.Tensor(numbers(shape), True) for shape in ((4, 5, 2), (4, 5, 2), (5,)))

    def loss(x, p, weight):
        return cross_entropy(x, p, weight, label_smoothing=0.1)

    assert gradcheck(loss, (x, p, weight)) and gradgradcheck(loss, (x, p, weight))


def test_arguments_stand_where_pytorch_has_them():
    x, targets = numbers((3, 5)), np.array([0, 1, 4])
    for call in (cross_entropy, nll_loss):
        by_name = call(input=x, target=targets, weight=WEIGHT, ignore_index=4, reduction="sum")
        assert call(x, targets, WEIGHT, None, 4, None, "sum") == by_name
    assert cross_entropy(x, targets, None, None, -100, None, "mean", 0.1) == cross_entropy(x, targets,
                                                                                         label_smoothing=0.1)
