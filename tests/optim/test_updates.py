"""SGD, Adam and AdamW: every combination of options against PyTorch's over 20 steps, by hand, in every memory layout."""

import copy
import itertools
import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.kernels.table import PIECE, array_at
from tinyattn.nn import Parameter
from tinyattn.optim import SGD, Adam

ADAM = [
    {"lr": 0.02, "betas": betas, "eps": eps, "weight_decay": decay, "amsgrad": amsgrad, "maximize": maximize}
    for betas, eps in (((0.9, 0.999), 1e-8), ((0.5, 0.9), 1e-3))
    for decay, amsgrad, maximize in itertools.product((0, 0.3), (False, True), (False, True))
]
MOMENTA = [(0, 0, False), (0.9, 0, False), (0.5, 0.25, False), (0.5, 0, True)]
PLAIN = [
    {"momentum": momentum, "dampening": dampening, "nesterov": nesterov, "weight_decay": decay, "maximize": maximize,
     "lr": 0.001 if maximize else 0.02}
    for (momentum, dampening, nesterov), decay, maximize in itertools.product(MOMENTA, (0, 0.1), (False, True))
]
OPTIONS = [
    *(("SGD", options) for options in PLAIN),
    *((name, options) for name in ("Adam", "AdamW") for options in [{}, *ADAM]),
]
FEW = [("SGD", {}), ("SGD", PLAIN[9]), ("SGD", PLAIN[14]), ("Adam", {}), ("Adam", ADAM[6]), ("AdamW", ADAM[13])]


@pytest.fixture(params=["numba", "loops", "numpy"])
def mode(request, monkeypatch):
    """Kernels compiled, kernels as Python, NumPy."""
    if request.param == "loops":
        for module, name in ((ta.optim.sgd, "sgd_kernel"), (ta.optim.adam, "adam_kernel")):
            monkeypatch.setattr(module, name, np.errstate(all="ignore")(getattr(module, name).body))
            monkeypatch.setattr(module, name.replace("kernel", "piece"), getattr(module, name.replace("kernel", "piece")).body)
            monkeypatch.setattr(module, "array_at", array_at.body)
    with ta.kernels("numpy" if request.param == "numpy" else "numba"):
        yield request.param


def parameters(dtype=np.float64):
    random = np.random.default_rng(0)
    return [Parameter(random.standard_normal(shape).astype(dtype)) for shape in ((3, 2), (2,), ())]


def loss_of(a, b, c):
    return ((a @ b) * (a @ b)).sum() + (b.exp() * c * c).sum() + c.sin()


def steps(optimizer, xs, count, skip=lambda step: False):
    for step in range(count):
        optimizer.zero_grad()
        loss_of(*xs).backward()
        if skip(step):
            xs[-1].grad = None
        optimizer.step()


# --- against PyTorch ----------------------------------------------------


