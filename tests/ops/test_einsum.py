"""einsum: against NumPy's, in all its spellings, and how few ops it takes."""

import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyattn as ta
from tinyattn.ops.einsum import einsum
from tinyattn.state import state

SIZES = {"a": 2, "b": 3, "c": 1, "d": 4}


def numbers(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


terms = st.lists(st.lists(st.sampled_from("abcd"), max_size=4), min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(terms, st.data())
def test_equals_numpy(terms, data):
    labels = sorted({label for term in terms for label in term})
    output = data.draw(st.lists(st.sampled_from(labels), unique=True)) if labels else []
    equation = ",".join("".join(term) for term in terms) + "->" + "".join(output)
    operands = [numbers(*(SIZES[label] for label in term), seed=k) for k, term in enumerate(terms)]
    np.testing.assert_allclose(einsum(equation, *operands), np.einsum(equation, *operands), rtol=1e-9, atol=1e-12)


def test_spellings():
    a, b = numbers(2, 3), numbers(3, 4)
    y = einsum("ij,jk->ik", a, b)
    for spelled in (einsum("ij,jk", a, b), einsum(" i j , j k -> i k ", [a, b]), einsum("ij,jk", (a, b)),
                    einsum(a, [0, 1], b, [1, 2], [0, 2]), einsum(a, (0, 1), b, (1, 2)), einsum("Zj,ja->Za", a, b),
                    einsum(a, [25, 30], b, [30, 51]), einsum(a, [..., 0], b, [0, 1], [..., 1])):
        np.testing.assert_array_equal(spelled, y)
    assert einsum("ba", a).shape == (3, 2) and einsum("aB", a).shape == (3, 2)  # A ... Z come before a ... z
    assert einsum(a, [26, 1]).shape == (3, 2)  # as 26 and more are a ... z
    assert ta.einsum("ij->ji", ta.tensor(a)).shape == (3, 2)


def test_dots_stand_for_any_dimensions():
    a, b = numbers(5, 1, 2, 3), numbers(4, 3)
    np.testing.assert_allclose(einsum("...ij,...j->...i", a, b[:, None][:1]), np.einsum("xyij,j->xyi", a, b[0]))
    np.testing.assert_allclose(einsum("...i,...i->", a, b[:2]), np.einsum("xyij,ij->", a, b[:2]))
    np.testing.assert_allclose(einsum("...ij,...jk", numbers(2, 3), b.T), numbers(2, 3) @ b.T)
    assert einsum("...", a) is a and einsum("i...", a).shape == (1, 2, 3, 5)


def test_integers_and_bools():
    a, b = np.arange(6).reshape(2, 3), np.array([[True, False, True], [True, True, False]])
    assert einsum("ij,kj->ik", a, a).dtype == np.int64
    assert einsum("ij->i", b).tolist() == [2, 2]
    assert einsum("ij,ij->ij", b, b).dtype == bool
    assert einsum("i,j->ij", a[0], numbers(2).astype(np.float32)).dtype == np.float32
    with pytest.raises(TypeError, match="matmul: wanted numbers, got bool"):
        einsum("ij,kj->ik", b, b)
    with pytest.raises(TypeError, match="matmul: all inputs must have one dtype, got int64 and float64"):
        einsum("ij,ij->i", a, numbers(2, 3))


def test_what_is_a_product_is_one_op(monkeypatch):
    seen = []
    monkeypatch.setattr(state, "recorder", types.SimpleNamespace(add=lambda rule, *_: seen.append(rule.name)))
    a, b, batch = ta.tensor(numbers(2, 3)), ta.tensor(numbers(3, 4)), ta.tensor(numbers(5, 3, 4))
    for equation, operands, ops in [
        ("ij,jk->ik", (a, b), ["matmul"]),
        ("bij,bjk->bik", (batch, batch.mT), ["matmul"]),
        ("ij,kj->ik", (a, a), ["permute", "matmul"]),
        ("bij,jk->bik", (batch, b.T), ["reshape", "matmul", "reshape"]),
        ("ij,ij->ij", (a, a), ["mul"]),
        ("ij->i", (a,), ["sum"]),
    ]:
        seen.clear()
        einsum(equation, *operands)
        assert seen == ops, equation


@pytest.mark.parametrize("call, text", [
    (lambda: einsum(""), r"the equation has 1 terms, got 0 operands"),
    (lambda: einsum("i,i", np.ones(2)), "the equation has 2 terms, got 1 operands: one for each"),
    (lambda: einsum(np.ones(2)), "wanted an equation and operands, or operands each with a list of numbers"),
    (lambda: einsum(np.ones(2), np.ones(2)), "or operands each with a list of numbers"),
    (lambda: einsum(np.ones(2), [0], np.ones(2)), "or operands each with a list of numbers"),
    (lambda: einsum(np.ones(2), [52]), r"dimensions must be \.\.\. or in 0 \.\.\. 51, got 52"),
    (lambda: einsum(np.ones(2), ["i"]), "in 0 ... 51, got 'i'"),
])
def test_errors(call, text):
    with pytest.raises(ValueError, match=f"einsum: .*{text}"):
        call()


def test_only_tensors():
    with pytest.raises(TypeError, match="einsum: wanted tensors or arrays, got float"):
        einsum("i,", np.ones(2), 2.0)
