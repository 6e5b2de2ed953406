"""no_grad and its kin, in one thread and in several."""

import threading

import numpy as np
import pytest

import tinyattn as ta


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def equal(x, wanted):
    np.testing.assert_allclose(np.asarray(x), wanted, rtol=1e-12)


def test_no_grad_is_a_decorator_too_and_survives_errors():
    x = leaf(1.0)

    @ta.no_grad()
    def untracked(depth):
        assert not (x * 2).requires_grad
        return untracked(depth - 1) if depth else x * 2

    assert not untracked(2).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), ta.inference_mode():
        raise ZeroDivisionError
    assert (x * 2).requires_grad


def test_decorators_without_brackets():
    x = leaf(1.0)

    @ta.no_grad
    def untracked():
        return x * 2, tracked()

    @ta.enable_grad
    def tracked():
        return x * 2

    @ta.inference_mode
    def inferred():
        return x * 2

    y, z = untracked()
    assert not y.requires_grad and z.requires_grad and not inferred().requires_grad


def test_inference_mode_off_changes_nothing():
    x = leaf(1.0)
    with ta.inference_mode(False):
        assert (x * 2).requires_grad
    with ta.no_grad(), ta.inference_mode(mode=False):
        assert not (x * 2).requires_grad
    with ta.inference_mode(True):
        assert not (x * 2).requires_grad


def test_set_grad_enabled_acts_at_once_and_in_a_block_until_its_end():
    x = leaf(1.0)
    ta.set_grad_enabled(False)
    assert not (x * 2).requires_grad and not ta.is_grad_enabled()
    ta.set_grad_enabled(True)
    assert (x * 2).requires_grad and ta.is_grad_enabled()
    with ta.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_no_grad_holds_in_its_thread_only():
    x, entered, checked, found = leaf(1.0), threading.Event(), threading.Event(), []

    def other():
        with ta.no_grad():
            entered.set()
            checked.wait(10)
            found.append((x * 2).requires_grad)

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait(10)
    found.append((x * 2).requires_grad)
    checked.set()
    thread.join()
    assert found == [True, False]


def test_backward_in_several_threads_over_separate_graphs():
    def work(k):
        x = leaf(float(k))
        y = x
        for _ in range(200):
            y = y * 1.01
        y.backward()
        results[k] = x.grad.item()

    results = {}
    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal([results[k] for k in range(1, 5)], [1.01**200] * 4)
