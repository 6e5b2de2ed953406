"""Where the numbers of a value come from, past what only moves them."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.record import record
from tinyattn_viz.origins import Origins


def number(run, name):
    (value,) = [v for v in run.values if v.name == name]
    return value.number


def moved(move):
    """For each element of move(p, q): 0 if it is of p, 1 if of q."""
    p, q = ta.tensor([[1.0, 2.0]]), ta.tensor([[3.0, 4.0]])
    with record() as run:
        one, other = p.tanh(), q.tanh()
        result = move(one, other)
        run.name(one, "one"), run.name(other, "other"), run.name(result, "result")
    names = {number(run, "one"): 0, number(run, "other"): 1}
    array = Origins(run).array(number(run, "result"))
    return np.vectorize(names.get)(array).tolist()


@pytest.mark.parametrize("move, wanted", [
    (lambda p, q: ta.cat([p, q], 0), [[0, 0], [1, 1]]),
    (lambda p, q: ta.cat([p, q], 0).T, [[0, 1], [0, 1]]),
    (lambda p, q: ta.stack([p, q], 1).reshape(4), [0, 0, 1, 1]),
    (lambda p, q: ta.cat([p, q], 0)[:, 1], [0, 1]),
    (lambda p, q: ta.cat([p, q], 0)[1, ...], [1, 1]),
    (lambda p, q: ta.cat([p, q], 0)[[1, 0, 1]], [[1, 1], [0, 0], [1, 1]]),
    (lambda p, q: ta.cat([q, p], 1)[:, ::3], [[1, 0]]),
    (lambda p, q: ta.cat([p, q], 1).chunk(2, 1)[1], [[1, 1]]),
    (lambda p, q: ta.cat([p, q], 0)[None].expand(2, 2, 2), [[[0, 0], [1, 1]]] * 2),
])  # fmt: skip
def test_moved_numbers_know_where_they_come_from(move, wanted):
    assert moved(move) == wanted


def test_computed_numbers_are_their_own():
    p = ta.tensor([1.0, 2.0])
    with record() as run:
        result = p + p
        result.exp()
    assert Origins(run).of(number(run, "result")) == [number(run, "result")]


def test_an_index_too_long_for_the_record_leaves_any_place():
    p, q = ta.ones(20), ta.ones(20)
    with record() as run:
        result = ta.cat([p.tanh(), q.tanh()])[np.arange(39, -1, -1)]
        result.exp()
    assert len(Origins(run).of(number(run, "result"))) == 2
