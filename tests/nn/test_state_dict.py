"""Saving and loading a Module's parameters, shared ones too."""

import copy

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import Linear, Module, ModuleList, Parameter


class Half(Module):
    def __init__(self):
        super().__init__()
        self.scale = Parameter(ta.ones(2))
        self.inner = Linear(2, 2)
        self.note = "an ordinary attribute"

    def forward(self, x, shift=0.0):
        return self.inner(x) * self.scale + shift


class Whole(Module):
    def __init__(self):
        super().__init__()
        self.first = Half()
        self.rest = ModuleList([Linear(2, 3, bias=False), Half()])
        self.bias = Parameter(ta.zeros(1))


# --- saving and loading -------------------------------------------------


def test_state_dict_shares_memory_and_moves_between_models():
    one, two = Whole(), Whole()
    state = one.state_dict()
    assert not any(x.requires_grad for x in state.values())
    two.load_state_dict(state)
    for name, x in two.state_dict().items():
        np.testing.assert_array_equal(x, state[name])
        assert not np.shares_memory(x.array, state[name].array)
    state["bias"].fill_(5.0)
    assert one.bias.tolist() == [5] and two.bias.tolist() == [0]


def test_loading_keeps_parameters_and_their_dtype():
    model = Half()
    scale, array = model.scale, model.scale.array
    model.load_state_dict({**model.state_dict(), "scale": np.array([3.0, 4.0], np.float64)})
    assert (
        model.scale is scale and model.scale.array is array and array.dtype == np.float32 and array.tolist() == [3, 4]
    )
    assert model.scale.requires_grad


def test_loading_what_does_not_fit_changes_nothing():
    model = Half()
    before = {name: np.array(x) for name, x in model.state_dict().items()}
    other = {name: x + 1 for name, x in before.items()}
    without = {name: x for name, x in other.items() if name != "scale"}
    with pytest.raises(RuntimeError, match=r"Half\.load_state_dict: missing: scale: is it another model's"):
        model.load_state_dict(without)
    with pytest.raises(RuntimeError, match="load_state_dict: missing: scale; unexpected: more; unexpected: most: is"):
        model.load_state_dict({**without, "more": np.ones(1), "most": np.ones(1)})
    for strict in (True, False):
        with pytest.raises(RuntimeError, match=r"load_state_dict: inner.bias must have shape \(2,\), got \(2, 1\): is"):
            model.load_state_dict({**other, "inner.bias": np.ones((2, 1))}, strict=strict)
    for name, x in model.state_dict().items():
        np.testing.assert_array_equal(x, before[name])
    keys = model.load_state_dict({**without, "more": np.ones(1)}, strict=False)
    assert keys.missing_keys == ["scale"] and keys.unexpected_keys == ["more"] and keys == (["scale"], ["more"])
    assert model.load_state_dict(model.state_dict()) == ([], [])
    assert model.scale.tolist() == [1, 1] and np.array_equal(model.inner.bias, other["inner.bias"])


def test_moves_through_a_file(tmp_path):
    model, again = Whole(), Whole()
    ta.save(model.state_dict(), tmp_path / "model.safetensors")
    again.load_state_dict(ta.load(tmp_path / "model.safetensors"))
    for name, x in again.state_dict().items():
        np.testing.assert_array_equal(x, model.state_dict()[name])


def test_prefix_destination_and_the_parameters_themselves():
    model, destination = Half(), {"first": ta.ones(1)}
    state = model.state_dict(destination=destination, prefix="half.", keep_vars=True)
    assert state is destination and list(state) == ["first", "half.scale", "half.inner.weight", "half.inner.bias"]
    assert state["half.scale"] is model.scale


class Normed(Module):
    def __init__(self):
        super().__init__()
        self.inner = Linear(2, 2)
        self.register_buffer("count", ta.tensor(3))
        self.register_buffer("mask", ta.ones(2), persistent=False)
        self.register_buffer("nothing", None)


def test_buffers_are_saved_unless_told_otherwise(tmp_path):
    model, again = Normed(), Normed()
    model.count += 4
    assert list(model.state_dict()) == ["count", "inner.weight", "inner.bias"]
    ta.save(model.state_dict(), tmp_path / "model.safetensors")
    again.load_state_dict(ta.load(tmp_path / "model.safetensors"))
    assert again.count.item() == 7 and again.count.dtype == ta.int64 and again.mask.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match=r"Normed\.load_state_dict: unexpected: mask"):
        again.load_state_dict({**model.state_dict(), "mask": ta.ones(2)})


# --- shared parts -------------------------------------------------------


def tied():
    model = Module()
    model.embedding, model.out = ta.nn.Embedding(5, 3), Linear(3, 5, bias=False)
    model.out.weight = model.embedding.weight
    model.again = model.out
    return model


def test_shared_parts_count_once_and_are_saved_under_each_name():
    model = tied()
    assert [name for name, _ in model.named_parameters()] == ["embedding.weight"]
    assert [name for name, _ in model.named_modules()] == ["", "embedding", "out"]
    assert [name for name, _ in model.named_modules(remove_duplicate=False)] == ["", "embedding", "out", "again"]
    assert list(model.state_dict()) == ["embedding.weight", "out.weight", "again.weight"]
    other = tied()
    other.load_state_dict(model.state_dict())
    assert other.out.weight is other.embedding.weight and np.array_equal(other.out.weight, model.out.weight)


def test_shared_parameter_gets_both_gradients_and_one_update():
    model = tied()
    weight = model.embedding.weight
    before = weight.numpy().copy() if not weight.requires_grad else weight.detach().numpy().copy()
    model.out(model.embedding(ta.tensor([1]))).sum().backward()
    wanted = np.tile(before[1], (5, 1))  # by way of `out`
    wanted[1] += before.sum(0)  # by way of `embedding`
    np.testing.assert_allclose(weight.grad, wanted, rtol=1e-5)
    ta.optim.SGD(model.parameters(), lr=0.1).step()
    np.testing.assert_allclose(weight.detach(), before - 0.1 * wanted, rtol=1e-5)


def test_shared_parts_as_in_pytorch():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Module()
    theirs.embedding, theirs.out = torch.nn.Embedding(5, 3), torch.nn.Linear(3, 5, bias=False)
    theirs.out.weight = theirs.embedding.weight
    theirs.again = theirs.out
    ours = tied()
    for method in ("named_parameters", "named_modules"):
        assert [name for name, _ in getattr(ours, method)()] == [name for name, _ in getattr(theirs, method)()]
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_deep_copy_is_independent_and_keeps_what_is_shared():
    model = tied()
    other = copy.deepcopy(model)
    assert other.out.weight is other.embedding.weight and other.out.weight is not model.out.weight
    with ta.no_grad():
        other.out.weight.zero_()
    assert model.out.weight.detach().abs().sum().item() > 0 and other.out.weight.requires_grad
