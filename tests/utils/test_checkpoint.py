"""Memory for time: the same gradients, and what is kept meanwhile."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import streams
from tinyattn.autograd import grad, gradcheck, gradgradcheck
from tinyattn.autograd.anomaly import detect_anomaly
from tinyattn.nn.functional import dropout
from tinyattn.utils.checkpoint import checkpoint, checkpoint_sequential

RANDOM = np.random.default_rng(0)


def leaf(*shape):
    return ta.tensor(RANDOM.standard_normal(shape), requires_grad=True)


def plain(function, *args, **kwargs):
    return function(*args, **kwargs)


def same_bits(run):
    """run(checkpoint) has to give the arrays that run(plain) gives."""
    results = []
    for call in (plain, checkpoint):
        ta.manual_seed(3)
        results.append([x.array for x in run(call)])
    for mine, right in zip(*results, strict=True):
        np.testing.assert_array_equal(mine, right)


def test_gradients_are_the_same_bits():
    """By an argument that was made from a leaf, by that leaf, and by a parameter that is no argument."""
    x, w = leaf(2, 4), leaf(4, 4)

    def block(h, scale):
        h = dropout((h @ w).tanh(), 0.5)
        return h.exp(), {"more": [h * scale, None, "text"]}

    def run(call):
        h = x * 1.5
        y, rest = call(block, h, scale=2.0)
        return [y, *grad((y * h).sum() + (rest["more"][0] ** 2).sum(), [h, x, w])]

    same_bits(run)


def test_backward_too_and_random_numbers_go_on_as_if_nothing_had_been():
    w = leaf(4, 4)
    ends = []

    def run(call):
        w.grad = None
        y = call(lambda x: dropout(x @ w, 0.5), ta.tensor(np.eye(4)))
        y.exp().sum().backward()
        ends.append(ta.rand(3).tolist())
        return [w.grad]

    same_bits(run)
    assert ends[0] == ends[1]


def test_the_stream_that_was_in_use_is_found_again():
    x = leaf(8, 8)
    with streams.using(np.random.default_rng(5)):
        y = checkpoint(lambda x: dropout(x, 0.5) ** 2, x)
    (dx,) = grad(y.sum(), x)
    np.testing.assert_array_equal(dx.array == 0, y.array == 0)
    y = checkpoint(lambda x: dropout(x, 0.5) ** 2, x, preserve_rng_state=False)
    (dx,) = grad(y.sum(), x)
    assert not np.array_equal(dx.array == 0, y.array == 0)


def test_fused_layers():
    lstm = ta.nn.LSTM(3, 4, batch_first=True)
    x = ta.tensor(RANDOM.standard_normal((2, 5, 3)), dtype=ta.float32, requires_grad=True)

    def run(call):
        lstm.zero_grad()
        x.grad = None
        y, (h, _) = call(lstm, x)
        (y.sum() + (h * h).sum()).backward()
        return [x.grad, *(p.grad for p in lstm.parameters())]

    same_bits(run)
    with ta.kernels("numpy"):
        y, _ = checkpoint(lstm, x)
    (dx,) = grad(y.sum(), x)
    with ta.kernels("numpy"):
        np.testing.assert_array_equal(dx.array, grad(lstm(x)[0].sum(), x)[0].array)


def test_nested_and_one_after_the_other():
    x, w = leaf(2, 4), leaf(4, 4)

    def run(call):
        def inner(h):
            return (h @ w).sin()

        def outer(h):
            return call(inner, call(inner, h)) * w.sum()

        return grad((call(outer, call(inner, x)) * x).sum(), [x, w])

    same_bits(run)


def test_what_surrounds_it_may_be_used_from_inside():
    """A tensor of the graph that is no argument: its gradient goes on to what that was made from, once."""
    x = leaf(3)
    h = x * 2
    y = checkpoint(lambda x: x * h, x)
    assert grad((y + h).sum(), x, retain_graph=True)[0].tolist() == (2 * 2 * x.array + 2).tolist()
    seen = []
    h.register_hook(lambda g: seen.append(g.tolist()))
    x.register_hook(lambda g: seen.append(g.tolist()))
    y.sum().backward()
    assert len(seen) == 2


def test_second_derivatives():
    x, w = leaf(2, 3), leaf(3, 3)
    assert gradcheck(lambda x, w: checkpoint(lambda x: (x @ w).tanh(), x), (x, w))
    assert gradgradcheck(lambda x, w: checkpoint(lambda x: (checkpoint(ta.sin, x) @ w).tanh(), x), (x, w))


def test_gradients_of_parts_and_a_graph_that_is_kept():
    x, w = leaf(3), leaf(3)
    y = checkpoint(lambda x: (x * w, (x * 2).exp()), x)
    for _ in range(2):
        assert grad(y[0].sum(), w, retain_graph=True)[0].tolist() == x.tolist()
    y[1].sum().backward()
    assert w.grad is None
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(2 * x.array))
    with pytest.raises(RuntimeError, match="the graph behind checkpoint was freed by an earlier backward"):
        y[0].sum().backward()


def test_inner_values_are_dropped_and_so_is_the_node():
    x, inner = leaf(3), []

    def block(x):
        h = x.exp()
        inner.append(weakref.ref(h))
        return h.sin()

    gc.collect()
    gc.disable()
    try:
        y = checkpoint(block, x)
        assert inner[0]() is None
        y.sum().backward()
        assert len(inner) == 2 and inner[1]() is None
        node = weakref.ref(y.node)
        del y
        assert node() is None
    finally:
        gc.enable()


def peak(call):
    """The most memory of a forward and backward pass through 12 parts of 8 values of 80 kB each."""
    x = ta.zeros(10_000, dtype=ta.float64, requires_grad=True)

    def part(x):
        for _ in range(8):
            x = (x + 1).sin() if x.node is None else x.sin()
        return x

    tracemalloc.start()
    y = x
    for _ in range(12):
        y = call(part, y)
    y.sum().backward()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_falls():
    peak(checkpoint)
    assert peak(checkpoint) < peak(plain) / 3


def test_where_there_is_nothing_to_save():
    x = leaf(3)
    assert checkpoint(lambda x: x, x) is x
    assert checkpoint(lambda: 3) == 3
    assert not checkpoint(ta.exp, x.detach()).requires_grad
    with ta.no_grad():
        assert not checkpoint(ta.exp, x).requires_grad
    h = x * 2
    y = checkpoint(lambda x: (x, h, x.exp(), x.exp().detach()), x)
    assert y[0] is x and y[1] is h and h.node.op.name == "mul" and y[2].node.op.name == "checkpoint" and y[3].is_leaf


def test_records_see_every_value():
    x = leaf(3)
    with ta.record() as record:
        checkpoint(lambda x: x.exp().sin(), x).sum().backward()
    assert [call.op for call in record.calls] == ["exp", "sin", "sum"]
    assert all(value.gradient is not None for value in record.values)
    with detect_anomaly(), pytest.raises(RuntimeError, match="detect_anomaly: log made Inf in the forward pass"):
        checkpoint(lambda x: (x * 0).log(), x)
    y = checkpoint(lambda x: x.exp().sin(), x)
    with ta.record() as record:
        y.sum().backward()
    assert [call.op for call in record.calls] == ["sum"]


def test_checkpoint_sequential():
    x, w = leaf(2, 4), leaf(4, 4)
    layers = [lambda x: x @ w, ta.tanh, lambda x: dropout(x, 0.5), ta.sin, ta.exp]
    for segments in (1, 2, 3, 5):
        results = []
        for in_parts in (True, False):
            ta.manual_seed(2)
            y = checkpoint_sequential(layers, segments, x, use_reentrant=False) if in_parts else x
            for layer in () if in_parts else layers:
                y = layer(y)
            results.append(grad(y.sum(), [x, w]))
        for mine, right in zip(*results, strict=True):
            np.testing.assert_array_equal(mine.array, right.array)
    for segments in (0, 6):
        with pytest.raises(ValueError, match=rf"checkpoint_sequential: segments must be in 1 \.\.\. 5, got {segments}"):
            checkpoint_sequential(layers, segments, x)
    sequential = ta.nn.Sequential(ta.nn.Linear(4, 3), ta.nn.Linear(3, 2))
    assert checkpoint_sequential(sequential, 2, ta.ones(1, 4)).shape == (1, 2)


def test_what_is_refused():
    x = leaf(3)
    with pytest.raises(ValueError, match="checkpoint: use_reentrant=True is not built: pass use_reentrant=False"):
        checkpoint(ta.exp, x, use_reentrant=True)
    for name in ("context_fn", "determinism_check", "debug", "early_stop"):
        with pytest.raises(ValueError, match=f"checkpoint: {name} is not built: leave it out"):
            checkpoint(ta.exp, x, **{name: None})


def test_what_must_stay_the_same():
    x, w, scale = leaf(3), leaf(3), ta.ones(3)
    y = checkpoint(lambda x, scale: x * scale * w, x, scale)
    scale.zero_()
    with pytest.raises(RuntimeError, match="backward: checkpoint needs its input x as it was in the forward pass"):
        y.sum().backward()
    y = checkpoint(lambda x: x * w, x)
    with ta.no_grad():
        w.zero_()
    with pytest.raises(RuntimeError, match="backward: checkpoint needs its input x as it was in the forward pass"):
        y.sum().backward()
    sizes = iter([1, 2])
    y = checkpoint(lambda x: x[: next(sizes)], x)
    with pytest.raises(RuntimeError, match=r"checkpoint: the function made tensors of the shapes \[\(1,\)\], but called "
                                           r"again \[\(2,\)\]: it must do the same each time"):
        y.sum().backward()


def test_as_in_pytorch():
    torch = pytest.importorskip("torch")
    from torch.utils.checkpoint import checkpoint as theirs

    numbers, results = RANDOM.standard_normal((2, 3)), []
    for library, call in ((ta, checkpoint), (torch, theirs)):
        x = library.tensor(numbers, requires_grad=True)
        y = call(lambda x: (x.exp() * x, [x.sin()]), x, use_reentrant=False)
        (dx,) = library.autograd.grad((y[0] + y[1][0]).sum(), x, create_graph=True)
        (ddx,) = library.autograd.grad((dx * dx).sum(), x)
        results.append([y[0], dx, ddx])
    for mine, right in zip(*results, strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), right.detach().numpy(), rtol=1e-12)
