"""The tree of a beam search."""

import json
import math
import re
import xml.etree.ElementTree as ElementTree

import pytest

import tinyattn as ta
from tinyattn.translator.search_tree import Branch, SearchTree
from tinyattn_viz import beam_tree, engine

SVG = "{http://www.w3.org/2000/svg}"
STRANGE = ["<unk>", "</script><script>", "a\\", '"', "{a|b}", "\\N", "&amp;", "👩‍🚀", "é̱", "مرحبا", "世界", "\x00\t", " "]
VISIBLE = [*STRANGE[:-2], "␀␉", "␣"]


def make(words=("vamos", "ir"), length_penalty=0.0, beam=2):
    """A search for words of one token each: at step 0 they are kept and "y" is dropped; at step 1 they end, and a way
    on from the first of them is dropped."""
    branches = []

    def add(step, parent, token, token_log_p, kept=True, finished=False):
        log_p = token_log_p + (branches[parent].log_p if parent is not None else 0.0)
        score = log_p / ((5 + step + 1) / 6) ** length_penalty
        branches.append(Branch(len(branches), step, parent, token, token_log_p, log_p, score, kept, finished))
        return len(branches) - 1

    firsts = [add(0, None, word, math.log(0.6 / 2**k)) for k, word in enumerate(words)]
    add(0, None, "y", math.log(0.004), kept=False)
    ends = [add(1, first, "<eos>", math.log(0.5), finished=True) for first in firsts]
    add(1, firsts[0], "ya", math.log(0.0001), kept=False)
    return SearchTree("let's go", ["let's", "go"], beam, length_penalty, "<eos>", branches, ends, list(words))


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def boxes(picture):
    """Outlines and fills, by what they say on a mouse's rest."""
    found = {}
    for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}rect"):
        title = element.find(f"{SVG}title")
        if title is not None:
            found.setdefault(title.text.partition(":")[0], []).append(element)
    return found


def edges(picture):
    return list(ElementTree.fromstring(picture.svg).iter(f"{SVG}path"))


def caption(picture):
    return " ".join(texts(picture))


def test_words_probabilities_and_steps_are_there():
    said = texts(beam_tree(make()))
    for text in ("source", "let's go", "translation", "vamos", "start", "step 1", "step 2", "ir", "y", "ya",
                 "60% · log p −0.51", "30% · log p −1.20", "0.4% · log p −5.52", "50% · log p −1.20", "no. 1", "no. 2",
                 "<0.1% · log p −9.72"):  # fmt: skip
        assert text in said
    assert said.count("<eos>") == 3  # the start and two ends
    assert "step 3" not in said


def test_what_is_kept_has_a_box_what_won_is_blue_what_ended_a_double_outline():
    found = boxes(beam_tree(make()))
    assert {words: len(rectangles) for words, rectangles in found.items()} == {
        "vamos": 1, "ir": 1, "vamos <eos>": 2, "ir <eos>": 2}  # fmt: skip
    fills = {words: rectangles[0].get("fill") for words, rectangles in found.items()}
    assert fills["vamos"] == fills["vamos <eos>"] != fills["ir"] == fills["ir <eos>"]


def test_a_likely_edge_is_thick_a_dropped_one_faint():
    drawn = edges(beam_tree(make()))
    assert len(drawn) == 6
    dashed = [edge for edge in drawn if edge.get("stroke-dasharray")]
    assert len(dashed) == 2 and {edge.get("stroke-width") for edge in dashed} == {"1"}
    assert sorted(float(e.get("stroke-width")) for e in drawn if e not in dashed) == pytest.approx([1.9, 2.5, 2.5, 2.8])
    assert drawn[-1].get("stroke") == drawn[-2].get("stroke") != drawn[-3].get("stroke")  # the winner's are on top


def test_steps_go_to_the_right_and_the_likelier_stands_higher():
    found = boxes(beam_tree(make()))
    x, y = ({words: float(box[0].get(axis)) for words, box in found.items()} for axis in "xy")
    assert x["vamos"] == x["ir"] < x["vamos <eos>"] == x["ir <eos>"]
    assert y["vamos"] < y["ir"] and y["vamos <eos>"] < y["ir <eos>"]


