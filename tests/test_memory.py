"""What a graph keeps, and when it goes: at once, without recursion, and without the garbage collector."""

import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def equal(x, wanted):
    np.testing.assert_allclose(np.asarray(x), wanted, rtol=1e-12)


def test_retain_graph():
    x = leaf(2.0)
    y = x.exp() * x
    y.backward(retain_graph=True)
    first = x.grad.item()
    y.backward()
    equal(x.grad, [2 * first])
    with pytest.raises(
        RuntimeError, match="backward: the graph behind mul was freed by an earlier backward: pass retain_graph=True"
    ):
        y.backward()


def test_a_freed_part_is_noticed_from_a_new_graph():
    x = leaf(2.0)
    h = x.exp()
    (h * 2).backward()
    with pytest.raises(RuntimeError, match="the graph behind exp was freed"):
        (h * 3).backward()


def test_backward_frees_what_it_has_passed():
    """The values of a freed graph go, though its last tensor is still there."""
    x = leaf(1.0)
    middle = x * 2
    watched = weakref.ref(middle)
    y = middle.exp() + 1
    del middle
    assert watched() is not None
    y.backward()
    assert watched() is None


def test_no_reference_cycles():
    gc.collect()
    gc.disable()
    try:
        x = ta.tensor(np.ones((2, 3)), requires_grad=True)
        y = ta.softmax(ta.cat([x.tanh() * x, x.exp()[:, :1]], 1), 1)
        y = ta.where(y > 0.1, y, y * y).sum() + x.amax() + ta.stack(x.split(1)).mean() + ta.logsumexp(x, 0).var()
        watched = [weakref.ref(y), weakref.ref(y.node), weakref.ref(x)]
        y.backward(retain_graph=True)
        del x, y
        assert [ref() for ref in watched] == [None, None, None]
        x = ta.tensor(np.ones(3), requires_grad=True)
        g = grad((x.sigmoid() * x).sum(), x, create_graph=True)[0]
        watched = [weakref.ref(g), weakref.ref(g.node), weakref.ref(x)]
        del x, g
        assert [ref() for ref in watched] == [None, None, None]
    finally:
        gc.enable()


def test_a_chain_of_100_000_ops_goes_forward_backward_and_away():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1
    z = y * 2
    z.backward(retain_graph=True)
    equal(x.grad, [2])
    assert grad(z, x, create_graph=True)[0].item() == 2
    node = weakref.ref(y.node)
    del y, z
    assert node() is None


def test_a_long_chain_goes_away_in_a_thread_with_a_small_stack():
    def work():
        y = x
        for _ in range(20_000):
            y = y.tanh()
        del y
        done.append(True)

    x, done, before = leaf(1.0), [], threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert done


def test_a_thousand_training_steps_without_the_garbage_collector():
    model = ta.nn.Sequential(ta.nn.Linear(3, 4), ta.nn.Linear(4, 2))
    optimizer = ta.optim.Adam(model.parameters(), lr=0.01)
    x, target = ta.randn(5, 3), ta.tensor([0, 1, 0, 1, 1])

    def steps(count):
        for _ in range(count):
            optimizer.zero_grad()
            loss = ta.nn.functional.cross_entropy(ta.nn.functional.dropout(model(x).tanh(), 0.1), target)
            loss.backward()
            ta.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

    steps(20)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        steps(2000)  # Python keeps up to 2,000 tuples of a size for later: by now it has them
        objects, (size, _) = len(gc.get_objects()), tracemalloc.get_traced_memory()
        steps(1000)
        assert len(gc.get_objects()) - objects < 100
        assert tracemalloc.get_traced_memory()[0] - size < 50_000  # a Tensor a step would be 300 kB
    finally:
        tracemalloc.stop()
        gc.enable()