@pytest.mark.parametrize("name, options", OPTIONS)
def test_twenty_steps_as_in_pytorch(mode, name, options):
    torch = pytest.importorskip("torch")
    ours = parameters()
    theirs = [torch.nn.Parameter(torch.tensor(x.array.copy())) for x in ours]
    steps(getattr(ta.optim, name)(ours, **options), ours, 20)
    steps(getattr(torch.optim, name)(theirs, **options), theirs, 20)
    for x, wanted in zip(ours, theirs):
        np.testing.assert_allclose(x.array, wanted.detach().numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name, options", FEW)
def test_a_parameter_without_gradient_now_and_then_as_in_pytorch(mode, name, options):
    torch = pytest.importorskip("torch")
    ours = parameters()
    theirs = [torch.nn.Parameter(torch.tensor(x.array.copy())) for x in ours]
    skip = lambda step: step % 3 != 2  # noqa: E731
    steps(getattr(ta.optim, name)(ours, **options), ours, 20, skip)
    steps(getattr(torch.optim, name)(theirs, **options), theirs, 20, skip)
    for x, wanted in zip(ours, theirs):
        np.testing.assert_allclose(x.array, wanted.detach().numpy(), rtol=1e-11, atol=1e-13)


# --- by hand ------------------------------------------------------------


def test_sgd_by_hand():
    x = Parameter(np.array([1.0, 2.0]))
    optimizer = SGD([x], lr=0.1, momentum=0.5, weight_decay=1.0)
    for gradient, wanted in (
        ([1.0, 0.0], [0.8, 1.8]),
        ([0.0, 0.0], [0.8 - 0.1 * (1.0 + 0.8), 1.8 - 0.1 * (1.0 + 1.8)]),
    ):
        x.grad = ta.tensor(gradient, dtype=ta.float64)
        optimizer.step()
        np.testing.assert_allclose(x.array, wanted)


def test_first_step_of_adam_is_the_learning_rate_in_the_direction_of_the_sign():
    x = Parameter(np.zeros(3))
    x.grad = ta.tensor([5.0, -1e-3, 0.0], dtype=ta.float64)
    Adam([x], lr=0.1).step()
    np.testing.assert_allclose(x.array, [-0.1, 0.1, 0], rtol=1e-4)


def test_decoupled_decay_shrinks_also_without_a_slope():
    x = Parameter(np.array([2.0]))
    x.grad = ta.zeros(1, dtype=ta.float64)
    ta.optim.AdamW([x], lr=0.1, weight_decay=0.5).step()
    np.testing.assert_allclose(x.item(), 2 * (1 - 0.1 * 0.5), rtol=1e-12)


@pytest.mark.parametrize("name, options", FEW)
def test_what_overflows_is_silent_and_as_in_pytorch(mode, name, options):
    torch = pytest.importorskip("torch")
    results = []
    for make, library, x in ((Parameter, ta, ta.tensor([1.0])), (torch.nn.Parameter, torch, torch.tensor([1.0]))):
        x = make(x)
        optimizer = getattr(library.optim, name)([x], **options)
        for slope in (3e38, 3e38, 1.0):
            x.grad = library.tensor([slope])
            optimizer.step()
        results.append(x.detach().tolist())
    np.testing.assert_allclose(*results, rtol=1e-5)


# --- kernels, dtypes and memory -----------------------------------------


@pytest.mark.parametrize("name, options", FEW)
def test_not_fused_is_numpy(monkeypatch, name, options):
    def refuse(*_):
        raise AssertionError("a kernel was called")

    monkeypatch.setattr(ta.optim.sgd, "sgd_kernel", refuse)
    monkeypatch.setattr(ta.optim.adam, "adam_kernel", refuse)
    xs = parameters()
    steps(getattr(ta.optim, name)(xs, fused=False, **options), xs, 2)
    with pytest.raises(AssertionError, match="a kernel was called"):
        steps(getattr(ta.optim, name)(xs, fused=True, **options), xs, 1)


@pytest.mark.parametrize("name, options", FEW)
def test_float32_stays_float32_and_in_place(mode, name, options):
    xs = parameters(np.float32)
    arrays = [x.array for x in xs]
    optimizer = getattr(ta.optim, name)(xs, **{**options, "lr": np.float64(0.01)})
    for _ in range(2):
        optimizer.zero_grad()
        loss_of(*xs).backward()
        kept = [x.grad.numpy().copy() for x in xs]
        optimizer.step()
        assert all(np.array_equal(x.grad, before) for x, before in zip(xs, kept))  # a step is not to change gradients
    assert all(x.array is array and array.dtype == np.float32 for x, array in zip(xs, arrays))
    assert all(value.dtype == np.float32 for values in optimizer.state.values() for value in values.values())


@pytest.mark.parametrize("name, options", FEW)
def test_any_layout_of_memory(mode, name, options):
    array, gradient = np.arange(6.0).reshape(2, 3) - 2.5, np.arange(6.0).reshape(2, 3) / 10 - 0.2
    plain, turned = Parameter(array.copy()), Parameter(np.asfortranarray(array))
    for x, dx in ((plain, gradient), (turned, np.repeat(gradient, 2, 1)[:, ::2])):
        optimizer = getattr(ta.optim, name)([x], **options)
        for _ in range(3):
            x.grad = ta.from_numpy(dx)
            optimizer.step()
    np.testing.assert_allclose(turned.array, plain.array, rtol=1e-12)


@pytest.mark.parametrize("name, options", FEW)
def test_saved_and_loaded_goes_on_bit_for_bit(mode, name, options):
    make = getattr(ta.optim, name)
    straight = parameters()
    steps(make(straight, **options), straight, 6)
    first = parameters()
    optimizer = make(first, **options)
    steps(optimizer, first, 3)
    second = [Parameter(x.array.copy()) for x in first]
    again = make(second)
    again.load_state_dict(optimizer.state_dict())
    steps(again, second, 3)
    for x, wanted in zip(second, straight):
        np.testing.assert_array_equal(x.array, wanted.array)


# --- all parameters in one call -----------------------------------------


def with_gradients(*sizes, dtype=np.float32):
    random = np.random.default_rng(1)
    xs = [Parameter(random.standard_normal(size).astype(dtype)) for size in sizes]
    for x in xs:
        x.grad = ta.from_numpy(random.standard_normal(x.shape).astype(dtype))
    return xs


SIZES = [(3,), (), (0, 2), (PIECE,), (2, PIECE - 1), (PIECE + 1,), (300, 300)]


@pytest.mark.parametrize("name, options", FEW)
def test_large_parameters_as_in_numpy_and_the_same_bits_on_any_number_of_threads(name, options):
    found, before = [], ta.get_num_threads()
    try:
        for threads, fused in ((1, False), (1, True), (2, True), (3, True)):
            ta.set_num_threads(threads)
            xs = with_gradients(*SIZES)
            optimizer = getattr(ta.optim, name)(xs, fused=fused, **options)
            for _ in range(3):
                optimizer.step()
            found.append(np.concatenate([x.array.reshape(-1) for x in xs]))
    finally:
        ta.set_num_threads(before)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[2], found[1])
    np.testing.assert_array_equal(found[3], found[1])


