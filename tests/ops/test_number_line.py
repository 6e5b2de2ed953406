"""Elementwise ops at the ends and corners of the number line, every value with every other: as in PyTorch."""

import numpy as np
import pytest

import tinyattn as ta

# Alone add, sub and mul let NumPy warn of ∞ − ∞ and 0 · ∞: to keep it silent takes longer than a short sum.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in (add|subtract|multiply):RuntimeWarning")

LINE = np.array([-np.inf, -2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, np.inf, np.nan])
NUMBERS = [-1, 0, 1, 2, 2.5, -np.inf, np.nan]

UNARY = {
    name: lambda t, x, name=name: getattr(t, name)(x)
    for name in "neg abs sign exp expm1 log log1p sqrt rsqrt sin cos tanh sigmoid relu erf".split()
} | {
    "gelu": lambda t, x: t.nn.functional.gelu(x),
    "gelu, tanh": lambda t, x: t.nn.functional.gelu(x, approximate="tanh"),
    "softplus": lambda t, x: t.nn.functional.softplus(x, beta=2, threshold=1),
}
WITH_NUMBERS = {
    "add": lambda t, a, b: a + b,
    "add, alpha": lambda t, a, b: t.add(a, b, alpha=2),
    "sub": lambda t, a, b: a - b,
    "sub, alpha": lambda t, a, b: t.sub(a, b, alpha=0.5),
    "mul": lambda t, a, b: a * b,
    "div": lambda t, a, b: a / b,
    "div, floor": lambda t, a, b: t.div(a, b, rounding_mode="floor"),
    "div, trunc": lambda t, a, b: t.div(a, b, rounding_mode="trunc"),
    "remainder": lambda t, a, b: a % b,
    "pow": lambda t, a, b: a**b,
    "clamp, min": lambda t, a, b: t.clamp(a, b),
    "clamp, max": lambda t, a, b: t.clamp(a, max=b),
    "where": lambda t, a, b: t.where(a > 0, a, b),
}
COMPARISONS = {name: lambda t, a, b, name=name: getattr(t, name)(a, b) for name in "eq ne lt le gt ge".split()}
BINARY = WITH_NUMBERS | COMPARISONS | {
    "clamp, both": lambda t, a, b: t.clamp(a + b, a, b),
    "maximum": lambda t, a, b: t.maximum(a, b),
    "minimum": lambda t, a, b: t.minimum(a, b),
    "logical_and": lambda t, a, b: t.logical_and(a, b),
    "logical_or": lambda t, a, b: t.logical_or(a, b),
    "logical_xor": lambda t, a, b: t.logical_xor(a, b),
    "isclose": lambda t, a, b: t.isclose(a, b, rtol=0.5, atol=0.5, equal_nan=True),
}  # fmt: skip


def value_and_gradients(t, call, inputs):
    inputs = [t.tensor(x) if isinstance(x, np.ndarray) else x for x in inputs]
    leaves = [x for x in inputs if isinstance(x, t.Tensor)]
    for x in leaves:
        x.requires_grad = True
    y = call(t, *inputs)
    if y.requires_grad:
        y.sum().backward()
    return str(y.dtype).removeprefix("torch."), [np.asarray(y.detach()), *(x.grad for x in leaves if x.grad is not None)]


def as_in_pytorch(call, *inputs):
    dtype, found = value_and_gradients(ta, call, inputs)
    wanted_dtype, wanted = value_and_gradients(pytest.importorskip("torch"), call, inputs)
    assert dtype == wanted_dtype
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("call", UNARY.values(), ids=UNARY)
def test_of_one(call):
    as_in_pytorch(call, LINE)


@pytest.mark.parametrize("call", BINARY.values(), ids=BINARY)
def test_of_two(call):
    as_in_pytorch(call, *(np.ascontiguousarray(x) for x in np.broadcast_arrays(LINE[:, None], LINE)))


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize("call", (WITH_NUMBERS | COMPARISONS).values(), ids=WITH_NUMBERS | COMPARISONS)
def test_with_a_number(call, number):
    as_in_pytorch(call, LINE, number)
    if call in [WITH_NUMBERS[name] for name in ("add", "sub", "mul", "div")]:
        as_in_pytorch(call, number, LINE)


@pytest.mark.parametrize("base", [-2, 0, 0.0, 1, 2, 2.5, np.inf], ids=repr)
def test_powers_of_a_number(base):
    as_in_pytorch(lambda t, x: base**x, LINE)
