"""Graphs of ops: rolled over time, with the backward pass, and of users' own modules and functions."""

import re

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.autograd import Function
from tinyattn.record import record
from tinyattn.state import time_step
from tinyattn_viz import draw
from tinyattn_viz.ops import op_graph


class Clip(Function):
    """y = x, its gradient at most `limit`"""

    @staticmethod
    def forward(ctx, x, limit):
        ctx.limit = limit
        return x.clone()

    @staticmethod
    def backward(ctx, dy):
        return dy.clamp(-ctx.limit, ctx.limit), None


class Tagger(nn.Module):
    """A user's own model: nothing in it knows of pictures."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 3)
        self.gru = nn.GRU(3, 2, batch_first=True)
        self.out = nn.Linear(2, 4)

    def forward(self, ids):
        hs, _ = self.gru(self.embed(ids))
        return self.out(Clip.apply(hs, 1.0))


def tagged(steps=3):
    model = Tagger()
    with record() as run:
        loss = model(np.arange(steps)[None]).exp().sum()
    loss.backward()
    return run


def looped(steps=3):
    """h = tanh(h w), and how much it changed."""
    w = ta.tensor([0.3, 0.2], requires_grad=True)
    with record() as run:
        h = ta.tensor([1.0, 2.0])
        for t in range(steps):
            with time_step(t):
                new = (h * w).tanh()
                change = new - h
                h = new
        change.sum().backward()
    return run


def titled(graph, title):
    return [number for number, box in enumerate(graph.boxes) if box.rows[0][1] == title]


def texts(graph, title, how):
    (number,) = titled(graph, title)
    return [text for kind, text in graph.boxes[number].rows if kind == how]


def between(graph, tail, head):
    """The edges from a box to another: whether they go into the next step, and back with gradients."""
    return sorted((edge.loop, edge.backward, edge.label) for edge in graph.edges
                  if [graph.boxes[n].rows[0][1] for n in (edge.tail, edge.head)] == [tail, head])  # fmt: skip


# --- rolled ---------------------------------------------------------------


def test_rolled_every_op_of_a_step_is_one_box_and_says_whose_numbers_it_shows():
    graph = op_graph(looped(), 99, rolled=True)
    assert [box.rows[0][1] for box in graph.boxes] == ["mul", "tanh", "sub", "sum", "h", "w"]
    assert texts(graph, "tanh", "note") == ["× 3 steps, here step 0"]
    assert texts(graph, "tanh", "number") == ["[0.291  0.38]"]  # tanh of 0.3 and 0.4
    assert texts(graph, "sum", "note") == []
    assert "drawn once" in graph.caption[0] and not any("step" in part for box in graph.boxes for part in box.place)


def test_dashed_edges_go_into_the_next_step_and_no_others():
    graph = op_graph(looped(), 99, rolled=True)
    assert between(graph, "mul", "tanh") == [(False, False, "")]
    assert between(graph, "tanh", "mul") == [(True, False, "a")]
    assert between(graph, "tanh", "sub") == [(False, False, "a"), (True, False, "b")]  # new, and what it was before
    assert between(graph, "h", "mul") == [(False, False, "a")]  # into the first step
    assert not any(edge.loop for edge in op_graph(looped(), 99, rolled=False).edges)


def test_a_value_may_go_around_from_a_box_to_itself():
    with record() as run:
        total = ta.tensor([1.0], requires_grad=True)
        for t in range(3):
            with time_step(t):
                total = total + 1.0
    assert between(op_graph(run, 99, rolled=True), "add", "add") == [(True, False, "")]


def test_an_encoder_hands_its_last_state_forward_and_its_loop_stays_its_own():
    a, b = nn.LSTM(2, 2, batch_first=True), nn.LSTM(2, 2, batch_first=True)
    with record() as run:
        run.name(nn.ModuleList([a, b]), "")
        _, state = a(ta.ones(1, 4, 2))
        b(ta.ones(1, 4, 2), state)
    graph = op_graph(run, 99, rolled=True)
    places = [box.place for box in graph.boxes]
    loops = [(places[edge.tail], places[edge.head]) for edge in graph.edges if edge.loop]
    assert set(loops) == {(("0",), ("0",)), (("1",), ("1",))}
    assert any((places[edge.tail], places[edge.head]) == (("0",), ("1",)) for edge in graph.edges)


def test_layers_and_directions_are_loops_of_their_own():
    lstm = nn.LSTM(2, 2, num_layers=2, bidirectional=True, batch_first=True)
    with record() as run:
        lstm(ta.ones(1, 3, 2))
    graph = op_graph(run, 999, rolled=True)
    assert len(titled(graph, "pieces")) == 4 and len(titled(graph, "weight_ih_l1_reverse")) == 1
    notes = [text for number in titled(graph, "pieces") for how, text in graph.boxes[number].rows if how == "note"]
    assert sorted(notes) == ["× 3 steps, here step 0"] * 2 + ["× 3 steps, here step 2"] * 2  # backward: from the end


def test_what_goes_on_alone_from_each_step_is_rolled_as_well():
    graph = op_graph(tagged(5), 99, rolled=True)
    stacked = [box for box in graph.boxes if box.rows[0][1] == "reshape"]
    assert [[text for how, text in box.rows if how == "note"] for box in stacked] == [["× 5 steps, here step 0"], []]
    assert between(graph, "reshape", "concatenate") == [(False, False, "1 … 5")]


def test_a_long_chain_after_a_step_is_rolled_without_recursion():
    with record() as run:
        with time_step(0):
            y = ta.tensor([1.0], requires_grad=True).tanh()
        for _ in range(3000):
            y = y.tanh()
    assert len(op_graph(run, 10, rolled=True).boxes) <= 10


def test_inputs_of_every_step_are_one_box_with_all_words_and_shared_ones_stay_one():
    table, nameless = nn.Embedding(5, 2), [ta.tensor([[1.0, 0.0]])]
    with record() as run:
        run.tokens(target=["EOS", "vamos"])
        for t in range(2):
            with time_step(t):
                ids = np.array([t])
                run.name(ids, "target")
                table(ids) * nameless[0] + nameless[0]
    graph = op_graph(run, 99, rolled=True)
    assert texts(graph, "target", "shape") == ["input 2 × (1,) int64"]
    assert texts(graph, "target", "words") == ["EOS vamos"]
    assert texts(graph, "input", "shape") == ["input (1, 2) float32"]


def test_rolled_without_time_steps_says_so():
    with record() as run:
        ta.tensor([1.0]).tanh()
    assert op_graph(run, 99, rolled=True).caption[0] == "1 op. There are no time steps to roll."


# --- the backward pass ----------------------------------------------------


def test_gradients_flow_back_beside_every_edge_that_has_one():
    x, w = ta.tensor([2.0, 1.0]), ta.tensor([-3.0, 0.5], requires_grad=True)
    with record() as run:
        y = (x * w).tanh()
        loss = (y - 1.0).sum()
    loss.backward()
    graph = op_graph(run, 99, backward=True)
    forward = {(e.tail, e.head) for e in graph.edges if not e.backward}
    assert {(e.head, e.tail) for e in graph.edges if e.backward} <= forward
    ((_, back, label),) = between(graph, "mul", "w")
    assert back and label == f"dL/d{texts(graph, 'w', 'gradient')[0].replace('grad', 'w =')}"  # the same numbers
    assert between(graph, "mul", "x") == []  # x asked for none
    assert between(graph, "sum", "sub") == [(False, True, "dx = [1  1]")]  # what has no name is called as its op does
    assert between(graph, "sub", "tanh") == [(False, True, "dL/dy = [1  1]")]


def test_of_several_uses_each_brings_a_part():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    with record() as run:
        loss = (w.tanh() + w.exp()).sum()
    loss.backward()
    graph = op_graph(run, 99, backward=True)
    assert between(graph, "tanh", "w") == between(graph, "exp", "w") == [(False, True, "part of dL/dw")]


def test_each_op_says_how_its_gradients_are_made():
    x, w = ta.tensor([2.0]), ta.tensor([3.0], requires_grad=True)
    with record() as run:
        Clip.apply((x * w).tanh(), 0.5).sum()
    graph = op_graph(run, 99, backward=True)
    assert texts(graph, "mul", "rule") == ["db = dy · a"]  # a asks for none
    assert texts(graph, "tanh", "rule") == ["dx = dy · (1 − y · y)"]
    assert texts(graph, "Clip", "rule") == ["dx = dy.clamp(−ctx.limit, ctx.limit)"]
    assert texts(op_graph(run, 99), "tanh", "rule") == []


def test_before_a_backward_pass_it_shows_the_way_and_no_numbers():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    with record() as run:
        w.tanh().sum()
    graph = op_graph(run, 99, backward=True)
    assert between(graph, "tanh", "w") == [(False, True, "dL/dw (2,)")]
    assert "There was no backward pass yet. Red: the way that gradients will take." in graph.caption
    assert texts(graph, "w", "gradient") == ["no gradient yet"]


def test_where_a_backward_pass_did_not_come_no_gradient_flows():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    with record() as run:
        used, unused = w * 2.0, w.tanh()
    used.sum().backward()
    graph = op_graph(run, 99, backward=True)
    assert between(graph, "tanh", "w") == [] and between(graph, "mul", "w") != [] and unused is not None


def test_rolled_gradients_flow_back_along_the_loop():
    graph = op_graph(looped(), 99, rolled=True, backward=True)
    assert between(graph, "mul", "tanh") == [(False, False, "x"), (True, True, "part of dL/dnew")]
    assert next(label for *_, label in between(graph, "tanh", "mul")).startswith("dx = [")
    assert texts(graph, "mul", "rule") == ["da = dy · b", "db = dy · a"]  # only later steps have a da


def test_the_backward_pass_is_drawn_beside_the_forward_one_and_against_it():
    w = ta.tensor([1.0], requires_grad=True)
    with record() as run:
        w.tanh()
    assert re.search(r"n1 -> n0 \[.*color=\"#9c2f00\".*dir=back", draw(run, backward=True).dot)


def test_of_the_gradients_of_several_steps_the_first_stands_on_the_edge():
    ((_, _, label),) = between(op_graph(tagged(5), 99, rolled=True, backward=True), "concatenate", "reshape")
    assert label.startswith("dxs = [") and "\n" not in label


# --- users' own programs --------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"rolled": True}, {"depth": 1}, {"backward": True}])
def test_a_user_s_own_module_is_drawn_by_one_line(options):
    picture = draw(tagged(), **options)
    assert b"<svg" in picture.render("svg") and ">GRU<" in picture.dot and "<B>Clip</B>" in picture.dot


def test_gates_of_a_gru_and_a_function_stand_there_one_by_one():
    graph = op_graph(tagged(), 999)
    clip = [box for box in graph.boxes if box.rows[0][1] == "Clip"]
    assert [text for how, text in clip[0].rows if how == "formula"] == ["y = x, its gradient at most `limit`"]
    gates = [box for box in graph.boxes if box.rows[0][1] == "sigmoid" and box.place == ("gru", "step 1")]
    assert [box.rows[1] for box in gates] == [("name", "r"), ("name", "z")]


def test_the_graph_behind_a_loss_calls_parameters_as_the_caller_s_modules_do():
    model = Tagger()
    loss = model(np.arange(3)[None]).sum()
    source = draw(loss).dot
    assert "<B>gru.weight_ih_l0</B>" in source and "<B>gru</B>" in source and "<B>Clip</B>" in source
    other = nn.Linear(1, 1)
    source = draw(loss * other.weight.sum()).dot
    assert "<B>model.gru.weight_ih_l0</B>" in source and "<B>other.weight</B>" in source


def test_larger_values_and_gradients_have_statistics_and_a_strip():
    w = ta.randn(3, 20, requires_grad=True)
    with record() as run:
        loss = (w * w).sum()
    loss.backward()
    graph = op_graph(run, 99)
    assert len(texts(graph, "w", "heat")) == 2 and texts(graph, "w", "number")[0].startswith("mean ")
    assert "Strips:" in " ".join(graph.caption) and texts(graph, "sum", "heat") == []


def test_ids_and_values_that_are_the_same_all_over_have_no_strip():
    with record() as run:
        ta.full((3, 20), 2.0) * ta.ones(20)
        nn.Embedding(99, 1)(np.arange(40))
    boxes = [box for box in op_graph(run, 99).boxes if box.kind in ("constant", "input")]
    assert len(boxes) == 3 and not any(how == "heat" for box in boxes for how, _ in box.rows)