@pytest.mark.parametrize("name, options", FEW)
def test_arrays_of_several_dtypes_and_layouts_in_a_group(mode, name, options):
    """Each parameter does as it does alone."""
    def make():
        xs = [*with_gradients((3, 2), (4,)), *with_gradients((5,), dtype=np.float64), *with_gradients((3, 2))]
        xs[1].grad = ta.from_numpy(xs[1].grad.array.astype(np.float64))
        xs[3].array = np.asfortranarray(xs[3].array)
        return xs

    together, alone = make(), make()
    for xs in (together, *([x] for x in alone)):
        optimizer = getattr(ta.optim, name)(xs, **options)
        for _ in range(3):
            optimizer.step()
    for x, wanted in zip(together, alone):
        np.testing.assert_array_equal(x.array, wanted.array)
        assert x.dtype == wanted.dtype


@pytest.mark.parametrize("name, options", FEW)
def test_other_arrays_may_come_in_between(mode, name, options):
    """Of parameters, gradients and states; and parameters may come and go."""
    xs, ys = with_gradients((3, 2), (4,)), with_gradients((3, 2), (4,))
    optimizer, still = (getattr(ta.optim, name)(parameters, **options) for parameters in (xs, ys))
    for step in range(8):
        if step == 1:
            xs[0].array = xs[0].array.copy()
        elif step == 2:
            xs[1].data = ta.tensor(xs[1].array.copy())
        elif step == 3:
            for entries in optimizer.state.values():
                for entry in entries.values():
                    entry.array = np.asfortranarray(entry.array.copy())
        elif step == 4:
            optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        elif step == 5:
            kept = xs[0].array
            xs[0].array = kept.copy()
        elif step == 6:
            assert not np.array_equal(kept, xs[0].array)  # what is no longer the parameter's is left alone
            for optimizer_, parameters in ((optimizer, xs), (still, ys)):
                parameters[1].grad, gradient = None, parameters[1].grad
                optimizer_.step()
                parameters[1].grad = gradient
        optimizer.step(), still.step()
    for x, wanted in zip(xs, ys):
        np.testing.assert_array_equal(x.array, wanted.array)


@pytest.mark.parametrize("name, options", FEW)
def test_a_copy_of_parameters_and_optimizer_is_one_of_its_own(mode, name, options):
    xs = with_gradients((3, 2), (4,))
    optimizer = getattr(ta.optim, name)(xs, **options)
    optimizer.step()
    before = [x.array.copy() for x in xs]
    ys, other = copy.deepcopy((xs, optimizer))
    other.step()
    for x, y, wanted in zip(xs, ys, before):
        np.testing.assert_array_equal(x.array, wanted)
        assert not np.array_equal(y.array, wanted)
    optimizer.step()
    for x, y in zip(xs, ys):
        np.testing.assert_array_equal(x.array, y.array)


@pytest.mark.parametrize("wrong", [(5,), (3, 3), (2, 3)])
def test_a_gradient_of_another_size_touches_no_other_memory(wrong):
    x = Parameter(np.zeros((3, 2)))
    x.grad = ta.ones(*wrong, dtype=ta.float64)
    with pytest.raises(ValueError, match="broadcast"):
        Adam([x]).step()


# --- clipped ------------------------------------------------------------


@pytest.mark.parametrize("max_norm", [0.5, 1e9])
@pytest.mark.parametrize("name, options", [*FEW, ("SGD", {"momentum": 0.5, "dampening": 0.25})])
def test_a_clipped_step_is_clipping_and_a_step(mode, name, options, max_norm):
    xs, ys = with_gradients((3, 2), (4,), dtype=np.float64), with_gradients((3, 2), (4,), dtype=np.float64)
    optimizer, other = (getattr(ta.optim, name)(parameters, **options) for parameters in (xs, ys))
    for _ in range(3):
        norm = optimizer.clipped_step(max_norm)
        for y, x in zip(ys, xs):
            y.grad = x.grad.clone()
        assert math.isclose(norm, ta.nn.utils.clip_grad_norm_(ys, max_norm).item(), rel_tol=1e-12)
        other.step()
    for x, y in zip(xs, ys):
        np.testing.assert_allclose(x.array, y.array, rtol=1e-12)


@pytest.mark.parametrize("value", [math.inf, math.nan])
@pytest.mark.parametrize("name, options", FEW)
def test_no_clipped_step_where_the_gradient_is_not_finite(mode, name, options, value):
    xs = with_gradients((3, 2), (4,))
    before = [x.array.copy() for x in xs]
    xs[1].grad.array[2] = value
    optimizer = getattr(ta.optim, name)(xs, **options)
    assert not math.isfinite(optimizer.clipped_step(1.0))
    for x, wanted in zip(xs, before):
        np.testing.assert_array_equal(x.array, wanted)
    assert not optimizer.state
