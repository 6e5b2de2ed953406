"""detect_anomaly: does it find the first NaN or Inf, and leave alone the Inf that was meant?"""

import re

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import Function, detect_anomaly, set_detect_anomaly
from tinyattn.autograd.anomaly import Watch
from tinyattn.record import Record
from tinyattn.state import state, time_step
from tinyattn.tensor import op

INF = float("inf")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of what is provoked here


def leaf(*values):
    return ta.tensor(values, dtype=ta.float64, requires_grad=True)


def alarm(run):
    """The lines of the error that `run` ends with inside detect_anomaly."""
    with pytest.raises(RuntimeError, match="detect_anomaly: ") as caught, detect_anomaly():
        run()
    return str(caught.value).split("\n  ")


# --- the forward pass -----------------------------------------------------


def test_forward_names_op_formula_line_and_inputs():
    x = leaf(1.0, 4.0, -1.0, 2.0)

    def run():
        h = x * 2
        h = h.sqrt()  # the line to be named
        return h.exp()

    first, place, output, given = alarm(run)
    assert first == "detect_anomaly: sqrt made NaN in the forward pass: y = √x"
    assert re.fullmatch(rf"called at {re.escape(__file__)}:\d+ in run: h = h.sqrt\(\)  # the line to be named", place)
    assert output == "its output (4,) float64: 1 NaN, the first at [2]; finite ones: 1.41421 ... 2.82843"
    assert given == "its input x (4,) float64: finite, -2 ... 8"


def test_forward_says_which_input_was_wrong_already():
    x, bad = leaf(1.0, 2.0), ta.tensor([[1.0, np.nan], [np.inf, -np.inf]], dtype=ta.float64)
    first, _, _, a, b = alarm(lambda: x + bad)
    assert first.startswith("detect_anomaly: add made NaN in the forward pass")
    assert a == "its input a (2,) float64: finite, 1 ... 2"
    assert b == "its input b (2, 2) float64: 1 NaN and 2 Inf, the first at [0, 1]; finite ones: 1 ... 1"
    assert alarm(lambda: x * float("nan"))[-1] == "its input b () float64: 1 NaN, the first at []; finite ones: none"


def test_inf_out_of_finite_numbers_is_an_alarm():
    x = leaf(0.0, 1.0)
    for run, name in ((lambda: x.log(), "log"), (lambda: 1 / x, "div"), (lambda: (x * 1000).exp(), "exp"),
                      (lambda: ta.where(x > 0, x.log(), 0.0), "log")):
        assert alarm(run)[0].startswith(f"detect_anomaly: {name} made Inf in the forward pass")


def test_inf_that_was_given_is_none():
    x, keep = leaf(0.3, -0.7, 2.0), ta.tensor([True, False, True])
    mask = ta.tensor([0.0, -INF, 0.0], dtype=ta.float64)
    masks = [lambda: x.masked_fill(~keep, -INF), lambda: ta.where(keep, x, -INF), lambda: ta.where(keep, x, mask),
             lambda: x + mask, lambda: ta.nn.functional.pad(x, (0, 2), value=-INF)]
    with detect_anomaly():
        for masked in masks:
            masked().softmax(-1)[0].backward()
            masked().log_softmax(-1).exp()[0].backward()
            masked().logsumexp(-1).backward()
            masked().max().backward()
            ta.where(keep, masked()[:3].log_softmax(-1), 0.0).sum().backward()
        ta.full((3,), -INF).exp().sum()
    first, *_ = alarm(lambda: x.masked_fill(x < 9, -INF).softmax(-1))  # everything masked
    assert first.startswith("detect_anomaly: softmax made NaN in the forward pass")


def test_fused_ops_name_their_primitive():
    lstm = ta.nn.LSTM(2, 3, batch_first=True)
    with ta.no_grad():
        lstm.weight_hh_l0[0, 0] = float("nan")
    first, place, through, *_ = alarm(lambda: lstm(ta.ones(1, 2, 2)))
    assert re.match("detect_anomaly: (matmul|linear|transpose|permute|index|getitem) made NaN in the forward pass", first)
    assert __file__ in place and through.startswith("through ") and "tinyattn" in through


def test_integers_and_nothing_are_no_alarm():
    with detect_anomaly():
        ta.zeros(0, 3).sum(0).exp()
        (ta.tensor([1, 2]) * 3).float().isnan()


# --- the backward pass ----------------------------------------------------


def test_backward_names_op_line_and_gradients():
    x = leaf(0.0, 4.0)

    def run():
        y = x.sqrt()  # the line to be named
        (y * 3).sum().backward()

    for backward in (run, lambda: (x.sqrt() * 3).sum().backward(create_graph=True)):
        first, place, dx, dy, given = alarm(backward)
        assert first == "detect_anomaly: the derivative of sqrt by its input x made Inf: y = √x"
        assert f"called at {__file__}:" in place and ".sqrt()" in place
        assert dx == "dx (2,) float64: 1 Inf, the first at [0]; finite ones: 0.75 ... 0.75"
        assert dy == "dy (2,) float64: finite, 3 ... 3"
        assert given == "its input x (2,) float64: finite, 0 ... 4"


