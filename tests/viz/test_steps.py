"""The picture of time steps: what is in it, and where it stands."""

import itertools
import re

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.record import record
from tinyattn.state import time_step
from tinyattn.translator.config import Config
from tinyattn.translator.replay import replay
from tinyattn.translator.translator import Hypothesis, Translation, Translator
from tinyattn_viz import draw
from tinyattn_viz.attended import attention
from tinyattn_viz.steps import step_graph


def translated(source="let's go", target="vamos", backward_from=(), **options):
    """The record of a translation by a model that has learnt nothing."""
    translator = Translator.for_pairs(Config(embed=3, hidden=4, dropout=0.0, **options), [(source, target)])
    tokens = target.split()
    found = Translation(source, source.split(), [Hypothesis(target, tokens, 0.0, None)])
    return replay(translator, found, backward_from)


def video(backward_from=()):
    translator = Translator.load("statquest")
    return replay(translator, translator.translate("let's go"), backward_from)


@pytest.fixture(scope="module")
def graph():
    return step_graph(video())


def texts(box):
    return [text for _, text in box.rows]


def titled(graph, title, place=None):
    """The numbers of the boxes with this title, from left to right."""
    found = [n for n, box in enumerate(graph.boxes) if texts(box)[0] == title and place in (None, box.place)]
    return sorted(found, key=lambda n: graph.spots[n].x)


def pairs(graph, tails, heads):
    """Which of these are joined, as places in the two lists."""
    joined = {(edge.tail, edge.head) for edge in graph.edges}
    return [(i, k) for i, tail in enumerate(tails) for k, head in enumerate(heads) if (tail, head) in joined]


def sides(graph):
    return [titled(graph, "LSTM", (side,)) for side in ("encoder", "decoder")]


# --- the video's diagram ---


def test_lets_go_is_the_video_s_diagram(graph):
    first, second = titled(graph, "Attention")
    rows = [text.split("\u2003") for how, text in graph.boxes[first].rows if how == "cells"]
    assert rows == [["", "similarity", "softmax"], ["let's", "−0.41", "40%"], ["go", "0.01", "60%"]]
    assert texts(graph.boxes[first])[-3:] == ["attention values", "context (1, 1, 2)", "[−0.29  0.29]"]
    encoder, decoder = sides(graph)
    assert [texts(graph.boxes[n])[-1] for n in encoder] == ["[−0.76  0.75]", "[0.01  −0.01]"]
    assert texts(graph.boxes[decoder[0]])[-2:] == ["s (1, 2)", "[0.91  0.38]"]
    words = [[texts(graph.boxes[n]) for n in titled(graph, word)] for word in ("let's", "go", "vamos", "<eos>")]
    assert words == [[["let's"]], [["go"]], [["vamos", "98%"], ["vamos"]], [["<eos>"], ["<eos>", "100%"]]]
    shares = {(e.tail, e.head): e.share for e in graph.edges if e.share is not None}
    wanted = dict(zip(itertools.product(encoder, (first, second)), (0.40, 0.45, 0.60, 0.55), strict=True))
    assert {edge: round(share, 2) for edge, share in shares.items()} == wanted


def test_cells_are_joined_along_time_and_the_decoder_goes_on_where_the_encoder_ended(graph):
    encoder, decoder = sides(graph)
    assert pairs(graph, encoder, encoder) == [(0, 1)] and pairs(graph, decoder, decoder) == [(0, 1)]
    assert pairs(graph, encoder, decoder) == [(1, 0)]


def test_a_word_that_came_out_is_read_next(graph):
    loops = [(texts(graph.boxes[e.tail])[0], texts(graph.boxes[e.head])[0]) for e in graph.edges if e.loop]
    assert loops == [("vamos", "vamos")]


def test_frames_name_the_modules(graph):
    assert [frame.title for frame in graph.frames] == ["Encoder", "Decoder"]
    for frame, cells in zip(graph.frames, sides(graph), strict=True):
        spots = [graph.spots[n] for n in cells]
        assert frame.left < spots[0].left and frame.right > spots[-1].right and frame.top > spots[0].top


