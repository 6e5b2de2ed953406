"""The attention path: its two ends, its routes, and the picture of them."""

import html
import itertools
import re

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import Translator
from tinyattn.record import record
from tinyattn.state import time_step
from tinyattn.translator.config import Config
from tinyattn.translator.replay import replay
from tinyattn.translator.translator import Hypothesis, Translation
from tinyattn_viz import draw
from tinyattn_viz.ends import find_ends, output_of, places
from tinyattn_viz.grid import Grid
from tinyattn_viz.path import ATTENTION, CONTEXT, Path
from tinyattn_viz.path_picture import path_graph, percent
from tinyattn_viz.path_units import KEPT, WIDE, Units

KINDS = [
    {"attention": "none"},
    {"attention": "dot"},
    {"attention": "scaled", "layers": 2},
    {"attention": "general", "layers": 2, "bidirectional": True},
    {"attention": "additive"},
    {"attention": "cosine", "bidirectional": True},
    {"attention": "dot", "attend": "before", "layers": 2},
    {"attention": "general", "input_feeding": True, "tie_embeddings": True},
]


def translated(source="the cat saw the dog", target="el gato vio", **options):
    """The record of a translation by an untrained model."""
    config = Config(embed=4, hidden=4, dropout=0.0, seed=3, source_tokens="space", **{"attention": "dot", **options})
    translator = Translator.for_pairs(config, [(source, target)])
    words = target.split()
    return replay(translator, Translation(source, source.split(), [Hypothesis(target, words, 0.0, None)]))


@pytest.fixture(scope="module")
def video():
    translator = Translator.load("statquest")
    return replay(translator, translator.translate("let's go"))


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: " ".join(map(str, kind.values())))
def any_kind(request):
    return translated(**request.param), request.param


def named(source, output):
    with record() as run:
        run.tokens(source=source, output=output)
    return run


# --- the two ends ---------------------------------------------------------


def test_a_repeated_word_is_counted():
    run = named(["the", "cat", "the"], ["la", "la"])
    target, source = find_ends(run, "la#2:the#2")
    assert (target.place, target.name, source.place, source.name) == (1, "la#2", 2, "the#2")
    target, source = find_ends(run, "la:cat")
    assert (target.place, target.name, source.name) == (0, "la#1", "cat")


@pytest.mark.parametrize(
    ("path", "found"),
    [("b:c:a", ("b", "c:a")), ("x:y:a", ("x:y", "a")), (":::", (":", ":")), ("the#2:a", ("the#2", "a"))],
)
def test_words_may_hold_colons_and_counts(path, found):
    run = named(["a", "c:a", ":"], ["b", "x:y", ":", "the#2"])
    assert tuple(word.text for word in find_ends(run, path)) == found


def test_of_several_divisions_the_last_one_counts():
    assert [word.text for word in find_ends(named(["b:c", "c"], ["a", "a:b"]), "a:b:c")] == ["a:b", "c"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("vamo:go", "output word must be one of vamos, <eos>, got 'vamo'"),
        ("vamos:gone", "source word must be one of let's, go, got 'gone'"),
        ("vamos:go:gone", "source word must be one of let's, go, got 'go:gone'"),
        ("go:vamos", "output word must be one of vamos, <eos>, got 'go'; source word must be one of let's, go, got"),
        ("vamos", "wanted TARGET:SOURCE, like \"vamos:let's\", got 'vamos'"),
        ("vamos#2:go", "output word must be one of vamos, <eos>, got 'vamos#2'"),
    ],
)
def test_words_that_are_not_there_are_said_with_those_that_are(video, path, said):
    with pytest.raises(ValueError, match=re.escape(f"draw: path: {said}")):
        draw(video, "step", path=path)