def test_nothing_lies_on_anything_else():
    picture = beam_tree(make(STRANGE, beam=13))
    outer = [rectangles[0] for rectangles in boxes(picture).values()]
    places = [tuple(float(r.get(name)) for name in ("x", "y", "width", "height")) for r in outer]
    width, height = (float(x) for x in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture.svg).groups())
    for k, (x, y, w, h) in enumerate(places):
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        for x2, y2, w2, h2 in places[:k]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_a_length_penalty_is_told_of():
    plain, normal = beam_tree(make()), beam_tree(make(length_penalty=1.0))
    assert "by score = log p." in caption(plain)
    assert "log p / ((5 + length) / 6)^1" in caption(normal)
    assert "no. 1 · score −1.03" in texts(normal) and not any("· score" in text for text in texts(plain))


def test_one_that_ended_but_is_not_among_the_best():
    tree = make()
    tree.hypotheses.pop()
    assert "not among the best 1" in texts(beam_tree(tree))


@pytest.mark.parametrize("budget, words, missing", [
    (99, ["vamos", "ir", "y", "<eos>", "<eos>", "ya"], None),
    (5, ["vamos", "ir", "y", "<eos>", "<eos>"], "1 of 6 branches are left out."),
    (4, ["vamos", "ir", "<eos>", "<eos>"], "2 of 6 branches are left out."),
    (2, ["vamos", "<eos>"], "4 of 6 branches are left out."),
    (1, ["vamos"], "5 of 6 branches are left out."),
])
def test_above_the_budget_it_shows_what_matters_and_says_so(budget, words, missing):
    picture = beam_tree(make(), budget=budget)
    drawn = [text for text in texts(picture) if text in ("vamos", "ir", "y", "<eos>", "ya")]
    assert sorted(drawn) == sorted([*words, "vamos", "<eos>"])  # the title, the start
    assert len(edges(picture)) == len(words)
    assert "left out" not in caption(picture) if missing is None else missing in caption(picture)


def test_what_was_kept_goes_before_what_was_dropped():
    tree = make()
    tree.hypotheses.pop()  # so that "ir" was kept to no end
    said = texts(beam_tree(tree, budget=3))
    assert "ir" in said and "y" not in said and "3 of 6 branches are left out." in caption(beam_tree(tree, budget=3))


def test_a_budget_that_is_none():
    with pytest.raises(ValueError, match="budget must be at least 1 branch, got 0"):
        beam_tree(make(), budget=0)


@pytest.mark.parametrize("word, seen", list(zip(STRANGE, VISIBLE)))
def test_any_token_is_text_in_every_format(word, seen):
    picture = beam_tree(make((word, "b")))
    assert texts(picture).count(seen) == 2  # title and box
    assert "<script>" not in picture.svg and "href" not in picture.svg and "href" not in picture.dot
    assert picture.render("png").startswith(b"\x89PNG") and picture.render("pdf").startswith(b"%PDF")


def test_png_holds_the_same_picture(monkeypatch):
    picture = beam_tree(make())
    width, height = (float(x) for x in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture.svg).groups())
    png = picture.render("png")
    size = [int.from_bytes(png[k : k + 4], "big") for k in (16, 20)]
    assert size == pytest.approx([width * engine.PNG_DPI / 72, height * engine.PNG_DPI / 72], abs=8)
    monkeypatch.setattr(engine, "find_engine", lambda: pytest.fail("an engine was asked for"))
    fresh = beam_tree(make())
    assert fresh.svg == picture.svg and fresh.dot == picture.dot
    assert fresh.dot.count(" -> ") == len(edges(fresh))


def test_of_a_real_search():
    tree = ta.Translator.load("statquest").search_tree("let's go", beam=3)
    said = texts(beam_tree(tree))
    assert "vamos" in said and "98% · log p −0.02" in said and "no. 3" in said
    json.dumps(tree.as_dict())
