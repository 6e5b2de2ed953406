"""What a Module owns: registering, buffers, paths, and names as PyTorch lists them."""

import copy

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import Linear, Module, ModuleDict, Parameter, Sequential


def model_of(library):
    """Shared parts, buffers, and parts that are None."""
    nn = library.nn
    model, inner = nn.Module(), nn.Linear(2, 2)
    model.scale = nn.Parameter(library.ones(2))
    model.first = model.second = nn.Sequential(inner, nn.Linear(2, 2, bias=False))
    model.third = nn.ModuleDict({"a": inner, "b": nn.Identity()})
    model.register_buffer("mean", library.zeros(2))
    model.first.register_buffer("count", library.tensor(0), persistent=False)
    model.third.shared = model.mean
    model.third.register_buffer("mean", model.mean)
    model.register_parameter("nothing", None)
    model.register_buffer("empty", None)
    model.add_module("none", None)
    model.scale_again = model.scale
    return model


@pytest.mark.parametrize("call", [
    lambda m: m.named_parameters(),
    lambda m: m.named_parameters(prefix="p", remove_duplicate=False),
    lambda m: m.named_parameters(recurse=False),
    lambda m: m.named_buffers(),
    lambda m: m.named_buffers("p", False),
    lambda m: m.named_buffers(remove_duplicate=False),
    lambda m: m.named_modules(),
    lambda m: m.named_modules(prefix="p", remove_duplicate=False),
    lambda m: m.named_modules({m.third}, "p"),
    lambda m: m.named_children(),
    lambda m: m.state_dict().items(),
    lambda m: [(str(len(list(things))), None) for things in (
        m.parameters(), m.parameters(recurse=False), m.buffers(), m.buffers(recurse=False), m.modules(), m.children())],
])
def test_names_as_in_pytorch(call):
    torch = pytest.importorskip("torch")
    ours, theirs = call(model_of(ta)), call(model_of(torch))
    assert [name for name, _ in ours] == [name for name, _ in theirs]


def test_paths():
    model = model_of(ta)
    assert model.get_submodule("") is model and model.get_submodule("first.1") is model.first[1]
    assert model.get_parameter("first.1.weight") is model.first[1].weight and model.get_buffer("third.mean") is model.mean
    with pytest.raises(AttributeError, match="'Sequential' object has no attribute '7'"):
        model.get_submodule("first.7")
    with pytest.raises(AttributeError, match=r"Module: 'scale' in 'scale\.x' is not a Module"):
        model.get_submodule("scale.x")
    with pytest.raises(AttributeError, match=r"Module: 'first\.1' is no Parameter"):
        model.get_parameter("first.1")
    with pytest.raises(AttributeError, match=r"Module: 'first\.1\.weight' is no Tensor"):
        model.get_buffer("first.1.weight")


def test_apply_goes_from_the_inside_out():
    model, seen = Sequential(Linear(1, 1), Sequential(Linear(1, 2))), []
    assert model.apply(seen.append) is model
    assert seen == [model[0], model[1][0], model[1], model]


# --- attributes ---------------------------------------------------------


def test_parts_are_attributes_and_show_up_in_dir():
    model = model_of(ta)
    assert model.mean.tolist() == [0, 0] and model.empty is None and model.nothing is None and model.none is None
    assert {"scale", "first", "mean", "forward"} <= set(dir(model))
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'scael'"):
        model.scael  # noqa: B018


def test_buffers_are_replaced_by_tensors_and_change_their_dtype():
    model = Module()
    model.register_buffer("mean", ta.zeros(2))
    model.register_buffer("count", ta.tensor(0))
    model.mean = model.mean + 1
    assert next(model.buffers()).tolist() == [1, 1]
    assert model.double().mean.dtype == ta.float64 and model.count.dtype == ta.int64
    with pytest.raises(TypeError, match=r"Module: mean must stay a Tensor, or be None, got int: wrap it in nn\.Parameter, or del"):
        model.mean = 3
    model.mean = None
    assert [name for name, _ in model.named_buffers()] == ["count"]
    model.mean = ta.ones(1)
    model.count = Parameter(ta.ones(1))
    assert list(model.state_dict()) == ["count", "mean"] and len(list(model.parameters())) == 1
    del model.mean
    assert not hasattr(model, "mean")


def test_a_buffer_that_was_not_saved_may_become_something_that_is():
    model = Module()
    model.register_buffer("x", ta.zeros(2), persistent=False)
    model.x = Parameter(ta.ones(2))
    assert list(model.state_dict()) == ["x"]
    model.register_buffer("y", ta.zeros(2), persistent=False)
    model.register_buffer("y", ta.zeros(2))
    assert list(model.state_dict()) == ["x", "y"]


def test_an_attribute_may_become_a_part():
    model = Module()
    model.x = 3
    model.x = Parameter(ta.ones(2))
    assert list(model.state_dict()) == ["x"] and "x" not in vars(model)


def test_copies_are_independent():
    model = model_of(ta)
    other = copy.deepcopy(model)
    assert list(other.state_dict()) == list(model.state_dict())
    other.mean += 1
    assert model.mean.tolist() == [0, 0] and other.third.mean is other.mean


@pytest.mark.parametrize("wrong, error, text", [
    (lambda m: m.register_parameter("a.b", None), KeyError, "Module: a name must be .* without a dot, got 'a.b'"),
    (lambda m: m.register_buffer("", ta.ones(1)), KeyError, "Module: a name must be a string, not empty"),
    (lambda m: m.add_module(3, Module()), KeyError, "Module: a name must be a string, .* got 3"),
    (lambda m: m.register_buffer("weight", ta.ones(1)), KeyError, "Module: there is an attribute 'weight' already"),
    (lambda m: m.register_parameter("forward", None), KeyError, "Module: there is an attribute 'forward' already"),
    (lambda m: m.register_parameter("x", ta.ones(1)), TypeError, "Module: x must be a Parameter or None, got Tensor"),
    (lambda m: m.register_buffer("x", np.ones(1)), TypeError, "Module: x must be a Tensor or None, got ndarray"),
    (lambda m: m.register_module("x", ta.ones(1)), TypeError, "Module: x must be a Module or None, got Tensor"),
    (lambda m: ModuleDict({"keys": m}), KeyError, "ModuleDict: there is an attribute 'keys' already"),
])
def test_what_cannot_be_registered(wrong, error, text):
    model = Module()
    model.weight = Parameter(ta.ones(1))
    with pytest.raises(error, match=text):
        wrong(model)


def test_super_init_comes_before_registering():
    class Hasty(Module):
        def __init__(self):
            self.register_buffer("x", ta.ones(1))

    with pytest.raises(AttributeError, match=r"Hasty: call super\(\).__init__\(\) before registering 'x'"):
        Hasty()
