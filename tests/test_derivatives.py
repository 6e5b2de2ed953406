"""Derivatives as the source states them."""

import tinyattn as ta
from tinyattn import nn
from tinyattn.autograd import Function
from tinyattn.derivatives import derivatives
from tinyattn.op import registry
from tinyattn.record import record


class Twice(Function):
    """y = 2 x"""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x * factor

    @staticmethod
    def backward(ctx, dy):
        dx = dy * ctx.factor
        return dx, None


class Swap(Function):
    @staticmethod
    def forward(ctx, a, b):
        return b.clone(), a.clone()

    @staticmethod
    def backward(ctx, db, da):
        return da, -db


def of(name):
    return derivatives(registry[name])


def test_rules_read_like_mathematics():
    assert of("elementwise.mul") == {"a": "dy · b", "b": "dy · a"}
    assert of("elementwise.sub") == {"a": "dy", "b": "−dy"}
    assert of("activations.tanh") == {"x": "dy · (1 − y · y)"}
    assert of("softmax.softmax") == {"x": "y · (dy − sum(dy · y, dim))"}
    assert of("matmul.linear_") == {
        "x": "matmul(dy, weight)", "weight": "matmul(flat(dy)ᵀ, flat(x))", "bias": "dy"
    }  # fmt: skip


def test_every_rule_on_one_line_is_found_under_its_own_name():
    assert of("choices.maximum") == {"a": "dy · share_above(a, b)", "b": "dy · share_above(b, a)"}


def test_rules_that_are_functions_give_what_they_say_or_return():
    assert of("extremes.amax") == {"x": "Elements that are equally extreme share the gradient"}
    assert of("embedding.take_rows") == {"weight": "put_rows(dy, ids, rows=weight.shape[0])"}
    assert of("joining.concatenate") == {"xs": "pieces(dy, sizes=[x.shape[dim] for x in xs], dim)"}


def test_inputs_without_a_gradient_have_no_rule():
    assert of("choices.where_").keys() == {"a", "b"} and of("extremes.argmax") == {}


def test_a_fused_op_has_none():
    assert of("lstm.lstm") == {}


def test_every_op_that_has_derivatives_states_them():
    silent = [key for key, op in registry.items()
              if op.forward.__module__.startswith("tinyattn.") and (op.derivatives or op.joint) and op.reference is None and not derivatives(op)]  # fmt: skip
    assert silent == []


def test_a_user_s_own_op_states_what_its_backward_returns():
    x = ta.tensor([1.0], requires_grad=True)
    with record() as run:
        Twice.apply(x, 2.0)
        Swap.apply(x, x)
    assert [call.derivatives for call in run.calls] == [{"x": "dy · ctx.factor"}, {"a": "da", "b": "−db"}]


def test_code_without_a_source_states_nothing():
    space = {"Function": Function, "__name__": "console"}
    exec("class Blank(Function):\n  def forward(ctx, x): return x * 1\n  def backward(ctx, dy): return dy", space)
    with record() as run:
        space["Blank"].apply(ta.tensor([1.0], requires_grad=True))
    assert run.calls[0].derivatives == {}


def test_a_record_has_the_rules_of_its_calls():
    with record() as run:
        nn.Linear(2, 2)(ta.ones(1, 2)).tanh()
    assert run.as_dict()["calls"][-1]["derivatives"] == {"x": "dy · (1 − y · y)"}
