"""Above a budget the picture collapses, modules first."""

import itertools

import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.record import record
from tinyattn.state import time_step
from tinyattn_viz import draw
from tinyattn_viz.collapse import from_depth, where_asked, within_budget
from tinyattn_viz.ops import op_graph


@pytest.fixture(scope="module")
def run():
    encoder = nn.Sequential(nn.LSTM(2, 2, batch_first=True))
    with record() as run:
        h = encoder(ta.ones(1, 6, 2))[0]
        (h * 2.0).sum()
    return run


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        return self.second(self.first(x).tanh())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()

    def forward(self, x):
        return self.block(x).exp()


def nested():
    with record() as run:
        Net()(ta.ones(1, 2))
    return run


def titled(graph):
    return [box.rows[0][1] for box in graph.boxes if box.kind != "constant"]


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


def test_what_does_not_fit_is_rolled_before_modules_are_closed(run):
    rolled = op_graph(run, 40)
    assert "drawn once" in rolled.caption[0] and {"sigmoid", "tanh"} <= set(titles(run, 40, None))
    assert "one box for each of its time steps" in op_graph(run, 40, rolled=False).caption[0]
    assert titles(run, 5, None) == titles(run, 5, True) == ["0", "mul", "sum"]
    assert [edge.loop for edge in op_graph(run, 5).edges if edge.tail == edge.head] == [True]


def test_modules_from_a_depth_on_are_one_box_and_the_rest_is_open():
    run = nested()
    assert titled(op_graph(run, 99, closed=from_depth(1))) == ["block", "exp"]
    found = titled(op_graph(run, 99, closed=from_depth(2)))
    assert {"first", "second", "tanh", "exp"} <= set(found) and "linear" not in found
    assert titled(op_graph(run, 99, closed=from_depth(9))) == titled(op_graph(run, 99))


def test_a_callback_says_which_modules_are_one_box():
    run = nested()
    asked = {}

    def collapse(path, kind):
        asked[path] = kind
        return path == "block.second"

    found = titled(op_graph(run, 99, closed=where_asked(run, collapse)))
    assert found.count("linear") == 1 and "second" in found and "first" not in found
    assert titled(op_graph(run, 99, closed=where_asked(run, lambda *module: True))) == ["block", "exp"]
    assert asked == {"block": "Block", "block.first": "Linear", "block.second": "Linear"}
    assert "closed" in draw(run, collapse=lambda path, kind: kind == "Block").dot.replace("<B>block</B>", "closed")


def test_a_closed_module_is_a_box_for_each_time_it_runs():
    net = nn.Linear(2, 2)
    with record() as run:
        run.name(nn.ModuleList([net]), "")
        x = ta.ones(1, 2)
        for t in range(3):
            with time_step(t):
                x = net(x).tanh()
    closed = from_depth(1)
    groups = [box for box in op_graph(run, 99, closed=closed, rolled=False).boxes if box.kind == "group"]
    assert [box.rows[0][1] for box in groups] == ["0 step 0", "0 step 1", "0 step 2"]
    (group,) = [box for box in op_graph(run, 99, closed=closed, rolled=True).boxes if box.kind == "group"]
    assert group.rows[0] == ("title", "0") and group.rows[-1] == ("note", "× 3 steps")


def test_a_module_with_time_steps_inside_is_one_box():
    lstm = nn.LSTM(2, 2, batch_first=True)
    with record() as run:
        run.name(nn.ModuleList([lstm]), "")
        lstm(ta.randn(1, 4, 2))
    graph = op_graph(run, 99, closed=from_depth(1))
    assert titled(graph) == ["0", "input"] and len(graph.edges) == 1


def test_closed_modules_list_their_parameters_and_open_ones_draw_them():
    run = nested()
    graph = op_graph(run, 99, closed=where_asked(run, lambda path, kind: path == "block.first"))
    (box,) = [box for box in graph.boxes if box.kind == "group"]
    assert ("shape", "weight (2, 2)") in box.rows
    assert [box.place for box in graph.boxes if box.rows[0][1] == "weight"] == [("block", "second")]


def test_ops_in_a_row_have_no_edges_to_themselves():
    blocks = nn.Sequential(*[nn.Linear(2, 2) for _ in range(30)])
    with record() as run:
        blocks(ta.ones(1, 2))
    graph = op_graph(run, 25)
    assert titled(graph) == ["ops 0 … 9", "ops 10 … 19", "ops 20 … 29"] and len(graph.edges) == 2
    assert all(edge.tail < edge.head for edge in graph.edges)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"depth": 0}, "depth must be at least 1"),
        ({"depth": 1, "collapse": lambda path, kind: True}, "without collapse"),
        ({"depth": 1, "detail": "layer"}, "depth and collapse are for"),
        ({"collapse": lambda path, kind: True, "detail": "step"}, "depth and collapse are for"),
    ],
)
def test_what_does_not_go_together_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        draw(nested(), **options)


def test_the_graph_behind_a_tensor_has_no_modules_to_close():
    with pytest.raises(ValueError, match="knows no modules"):
        draw(ta.tensor([1.0], requires_grad=True).tanh(), depth=1)


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
