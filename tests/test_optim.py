"""Optimisers: against PyTorch over 20 steps, by hand, saved and loaded, and what is refused."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import Parameter
from tinyattn.optim import SGD, Adam

OPTIONS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.3}),
]


@pytest.fixture(params=["numba", "numpy"])
def mode(request):
    with ta.kernels(request.param):
        yield request.param


def parameters(dtype=np.float64):
    random = np.random.default_rng(0)
    return [Parameter(random.standard_normal(shape).astype(dtype)) for shape in ((3, 2), (2,), ())]


def loss_of(a, b, c):
    return ((a @ b) * (a @ b)).sum() + (b.exp() * c * c).sum() + c.sin()


@pytest.mark.parametrize("name, options", OPTIONS)
@pytest.mark.parametrize("sometimes", [False, True], ids=["", "one parameter without gradient now and then"])
def test_twenty_steps_as_in_pytorch(mode, name, options, sometimes):
    torch = pytest.importorskip("torch")
    ours = parameters()
    theirs = [torch.nn.Parameter(torch.tensor(x.array.copy())) for x in ours]
    optimizers = [
        (getattr(ta.optim, name)(ours, **options), ours),
        (getattr(torch.optim, name)(theirs, **options), theirs),
    ]
    for step in range(20):
        for optimizer, (a, b, c) in optimizers:
            optimizer.zero_grad()
            loss_of(a, b, c).backward()
            if sometimes and step % 3 != 2:
                c.grad = None
            optimizer.step()
    for x, wanted in zip(ours, theirs):
        np.testing.assert_allclose(x.array, wanted.detach().numpy(), rtol=1e-11, atol=1e-13)


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


@pytest.mark.parametrize("name, options", OPTIONS)
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
    assert all(row.dtype == np.float32 for name, rows in optimizer.state.items() if name != "step" for row in rows)


@pytest.mark.parametrize("name, options", OPTIONS)
def test_any_layout_of_memory(mode, name, options):
    array, gradient = np.arange(6.0).reshape(2, 3) - 2.5, np.arange(6.0).reshape(2, 3) / 10 - 0.2
    plain, turned = Parameter(array.copy()), Parameter(np.asfortranarray(array))
    for x, dx in ((plain, gradient), (turned, np.repeat(gradient, 2, 1)[:, ::2])):
        optimizer = getattr(ta.optim, name)([x], **options)
        for _ in range(3):
            x.grad = ta.from_numpy(dx)
            optimizer.step()
    np.testing.assert_allclose(turned.array, plain.array, rtol=1e-12)


def test_an_optimizer_has_to_say_how_it_updates():
    x = Parameter(np.ones(1))
    x.grad = ta.ones(1, dtype=ta.float64)
    with pytest.raises(NotImplementedError):
        ta.optim.Optimizer([x], lr=1.0).step()


def test_parameters_without_gradient_stay():
    x, y = Parameter(np.ones(2)), Parameter(np.ones(2))
    optimizer = Adam([x, y], lr=0.1, weight_decay=0.5)
    x.grad = ta.ones(2, dtype=ta.float64)
    optimizer.step()
    assert y.tolist() == [1, 1] and x.tolist() != [1, 1]


def test_zero_grad():
    x = Parameter(np.ones(2))
    optimizer = SGD([x])
    optimizer.zero_grad()
    assert x.grad is None
    (x * 3).sum().backward()
    kept = x.grad.array
    optimizer.zero_grad(set_to_none=False)
    assert x.grad.tolist() == [0, 0] and x.grad.array is kept
    optimizer.zero_grad()
    assert x.grad is None
    (x * x).sum().backward(create_graph=True)
    optimizer.zero_grad(set_to_none=False)
    assert x.grad.tolist() == [0, 0] and not x.grad.requires_grad and x.grad.node is None


@pytest.mark.parametrize("name, options", OPTIONS)
def test_saved_and_loaded_goes_on_as_if_nothing_had_been(name, options):
    def steps(xs, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            loss_of(*xs).backward()
            optimizer.step()

    make = getattr(ta.optim, name)
    straight = parameters()
    steps(straight, make(straight, **options), 6)
    first = parameters()
    optimizer = make(first, **options)
    steps(first, optimizer, 3)
    saved = {name: np.array(array) for name, array in optimizer.state_dict().items()}
    second = [Parameter(x.array.copy()) for x in first]
    again = make(second, **options)
    steps(second, again, 0)
    again.load_state_dict(saved)
    steps(second, again, 3)
    for x, wanted in zip(second, straight):
        np.testing.assert_array_equal(x.array, wanted.array)
    assert again.steps == 6


def test_loading_copies():
    x = Parameter(np.ones(2))
    optimizer = Adam([x])
    saved = {name: np.array(array) for name, array in optimizer.state_dict().items()}
    optimizer.load_state_dict(saved)
    x.grad = ta.ones(2, dtype=ta.float64)
    optimizer.step()
    assert not saved["mean.0"].any() and saved["steps"] == 0


def test_what_is_refused():
    x = Parameter(np.ones(2))
    with pytest.raises(ValueError, match=r"Adam: wanted at least one parameter, got none: pass model.parameters\(\)"):
        Adam([])
    with pytest.raises(TypeError, match=r"SGD: wanted leaf tensors, got dict: pass model.parameters\(\)"):
        SGD([{"params": [x]}])
    with pytest.raises(TypeError, match="SGD: wanted leaf tensors"):
        SGD([x * 2])
    with pytest.raises(ValueError, match="SGD: wanted each parameter once"):
        SGD([x, Parameter(np.ones(1)), x])
    for lr in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="SGD: lr must be at least 0, got"):
            SGD([x], lr=lr)
    with pytest.raises(ValueError, match=r"Adam: betas must be in 0 \.\.\. 1, 1 excluded, got \(0.9, 1.0\)"):
        Adam([x], betas=(0.9, 1.0))


def test_a_state_that_does_not_fit_is_refused_whole():
    x = Parameter(np.ones(2))
    optimizer = Adam([x])
    right = {name: np.array(array) for name, array in optimizer.state_dict().items()}
    with pytest.raises(KeyError, match=r"Adam: wanted the state of 1 parameters.*: mean.0"):
        optimizer.load_state_dict({name: array for name, array in right.items() if name != "mean.0"})
    with pytest.raises(KeyError, match=r"velocity.0"):
        optimizer.load_state_dict({**right, "velocity.0": np.ones(2)})
    with pytest.raises(ValueError, match=r"Adam: square.0 must have shape \(2,\), got \(3,\)"):
        optimizer.load_state_dict({**right, "mean.0": np.ones(2), "square.0": np.ones(3)})
    assert not optimizer.state["mean"][0].any()
