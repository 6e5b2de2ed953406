"""What all optimisers share: groups, options, gradients, closures, states, and what is refused."""

import copy

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import Linear, Parameter
from tinyattn.optim import SGD, Adam, AdamW, Optimizer


def parameter(*numbers):
    x = Parameter(np.array(numbers or (1.0, 2.0)))
    x.grad = ta.ones(x.shape, dtype=ta.float64)
    return x


# --- groups -------------------------------------------------------------


def test_groups_have_options_of_their_own():
    x, y, z = parameter(1.0), parameter(1.0), parameter(1.0)
    optimizer = SGD([{"params": [x, y], "lr": 0.5}, {"params": z, "weight_decay": 1.0, "mine": "kept"}], lr=0.1)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0, 1.0]
    assert optimizer.param_groups[1]["params"] == [z] and optimizer.param_groups[1]["mine"] == "kept"
    optimizer.step()
    np.testing.assert_allclose([x.item(), y.item(), z.item()], [0.5, 0.5, 0.8])
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.step()
    assert x.item() == 0.5 and optimizer.defaults["lr"] == 0.1


def test_a_group_may_come_later_and_the_callers_dictionary_stays():
    x, y = parameter(), parameter()
    optimizer, group = Adam([x], lr=0.5), {"params": iter([y]), "betas": (0.5, 0.5)}
    optimizer.add_param_group(group)
    assert set(group) == {"params", "betas"} and optimizer.param_groups[1]["lr"] == 0.5
    optimizer.step()
    assert list(optimizer.state) == [x, y]


