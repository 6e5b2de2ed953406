"""linear_cross_entropy: blocks, padding, threads, what is computed and when, large logits, against PyTorch."""

import math
import tracemalloc

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import functional as F
from tinyattn.ops import linear_cross_entropy as module
from tinyattn.ops.linear_cross_entropy import linear_cross_entropy

OPTIONS = [{}, {"reduction": "sum"}, {"reduction": "none"}, {"label_smoothing": 0.1}, {"ignore_index": 2},
           {"ignore_index": 0, "label_smoothing": 0.3, "reduction": "none"}]


@pytest.fixture(params=["numba", "numpy"])
def mode(request):
    with ta.kernels(request.param):
        yield request.param


@pytest.fixture(params=[1, 2, 5, 512])
def rows(request, monkeypatch):
    monkeypatch.setattr(module, "LOGITS", request.param * 5)  # sample's C


def sample(R=7, K=3, C=5, dtype=np.float64):
    random = np.random.default_rng([R, K, C])
    leaves = [ta.Tensor(random.standard_normal(shape).astype(dtype), True) for shape in ((R, K), (C, K), (C,))]
    return leaves, ta.Tensor(random.integers(0, C, R))


def results(call, leaves, targets, **options):
    """Value and gradients of Σ y²"""
    for leaf in leaves:
        leaf.grad = None
    y = call(leaves[0], leaves[1], targets, linear_bias=leaves[2], **options)
    (y * y).sum().backward()
    return [y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]


def in_two_ops(x, linear_weight, targets, linear_bias, **options):
    return F.cross_entropy(F.linear(x, linear_weight, linear_bias), targets, **options)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("weight", [None, ta.Tensor(np.array([0.5, 2.0, 0.0, 1.0, 3.0]))])
def test_any_number_of_blocks_gives_what_two_ops_give(mode, rows, options, weight):
    leaves, targets = sample()
    for found, wanted in zip(results(linear_cross_entropy, leaves, targets, weight=weight, **options),
                             results(in_two_ops, leaves, targets, weight=weight, **options), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13)


@pytest.fixture
def products(monkeypatch):
    """The shapes of the left sides of all products, while they are made."""
    shapes, product = [], module.product
    monkeypatch.setattr(module, "product", lambda a, b, **options: shapes.append(a.shape) or product(a, b, **options))
    return shapes


def test_no_more_rows_in_a_block_than_it_may_have(monkeypatch, products):
    monkeypatch.setattr(module, "LOGITS", 4 * 5)
    leaves, targets = sample(R=10)
    with ta.no_grad():
        linear_cross_entropy(leaves[0], leaves[1], targets)
    assert products == [(4, 3), (4, 3), (2, 3)]


def test_padding_is_not_computed(products):
    leaves, _ = sample(R=4)
    linear_cross_entropy(leaves[0], leaves[1], ta.tensor([0, 1, 0, 3]), ignore_index=0).backward()
    assert products[0] == (2, 3)
    assert (leaves[0].grad.numpy()[[0, 2]] == 0).all() and (leaves[0].grad.numpy()[[1, 3]] != 0).all()


def test_nothing_but_padding(mode):
    leaves, _ = sample(R=2)
    targets = ta.tensor([1, 1])
    y = linear_cross_entropy(leaves[0], leaves[1], targets, linear_bias=leaves[2], ignore_index=1)
    assert math.isnan(y.item())
    y = linear_cross_entropy(leaves[0], leaves[1], targets, linear_bias=leaves[2], ignore_index=1, reduction="sum")
    y.backward()
    assert y.item() == 0 and all((leaf.grad.numpy() == 0).all() for leaf in leaves)
    assert linear_cross_entropy(leaves[0], leaves[1], targets, ignore_index=1, reduction="none").tolist() == [0, 0]


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2), ()])
def test_only_the_gradients_that_are_wanted(mode, wanted):
    for reduction in ("mean", "none"):
        (x, weight, bias), targets = sample()
        leaves = [ta.Tensor(leaf.array, k in wanted) for k, leaf in enumerate((x, weight, bias))]
        y = linear_cross_entropy(leaves[0], leaves[1], targets, linear_bias=leaves[2], reduction=reduction)
        assert y.requires_grad == bool(wanted)
        if wanted:
            y.sum().backward()
        assert [k for k in range(3) if leaves[k].grad is not None] == list(wanted)


