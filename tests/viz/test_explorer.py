"""The explorer's page as text: what it holds, that nothing in it is taken for markup, and that it may load nothing."""

import base64
import hashlib
import html
import json
import re

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.record import record
from tinyattn.translator.config import Config
from tinyattn.translator.replay import replay
from tinyattn.translator.translator import Hypothesis, Translation, Translator
from tinyattn_viz import LayoutError, engine, explorer
from tinyattn_viz.explorer import page_data
from tinyattn_viz.explorer.insides import laid_out
from tinyattn_viz.explorer.units import MOST, arrange, split

ODD = ["</script><script>alert(1)</script>", '<unk>"&\'', "\\N{a|b}", "🙂", "مرحبا", "\x07\u2028", "https://example.org"]


@pytest.fixture(scope="module")
def translator():
    return Translator.load("statquest")


def replayed(translator, backward=True):
    found = translator.translate("let's go")
    return replay(translator, found, range(2) if backward else ())


@pytest.fixture(scope="module")
def run(translator):
    return replayed(translator)


@pytest.fixture(scope="module")
def page(translator, run):
    return explorer(run, beam=translator.search_tree("let's go", beam=2))


def data_of(page):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def unit(data, path, step):
    (found,) = [unit for unit in data["units"] if (unit["path"], unit["step"]) == (path, step)]
    return found


# --- the page -------------------------------------------------------------


def test_only_the_style_and_the_program_of_the_page_are_allowed(page):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    (program,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, program)]
    assert policy.split("; ") == [
        "default-src 'none'", f"script-src 'sha256-{digests[1]}'", f"style-src 'sha256-{digests[0]}'",
        "base-uri 'none'", "form-action 'none'",
    ]  # fmt: skip


def test_the_page_names_nothing_outside(page):
    outside = re.sub(r'"http://www.w3.org/2000/svg"', "", page)  # a name of SVG's, which no browser opens
    assert not re.search(r"https?://|//cdn|<link|<img|<iframe|@import|\bimport\(|fetch\(|innerHTML|\son\w+=", outside)


def test_the_same_record_gives_the_same_bytes(translator, page):
    assert explorer(replayed(translator), beam=translator.search_tree("let's go", beam=2).as_dict()) == page


def test_odd_words_stay_words():
    with record() as run:
        run.tokens(source=ODD)
        ta.ones(2).exp()
    page = explorer(run)
    assert page.count("<script") == 2 and page.count("</script>") == 2
    assert data_of(page)["words"]["source"] == [*ODD[:5], "␇�", ODD[6]]
    text = page[page.index('id="data">') + 10 : page.rindex("</script>\n<script>")]
    assert not set(text) & set("<>&\u2028\u2029")
    assert f"<title>{html.escape(' '.join([*ODD[:5], '␇�', ODD[6]]))}</title>" in page


def test_the_title_is_text_and_can_be_chosen(run):
    page = explorer(run, title="<b>mine</b>")
    assert "<title>&lt;b&gt;mine&lt;/b&gt;</title>" in page and data_of(page)["title"] == "<b>mine</b>"


def test_in_a_notebook_it_is_shut_into_a_frame(page):
    frame = page._repr_html_()
    assert frame.startswith('<iframe sandbox="allow-scripts" ') and frame.count("<") == 2
    assert html.unescape(re.search(r'srcdoc="(.*?)"', frame, re.DOTALL)[1]) == page


def test_save(page, tmp_path):
    file = page.save(tmp_path / "page.html")
    assert file.read_bytes() == page.encode()


# --- what it says of the run ------------------------------------------------