def test_thicker_edges_for_more_weight(graph):
    widths = [float(width) for width in re.findall(r"penwidth=([\d.]+)", graph.dot())]
    assert len(widths) == 4 and widths == sorted(widths) and widths[0] < widths[-1]


def test_after_backward_small_gradients_are_numbers_and_long_ones_lengths():
    graph = step_graph(video(range(2)))
    encoder, _ = sides(graph)
    assert texts(graph.boxes[encoder[0]])[-1] == "grad [0.0084  −0.074]"
    (loss,) = titled(graph, "loss")
    assert "loss = −sum(log(probabilities))" in texts(graph.boxes[loss]) and "grad [1]" in texts(graph.boxes[loss])
    assert any(text.startswith("|grad| ") for text in texts(graph.boxes[titled(graph, "softmax")[0]]))
    assert pairs(graph, titled(graph, "softmax"), [loss]) == [(0, 0), (1, 0)]
    assert "dloss/dvalue" in graph.caption[0]


def test_before_backward_it_says_so_if_asked(graph):
    asked = step_graph(video(), backward=True)
    assert "no gradient yet" in texts(asked.boxes[titled(asked, "softmax")[0]])
    assert not any(how == "gradient" for box in graph.boxes for how, _ in box.rows)


def test_what_backward_did_not_reach_has_no_gradient():
    graph = step_graph(video([0]))
    first, second = titled(graph, "softmax")
    assert texts(graph.boxes[second])[-1] == "no gradient" != texts(graph.boxes[first])[-1]


@pytest.mark.parametrize("layers", [1, 2])
def test_attention_names_its_words_with_two_directions_too(layers):
    graph = step_graph(translated("let's go", "vamos", bidirectional=True, layers=layers))
    first, *_ = titled(graph, "Attention")
    rows = [text.split("\u2003") for how, text in graph.boxes[first].rows if how == "cells"]
    assert [row[0] for row in rows] == ["", "let's", "go"]


# --- every kind of model ---

KINDS = [
    *({"attention": kind} for kind in ("none", "dot", "scaled", "general", "additive", "cosine")),
    {"layers": 2},
    {"bidirectional": True},
    {"bidirectional": True, "layers": 2, "attention": "additive"},
]
SENTENCES = [("let's go", "vamos"), ("a b c d e f g h", "i j k l m"), ("a", "b")]


@pytest.mark.parametrize("options", KINDS, ids=str)
@pytest.mark.parametrize("source, target", SENTENCES)
@pytest.mark.parametrize("rolled", [False, True])
def test_boxes_stand_apart_and_edges_end_at_them(options, source, target, rolled):
    graph = step_graph(translated(source, target, **options), rolled)
    for one, other in itertools.combinations(graph.spots.values(), 2):
        apart = abs(one.x - other.x) >= (one.width + other.width) / 2 or abs(one.y - other.y) >= (
            one.height + other.height) / 2  # fmt: skip
        assert apart, (one, other)
    for edge, route in graph.routes:
        if route.arrow:
            x, y = route.corners[-1] if route.corners else route.curve[-1]
            head = graph.spots[edge.head]
            on_side = min(abs(x - head.left), abs(x - head.right)) < 0.1 and head.bottom <= y <= head.top
            assert on_side or (abs(y - head.bottom) < 0.1 and head.left <= x <= head.right), (edge, x, y)


def test_edges_go_round_boxes():
    """No straight piece of an edge lies inside a box, other than attention, which may pass behind the bar of its keys."""
    graph = step_graph(translated(layers=2, bidirectional=True))
    for edge, route in graph.routes:
        route.straighten()
        for (x0, y0), (x1, y1) in itertools.pairwise(route.curve[::3]):
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            for number, spot in graph.spots.items():
                inside = spot.left < x < spot.right and spot.bottom < y < spot.top
                assert not inside or number in (edge.tail, edge.head), (edge, number)


