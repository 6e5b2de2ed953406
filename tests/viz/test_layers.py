"""The picture of layers, made from a record of the translator's model."""

import re

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.record import record
from tinyattn.state import time_step
from tinyattn.translator.config import Config
from tinyattn.translator.model import Seq2Seq
from tinyattn_viz import draw
from tinyattn_viz.layers import layer_graph


def translated(attention="dot", **options):
    """The record of a translation word by word: "let's go" to "vamos"."""
    model = Seq2Seq(6, 7, Config(embed=3, hidden=2, attention=attention, dropout=0.0, **options))
    with record() as run:
        run.name(model, "")
        run.tokens(source=["let's", "go"], target=["EOS", "vamos"], output=["vamos", "EOS"])
        encoded = model.encode(np.array([[4, 5]]), np.array([2]))
        state = encoded.state
        for t, id in enumerate([1, 6]):
            with time_step(t):
                logits, _, state = model.decode(np.array([[id]]), state, encoded)
                ta.softmax(logits, -1)
    return run


@pytest.fixture(scope="module")
def graph():
    return layer_graph(translated())


def titled(graph, title, place=()):
    (number,) = [n for n, box in enumerate(graph.boxes) if box.rows[0][1] == title and box.place == place]
    return number


def edge(graph, tail, head):
    (found,) = [edge for edge in graph.edges if (edge.tail, edge.head) == (tail, head)]
    return found


def test_encoder_attention_decoder_linear_and_softmax_are_boxes(graph):
    boxes = [(box.kind, box.rows[0][1], box.place) for box in graph.boxes]
    assert sorted(boxes) == sorted(
        [
            ("input", "source", ()), ("input", "target", ()), ("input", "output", ()),
            ("group", "Embedding", ("encoder",)), ("group", "LSTM", ("encoder",)),
            ("group", "Embedding", ("decoder",)), ("group", "LSTM", ("decoder",)),
            ("group", "Attention", ()), ("op", "concatenate", ()), ("group", "output: Linear", ()),
            ("op", "softmax", ()), ("question", "EOS?", ()),
        ]
    )  # fmt: skip
    assert graph.titles == {("encoder",): "Encoder", ("decoder",): "Decoder"}


def test_what_flows_is_on_the_edges_with_its_shape(graph):
    encoder, decoder = titled(graph, "LSTM", ("encoder",)), titled(graph, "LSTM", ("decoder",))
    attention, join = titled(graph, "Attention"), titled(graph, "concatenate")
    assert edge(graph, encoder, attention).label.endswith("(1, 2, 2)")
    assert edge(graph, decoder, attention).label == edge(graph, decoder, join).label == "s (1, 1, 2)"
    assert edge(graph, attention, join).label == "context (1, 1, 2)"
    assert edge(graph, encoder, decoder).label.count("(1, 1, 2)") == 2  # h and c
    assert edge(graph, join, titled(graph, "output: Linear")).label == "features (1, 1, 4)"


def test_no_edge_is_there_without_a_flow(graph):
    assert len(graph.edges) == 16
    assert not any(e.tail == titled(graph, "Attention") and e.head == titled(graph, "softmax") for e in graph.edges)


def test_what_goes_into_the_next_step_is_dashed(graph):
    for part, label in (("encoder", "h (1, 2)\nc (1, 2)"), ("decoder", None)):
        lstm = titled(graph, "LSTM", (part,))
        own = edge(graph, lstm, lstm)
        assert own.loop and (label is None or own.label == label)
    assert graph.dot().count("style=dashed") == 3


def test_words_go_in_and_out_and_round_until_the_end(graph):
    texts = {box.rows[0][1]: [text for how, text in box.rows if how == "words"] for box in graph.boxes}
    assert texts["source"] == ["let's go"] and texts["target"] == ["EOS vamos"] and texts["output"] == ["vamos EOS"]
    assert edge(graph, titled(graph, "softmax"), titled(graph, "output")).label == "(1, 1, 7)"
    end = titled(graph, "EOS?")
    assert not edge(graph, titled(graph, "output"), end).loop and ("shape", "yes: done") in graph.boxes[end].rows
    loop = edge(graph, end, titled(graph, "target"))
    assert loop.loop and loop.label == "no: it is read next"


def test_given_words_that_are_not_the_output_make_no_loop():
    run = translated()
    run.tokens(target=["EOS", "voy"])
    graph = layer_graph(run)
    assert not any(box.kind == "question" for box in graph.boxes)
    assert not any(edge.loop and edge.tail != edge.head for edge in graph.edges)