def test_units_are_modules_in_time_steps(run):
    units = split(run)
    phases = arrange(run, units)
    assert [(phase.title, phase.columns, phase.first, phase.last) for phase in phases] == [
        ("Encoder", 2, "source", None), ("Decoder, Attention, output: Linear", 2, "target", "output"),
    ]  # fmt: skip
    assert sorted(call.number for unit in units for call in unit.calls) == list(range(len(run.calls)))
    places = {(unit.phase, unit.row, unit.columns) for unit in units}
    assert len(places) == len(units)  # no two in one place
    attention = [unit for unit in units if unit.path == "attention"]
    assert [(unit.step, unit.columns) for unit in attention] == [(0, (0, 0)), (1, (1, 1))]
    assert len({unit.row for unit in attention}) == 1
    (loss,) = [unit for unit in units if unit.title == "loss"]  # with the choices that it waits for, between the steps
    assert loss.columns == (0, 1) and [call.op for call in loss.calls].count("pick") == 2


def test_words_go_in_where_they_are_read():
    """And not where a value that somebody called "output" is: an LSTM of two directions has one."""
    config = Config(embed=3, hidden=4, layers=2, bidirectional=True, dropout=0.0)
    translator = Translator.for_pairs(config, [("let's go", "vamos")])
    run = replay(translator, Translation("let's go", ["let's", "go"], [Hypothesis("vamos", ["vamos"], 0.0, None)]))
    assert [(phase.first, phase.last) for phase in arrange(run, split(run))] == [("source", None), ("target", "output")]


def test_a_long_program_without_modules_is_cut_into_pieces():
    x = ta.tensor([0.5])
    with record() as run:
        for _ in range(MOST + 5):
            x = x.tanh()
    assert [len(unit.calls) for unit in split(run)] == [MOST, 5]
    data = data_of(explorer(run))
    assert data["up"] is False and [edge[1:] for edge in data["edges"]] == [[0, 1]] and data["heat"] is None


def test_units_built_alike_share_one_layout(page):
    data = data_of(page)
    assert unit(data, "decoder.lstm", 0)["layout"] == unit(data, "decoder.lstm", 1)["layout"]
    assert unit(data, "decoder.lstm", 0)["layout"] != unit(data, "attention", 0)["layout"]
    for one in data["units"]:
        layout = data["layouts"][one["layout"]]
        assert len(layout["nodes"]) == len(one["keys"]) and len(layout["edges"]) == len(one["ends"])
        for x, y, width, height in layout["nodes"]:
            assert x >= 0 and y >= 0 and x + width <= layout["width"] + 1 and y + height <= layout["height"] + 1


def test_a_card_has_formula_numbers_value_gradient_shape_and_line(page, run):
    data = data_of(page)
    attention = unit(data, "attention", 0)
    scores = next(call for call in (data["calls"][k] for k in attention["calls"]) if call["op"] == "matmul")
    assert scores["formula"] == "y = a · b" and scores["named"] == "scores = s · hᵀ"
    assert scores["worked"][0] == "scores[0] = 0.911 · (−0.7609) + 0.377 · 0.7497 = −0.4106"  # as in the video
    assert scores["rules"][0] == "da = matmul(dy, bᵀ)"
    assert scores["lines"][0]["where"].startswith("ops/attention.py:") and "matmul(" in scores["lines"][0]["code"]
    value = data["values"][scores["outputs"][0]]
    assert (value["name"], value["shape"], value["dtype"]) == ("scores", "(1, 1, 2)", "float32")
    assert value["value"] == {"rows": [["−0.4106", "0.01001"]]}
    assert value["gradient"] == {"rows": [["−0.05047", "0.05047"]]}


def test_before_backward_it_says_so(translator):
    data = data_of(explorer(replayed(translator, backward=False)))
    assert data["backward"] is False
    weights = [value for value in data["values"] if value["kind"] == "parameter"]
    assert {value["missing"] for value in weights} == {"no gradient yet: there was no backward pass"}


def test_large_values_are_statistics_with_a_histogram():
    with record() as run:
        y = ta.arange(100).float() * 2.0
    data = data_of(explorer(run, title="t"))
    value = data["values"][data["calls"][-1]["outputs"][0]]["value"]
    assert value["lines"][1:] == ["mean 99 ± 57.73", "least 0, greatest 198"] and sum(value["histogram"]) == y.numel()