def test_edges_of_different_boxes_do_not_run_into_each_other():
    graph = step_graph(translated("a b c", "d e", layers=2, bidirectional=True))
    upright = []
    for edge, route in graph.routes:
        route.straighten()
        pieces = itertools.pairwise(route.curve[::3])
        upright += [(edge, x0, *sorted((y0, y1))) for (x0, y0), (x1, y1) in pieces if x0 == x1 and abs(y0 - y1) > 30]
    for (one, x0, low0, high0), (other, x1, low1, high1) in itertools.combinations(upright, 2):
        meet = x0 == x1 and low0 < high1 and low1 < high0
        assert not meet or one.tail == other.tail, (one, other)


def test_both_directions_and_layers_are_rows():
    graph = step_graph(translated("let's go now", "vamos ahora", layers=2, bidirectional=True))
    rows = [titled(graph, f"LSTM {layer} {arrow}") for layer in (1, 2) for arrow in "→←"]
    assert [pairs(graph, row, row) for row in rows] == [[(0, 1), (1, 2)], [(1, 0), (2, 1)]] * 2
    assert pairs(graph, rows[0], rows[2]) == pairs(graph, rows[1], rows[3]) == [(0, 0), (1, 1), (2, 2)]
    decoder = [titled(graph, f"LSTM {layer}") for layer in (1, 2)]
    assert pairs(graph, rows[0], decoder[0]) == [(2, 0)] and pairs(graph, rows[3], decoder[1]) == [(0, 0)]
    assert pairs(graph, rows[0], decoder[1]) == []
    attention = titled(graph, "Attention")
    everywhere = list(itertools.product(range(3), range(3)))
    assert pairs(graph, rows[2], attention) == pairs(graph, rows[3], attention) == everywhere


def test_keys_that_are_computed_once_are_a_bar():
    graph = step_graph(translated(attention="general"))
    (keys,) = titled(graph, "attention.key: Linear")
    encoder, _ = sides(graph)
    spots = graph.spots
    assert spots[keys].left <= spots[encoder[0]].left and spots[keys].right >= spots[encoder[1]].right
    assert pairs(graph, encoder, [keys]) == [(0, 0), (1, 0)]


@pytest.mark.parametrize("options", [
    {"attend": "before"}, {"input_feeding": True}, {"input_feeding": True, "tie_embeddings": True},
    {"attend": "before", "attention": "additive", "layers": 2, "bidirectional": True, "input_feeding": True},
], ids=str)
@pytest.mark.parametrize("source", ["let's go", "go", "go there now"])
def test_a_step_that_hears_of_the_one_before_has_one_column(options, source):
    """Whatever the decoder does in a step stands above what it reads, and the encoder beside it."""
    graph = step_graph(translated(source, "vamos no", **options))
    columns = {}
    for number, spot in graph.spots.items():
        columns.setdefault(round(spot.x), set()).add(texts(graph.boxes[number])[0])
    decoders = [titles for titles in columns.values() if titles & {"output: Linear"}]
    assert len(decoders) == 3
    for titles in decoders:
        assert "softmax" in titles and "Attention" in titles and any("mbedding" in title for title in titles)
        assert titles & {"<eos>", "vamos", "no"} and not titles & set(source.split())


def test_what_several_rows_made_names_none_of_them():
    graph = step_graph(translated(attend="before"))
    assert not any("features" in text for box in graph.boxes for text in texts(box) if "LSTM" in texts(box)[0])


def test_without_attention_only_the_state_goes_over():
    graph = step_graph(translated(attention="none"))
    encoder, decoder = sides(graph)
    assert not any(edge.share for edge in graph.edges) and pairs(graph, encoder, decoder) == [(1, 0)]