def test_without_gradients_only_the_loss_is_computed(products):
    (x, weight, bias), targets = sample()
    with ta.no_grad():
        y = linear_cross_entropy(x, weight, targets, linear_bias=bias)
    assert len(products) == 1
    assert linear_cross_entropy(x, weight, targets, linear_bias=bias).item() == y.item()


def test_backward_twice():
    leaves, targets = sample()
    y = linear_cross_entropy(leaves[0], leaves[1], targets, linear_bias=leaves[2])
    y.backward(retain_graph=True)
    once = [leaf.grad.numpy().copy() for leaf in leaves]
    y.backward()
    for leaf, dx in zip(leaves, once, strict=True):
        np.testing.assert_array_equal(leaf.grad.numpy(), 2 * dx)


def test_large_logits(mode):
    x, weight = ta.Tensor(np.float32([[1e4], [1e4]]), True), ta.Tensor(np.float32([[1], [-1], [0]]), True)
    y = linear_cross_entropy(x, weight, ta.tensor([1, 0]), reduction="none")
    y.sum().backward()
    assert y.tolist() == [2e4, 0]
    assert x.grad.tolist() == [[2], [0]] and weight.grad.tolist() == [[1e4], [-1e4], [0]]


def test_float32_against_float64(rows):
    leaves, targets = sample(R=60, K=40, C=50, dtype=np.float32)
    wanted = results(in_two_ops, [ta.Tensor(leaf.array.astype(np.float64), True) for leaf in leaves], targets)
    for found, right in zip(results(linear_cross_entropy, leaves, targets), wanted, strict=True):
        assert found.dtype == np.float32
        assert abs(found - right).max() <= 2e-5 * abs(right).max()


def test_the_same_number_of_threads_gives_the_same_bits(monkeypatch):
    monkeypatch.setitem(module.losses_of.__globals__, "ELEMENTS_PER_THREAD", 8)
    leaves, targets = sample(R=70, dtype=np.float32)
    before = ta.get_num_threads()
    try:
        ta.set_num_threads(3)
        first, second = (results(linear_cross_entropy, leaves, targets) for _ in range(2))
        ta.set_num_threads(1)
        alone = results(linear_cross_entropy, leaves, targets)
    finally:
        ta.set_num_threads(before)
    for x, same, other in zip(first, second, alone, strict=True):
        np.testing.assert_array_equal(x, same)
        np.testing.assert_allclose(x, other, rtol=1e-4, atol=1e-6)


def test_the_logits_of_all_rows_are_never_held(monkeypatch):
    monkeypatch.setattr(module, "LOGITS", 8 * 200)
    leaves, targets = sample(R=256, K=2, C=200, dtype=np.float32)
    linear_cross_entropy(leaves[0], leaves[1], targets).backward()  # whatever is made once
    tracemalloc.start()
    try:
        linear_cross_entropy(leaves[0], leaves[1], targets, linear_bias=leaves[2]).backward()
        assert tracemalloc.get_traced_memory()[1] < 4 * 256 * 200 / 4
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("options", OPTIONS)
def test_equals_torch(mode, options):
    functional = pytest.importorskip("torch").nn.functional
    if not hasattr(functional, "linear_cross_entropy"):
        pytest.skip("this PyTorch has no linear_cross_entropy")
    import torch

    leaves, targets = sample()
    theirs = [torch.tensor(leaf.array, requires_grad=True) for leaf in leaves]
    wanted = functional.linear_cross_entropy(theirs[0], theirs[1], torch.tensor(targets.array), linear_bias=theirs[2],
                                             **options)
    (wanted * wanted).sum().backward()
    found = results(linear_cross_entropy, leaves, targets, **options)
    for y, right in zip(found, [wanted.detach(), *(x.grad for x in theirs)], strict=True):
        np.testing.assert_allclose(y, right.numpy(), rtol=1e-10, atol=1e-13)
