"""Pictures of ops: of recorded runs, and of the graph behind any tensor."""

import re

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.record import record
from tinyattn.state import time_step
from tinyattn_viz import draw
from tinyattn_viz.ops import op_graph


def rows(graph, title):
    """The texts of the only box with this title."""
    (box,) = [box for box in graph.boxes if box.rows[0][1] == title]
    return [text for _, text in box.rows]


def neuron():
    x, w, b = ta.tensor([2.0, 1.0]), ta.tensor([-3.0, 0.5], requires_grad=True), ta.tensor(6.0, requires_grad=True)
    with record() as run:
        n = (x * w).sum() + b
        y = (n * 0.5).tanh()
    return run, y


class Looper(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.Linear(2, 2)

    def forward(self, x, steps):
        for t in range(steps):
            with time_step(t):
                x = self.cell(x).tanh()
        return x


def test_a_box_shows_op_formula_value_shape_dtype_and_gradient():
    run, y = neuron()
    assert rows(op_graph(run, 99), "tanh") == ["tanh", "y", "y = tanh x", "scalar float32", "0.245", "no gradient yet"]
    y.backward()
    graph = op_graph(run, 99)
    assert rows(graph, "tanh")[-1] == "grad 1"
    assert rows(graph, "w") == ["w", "parameter (2,) float32", "[−3  0.5]", "grad [0.94  0.47]"]
    assert rows(graph, "x") == ["x", "input (2,) float32", "[2  1]"]  # no gradient was asked for: none is missed


def test_before_backward_it_says_so_and_never_0():
    run, _ = neuron()
    source = draw(run).dot
    assert source.count("no gradient yet") == 7 and "grad 0" not in source and "no backward pass yet" in source


def test_a_value_that_backward_did_not_reach_has_no_gradient():
    w = ta.tensor([1.0], requires_grad=True)
    with record() as run:
        used, unused = w * 2.0, w.tanh()
    used.backward()
    assert rows(op_graph(run, 99), "tanh")[-1] == "no gradient" and unused is not None


def test_kinds_differ_in_shape_and_colour():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    with record() as run:
        w * ta.tensor([1.0, 3.0]) + ta.zeros(2)
    source = draw(run).dot
    looks = {
        tuple(re.findall(r"(?:shape|fillcolor)=\"?([#\w]+)", line)) for line in source.splitlines() if "shape=" in line
    }
    shapes, fills = zip(*((look[-1], look[0]) for look in looks))
    assert len(looks) == 4 and len(set(shapes)) == 4 and len(set(fills)) == 4


def test_plain_numbers_and_attributes_stand_in_the_box_of_their_op():
    x = ta.tensor([[1.0, 2.0]], requires_grad=True)
    with record() as run:
        (x * 0.5).sum(dim=0)
    graph = op_graph(run, 99)
    assert len(graph.boxes) == 3
    assert "b = 0.5" in rows(graph, "mul") and "dim = 0" in rows(graph, "sum") and len(rows(graph, "sum")) == 6


def test_edges_name_the_inputs_of_an_op_that_has_several():
    run, _ = neuron()
    graph = op_graph(run, 99)
    labels = [edge.label for edge in graph.edges if graph.boxes[edge.head].rows[0][1] == "mul"]
    assert sorted(labels) == ["", "a", "b"]


def test_modules_and_time_steps_are_nested_clusters():
    net = Looper()
    with record() as run:
        net(ta.ones(1, 2), 2)
    graph = op_graph(run, 99)
    linear = [box.place for box in graph.boxes if box.rows[0][1] == "linear"]
    assert linear == [("cell", "step 0"), ("cell", "step 1")] and graph.titles[("cell",)] == "cell: Linear"
    assert re.search(r"subgraph cluster\d+ {[^}]*cell: Linear[^}]*subgraph cluster\d+ {[^}]*step 0", graph.dot())


def test_parameters_are_drawn_in_full_once_and_by_name_in_later_steps():
    net = Looper()
    with record() as run:
        net(ta.ones(1, 2), 3)
    weights = [box for box in op_graph(run, 99).boxes if box.rows[0][1] == "weight"]
    assert [len(box.rows) > 1 for box in weights] == [True, False, False]
    assert [box.place for box in weights] == [("cell",), ("cell", "step 1"), ("cell", "step 2")]


def test_words_stand_on_the_ids_they_belong_to():
    table, ids = nn.Embedding(5, 2), np.array([[1, 4]])
    with record() as run:
        run.tokens(ids=["let's", "go"], step=["EOS", "<unk>"])
        table(ids)
        for t in range(2):
            with time_step(t):
                step = np.array([t])
                run.name(step, "step")
                table(step)
    boxes = [
        [text for how, text in box.rows if how == "words"] for box in op_graph(run, 99).boxes if box.kind == "input"
    ]
    assert boxes == [["let's go"], ["EOS"], ["<unk>"]]


def test_a_mouse_s_tip_tells_module_step_and_line():
    net = Looper()
    with record() as run:
        net(ta.ones(1, 2), 1)
    (tip,) = [box.tip for box in op_graph(run, 99).boxes if box.rows[0][1] == "tanh"]
    assert tip.startswith("step 0\ntest_draw.py:") and "x = self.cell(x).tanh()" in tip


def test_the_same_run_gives_the_same_bytes():
    pictures = [draw(neuron()[0]) for _ in range(2)]
    for format in ("svg", "png", "pdf", "dot"):
        assert pictures[0].render(format) == pictures[1].render(format)


def test_the_graph_behind_a_tensor_is_drawn_with_the_caller_s_names():
    x, w = ta.tensor([2.0, 1.0]), ta.tensor([-3.0, 0.5], requires_grad=True)
    loss = (x * w).sum().tanh()
    source = draw(loss).dot
    assert all(f"<B>{title}</B>" in source for title in ("x", "w", "mul", "sum", "tanh")) and "<I>loss</I>" in source
    assert "parameter (2,) float32" in source and "no gradient yet" in source
    assert "<B>scale</B>" in draw(loss, names={"scale": w}).dot


def test_gradients_of_a_tensor_s_graph_are_those_that_tensors_keep():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    source = draw(loss).dot
    assert "grad [2  4]" in source and "grad not kept" in source


def test_a_graph_that_backward_freed_says_so():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    source = draw(loss).dot
    assert "freed by backward" in source and "<B>sum</B>" in source and "<B>mul</B>" not in source


def test_several_outputs_of_one_op_share_its_box():
    x = ta.tensor([[1.0, 2.0]], requires_grad=True)
    a, b = x.chunk(2, 1)
    y = a * b.tanh()
    source = draw(y).dot
    assert source.count("<B>pieces</B>") == 1 and "<I>a</I>" in source and "<I>b</I>" in source


def test_edges_say_which_of_several_outputs_they_carry():
    x = ta.tensor([[1.0, 2.0]], requires_grad=True)
    with record() as run:
        a, b = x.chunk(2, 1)
        a.tanh()
        x.chunk(2, 1)[1].exp()
    graph = op_graph(run, 99)
    labels = {graph.boxes[edge.head].rows[0][1]: edge.label for edge in graph.edges}
    assert labels["tanh"] == "a" and labels["exp"] == "y₂" and b is not None


def test_a_chain_of_10000_ops_is_drawn_without_recursion():
    y = ta.tensor([1.0], requires_grad=True)
    for _ in range(10_000):
        y = y * 1.0
    picture = draw(y)
    assert len(re.findall(r"^\s*n\d+ \[", picture.dot, re.MULTILINE)) <= 300
    assert "10,000 ops" in picture.dot and "more than 300" in picture.dot.replace("\\l", " ")


@pytest.mark.parametrize("detail", ["layers", "", None])
def test_another_detail_is_refused(detail):
    with pytest.raises(ValueError, match='detail must be "layer", "step" or "op"'):
        draw(neuron()[0], detail=detail)


def test_what_cannot_be_drawn_is_refused():
    with record() as run:
        pass
    with pytest.raises(ValueError, match="nothing was recorded"):
        draw(run)
    with pytest.raises(ValueError, match="made by no op that was remembered"):
        draw(ta.tensor([1.0]))
    with pytest.raises(TypeError, match="wanted a record or a tensor, got Linear"):
        draw(nn.Linear(1, 1))
    with pytest.raises(ValueError, match="budget must be at least 1 box, got 0"):
        draw(neuron()[0], budget=0)
    with pytest.raises(ValueError, match="knows no modules"):
        draw(neuron()[1], detail="layer")