def test_few_columns_stand_side_by_side_and_many_on_top_of_each_other():
    encoder, decoder = sides(few := step_graph(translated()))
    assert few.spots[encoder[-1]].right < few.spots[decoder[0]].left
    assert few.spots[encoder[0]].y == few.spots[decoder[0]].y
    encoder, decoder = sides(many := step_graph(translated("a b c d e f g h", "i j k")))
    assert many.spots[encoder[0]].top < many.spots[decoder[0]].bottom
    assert [many.spots[n].x for n in encoder[:4]] == [many.spots[n].x for n in decoder]


def test_of_many_words_those_with_most_weight_are_drawn():
    graph = step_graph(translated(" ".join(f"w{k}" for k in range(16)), "i j"))
    for number in titled(graph, "Attention"):
        rows = [text for how, text in graph.boxes[number].rows if how == "cells"]
        assert len(rows) == 8 and rows[-1].startswith("10 others") and "similarity" not in rows[0]
        assert sum(e.head == number and e.share is not None for e in graph.edges) == 6
    assert "the 6 with most weight are drawn, and none under 3%" in graph.caption[0]


def test_weights_of_few_percent_are_left_out_but_of_few_words_none():
    cells, scores = [[]] * 5, np.zeros((1, 1, 5))
    assert attention(cells, scores, np.array([[[0.02, 0.05, 0.9, 0.01, 0.02]]])).shown == [1, 2]
    assert attention(cells, scores, np.full((1, 1, 5), 0.02)).shown == [0]
    assert attention(cells[:4], scores[..., :4], np.array([[[0.02, 0.05, 0.92, 0.01]]])).shown == [0, 1, 2, 3]


def test_of_a_batch_the_first_sentence_s_attention_is_drawn_and_the_caption_says_so(graph):
    model = Translator.for_pairs(Config(embed=3, hidden=4, dropout=0.0), [("a b", "c d")]).model
    with record() as run:
        run.name(model, "")
        encoded = model.encode(np.array([[4, 5], [5, 4]]), np.array([2, 2]))
        with time_step(0):
            model.decode(np.array([[1], [1]]), encoded.state, encoded)
    batch = step_graph(run)
    (weights,) = [v.array for v in run.values if v.name == "weights"]
    assert sorted(e.share for e in batch.edges if e.share is not None) == sorted(weights[0, 0].tolist())
    assert "first one's" in batch.caption[0] and "first one's" not in graph.caption[0]


def test_a_repeated_word_has_the_chance_of_its_own_step():
    graph = step_graph(record_ := translated("a b", "c c c"))
    chances = [texts(graph.boxes[n])[1] for n in titled(graph, "c") if len(graph.boxes[n].rows) > 1]
    p = [v.array[0, 0] for v in record_.values if v.name == "probabilities"]
    assert chances == [f"{row[4]:.0%}" for row in p[:3]]


def test_the_chance_of_a_word_whose_id_nobody_knows_is_not_guessed():
    graph = step_graph(translated("a b", "c", start="sos"))
    assert [texts(graph.boxes[n]) for n in titled(graph, "<eos>")] == [["<eos>"]]


# --- a user's own ---


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.read, self.final = nn.GRUCell(3, 4), nn.Linear(4, 2), nn.Linear(4, 1)

    def forward(self, x):
        h, states = ta.zeros(len(x), 4), []
        for t in range(x.shape[1]):
            with time_step(t):
                h = self.cell(x[:, t], h)
                self.read(h).tanh()
                states.append(h)
        return self.final(ta.stack(states, 1).mean(1))


def read(steps=3):
    with record() as run:
        Reader()(ta.randn(2, steps, 3))
    return run


def test_a_model_of_the_user_s_own():
    graph = step_graph(read())
    cells, heads, ops = titled(graph, "cell: GRUCell"), titled(graph, "read: Linear"), titled(graph, "tanh")
    (x,), (mean,), (final,) = titled(graph, "x"), titled(graph, "mean"), titled(graph, "final: Linear")
    steps = [(0, 0), (1, 1), (2, 2)]
    assert pairs(graph, cells, cells) == [(0, 1), (1, 2)]
    assert pairs(graph, cells, heads) == pairs(graph, heads, ops) == steps
    assert pairs(graph, [x], cells) == [(0, k) for k in range(3)] and pairs(graph, cells, [mean]) == [
        (k, 0) for k in range(3)]  # fmt: skip
    assert pairs(graph, [mean], [final]) == [(0, 0)] and graph.spots[final].y > graph.spots[mean].y
    assert [text for *_, text in graph.texts] == ["step 0", "step 1", "step 2"]


