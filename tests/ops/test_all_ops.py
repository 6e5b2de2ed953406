"""What holds for every op, tried on the samples of every op; and a test that fails for an op without samples."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import types
from pathlib import Path

import numpy as np
import pytest

import tinyattn.ops
from tests.ops.samples import ENTRIES, Sample
from tinyattn.autograd import gradcheck, gradgradcheck
from tinyattn.op import registry
from tinyattn.state import state
from tinyattn.tensor import Tensor, op

for path in sorted(Path(__file__).parent.glob("samples_*.py")):
    importlib.import_module(f"tests.ops.{path.stem}")

CASES = [pytest.param(entry, sample, id=f"{entry}-{k}") for entry in ENTRIES for k, sample in enumerate(entry.samples)]
every_sample = pytest.mark.parametrize("entry, sample", CASES)


for family in pkgutil.iter_modules(tinyattn.ops.__path__):
    importlib.import_module(f"tinyattn.ops.{family.name}")
OPS = {key: rule for key, rule in registry.items() if rule.forward.__module__.startswith("tinyattn.")}


def is_float(x) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def leaves(inputs, layout=np.copy) -> list:
    """The inputs, arrays as Tensors; floating-point ones require a gradient."""
    return [Tensor(layout(x), requires_grad=is_float(x)) if isinstance(x, np.ndarray) else x for x in inputs]


def all_of(y) -> tuple:
    return tuple(y) if isinstance(y, (tuple, list)) else (y,)


def run(entry, sample, inputs) -> tuple:
    return all_of(entry.call(*inputs, **sample.options))


def reference(entry, sample) -> list:
    return [np.asarray(y) for y in all_of(entry.reference(*sample.inputs, **sample.options))]


def random_dys(outputs) -> list:
    random = np.random.default_rng(0)
    return [np.asarray(random.standard_normal(y.shape)) for y in outputs]


def gradients(outputs, inputs, dys) -> list:
    for y, dy in zip(outputs, dys, strict=True):
        if y.requires_grad:
            y.backward(dy, retain_graph=True)
    return [x.grad.array for x in inputs if isinstance(x, Tensor) and x.grad is not None]


# --- nothing is left out ------------------------------------------------


def test_every_op_has_samples_and_wrong_inputs():
    assert {entry.op for entry in ENTRIES if entry.samples and entry.wrong} == set(OPS)


def test_an_op_without_samples_is_noticed(monkeypatch):
    monkeypatch.setitem(OPS, "copies.unheard_of", op(lambda x, /: x).op)
    with pytest.raises(AssertionError):
        test_every_op_has_samples_and_wrong_inputs()


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_samples_run_the_op_that_they_stand_for(entry, monkeypatch):
    seen = set()
    monkeypatch.setattr(OPS[entry.op], "reference", None)  # a recorder would see that in place of a fused op
    monkeypatch.setattr(state, "recorder", types.SimpleNamespace(add=lambda rule, *_: seen.add(rule)))
    for sample in entry.samples:
        run(entry, sample, leaves(sample.inputs))
    assert OPS[entry.op] in seen


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_samples_go_to_the_edges(entry):
    """Sizes 1 and 0, and single numbers. What fused ops do with empty inputs, their own tests try."""
    shapes = [x.shape for sample in entry.samples for x in sample.inputs if isinstance(x, np.ndarray)]
    assert any(1 in shape for shape in shapes)
    assert any(0 in shape for shape in shapes) or OPS[entry.op].reference is not None
    assert () in shapes or not entry.single


# --- values, dtypes, layouts --------------------------------------------


@every_sample
def test_value_from_tensors_and_from_arrays(entry, sample):
    outputs, arrays = run(entry, sample, leaves(sample.inputs)), run(entry, sample, sample.inputs)
    for y, array, right in zip(outputs, arrays, reference(entry, sample), strict=True):
        assert isinstance(y, Tensor)
        assert isinstance(array, (np.ndarray, np.generic))
        assert y.dtype == array.dtype == right.dtype
        assert y.shape == array.shape == right.shape
        np.testing.assert_allclose(y.array, right, rtol=1e-11, atol=1e-12)
        np.testing.assert_array_equal(array, y.array)


@every_sample
def test_float32_stays_float32(entry, sample):
    def short(x):
        return x.astype(np.float32) if is_float(x) else np.float32 if x is np.float64 else x

    wanted = reference(entry, sample)
    sample = Sample(tuple(map(short, sample.inputs)), {name: short(x) for name, x in sample.options.items()})
    inputs = leaves(sample.inputs)
    outputs = run(entry, sample, inputs)
    for y, array, right in zip(outputs, run(entry, sample, sample.inputs), wanted, strict=True):
        assert y.dtype == array.dtype == (np.float32 if is_float(right) else right.dtype)
        np.testing.assert_allclose(y.array, right, rtol=1e-4, atol=1e-5)
    assert all(dx.dtype == np.float32 for dx in gradients(outputs, inputs, random_dys(outputs)))


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "every second": lambda x: np.repeat(x, 2, -1)[..., ::2],
    "back to front": lambda x: np.flip(np.flip(x).copy()),
    "read only": np.copy,
}


@every_sample
def test_any_layout_of_memory_and_nothing_written_to(entry, sample):
    plain = leaves(sample.inputs)
    wanted = run(entry, sample, plain)
    dys = random_dys(wanted)
    derivatives = gradients(wanted, plain, dys)
    for name, layout in LAYOUTS.items():
        def laid_out(x, name=name, layout=layout):
            x = layout(x) if x.ndim else x.copy()
            x.flags.writeable = name != "read only"  # who writes into an input or dy fails here, or below
            return x

        inputs, given = leaves(sample.inputs, laid_out), [laid_out(dy) for dy in dys]
        outputs = run(entry, sample, inputs)
        for y, right in zip(outputs, wanted, strict=True):
            np.testing.assert_allclose(y.array, right.array, rtol=1e-12, atol=1e-13)
        for dx, right in zip(gradients(outputs, inputs, map(Tensor, given)), derivatives, strict=True):
            np.testing.assert_allclose(dx, right, rtol=1e-11, atol=1e-12)
        for x, before in zip([*inputs, *given], [*sample.inputs, *dys], strict=True):
            assert not isinstance(before, np.ndarray) or np.array_equal(x, before)


# --- gradients ----------------------------------------------------------


@every_sample
def test_gradients_of_first_and_second_order(entry, sample):
    inputs, rule = leaves(sample.inputs), OPS[entry.op]
    tracked = [y.requires_grad for y in run(entry, sample, inputs)]
    assert any(tracked) == bool(rule.derivatives or rule.joint)
    if any(tracked):
        call = functools.partial(entry.call, **sample.options)
        assert gradcheck(call, inputs)
        assert gradgradcheck(call, inputs)


# --- wrong inputs -------------------------------------------------------


WRONG = [pytest.param(entry, wrong, id=f"{entry}-{k}") for entry in ENTRIES for k, wrong in enumerate(entry.wrong)]


@pytest.mark.parametrize("entry, wrong", WRONG)
def test_wrong_inputs_are_refused_with_a_reason(entry, wrong):
    for inputs in (wrong.inputs, leaves(wrong.inputs)):
        with pytest.raises(wrong.error, match=wrong.says):
            entry.call(*inputs, **wrong.options)


# --- PyTorch ------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:var")  # PyTorch's, of a variance of nothing
@pytest.mark.parametrize("entry, sample", [case for case in CASES if case.values[0].torch])
def test_as_in_pytorch(entry, sample):
    torch = pytest.importorskip("torch")
    owner, *rest = entry.torch.split(".")
    call = functools.reduce(getattr, rest, getattr(torch, owner))

    def theirs(x):
        return torch.tensor(x, requires_grad=is_float(x)) if isinstance(x, (np.ndarray, float)) else x

    inputs, their_inputs = leaves(sample.inputs), [theirs(x) for x in sample.inputs]
    outputs, wanted = run(entry, sample, inputs), all_of(call(*their_inputs, **sample.options))
    dys = random_dys(outputs)
    for y, right, dy in zip(outputs, wanted, dys, strict=True):
        assert str(right.dtype) == f"torch.{y.dtype}"
        assert y.requires_grad == right.requires_grad
        np.testing.assert_allclose(y.array, right.detach().numpy(), rtol=1e-12, atol=1e-13)
        if right.requires_grad:
            right.backward(torch.tensor(dy), retain_graph=True)
    their_gradients = [x.grad for x in their_inputs if isinstance(x, torch.Tensor) and x.grad is not None]
    for dx, right in zip(gradients(outputs, inputs, dys), their_gradients, strict=True):
        np.testing.assert_allclose(dx, right.numpy(), rtol=1e-12, atol=1e-13)