def test_backward_of_a_nan_from_a_gradient_that_was_given():
    x = leaf(1.0, 2.0)
    *_, dx, dy, _ = alarm(lambda: x.exp().backward(ta.tensor([1.0, float("nan")], dtype=ta.float64)))
    assert dx.startswith("dx (2,) float64: 1 NaN") and dy.startswith("dy (2,) float64: 1 NaN")


def test_backward_of_what_was_made_outside():
    y = leaf(0.0).sqrt().sum()
    assert alarm(y.backward)[1] == "called outside detect_anomaly: put the forward pass inside to see where"
    assert state.anomaly is None and state.recorder is None


def test_the_derivative_that_is_wrong_is_named_by_its_input():
    @op
    def ratio(a, b, /):
        """y = a / b"""
        return a / b

    ratio.gradient(da=lambda dy, b: dy / b, db=lambda dy, b: dy * float("nan"))
    a, b = leaf(1.0), leaf(2.0)
    first, *_ = alarm(lambda: ratio(a, b).backward())
    assert first == "detect_anomaly: the derivative of ratio by its input b made NaN: y = a / b"


def test_a_users_own_op():
    class Bad(Function):
        """y = x"""

        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, dy):
            return dy / 0

    x = leaf(1.0)
    for options in ({}, {"create_graph": True}):
        first, place, *_ = alarm(lambda options=options: Bad.apply(x).sum().backward(**options))
        assert first == "detect_anomaly: the derivative of Bad by its input x made Inf: y = x"
        assert "Bad.apply(x)" in place


def test_an_error_in_a_derivative_is_told_where_its_op_was_called():
    class Fails(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, dy):
            raise KeyError("no")

    for check_nan in (True, False):
        with pytest.raises(KeyError) as caught, detect_anomaly(check_nan=check_nan):
            y = Fails.apply(leaf(1.0))
            y.backward()
        (note,) = caught.value.__notes__
        assert re.fullmatch(r"detect_anomaly: raised by the derivative of Fails\n  called at .*:\d+ in "
                            r"test_an_error.*: y = Fails.apply\(leaf\(1.0\)\)", note)
    with pytest.raises(KeyError) as caught, detect_anomaly():
        {}["other errors are left alone"]
    assert not hasattr(caught.value, "__notes__")


# --- on and off, and with records -----------------------------------------


def test_check_nan_false_leaves_the_numbers_alone():
    with detect_anomaly(check_nan=False):
        leaf(0.0).log().backward()


def test_set_detect_anomaly():
    x = leaf(0.0)
    with set_detect_anomaly(True), pytest.raises(RuntimeError, match="detect_anomaly: log made Inf"):
        x.log()
    x.log()
    set_detect_anomaly(True)
    with set_detect_anomaly(False):
        x.log()
    with pytest.raises(RuntimeError, match="detect_anomaly: log made Inf"):
        x.log()
    set_detect_anomaly(False)
    x.log()
    assert state.recorder is None and state.anomaly is None
    with detect_anomaly(), detect_anomaly():
        assert isinstance(state.recorder, Watch) and state.recorder.recorder is None
    assert state.recorder is None and state.anomaly is None


def test_gradients_are_the_same_inside():
    x = leaf(0.3, -0.7)
    (x.sin() * x).sum().backward()
    outside, x.grad = x.grad, None
    with detect_anomaly():
        (x.sin() * x).sum().backward()
    assert x.grad.tolist() == outside.tolist()


def calls_of(record):
    return [(call.op, call.path, call.step) for call in record.calls]


def test_a_record_around_it_sees_everything():
    layer = ta.nn.Linear(2, 2)
    with ta.record() as plain:
        layer(ta.ones(1, 2)).sum()
    with ta.record() as record:
        with detect_anomaly():
            layer(ta.ones(1, 2)).sum().backward()
        assert state.recorder is record
    assert calls_of(record) == calls_of(plain) and record.modules == plain.modules
    assert [value.gradient is None for value in record.values] == [not value.requires_grad for value in record.values]
    with ta.record() as record, detect_anomaly(), record.time_step(3):
        ta.ones(2).sum()
    assert record.calls[0].step == 3


def test_a_watch_can_take_another_recorder():
    with detect_anomaly():
        record = Record()
        before, state.recorder = state.recorder, state.anomaly.over(record)
        with time_step(2):
            ta.ones(2).sum()
        with pytest.raises(RuntimeError, match="detect_anomaly: log made Inf"):
            ta.zeros(2).log()
        state.recorder = before
    assert [(call.op, call.step) for call in record.calls] == [("sum", 2), ("log", None)]