def test_what_one_row_leaves_for_another_one_s_next_step():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    nets = nn.ModuleList([first, second])
    with record() as run:
        run.name(nets, "")
        y = ta.ones(1, 2)
        for t in range(3):
            with time_step(t):
                y = second(first(y))
    graph = step_graph(run)
    one, other = titled(graph, "0: Linear"), titled(graph, "1: Linear")
    assert pairs(graph, one, other) == [(0, 0), (1, 1), (2, 2)] and pairs(graph, other, one) == [(0, 1), (1, 2)]


def test_attention_written_by_hand_is_found():
    encoder, cell = nn.LSTM(2, 3, batch_first=True), nn.LSTMCell(3, 3)
    nets = nn.ModuleList([encoder, cell])
    with record() as run:
        run.name(nets, "")
        memory, (h, c) = encoder(ta.randn(1, 4, 2))
        h, c = h[0], c[0]
        for t in range(2):
            with time_step(t):
                weights = (memory * h[:, None]).sum(-1).softmax(-1)
                context = (weights[:, :, None] * memory).sum(1)
                h, c = cell(context, (h, c))
    graph = step_graph(run)
    shares = [edge for edge in graph.edges if edge.share is not None]
    assert len(shares) == 8 and {texts(graph.boxes[edge.tail])[0] for edge in shares} == {"0: LSTM"}
    weights = [v.array[0] for v in run.values if v.name == "weights"]
    np.testing.assert_allclose(sorted(edge.share for edge in shares), np.sort(np.concatenate(weights)), rtol=1e-6)


def test_rolled_all_steps_are_one_column():
    graph = step_graph(read(), rolled=True)
    (cell,) = titled(graph, "cell: GRUCell")
    assert "× 3 time steps" in texts(graph.boxes[cell])
    assert [(e.tail, e.head) for e in graph.edges if e.loop] == [(cell, cell)] and len(graph.boxes) == 6
    words = step_graph(video(), rolled=True)
    assert [texts(words.boxes[n]) for n in titled(words, "target")] == [["target", "<eos> vamos"]]
    assert [texts(words.boxes[n]) for n in titled(words, "output")] == [["output", "vamos <eos>"]]


def test_above_the_budget_it_is_rolled_and_says_so():
    graph = step_graph(read(40), budget=100)
    assert len(graph.boxes) == 6 and "would be 123 boxes, more than 100" in graph.caption[-1]


def test_without_time_steps_it_is_the_picture_of_layers():
    with record() as run:
        nn.Linear(2, 2)(ta.ones(1, 2))
    graph = step_graph(run)
    assert "no time steps" in graph.caption[-1] and [texts(box)[0] for box in graph.boxes] == ["linear"]


def test_layers_unrolled_have_no_numbers():
    picture = draw(video(), detail="layer", rolled=False).dot
    assert picture.count("<B>LSTM</B>") == 4 and "40%" not in picture and "0.91" not in picture


# --- as a file ---


@pytest.mark.parametrize("token", ["<unk>", "a\\", '"', "{a|b}", "\\N", "</script>", "👍", "مرحبا", "你好", "&amp;", "\u2003"])
def test_any_token_is_text(token):
    run = video()
    run.words = {"source": [token, "go"], "target": ["<eos>", token], "output": [token, "<eos>"]}
    svg = draw(run, detail="step").svg
    assert svg.count("<text") > 30 and "<a " not in svg and "<script" not in svg


def test_the_same_record_gives_the_same_bytes():
    first, second = (draw(video(), detail="step") for _ in range(2))
    for format in ("svg", "png", "pdf", "dot"):
        assert first.render(format) == second.render(format)
