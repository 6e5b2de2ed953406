"""Above a budget the picture collapses, modules first."""

import itertools

import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.record import record
from tinyattn_viz.collapse import within_budget
from tinyattn_viz.ops import op_graph


@pytest.fixture(scope="module")
def run():
    encoder = nn.Sequential(nn.LSTM(2, 2, batch_first=True))
    with record() as run:
        h = encoder(ta.ones(1, 6, 2))[0]
        (h * 2.0).sum()
    return run


def titles(run, budget, rolled=False):
    return [box.rows[0][1] for box in op_graph(run, budget, rolled=rolled).boxes]


def test_within_the_budget_nothing_is_put_together(run):
    whole = len(op_graph(run, 10**6).boxes)
    graph = op_graph(run, whole)
    assert {box.kind for box in graph.boxes} >= {"op", "parameter"} and "group" not in {box.kind for box in graph.boxes}
    assert "would be" not in " ".join(graph.caption)


@pytest.mark.parametrize("budget", [60, 30, 10, 5, 3, 2, 1])
def test_the_budget_is_kept_and_the_caption_says_so(run, budget):
    graph = op_graph(run, budget)
    assert len(graph.boxes) <= budget and f"more than {budget}." in " ".join(graph.caption)


def test_first_each_time_step_of_a_module_is_one_box(run):
    assert [title for title in titles(run, 30) if "step" in title] == [f"0 step {t}" for t in range(6)]
    assert "mul" in titles(run, 30)  # what lies outside of modules stays


def test_then_each_module_then_ops_in_a_row(run):
    assert titles(run, 5) == ["0", "mul", "sum"]
    assert titles(run, 2) == [f"ops 0 … {len(run.calls) - 1}"]


def test_boxes_put_together_form_no_circle_and_lose_no_edge(run):
    graph = op_graph(run, 30, rolled=False)
    assert all(edge.tail != edge.head for edge in graph.edges)
    order, seen = [], set()
    while len(order) < len(graph.boxes):  # Kahn: each round takes the boxes whose inputs are all there
        free = [n for n in range(len(graph.boxes)) if n not in seen
                and all(edge.tail in seen for edge in graph.edges if edge.head == n)]  # fmt: skip
        assert free, "a circle"
        order += free
        seen |= set(free)
    steps = [n for n, box in enumerate(graph.boxes) if "step" in box.rows[0][1]]
    assert all(any(e.tail == a and e.head == b for e in graph.edges) for a, b in itertools.pairwise(steps))


def test_a_box_of_several_ops_tells_what_is_in_it(run):
    (box,) = [box for box in op_graph(run, 30, rolled=False).boxes if box.rows[0][1] == "0 step 3"]
    texts = [text for _, text in box.rows]
    assert box.kind == "group" and "LSTM" in texts and "weight_ih_l0 (8, 2)" in texts
    assert any(text.startswith("14 ops: 3 sigmoid, 3 mul") for text in texts)


def test_neither_do_inputs():
    with record() as run:
        for k in range(50):
            ta.tensor([1.0 * k, 2.0]).tanh()
    assert len(op_graph(run, 10).boxes) <= 10


def test_parameters_alone_never_break_the_budget():
    weights = [ta.tensor([1.0, 2.0], requires_grad=True) for _ in range(50)]
    with record() as run:
        total = weights[0] * 1.0
        for weight in weights:
            total = total + weight
    assert len(op_graph(run, 10).boxes) <= 10
    assert within_budget(run, 10).note.endswith("more than 10.")