def test_named_parameters():
    layer = Linear(2, 1)
    optimizer = SGD(layer.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"] == [layer.weight, layer.bias]
    grouped = SGD([{"params": [("a", layer.weight)]}, {"params": [("b", layer.bias)], "lr": 1.0}])
    assert [group["param_names"] for group in grouped.param_groups] == [["a"], ["b"]]
    saved = grouped.state_dict()
    assert saved["param_groups"][1]["param_names"] == ["b"]
    del saved["param_groups"][1]["param_names"]
    grouped.load_state_dict(saved)
    assert grouped.param_groups[1]["param_names"] == ["b"]


def test_text():
    text = repr(SGD([{"params": [parameter()]}, {"params": [parameter()], "lr": 0.5}], lr=0.1))
    assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n")
    assert "Parameter Group 1" in text and "    lr: 0.5\n" in text and "params" not in text


def test_text_as_in_pytorch():
    torch = pytest.importorskip("torch")
    for name in ("SGD", "Adam", "AdamW"):
        ours, theirs = getattr(ta.optim, name)([parameter()]), getattr(torch.optim, name)([torch.ones(1)])
        assert repr(ours) == repr(theirs)


# --- steps --------------------------------------------------------------


def test_zero_grad():
    x = parameter()
    optimizer = SGD([x])
    optimizer.zero_grad()
    assert x.grad is None
    (x * 3).sum().backward()
    kept = x.grad.array
    optimizer.zero_grad(set_to_none=False)
    assert x.grad.tolist() == [0, 0] and x.grad.array is kept
    optimizer.zero_grad()
    assert x.grad is None
    (x * x).sum().backward(create_graph=True)
    optimizer.zero_grad(set_to_none=False)
    assert x.grad.tolist() == [0, 0] and not x.grad.requires_grad and x.grad.node is None


@pytest.mark.parametrize("make", [SGD, Adam, AdamW])
def test_parameters_without_gradient_stay(make):
    x, y = parameter(), parameter()
    y.grad = None
    optimizer = make([x, y], lr=0.1, weight_decay=0.5)
    optimizer.step()
    assert y.tolist() == [1, 2] and x.tolist() != [1, 2] and y not in optimizer.state


def test_a_closure_makes_the_gradients_and_its_loss_is_returned():
    x = parameter(3.0)
    optimizer = SGD([x], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        return loss

    with ta.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert x.item() == 0.0 and optimizer.step() is None


def test_a_step_counts_as_a_change_in_place():
    x = parameter()
    y = (x * x).sum()
    SGD([x], lr=0.1).step()
    with pytest.raises(RuntimeError, match="mul needs its input"):
        y.backward()


def test_a_users_own_optimizer():
    class Sign(Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

        def update(self, parameter, group):
            self.state[parameter]["count"] = self.state[parameter].get("count", 0) + 1
            parameter -= group["lr"] * parameter.grad.sign()

    x = parameter()
    optimizer = Sign([x], lr=0.5)
    optimizer.step()
    assert x.tolist() == [0.5, 1.5]
    assert optimizer.clipped_step(0.5) == np.sqrt(2.0) and x.tolist() == [0.0, 1.0]
    np.testing.assert_allclose(x.grad, [0.125**0.5] * 2, rtol=1e-5)
    again = Sign([parameter()])
    again.load_state_dict(optimizer.state_dict())
    assert again.param_groups[0]["lr"] == 0.5 and next(iter(again.state.values())) == {"count": 2}
    with pytest.raises(NotImplementedError, match=r"Optimizer: an optimiser needs a method update\(self, parameter"):
        Optimizer([x], {}).step()


# --- states -------------------------------------------------------------


def test_the_structure_of_a_state():
    x, y = parameter(), parameter()
    optimizer = Adam([{"params": [x]}, {"params": [y], "lr": 0.5}])
    assert optimizer.state_dict()["state"] == {}
    optimizer.step()
    saved = optimizer.state_dict()
    assert [group["params"] for group in saved["param_groups"]] == [[0], [1]] and saved["param_groups"][1]["lr"] == 0.5
    assert saved["state"].keys() == {0, 1} and list(saved["state"][0]) == ["step", "exp_avg", "exp_avg_sq"]
    assert saved["state"][0]["step"].item() == 1 and saved["state"][0]["step"].dtype == ta.float32
    assert saved["state"][0]["exp_avg"] is optimizer.state[x]["exp_avg"]
    assert x.array is optimizer.param_groups[0]["params"][0].array  # the optimiser's own groups keep the parameters


def test_loading_copies_and_keeps_dtypes():
    x, y = parameter(), Parameter(np.ones(2, np.float32))
    optimizer, other = Adam([x]), Adam([y])
    optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    other.load_state_dict(saved)
    assert other.state[y]["exp_avg"].dtype == ta.float32 and other.state[y]["step"].item() == 1
    y.grad = ta.ones(2)
    other.step()
    assert saved["state"][0]["step"].item() == 1 and saved["param_groups"][0]["params"] == [0]
    np.testing.assert_allclose(saved["state"][0]["exp_avg"], 0.1)
    again = Adam([x])
    again.load_state_dict(saved)
    again.step()
    np.testing.assert_allclose(saved["state"][0]["exp_avg"], 0.1)


def test_numbers_of_parameters_are_the_savers():
    x, y = parameter(), parameter(5.0, 6.0)
    optimizer = SGD([x, y], momentum=0.5)
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"] = {7: saved["state"][0], 9: saved["state"][1]}
    saved["param_groups"][0]["params"] = [7, 9]
    optimizer.load_state_dict(saved)
    assert list(optimizer.state) == [x, y] and optimizer.state_dict()["param_groups"][0]["params"] == [0, 1]


def test_a_state_of_adam_is_decoupled_in_adamw():
    x = parameter()
    optimizer = AdamW([x])
    optimizer.load_state_dict(Adam([parameter()]).state_dict())
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True


def test_a_state_that_does_not_fit_is_refused_whole():
    x, y = parameter(), parameter()
    optimizer = Adam([x, y], lr=0.1)
    optimizer.step()
    right, before = optimizer.state_dict(), copy.deepcopy(optimizer.state_dict())

    def changed(**entries):
        return {**right, "state": {0: right["state"][0], 1: {**right["state"][1], **entries}}}

    cases = [
        ({**right, "param_groups": right["param_groups"] * 2}, ValueError,
         r"Adam: the state must be of groups of \[2\] parameters, got \[2, 2\]: is it another model's"),
        (Adam([parameter()]).state_dict(), ValueError, r"of groups of \[2\] parameters, got \[1\]"),
        ({**right, "state": {2: {}}}, KeyError, "Adam: the state is of parameter 2, which is in no group"),
        (changed(exp_avg=None), KeyError, "Adam: the state of parameter 1 must have exp_avg, got step, exp_avg_sq: is it"),
        (changed(exp_avg_sq=np.ones(3)), ValueError,
         r"Adam: exp_avg_sq of parameter 1 must have shape \(2,\), got \(3,\): is it another model's"),
        ({**right, "param_groups": [{**right["param_groups"][0], "lr": -1}]}, ValueError, "lr must be at least 0, got -1"),
    ]
    for state, error, text in cases:
        with pytest.raises(error, match=text):
            optimizer.load_state_dict(state)
    np.testing.assert_equal(
        [{k: np.asarray(v) for k, v in entries.items()} for entries in optimizer.state_dict()["state"].values()],
        [{k: np.asarray(v) for k, v in entries.items()} for entries in before["state"].values()],
    )
    assert optimizer.param_groups[0]["lr"] == 0.1
    with pytest.raises(KeyError, match="SGD: the state of parameter 0 must have momentum_buffer, got step, exp_avg"):
        SGD([x, y], momentum=0.5).load_state_dict({**right, "param_groups": SGD([x, y], momentum=0.5).state_dict()["param_groups"]})


# --- what is refused ----------------------------------------------------


@pytest.mark.parametrize("wrong, error, text", [
    (lambda x: Adam([]), ValueError, r"Adam: wanted at least one parameter, got none: pass model.parameters\(\)"),
    (lambda x: SGD(x), TypeError, "SGD: wanted several parameters, got one Tensor: put it in a list"),
    (lambda x: SGD(["w"]), TypeError, r"SGD: wanted tensors, got str: pass model.parameters\(\)"),
    (lambda x: SGD([x * 2]), ValueError, "SGD: wanted leaf tensors, got the result of mul"),
    (lambda x: SGD([{"params": {x}}]), TypeError, "SGD: wanted parameters in a fixed order, got a set: pass a list"),
    (lambda x: SGD([x, x]), ValueError, "SGD: wanted each parameter once, got one several times"),
    (lambda x: SGD([{"params": [x]}, {"params": [x]}]), ValueError, "SGD: wanted each parameter once"),
    (lambda x: SGD([("a", x), parameter()]), ValueError, "SGD: wanted names with all parameters of a group, or with none"),
    (lambda x: SGD([("a", x)]).add_param_group({"params": parameter()}), ValueError, "SGD: wanted names with all groups"),
    (lambda x: SGD([x]).add_param_group(parameter()), TypeError, 'SGD: a group .* with "params" in it, got Parameter'),
    (lambda x: SGD([{"lr": 1}]), TypeError, "SGD: a group of parameters must be a dictionary .* got {'lr': 1}"),
    (lambda x: SGD([x], lr=-1.0), ValueError, "SGD: lr must be at least 0, got -1.0"),
    (lambda x: SGD([x], lr=float("nan")), ValueError, "SGD: lr must be at least 0, got nan"),
    (lambda x: SGD([x], lr=ta.tensor(0.1)), TypeError, r"SGD: lr must be a number, got a Tensor: use .item\(\)"),
    (lambda x: SGD([{"params": [x], "momentum": -1}]), ValueError, "SGD: momentum must be at least 0, got -1"),
    (lambda x: SGD([x], nesterov=True), ValueError, "SGD: nesterov wants momentum above 0 and dampening = 0, got 0 and 0"),
    (lambda x: SGD([x], momentum=0.9, dampening=0.1, nesterov=True), ValueError, "SGD: nesterov wants .* got 0.9 and 0.1"),
    (lambda x: Adam([x], weight_decay=-1), ValueError, "Adam: weight_decay must be at least 0, got -1"),
    (lambda x: AdamW([x], eps=-1), ValueError, "AdamW: eps must be at least 0, got -1"),
    (lambda x: Adam([x], betas=(0.9, 1.0)), ValueError, r"Adam: betas must be two numbers in 0 \.\.\. 1, .* got \(0.9, 1.0\)"),
    (lambda x: Adam([x], betas=(0.9,)), ValueError, r"Adam: betas must be two numbers .* got \(0.9,\)"),
    (lambda x: Adam([x], foreach=True), ValueError, "Adam: foreach must be left out, got True: it chooses among PyTorch's"),
    (lambda x: AdamW([x], capturable=True), ValueError, "AdamW: capturable must be left out, got True"),
    (lambda x: SGD([x], differentiable=True), ValueError, "SGD: differentiable must be left out, got True"),
])
def test_what_is_refused(wrong, error, text):
    with pytest.raises(error, match=text):
        wrong(parameter())
