"""What a record holds of a run, and what it leaves behind: nothing."""

import gc
import json
import weakref

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.record import record
from tinyattn.recorded import small
from tinyattn.state import state, time_step


def named(run, name):
    return [value for value in run.values if value.name == name]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
        self.last = nn.Linear(2, 1)

    def forward(self, x):
        return self.last(self.inner(x).tanh())


def test_calls_and_values_are_kept_in_order_with_formulas():
    x, w = ta.tensor([1.0, 2.0]), ta.tensor([0.5, -0.5], requires_grad=True)
    with record() as run:
        y = (x * w).tanh()
        y.sum()
    assert [(call.op, call.formula) for call in run.calls] == [
        ("mul", "y = a · b"), ("tanh", "y = tanh x"), ("sum", "y = Σ x")]  # fmt: skip
    assert [value.number for value in run.values] == list(range(5))
    assert [value.kind for value in run.values] == ["input", "parameter", "result", "result", "result"]
    assert run.calls[0].inputs == [("a", 0), ("b", 1)] and run.calls[1].inputs == [("x", 2)]
    assert run.values[3].call == 1 and np.array_equal(run.values[3].array, y.detach().numpy())
    assert named(run, "x") and named(run, "w") and named(run, "y")


def test_each_tensor_is_one_value_and_each_plain_number_its_own():
    x = ta.tensor([1.0, 3.0], requires_grad=True)
    with record() as run:
        (x * 2.0) * x + 2.0
    kinds = [value.kind for value in run.values]
    assert kinds.count("parameter") == 1 and kinds.count("constant") == 2
    assert run.calls[0].inputs[0][1] == run.calls[1].inputs[1][1]


def test_results_do_not_change_and_no_recorder_stays():
    x = ta.tensor([[0.3, -0.7]], requires_grad=True)
    plain = (x * x).tanh().sum()
    with record():
        recorded = (x * x).tanh().sum()
    assert state.recorder is None and plain.item() == recorded.item()
    with pytest.raises(ZeroDivisionError), record():
        raise ZeroDivisionError
    assert state.recorder is None


def test_gradients_come_with_backward_and_are_missing_before():
    x, w = ta.tensor([1.0, 2.0]), ta.tensor([0.5, -0.5], requires_grad=True)
    with record() as run:
        y = x * w
        loss = (y * y).sum()
    assert all(value.gradient is None for value in run.values)
    loss.backward()
    assert np.allclose(named(run, "w")[0].gradient, w.grad.numpy())
    assert np.allclose(named(run, "y")[0].gradient, 2 * (x * w).detach().numpy())
    assert named(run, "x")[0].gradient is None
    assert run.values[-1].gradient == 1


def test_the_gradient_kept_is_the_last_backward_s_alone():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    with record() as run:
        loss = (w * w).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert np.allclose(w.grad.numpy(), [4, 8]) and np.allclose(named(run, "w")[0].gradient, [2, 4])
    (w * 100.0).sum().backward()  # another graph over the same leaf, which nobody recorded
    assert np.allclose(named(run, "w")[0].gradient, [2, 4])


def test_a_value_changed_in_place_becomes_another_value():
    w = ta.tensor([1.0], requires_grad=True)
    with record() as run:
        w * 3.0
        with ta.no_grad():
            w.copy_(ta.tensor([5.0]))
        w * 3.0
    assert [value.array.tolist() for value in named(run, "w")] == [[1.0], [5.0]]


def test_what_is_kept_does_not_change_with_the_tensors():
    w = ta.tensor([3.0, 4.0], requires_grad=True)
    with record() as run:
        with ta.no_grad():
            y = w * 2.0
            y.copy_(ta.tensor([0.0, 0.0]))
        loss = (w * 1.0).sum()
    loss.backward()
    w.grad.fill_(7.0)
    assert run.values[2].array.tolist() == [6, 8] and named(run, "w")[0].gradient.tolist() == [1, 1]


def test_module_paths_and_parameter_names():
    net = Net()
    with record() as run:
        net(ta.ones(4, 3))
    assert run.modules[""] == "Net" and run.modules["inner.1"] == "Linear"
    assert [call.path for call in run.calls if call.op in ("linear", "tanh")] == ["inner.0", "inner.1", "", "last"]
    assert {value.name for value in run.values if value.kind == "parameter"} == {
        name for name, _ in net.named_parameters()}  # fmt: skip


def test_a_module_called_alone_can_be_named():
    net = Net()
    with record() as run:
        run.name(net, "")
        net.last(ta.ones(1, 2))
    assert [call.path for call in run.calls] == ["last"]
    assert "last.weight" in {value.name for value in run.values}


def test_names_given_later_reach_values_seen_before():
    net, x = nn.Linear(2, 1), ta.tensor([[1.0, 2.0]])
    with record() as run:
        y = nn.functional.linear(x, net.weight, net.bias)
    with ta.no_grad():
        net.weight.fill_(0.0)  # as an optimiser does between a run and its picture
    count = len(run.values)
    run.name(net, "scorer")
    run.name(y, "score")
    assert {"scorer.weight", "scorer.bias", "score"} <= {value.name for value in run.values}
    assert len(run.values) == count


