"""Module: names, modes, replaced and deleted parts, text."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import Linear, Module, ModuleList, Parameter, Sequential


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


NAMES = [
    "bias",
    "first.scale",
    "first.inner.weight",
    "first.inner.bias",
    "rest.0.weight",
    "rest.1.scale",
    "rest.1.inner.weight",
    "rest.1.inner.bias",
]


def test_names_and_order():
    model = Whole()
    assert [name for name, _ in model.named_parameters()] == list(model.state_dict()) == NAMES
    assert [name for name, _ in model.named_modules()] == [
        "",
        "first",
        "first.inner",
        "rest",
        "rest.0",
        "rest.1",
        "rest.1.inner",
    ]
    assert [name for name, _ in model.named_children()] == ["first", "rest"]
    assert list(model.children()) == [model.first, model.rest] and len(list(model.modules())) == 7
    assert all(isinstance(p, Parameter) and p.requires_grad for p in model.parameters())


def test_names_as_in_pytorch():
    torch = pytest.importorskip("torch")
    ours = Sequential(Linear(2, 3), ta.nn.Dropout(0.1), Sequential(Linear(3, 1, bias=False), ta.nn.Embedding(4, 2)))
    nn = torch.nn
    theirs = nn.Sequential(
        nn.Linear(2, 3), nn.Dropout(0.1), nn.Sequential(nn.Linear(3, 1, bias=False), nn.Embedding(4, 2))
    )
    assert {k: v.shape for k, v in ours.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }
    assert [name for name, _ in ours.named_modules()] == [name for name, _ in theirs.named_modules()]


def test_calling_runs_forward_with_options():
    x = ta.ones(1, 2)
    model = Half()
    np.testing.assert_allclose(model(x, shift=1.0).detach(), model.inner(x).detach().numpy() + 1, rtol=1e-6)
    with pytest.raises(NotImplementedError, match=r"Whole: a Module needs a method forward\(self, ...\)"):
        Whole()(x)


def test_super_init_comes_first():
    class Hasty(Module):
        def __init__(self):
            self.weight = Parameter(ta.ones(1))

    with pytest.raises(AttributeError, match=r"Hasty: call super\(\).__init__\(\) before assigning 'weight'"):
        Hasty()


# --- attributes ---------------------------------------------------------


def test_replacing_a_part_keeps_its_place():
    model = Half()
    model.scale = Parameter(ta.zeros(2))
    model.inner = Linear(2, 2, bias=False)
    assert list(model.state_dict()) == ["scale", "inner.weight"] and not model.state_dict()["scale"].array.any()


def test_a_part_may_change_its_kind():
    model = Half()
    model.inner = Parameter(ta.ones(3))
    assert list(model.state_dict()) == ["scale", "inner"] and list(model.children()) == []
    model.scale = Linear(1, 1, bias=False)
    assert list(model.state_dict()) == ["inner", "scale.weight"]
    model.note = Linear(1, 1, bias=False)
    assert list(model.state_dict()) == ["inner", "scale.weight", "note.weight"]


def test_none_and_del_take_a_part_away():
    model = Half()
    model.scale = None
    model.inner.bias = None
    assert list(model.state_dict()) == ["inner.weight"] and model.scale is None
    model.scale = Parameter(ta.ones(1))
    assert list(model.state_dict()) == ["scale", "inner.weight"]
    model.inner = None
    assert list(model.state_dict()) == ["scale"] and list(model.children()) == []
    del model.scale
    assert list(model.state_dict()) == [] and not hasattr(model, "scale")
    model.scale = "now it is free"
    model.inner = Linear(1, 1)
    del model.inner, model.note
    assert list(model.parameters()) == [] and not hasattr(model, "inner")
    with pytest.raises(AttributeError, match="inner"):
        del model.inner


def test_a_plain_tensor_does_not_slip_in_for_a_parameter():
    model = Half()
    for name in ("scale", "inner"):
        with pytest.raises(TypeError, match=f"Half: {name} must stay a .*, or be None, got Tensor: wrap it in nn.Para"):
            setattr(model, name, ta.ones(2))
    assert model.scale.requires_grad and list(model.children()) == [model.inner]


def test_register_parameter_and_add_module():
    model = Module()
    model.register_parameter("weight_ih_l0", Parameter(ta.ones(1)))
    model.register_parameter("bias_ih_l0", None)
    model.add_module("0", Linear(1, 1, bias=False))
    assert list(model.state_dict()) == ["weight_ih_l0", "0.weight"] and model.bias_ih_l0 is None
    assert model.weight_ih_l0.tolist() == [1]
    model.bias_ih_l0 = Parameter(ta.ones(1))
    assert "bias_ih_l0" in model.state_dict()


def test_parameter():
    x = ta.ones(2)
    p = Parameter(x)
    assert p.requires_grad and p.array is x.array and not Parameter(x, requires_grad=False).requires_grad
    assert repr(p) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert type(p * 2) is ta.Tensor and type(p.detach()) is ta.Tensor
    with pytest.raises(TypeError, match=r"requires_grad: .*int64"):
        Parameter(np.ones(2, np.int64))
    y = (p * p).sum()
    x.fill_(3.0)
    with pytest.raises(RuntimeError, match="mul needs its input a"):
        y.backward()


# --- modes, dtypes, gradients -------------------------------------------


def test_train_and_eval_reach_everything():
    model = Whole()
    assert all(m.training for m in model.modules())
    assert model.eval() is model and not any(m.training for m in model.modules())
    model.first.train()
    assert model.first.inner.training and not model.training
    assert model.train() is model and all(m.training for m in model.modules())


def test_dtype_of_all_parameters():
    model = Whole()
    weight = model.first.inner.weight
    (weight * 1).sum().backward()
    assert model.double() is model and {p.dtype for p in model.parameters()} == {np.dtype(np.float64)}
    assert model.first.inner.weight is weight and weight.requires_grad and weight.grad.dtype == ta.float64
    assert model.first(ta.ones(1, 2, dtype=ta.float64)).dtype == ta.float64
    assert {p.dtype for p in model.float().parameters()} == {np.dtype(np.float32)}
    assert model.to("cpu", ta.float64).bias.dtype == model.to(ta.zeros(1)).to("cpu").double().bias.dtype == ta.float64
    with pytest.raises(TypeError, match=r"Whole.to: wanted a floating-point dtype, got int64"):
        model.to(ta.int64)
    with pytest.raises(ValueError, match=r'to: device must be "cpu", got .cuda'):
        model.to("cuda")


def test_requires_grad_and_zero_grad():
    model = Half()
    assert model.requires_grad_(False) is model and not any(p.requires_grad for p in model.parameters())
    assert not model(ta.ones(1, 2)).requires_grad
    model.requires_grad_()
    model(ta.ones(1, 2)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad(set_to_none=False)
    assert all(not p.grad.array.any() for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


# --- text ---------------------------------------------------------------


def test_text():
    model = Sequential(Linear(2, 3), Sequential(ta.nn.Dropout(0.1), ta.nn.Embedding(4, 2, padding_idx=0)), Module())
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (1): Sequential(\n"
        "    (0): Dropout(p=0.1)\n"
        "    (1): Embedding(4, 2, padding_idx=0)\n"
        "  )\n"
        "  (2): Module()\n"
        ")"
    )


def test_text_of_a_module_with_both_options_and_parts():
    class Layer(Module):
        def __init__(self):
            super().__init__()
            self.inner = Linear(1, 1)

        def extra_repr(self):
            return "size=1"

    assert repr(Layer()) == "Layer(\n  size=1\n  (inner): Linear(in_features=1, out_features=1, bias=True)\n)"


# --- hooks --------------------------------------------------------------


def test_hooks_see_and_change_inputs_and_outputs():
    layer, seen, x = Linear(2, 2, bias=False), [], ta.ones(1, 2)
    plain = layer(x).tolist()
    with layer.register_forward_pre_hook(lambda module, inputs: seen.append((module, inputs))):
        with layer.register_forward_hook(lambda module, inputs, output: seen.append((module, inputs, output.tolist()))):
            assert layer(x).tolist() == plain
    assert seen == [(layer, (x,)), (layer, (x,), plain)]
    double = layer.register_forward_pre_hook(lambda module, inputs: inputs[0] * 2)
    tupled = layer.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 2,))
    negated = layer.register_forward_hook(lambda module, inputs, output: -output)
    np.testing.assert_allclose(layer(x).detach(), -4 * np.array(plain), rtol=1e-6)
    double.remove(), tupled.remove(), negated.remove(), negated.remove()
    assert layer(x).tolist() == plain


def test_hooks_with_options_as_in_pytorch():
    torch = pytest.importorskip("torch")
    results = []
    for library in (ta, torch):
        class Scaled(library.nn.Module):
            def forward(self, x, scale=1.0):
                return x * scale

        model, seen = Scaled(), []
        model.register_forward_pre_hook(lambda module, inputs, options: (inputs, {"scale": options["scale"] + 1}), with_kwargs=True)
        model.register_forward_pre_hook(lambda module, inputs, options: None, with_kwargs=True)
        model.register_forward_hook(lambda module, inputs, options, y: seen.append(options), with_kwargs=True)  # noqa: B023
        model.register_forward_hook(lambda module, inputs, y: y + 1)
        results.append((model(library.ones(1), scale=2.0).tolist(), seen))
    assert results[0] == results[1] == ([4.0], [{"scale": 3.0}])


def test_hooks_of_inner_modules_run_under_a_record_too():
    model, shapes = Sequential(Linear(2, 3), Linear(3, 1)), []
    for layer in model:
        layer.register_forward_hook(lambda module, inputs, output: shapes.append(output.shape))
    with ta.record():
        model(ta.ones(4, 2))
    assert shapes == [(4, 3), (4, 1)]