@pytest.mark.parametrize(("build", "wanted"), [
    (lambda x: x.tanh(), "y[0] = tanh 0.5 = 0.4621"),
    (lambda x: x.sigmoid(), "y[0] = 1 / (1 + e^−0.5) = 0.6225"),
    (lambda x: x - 2.0, "y[0] = 0.5 − 2 = −1.5"),
    (lambda x: x.sum(), "y = 0.5 + (−1) = −0.5"),
    (lambda x: x.mean(), "y = (0.5 + (−1)) / 2 = −0.25"),
    (lambda x: x.softmax(0), "y[0] = e^0.5 / (e^0.5 + e^(−1)) = 0.8176"),
    (lambda x: x @ x.reshape(2, 1), "y = 0.5 · 0.5 + −1 · (−1) = 1.25"),
    (lambda x: x[1], "x[1, ...] = [−1]"),
    (lambda x: ta.cat([x, x]), "[0.5  −1] | [0.5  −1] = [0.5  −1  0.5  −1]"),
    (lambda x: x.reshape(2, 1), "(2,) → (2, 1)"),
])  # fmt: skip
def test_formulas_with_the_numbers_put_in(build, wanted):
    with record() as run:
        y = build(ta.tensor([0.5, -1.0]))
    run.name(y, "y")
    assert wanted in [line for call in data_of(explorer(run))["calls"] for line in call["worked"]]


def test_a_long_sum_is_cut_short():
    with record() as run:
        nn.Linear(50, 1)(ta.ones(1, 50))
    (line,) = data_of(explorer(run))["calls"][-1]["worked"]
    assert line.count(" · ") == 4 and "… 46 more" in line


# --- attention and beam -------------------------------------------------------


def test_attention_comes_from_the_record(page):
    heat = data_of(page)["heat"]
    assert (heat["source"], heat["target"]) == (["let's", "go"], ["vamos", "<eos>"])
    assert np.allclose(heat["weights"][0], [0.3964, 0.6036])
    calls = data_of(page)["calls"]
    assert [(calls[k]["op"], calls[k]["step"]) for k in heat["calls"]] == [("masked_softmax", 0), ("masked_softmax", 1)]


def test_attention_can_be_given(run):
    assert data_of(explorer(run, attention=[[0.25, 0.75]]))["heat"]["weights"] == [[0.25, 0.75]]
    with pytest.raises(ValueError, match=r"explorer: attention must be \(target, source\) = \(2, 2\), got \(1, 3\)"):
        explorer(run, attention=[[0.2, 0.3, 0.5]])


def test_a_model_without_attention_has_none(translator):
    with record() as run:
        run.tokens(source=["a"])
        ta.ones(2).exp()
    assert data_of(explorer(run))["heat"] is None


def test_the_beam_tree(page):
    beam = data_of(page)["beam"]
    best = [beam["branches"][k] for k in beam["best"]]
    assert [branch["token"] for branch in reversed(best)] == ["vamos", "<eos>"]


def test_another_beam_is_refused(run):
    with pytest.raises(ValueError, match=r"explorer: beam must be a tree as Translator\.search_tree gives it"):
        explorer(run, beam={"branches": []})


# --- what it refuses ----------------------------------------------------------


def test_other_things_are_refused():
    with pytest.raises(TypeError, match="explorer: wanted a record, got Tensor"):
        explorer(ta.ones(2))
    with record() as run:
        pass
    with pytest.raises(ValueError, match="explorer: nothing was recorded"):
        explorer(run)


def test_without_a_layout_engine_one_error_says_what_to_do(run, monkeypatch):
    laid_out.cache_clear()

    def missing():
        raise LayoutError("draw: no layout engine works")

    monkeypatch.setattr(engine, "find_engine", missing)
    with pytest.raises(LayoutError, match="no layout engine works"):
        page_data(run, None, None, "")