def test_a_record_without_words_or_scores_is_refused():
    with record() as run:
        x = ta.ones(2, 3) * ta.tensor([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="the record has no source words"):
        draw(run, path="a:b")
    run.tokens(source=["a", "b"], output=["yes", "no", "so"])
    with pytest.raises(ValueError, match="the record has no scores for output word 'so'"):
        draw(run, path="so:a")
    run.tokens(output=["yes", "no"])
    with pytest.raises(ValueError, match="does not say where source word 'a' goes in"):
        draw(run, path="yes:a")
    assert x.shape == (2, 3)


def test_words_that_nothing_joins_are_refused():
    with record() as run:
        x = ta.tensor([[1.0, -2.0], [3.0, 0.5]])
        run.name(x, "source")
        run.tokens(source=["a", "b"], output=["yes"])
        (x[0] * 2.0).softmax(-1)
    with pytest.raises(ValueError, match="nothing of source word 'b' reaches output word 'yes'"):
        draw(run, path="yes:b")


def test_the_score_is_that_of_the_word_that_was_chosen(video):
    run = translated()  # untrained: what is the likeliest says nothing
    ids = [int(v.array.item()) for v in run.values if v.name == "target"]
    for place, word in enumerate(["el", "gato", "vio"]):
        output = output_of(run, find_ends(run, f"{word}:cat")[0])
        assert output.element == ids[place + 1]
        assert run.values[output.value].name == "logits" and run.calls[run.values[output.value].call].step == place
    last = output_of(video, find_ends(video, "<eos>:go")[0])  # its id is the first one that was read
    assert last.element == 1 and last.chance == pytest.approx(0.99765, abs=1e-4)


def test_the_numbers_of_a_word_are_its_rows():
    run = translated()
    found = places(run, "source")
    (number,) = {k for marked in found for k in marked}
    assert run.calls[run.values[number].call].path == "encoder.embedding"
    for k, marked in enumerate(found):
        assert np.argwhere(marked[number])[:, 1].tolist() == [k] * 4
    assert len({k for marked in places(run, "target") for k in marked}) == 4  # one a step


# --- routes ---------------------------------------------------------------


def test_routes_add_up_to_what_comes_from_the_word(any_kind):
    run, kind = any_kind
    for path in ("vio:the#2", "el:the", "<eos>:dog"):
        found = Path(run, path)
        assert list(found.flows) == [CONTEXT] or set(found.flows) == {ATTENTION, CONTEXT}
        assert (ATTENTION in found.flows) == (kind["attention"] != "none")
        assert all(flow.total > 0 for flow in found.flows.values())
        assert found.total == pytest.approx(found.parts("source")[found.source.place])
        assert sum(found.parts("source") + found.parts("target")) == pytest.approx(1.0)


def test_without_the_state_all_comes_by_attention():
    """A second opinion on which route is which: the context vector of 0s carries nothing."""
    run = translated(attention="dot")
    h, c = [call for call in run.calls if call.op == "pick" and call.path == "decoder.lstm" and call.step == 0
            and call.attributes["index"] == [0, "..."]]  # of the one layer
    for call in (h, c):
        for k in (call.inputs[0][1], call.outputs[0]):
            run.values[k].array[...] = 0.0
    found = Path(run, "el:cat")
    assert found.flows[ATTENTION].total == pytest.approx(found.total) and found.total > 0.01
    assert found.flows[CONTEXT].total == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("options", [{"attend": "before"}, {"attend": "before", "input_feeding": True}], ids=str)
def test_attention_before_the_step_is_attention(options):
    """Also in the first step, when what asks is the encoder's last state and no word of the target has been read."""
    path = Path(translated(**options), "gato:cat")
    found = {(call.path, call.op, edge[1], call.step): route for edge, route in path.find_crossings().items()
             for call in [path.record.calls[edge[0]]]}
    assert found == {
        ("attention", "matmul", 1, 0): ATTENTION,  # the values; of weights · h the first is target's side
        ("attention", "matmul", 1, 1): ATTENTION,
        ("", "pick", 0, 0): CONTEXT,  # the state that asks in the first step
        ("decoder.lstm", "pick", 0, 0): CONTEXT,  # the state that the LSTM begins with
    }


def test_the_routes_of_a_program_without_modules():
    """Attention by hand: the state's slot is known by what goes into it at the next step."""
    ta.manual_seed(1)
    table, w = ta.randn(5, 3), ta.randn(3, 3, requires_grad=True)
    with record() as run:
        source, target = ta.tensor([2, 3]), [ta.tensor([0]), ta.tensor([4])]
        run.name(source, "source")
        run.tokens(source=["let's", "go"], target=["EOS", "vamos"], output=["vamos", "EOS"])
        h = ta.nn.functional.embedding(source, table) @ w
        state = h[1:2].tanh()
        for t in range(2):
            with time_step(t):
                run.name(target[t], "target")
                state = (state + ta.nn.functional.embedding(target[t], table)).tanh()
                weights = (state @ h.mT).softmax(-1)
                ((weights @ h + state) @ table.mT).softmax(-1)
    assert set(Path(run, "vamos:go").flows) == {ATTENTION, CONTEXT}
    first, last = Path(run, "vamos:let's"), Path(run, "EOS:go")
    assert first.flows[CONTEXT].total == 0.0 and first.flows[ATTENTION].total > 0.0
    assert min(flow.total for flow in last.flows.values()) > 0.0
    for detail in ("step", "op"):
        assert draw(run, detail, path="EOS:go").render("svg").count(b"<path") > 8


def test_without_a_decoder_there_is_one_route():
    with record() as run:
        x = ta.tensor([[1.0, -2.0], [3.0, 0.5]])
        run.name(x, "source")
        run.tokens(source=["a", "b"], output=["yes"])
        x.tanh().sum(0).softmax(-1)
    found = Path(run, "yes:a")
    assert list(found.flows) == [""] and 0.0 < found.total < 1.0
    assert "by attention" not in " ".join(path_graph(run, "yes:a").caption)


# --- the picture ----------------------------------------------------------


def test_what_flows_into_a_box_flows_out_of_it(any_kind):
    path = Path(any_kind[0], "vio:the#2")
    units = Units(path, "step")
    into, out = {}, {}
    for (tail, head, route), flow in units.flows_between().items():
        out[tail, route] = out.get((tail, route), 0.0) + flow
        into[head, route] = into.get((head, route), 0.0) + flow
    for unit in {unit for unit, _ in into} - {units.target}:
        for route in path.flows:
            assert into.get((unit, route), 0.0) == pytest.approx(out.get((unit, route), 0.0), abs=1e-9)
    for route, flow in path.flows.items():
        assert into[units.target, route] == pytest.approx(flow.total / path.total)
        assert out[units.source, route] == pytest.approx(flow.total / path.total)


def test_boxes_keep_apart_and_edges_join_them(any_kind):
    grid = path_graph(any_kind[0], "vio:the#2")
    assert isinstance(grid, Grid)
    for one, other in itertools.combinations(grid.spots.values(), 2):
        apart_x = abs(one.x - other.x) - (one.width + other.width) / 2
        apart_y = abs(one.y - other.y) - (one.height + other.height) / 2
        assert max(apart_x, apart_y) > 10
    assert len(grid.routes) == len(grid.edges) == len(grid.texts)
    for edge, route in grid.routes:
        route.pos()
        for (x, y), number in ((route.curve[0], edge.tail), (route.curve[-1], edge.head)):
            spot = grid.spots[number]
            on_side = abs(abs(x - spot.x) - spot.width / 2) < 0.1 and abs(y - spot.y) < spot.height / 2
            on_end = abs(abs(y - spot.y) - spot.height / 2) < 0.1 and abs(x - spot.x) < spot.width / 2
            assert on_side or on_end


def titles(graph):
    return [box.rows[0][1] for box in graph.boxes]


def test_the_step_picture_of_the_video(video):
    graph = path_graph(video, "vamos:go")
    assert titles(graph) == ["go", "LSTM", "LSTM", "Attention", "output: Linear", "vamos"]
    assert [[text for how, text in box.rows if how == "words"] for box in graph.boxes[1:4]] == [["go"], ["<eos>"], []]
    labels = {(edge.tail, edge.head): edge.label for edge in graph.edges if edge.colour == "#c8500a"}
    assert labels[1, 2] == "context vector 61%" and labels[4, 5] == "61%"
    blue = {(edge.tail, edge.head): edge.label for edge in graph.edges if edge.colour == "#1f6fb5"}
    assert blue == dict.fromkeys([(0, 1), (1, 3), (3, 4), (4, 5)], "39%")
    caption = " ".join(graph.caption)
    assert "What “vamos” takes from “go”: 39% by attention (blue), 61% by the context vector (orange)." in caption
    assert "|gradient × value| over the edge, normalised over each node's inputs" in caption
    assert "“go” is 2% of all that the score of “vamos” is made of; “<eos>” (read before) 66%, “let's” 32%." in caption


def test_thickness_is_the_share(video):
    graph = path_graph(video, "vamos:go")
    widths = {float(width) for width in re.findall(r"penwidth=([0-9.]+)", graph.dot())}
    wanted = {round(0.7 + 3.8 * edge.share, 2) for edge in graph.edges}
    assert widths == wanted and max(widths) > 2 * min(widths)


def test_at_op_detail_small_modules_stay_closed(video):
    graph = path_graph(video, "vamos:let's", "op")
    assert "masked_softmax" in titles(graph) and titles(graph).count("LSTM") == 2
    assert "Modules with less than 10% of all are one box." in " ".join(graph.caption)
    assert {"reshape", "pick", "pieces", "concatenate"}.isdisjoint(titles(graph))


def test_above_the_budget_op_is_step(video):
    graph = path_graph(video, "vamos:go", "op", budget=10)
    assert titles(graph) == titles(path_graph(video, "vamos:go"))
    assert graph.caption[-1] == "Not op by op: that would be 19 boxes, more than 10."


def test_a_long_sentence_shares_boxes():
    source = " ".join(f"w{k}" for k in range(40))
    run = translated(source)
    graph = path_graph(run, "vio:w3")
    cells = [box for box in graph.boxes if box.rows[0][1] == "LSTM" and box.place == ("encoder",)]
    assert len(cells) <= 2 * KEPT + 3 and WIDE < 40
    steps = [int(text.split()[1]) for box in cells for how, text in box.rows if how == "note"]
    assert sum(steps) + len(cells) - len(steps) == 37
    assert Path(run, "vio:w3").total > 0


def test_edges_with_little_flow_are_left_out_but_no_route_is():
    run = translated("a b c d e f g h i j")
    path = Path(run, "vio:a")
    units = Units(path, "step")
    assert units.left_out and {route for *_, route in units.flows} == set(path.flows)
    for route, flow in path.flows.items():
        assert all(part >= 0.02 * flow.total / path.total for (*_, r), part in units.flows.items() if r == route)


def test_words_are_text_and_the_same_record_gives_the_same_bytes():
    nasty = '<b>&amp;"\\N" {x|y}\\'.replace(" ", "_")
    run = translated(f"the {nasty} dog")
    pictures = [draw(run, detail, path=f"vio:{nasty}") for detail in ("step", "op") for _ in range(2)]
    for one, again in (pictures[:2], pictures[2:]):
        for format in ("svg", "dot", "png"):
            assert one.render(format) == again.render(format)
        text = html.unescape(re.sub(r"<[^>]*>", "", one.svg))
        assert nasty in text and "href" not in one.svg and "<b>" not in one.svg


@pytest.mark.parametrize("options", [{"detail": "layer"}, {"rolled": True}, {"depth": 1}, {"backward": True}])
def test_a_path_goes_with_no_other_way_to_draw(video, options):
    with pytest.raises(ValueError, match='a path is drawn at detail="step" or "op"'):
        draw(video, **{"detail": "op", **options}, path="vamos:go")


def test_percent_rounds_nothing_to_all_or_none():
    assert [percent(x) for x in (0.0, 1e-9, 0.006, 0.5, 0.994, 0.996, 1.0)] == ["0%", "<1%", "1%", "50%", "99%", ">99%", "100%"]