def test_a_second_root_module_has_a_path_of_its_own():
    with record() as run:
        nn.Linear(2, 2)(ta.ones(1, 2))
        nn.Linear(2, 2)(ta.ones(1, 2))
        nn.Linear(2, 2)(ta.ones(1, 2))
    assert [call.path for call in run.calls if call.op == "linear"] == ["", "Linear", "Linear2"]


def test_time_steps_and_of_nested_ones_the_outer():
    x = ta.tensor([1.0, 2.0])
    with record() as run:
        x * x
        for t in range(2):
            with time_step(t):
                x + x
                with time_step(7):
                    x - x
    assert [(call.op, call.step) for call in run.calls] == [
        ("mul", None), ("add", 0), ("sub", 0), ("add", 1), ("sub", 1)]  # fmt: skip


def test_source_lines_are_the_user_s_and_our_own():
    net = nn.Linear(2, 2)
    with record() as run:
        net(ta.ones(1, 2)).tanh()
    linear, tanh = run.calls[0], run.calls[-1]
    assert linear.user.file == tanh.user.file == __file__ and linear.user.line == tanh.user.line
    assert linear.user.function == "test_source_lines_are_the_user_s_and_our_own"
    assert linear.source.file.endswith("layers.py") and tanh.source is None


def test_fused_ops_run_as_their_reference():
    lstm, x = nn.LSTM(3, 2, batch_first=True), ta.randn(1, 4, 3)
    plain = lstm(x)[0].detach().numpy()
    with record() as run:
        recorded = lstm(x)[0].detach().numpy()
    assert np.allclose(plain, recorded, atol=1e-6)
    assert {call.op for call in run.calls} >= {"linear", "sigmoid", "tanh"}
    assert {call.step for call in run.calls if call.op == "sigmoid"} == {0, 1, 2, 3}
    assert {"i", "f", "g", "o"} <= {value.name for value in run.values}


def test_ids_are_inputs_although_they_are_attributes_to_the_op():
    table, ids = nn.Embedding(5, 2), np.array([[1, 4]])
    with record() as run:
        run.tokens(ids=["one", "four"])
        table(ids)
        table(ids)
    (value,) = named(run, "ids")
    assert value.kind == "input" and value.array.tolist() == [[1, 4]] and run.words == {"ids": ["one", "four"]}


def test_kinds_of_constants():
    with record() as run:
        ta.zeros(2) + ta.tensor([1.0, 2.0])
        ta.tensor(3.0) * 2
    assert [value.kind for value in run.values] == ["constant", "input", "result", "input", "constant", "result"]


def test_json_is_complete_deterministic_and_strict():
    def once():
        w = ta.tensor([1.0, float("inf")], requires_grad=True)
        with record() as run:
            run.tokens(source=["<unk>", "ñ"])
            w[0:1].sum().backward()
            w * float("nan")
        return run

    text = once().to_json()
    assert text == once().to_json() and "ñ" in text
    data = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert data["version"] == 1 and data["words"] == {"source": ["<unk>", "ñ"]}
    assert data["values"][0]["data"] == [1.0, "Infinity"] and data["values"][0]["gradient"] == [1.0, 0.0]
    assert data["values"][-1]["data"] == ["NaN", "NaN"] and data["values"][-1]["gradient"] is None
    assert data["calls"][0]["attributes"] == {"index": ["0:1"]} and data["calls"][0]["user"]["file"] == __file__


def test_attributes_are_kept_small():
    assert small((slice(1, None, 2), None, ..., np.int64(3))) == ["1::2", None, "...", 3]
    assert small(np.arange(3)) == [0, 1, 2] and small(np.zeros((5, 5))) == "array (5, 5) float64"
    assert small(ta.tensor([True])) == [True] and small(np.dtype("float32")) == "float32" and small(len) == "len"


def test_nothing_is_kept_once_the_record_is_dropped():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    gc.disable()
    try:
        with record() as run:
            y = w * w
        kept, value = weakref.ref(y), weakref.ref(run.values[-1])
        assert w.hooks
        del y
        assert kept() is None  # the record holds the numbers, not the graph
        del run
        assert value() is None and not w.hooks
    finally:
        gc.enable()


def test_a_graph_outlives_its_record():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    with record() as run:
        loss = (w * w).sum()
    del run
    loss.backward()
    assert w.grad.tolist() == [2, 4]


def test_records_do_not_nest():
    x = ta.tensor([1.0])
    with record() as outer:
        with record() as inner:
            x + x
        x * x
    assert [call.op for call in outer.calls] == ["mul"] and [call.op for call in inner.calls] == ["add"]


def test_a_function_s_own_look_at_its_variables_is_left_alone():
    x = ta.tensor([1.0])
    seen = locals()
    with record() as run:
        x + x
    assert seen["x"] is x and run.values[0].name == "x"


def test_an_array_changed_in_place_becomes_another_value():
    table, ids = nn.Embedding(5, 2), np.array([1, 4])
    with record() as run:
        table(ids)
        ids[0] = 0
        table(ids)
    assert [value.array.tolist() for value in named(run, "ids")] == [[1, 4], [0, 4]]


def test_values_are_called_like_the_variables_that_hold_them():
    def inside(given):
        return given.sum()

    x, bias = ta.tensor([1.0, 2.0]), ta.tensor([0.5, 0.5], requires_grad=True)
    with record() as run:
        shifted = x + bias
        loss = inside(shifted * 2.0)
    assert [value.name for value in run.values] == ["x", "bias", "shifted", None, "given", "loss"] and loss is not None