def test_boxes_tell_formula_parameters_and_time_steps(graph):
    linear = [text for _, text in graph.boxes[titled(graph, "output: Linear")].rows]
    assert "weight (7, 4)" in linear and "bias (7,)" in linear and "× 2 time steps" in linear
    assert any(text.startswith("logits = ") for text in linear)
    attention = [text for how, text in graph.boxes[titled(graph, "Attention")].rows if how == "formula"]
    assert attention == ["scores = s · keysᵀ", "weights = softmax(scores)", "context = weights · keys"]
    lstm = [text for how, text in graph.boxes[titled(graph, "LSTM", ("encoder",))].rows if how == "formula"]
    assert lstm[-2:] == ["c = σ(f) · c + σ(i) · tanh(g)", "h = σ(o) · tanh(c)"]


def test_the_encoder_hands_its_state_over_to_the_decoder_beside_it(graph):
    encoder, decoder = (titled(graph, "LSTM", (side,)) for side in ("encoder", "decoder"))
    assert [(e.tail, e.head) for e in graph.edges if e.level] == [(encoder, decoder)]
    assert f"{{rank=same n{encoder} n{decoder}}}" in graph.dot() and "newrank=true" in graph.dot()
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    with record() as run:
        for t in range(2):
            with time_step(t):
                net(ta.ones(1, 2))
    assert not any(e.level for e in layer_graph(run).edges) and "newrank" not in layer_graph(run).dot()


@pytest.mark.parametrize("attention", ["none", "scaled", "general", "additive", "cosine"])
def test_every_kind_of_attention_leads_from_source_to_output(attention):
    graph = layer_graph(translated(attention))
    reached, new = set(), {titled(graph, "source")}
    while new:
        reached |= new
        new = {edge.head for edge in graph.edges if edge.tail in reached} - reached
    assert titled(graph, "output") in reached
    assert all("Attention" not in title for title in graph.titles.values()) == (attention in ("none", "scaled"))


def test_layers_and_directions_are_one_box():
    graph = layer_graph(translated(layers=2, bidirectional=True))
    assert [box.place for box in graph.boxes if box.rows[0][1] == "LSTM"] == [("encoder",), ("decoder",)]
    encoder = graph.boxes[titled(graph, "LSTM", ("encoder",))].rows
    assert ("shape", "… 16 parameters") in encoder and ("note", "2 layers, both directions") in encoder
    assert ("note", "2 layers") in graph.boxes[titled(graph, "LSTM", ("decoder",))].rows
    assert len([text for how, text in encoder if how == "formula" and "tanh(c)" in text]) == 1  # for all of them


def test_the_loss_of_a_training_step_does_not_take_the_words():
    model = Seq2Seq(6, 7, Config(embed=3, hidden=2, dropout=0.0))
    with record() as run:
        run.tokens(output=["vamos", "EOS"])
        logits, _ = model(np.array([[4, 5]]), np.array([2]), np.array([[1, 6]]), np.array([2]))
        ta.softmax(logits, -1)
        nn.functional.cross_entropy(logits.reshape(2, 7), np.array([6, 1]))
    graph = layer_graph(run)
    assert edge(graph, titled(graph, "softmax"), titled(graph, "output")).label == "(1, 2, 7)"


def test_a_model_without_words_or_steps():
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    with record() as run:
        x = ta.randn(4, 3)
        net(x).tanh()
    graph = layer_graph(run)
    assert [box.rows[0][1] for box in graph.boxes] == ["x", "0: Linear", "1: Linear", "tanh"]
    assert [(edge.tail, edge.head, edge.label) for edge in graph.edges] == [
        (0, 1, "(4, 3)"), (1, 2, "(4, 2)"), (2, 3, "(4, 1)")]  # fmt: skip


def test_layers_of_a_program_without_modules_keep_the_budget():
    w = ta.tensor([1.0, 2.0], requires_grad=True)
    with record() as run:
        y = w
        for _ in range(500):
            y = y * 1.01
    assert len(re.findall(r"^\s*n\d+ \[", draw(run, detail="layer", budget=50).dot, re.MULTILINE)) <= 50


def test_the_same_record_gives_the_same_bytes_in_every_format():
    first, second = (draw(translated(), detail="layer") for _ in range(2))
    for format in ("svg", "png", "pdf", "dot"):
        assert first.render(format) == second.render(format)


def test_after_backward_a_box_says_how_long_its_gradient_is():
    used, unused = nn.Linear(2, 1, bias=False), nn.Linear(2, 1, bias=False)
    nets = nn.ModuleList([used, unused])
    with record() as run:
        run.name(nets, "")
        x = ta.tensor([[3.0, 4.0]])
        loss, _ = used(x).sum(), unused(x)
    assert not any(how == "gradient" for box in layer_graph(run).boxes for how, _ in box.rows)
    early = [text for box in layer_graph(run, backward=True).boxes for how, text in box.rows if how == "gradient"]
    assert early == ["no gradient yet"] * 2
    loss.backward()
    graph = layer_graph(run)
    rows = {box.rows[0][1]: [text for how, text in box.rows if how == "gradient"] for box in graph.boxes}
    assert rows["0: Linear"] == ["|grad| 5"] and rows["1: Linear"] == ["no gradient"] and rows["x"] == []
    assert "dloss/dparameter" in graph.caption[-1]
