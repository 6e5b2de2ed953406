"""Sequential, ModuleList, ModuleDict and ParameterList."""

from collections import OrderedDict

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import Linear, Module, ModuleDict, ModuleList, Parameter, ParameterList, ReLU, Sequential


def test_sequential_runs_one_after_the_other():
    first, second = Linear(2, 3), Linear(3, 1)
    model, x = Sequential(first, ReLU(), second), ta.ones(4, 2)
    np.testing.assert_array_equal(model(x).detach(), second(first(x).relu()).detach())
    assert len(model) == 3 and model[0] is first and model[-1] is second and list(model)[2] is second
    assert Sequential()(x) is x and len(Sequential()) == 0


def test_sequential_with_names():
    model = Sequential(OrderedDict(first=Linear(2, 3), act=ReLU(), last=Linear(3, 1)))
    assert list(model.state_dict()) == ["first.weight", "first.bias", "last.weight", "last.bias"]
    assert model.first is model[0] and model[1:].last is model.last and len(model[1:]) == 2
    assert type(model[:2]) is Sequential and list(dict(model[:2].named_children())) == ["first", "act"]
    model[1] = ta.nn.Tanh()
    assert isinstance(model.act, ta.nn.Tanh)


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
@pytest.mark.parametrize("change", [
    lambda m, new: m.append(new),
    lambda m, new: m.extend([new, new]),
    lambda m, new: m.insert(1, new) and None,
    lambda m, new: m.__setitem__(-2, new),
    lambda m, new: m.__delitem__(1),
    lambda m, new: m.__delitem__(slice(0, 3, 2)),
    lambda m, new: m.pop(0),
    lambda m, new: m.pop(-1),
    lambda m, new: m[1:],
    lambda m, new: m[::-1],
])
def test_changes_as_in_pytorch(kind, change):
    torch = pytest.importorskip("torch")
    names = []
    for nn in (ta.nn, torch.nn):
        layers = [nn.Linear(1, size) for size in (1, 2, 3, 4)]
        model = nn.Sequential(*layers) if kind == "Sequential" else nn.ModuleList(layers)
        result = change(model, nn.Linear(1, 5))
        names.append([[(name, tuple(x.shape)) for name, x in m.named_parameters()] for m in (model, result) if m is not None])
    assert names[0] == names[1]


def test_insert_counts_from_the_end_like_a_list():
    layers = [Linear(1, size) for size in (1, 2, 3)]
    for container in (ModuleList(layers[:2]), Sequential(*layers[:2])):
        assert container.insert(-1, layers[2]) is container and list(container) == [layers[0], layers[2], layers[1]]


def test_module_list():
    first, second = Linear(2, 3), Linear(3, 1)
    modules = ModuleList([first])
    assert modules.append(second) is modules and list(modules) == [first, second] and second in modules
    assert modules[1] is second and len(modules) == 2 and modules[:1][0] is first
    assert list(modules.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    with pytest.raises(IndexError, match=r"ModuleList: wanted an index in -2 \.\.\. 1, got 2"):
        modules[2]
    with pytest.raises(TypeError, match="ModuleList: 2 must be a Module or None, got str"):
        modules.append("relu")
    with pytest.raises(NotImplementedError, match="ModuleList: a Module needs a method forward"):
        modules(ta.ones(1))


def test_module_dict():
    first, second = Linear(2, 3), Linear(3, 1)
    modules = ModuleDict({"a": first})
    modules["b"] = second
    modules.update([("c", ReLU())])
    assert list(modules) == list(modules.keys()) == ["a", "b", "c"] and modules["b"] is second and "b" in modules
    assert next(iter(modules.values())) is first and dict(modules.items())["b"] is second and len(modules) == 3
    assert modules.pop("a") is first and list(modules.state_dict()) == ["b.weight", "b.bias"]
    del modules["b"]
    modules.clear()
    assert len(modules) == 0 and len(ModuleDict()) == 0


def test_parameter_list():
    model = Module()
    model.weights = ParameterList([Parameter(ta.ones(2)), ta.zeros(1)])
    assert model.weights.append(ta.ones(3)) is model.weights and len(model.weights) == 3
    assert list(model.state_dict()) == ["weights.0", "weights.1", "weights.2"]
    assert all(isinstance(x, Parameter) and x.requires_grad for x in model.weights) and model.weights[-1].shape == (3,)
    model.weights[0] = Parameter(ta.ones(5))
    assert next(model.parameters()).shape == (5,)
    assert repr(ParameterList([ta.ones(2)])) == "ParameterList((0): float32 of shape (2,))"
