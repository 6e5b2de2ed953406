"""Choices where the samples do not go: ties, bounds that are tensors, conditions alone, values that are tensors."""

import math

import pytest

import tinyattn as ta
from tinyattn.autograd import grad

INF, NAN = math.inf, math.nan


def leaf(*values):
    return ta.tensor(values, dtype=ta.float64, requires_grad=True)


def gradients(function, *inputs):
    return [dx.tolist() for dx in grad(function(*inputs).sum(), inputs)]


# --- maximum, minimum, clamp --------------------------------------------


def test_ties_share_the_gradient():
    x = leaf(0.0, 1.0, 2.0)
    assert gradients(lambda x: ta.maximum(x, 1.0), x) == [[0, 0.5, 1]]
    assert gradients(lambda x: ta.minimum(1.0, x), x) == [[1, 0.5, 0]]
    assert gradients(lambda x: ta.maximum(x, x), x) == [[1, 1, 1]]
    assert gradients(lambda x: ta.maximum(x, ta.tensor([-INF, INF, 0.0])), leaf(-INF, INF, INF)) == [[0.5, 0.5, 1]]


def test_clamp_lets_the_gradient_through_up_to_its_bounds():
    assert gradients(lambda x: x.clamp(-1, 1), leaf(-2.0, -1.0, 0.0, 1.0, 2.0)) == [[0, 1, 1, 1, 0]]
    assert gradients(lambda x: x.clamp(1, -1), leaf(-2.0, 0.0, 2.0)) == [[0, 0, 0]]


def test_clamp_gives_its_bounds_the_rest():
    x, low, high = leaf(0.0, 1.0, 2.0), leaf(0.5), leaf(1.5, 1.5, 1.5)
    assert gradients(ta.clamp, x, low, high) == [[0, 1, 0], [1], [0, 0, 1]]
    assert gradients(lambda x, low: x.clamp(min=low), x, low) == [[0, 1, 1], [1]]
    assert gradients(lambda x, high: ta.clamp(max=high, input=x), x, high) == [[1, 1, 0], [0, 0, 1]]
    assert ta.clamp(x, high, low).tolist() == [0.5] * 3  # where min is above max, y is max
    assert gradients(ta.clamp, x, high, low) == [[0, 0, 0], [0, 0, 0], [3]]


def test_clamp_of_integers_and_of_nan():
    x = ta.tensor([-3, 4])
    assert x.clamp(0, 3).dtype == ta.int64 and x.clamp(0.5).dtype == ta.float32 and x.clamp(-3.5).tolist() == [-3, 4]
    assert x.clamp(ta.tensor(0.5), ta.tensor([1, 2])).tolist() == [0.5, 2]
    for y in (ta.tensor([NAN]).clamp(0, 1), ta.tensor([1.0]).clamp(NAN), ta.tensor([1.0]).clamp(0, ta.tensor([NAN]))):
        assert y.isnan().item()


# --- where, masked_fill -------------------------------------------------


def test_what_was_not_chosen_stays_out_of_value_and_gradient():
    x = leaf(1.0, 2.0)
    y = ta.where(ta.tensor([True, False]), x, ta.tensor([NAN, 7.0], dtype=ta.float64))
    y.sum().backward()
    assert y.tolist() == [1, 7] and x.grad.tolist() == [1, 0]
    x.grad = None
    masked = x.masked_fill(ta.tensor([False, True]), -INF)
    masked.exp().sum().backward()
    assert masked.tolist() == [1, -INF] and x.grad.tolist() == [math.e, 0]


def test_where_of_numbers_and_as_a_method():
    condition = ta.tensor([True, False])
    assert ta.where(condition, 1, 2).tolist() == [1, 2] and ta.where(condition, 1, 2).dtype == ta.int64
    assert ta.where(condition, 1.0, 2).dtype == ta.float32
    assert ta.tensor([3, 4]).where(condition, 0).tolist() == [3, 0]
    assert ta.where(condition, input=ta.tensor([3, 4]), other=0).tolist() == [3, 0]


def test_where_of_a_condition_alone_says_where_it_holds():
    rows, columns = ta.where(ta.tensor([[0.0, 2.0], [3.0, 0.0]]))
    assert rows.tolist() == [0, 1] and columns.tolist() == [1, 0] and rows.dtype == ta.int64
    assert [k.tolist() for k in ta.where(ta.tensor(True))] == [[0]]


def test_masked_fill_with_a_tensor():
    x, value, mask = leaf(1.0, 2.0, 3.0), ta.tensor(5.0, requires_grad=True), ta.tensor([True, False, True])
    assert x.masked_fill(mask, value).tolist() == [5, 2, 5] and x.masked_fill(mask, value).dtype == ta.float64
    assert gradients(lambda x, value: x.masked_fill(mask=mask, value=value), x, value) == [[0, 1, 0], 2]


def test_masked_fill_keeps_the_dtype():
    x, mask = ta.tensor([1, 2]), ta.tensor([True, False])
    assert x.masked_fill(mask, 7).tolist() == [7, 2]
    assert x.masked_fill(mask, 2.5).tolist() == [2, 2] and x.masked_fill(mask, 2.5).dtype == ta.int64
    assert mask.masked_fill(mask, 0).tolist() == [False, False]
    assert ta.ones(2).masked_fill(mask, ta.tensor(2)).dtype == ta.float32
    with pytest.raises(ValueError, match=r"masked_fill: there is no inf among int64: use x.float\(\) first"):
        x.masked_fill(mask, INF)
