"""The attention heat map."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tinyattn_viz import engine, heatmap
from tinyattn_viz.labels import text_width

SVG = "{http://www.w3.org/2000/svg}"
WEIGHTS = np.array([[0.4, 0.6], [0.125, 0.875]])


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def places(picture):
    root = ElementTree.fromstring(picture.svg)
    return {element.text: float(element.get("x")) for element in root.iter(f"{SVG}text")}


def test_words_and_weights_are_there():
    picture = heatmap(WEIGHTS, ["let's", "go"], ["vamos", "EOS"])
    assert {"let's", "go", "vamos", "EOS", "0.40", "0.60", "0.12", "0.88"} <= set(texts(picture))
    assert "<title>vamos from go: 0.6000</title>" in picture.svg


def test_more_weight_is_darker():
    picture = heatmap([[0.0, 0.5, 1.0]], ["a", "b", "c"], ["x"])
    fills = re.findall(r'fill="(#\w+)" stroke="#ffffff"', picture.svg)
    light = [sum(int(fill[i : i + 2], 16) for i in (1, 3, 5)) for fill in fills]
    assert len(light) == 3 and light[0] > light[1] > light[2]


def test_svg_and_dot_need_no_engine(monkeypatch):
    monkeypatch.setattr(engine, "find_engine", lambda: pytest.fail("an engine was asked for"))
    picture = heatmap(WEIGHTS, ["a", "b"], ["c", "d"])
    assert picture.svg.startswith("<?xml") and picture.dot.startswith("digraph")


def test_png_and_pdf_hold_the_same_picture():
    picture = heatmap(WEIGHTS, ["let's", "go"], ["vamos", "EOS"])
    width, height = (float(x) for x in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture.svg).groups())
    png = picture.render("png")
    size = [int.from_bytes(png[k : k + 4], "big") for k in (16, 20)]
    assert np.allclose(size, [width * engine.PNG_DPI / 72, height * engine.PNG_DPI / 72], atol=6)
    assert picture.render("pdf").startswith(b"%PDF-")
    drawn = engine.layout(picture.dot, "svg", "nop").decode()
    assert all(f">{text.replace(chr(39), '&#39;')}</text>" in drawn for text in texts(picture))


def test_what_is_what_is_written_on_it():
    assert {"source →", "target ↓", "weight", "0", "0.5", "1"} <= set(texts(heatmap(WEIGHTS, ["a", "b"], ["c", "d"])))


def test_a_source_written_from_right_to_left_begins_on_the_right():
    arabic = places(heatmap(WEIGHTS, ["مرحبا", "بالعالم"], ["hello", "world"]))
    english = places(heatmap(WEIGHTS, ["hello", "world"], ["مرحبا", "بالعالم"]))
    assert arabic["مرحبا"] > arabic["بالعالم"] and english["hello"] < english["world"]
    assert arabic["0.40"] > arabic["0.60"]  # the weights go with their words
    assert "← source" in arabic and "source →" in english


def test_long_sentences_get_small_cells_with_the_weights_that_matter():
    words = [f"word{k}" for k in range(40)]
    weights = np.full((40, 40), 0.2 / 39)
    np.fill_diagonal(weights, 0.8)
    picture = heatmap(weights, words, words)
    width, height = (float(x) for x in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture.svg).groups())
    assert width < 1500 and height < 1200
    assert texts(picture).count(".80") == 40 and ".01" not in texts(picture)
    assert "Weights below 0.05 are not written." in picture.svg and "are not written" not in heatmap(WEIGHTS, ["a", "b"], ["c", "d"]).svg
    assert texts(picture).count("word7") == 4  # at both ends of its row and of its column


def test_the_score_is_in_the_caption():
    with_score = " ".join(texts(heatmap(WEIGHTS, ["a", "b"], ["c", "d"], score=-0.25)))
    assert "Score of the translation: −0.25." in with_score
    assert "Score" not in " ".join(texts(heatmap(WEIGHTS, ["a", "b"], ["c", "d"])))


def test_words_wider_than_the_page_stay_on_it():
    picture = heatmap(WEIGHTS, ["w" * 90, "w" * 80], ["v" * 70, ""])
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', picture.svg)[1])
    for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text"):
        x, long = float(element.get("x")), text_width(element.text or "", float(element.get("font-size")))
        left = x - long * {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor")]
        assert 0 <= left and left + long <= width, element.text


@pytest.mark.parametrize(
    "words", [["<unk>", "a\\"], ["</script>", "&lt;"], ["日本語", "\x00"], ['"', "{a|b}"], ["", " "]]
)
def test_strange_words_come_through(words):
    picture = heatmap(WEIGHTS, words, words)
    shown = [{"\x00": "␀", " ": "␣", "": None}.get(word, word) for word in words]
    assert [text for text in texts(picture) if text in shown].count(shown[0]) == 2
    drawn = engine.layout(picture.dot, "svg", "nop").decode()  # what png and pdf show
    assert set(texts(picture)) - {None} == {
        element.text for element in ElementTree.fromstring(drawn).iter(f"{SVG}text")
    }
    assert "href" not in picture.svg and "<a" not in drawn


def test_the_same_weights_give_the_same_bytes():
    first, second = (heatmap(WEIGHTS, ["a", "b"], ["c", "d"]) for _ in range(2))
    assert all(first.render(format) == second.render(format) for format in ("svg", "dot", "png", "pdf"))


@pytest.mark.parametrize(
    "weights, source, target, message",
    [
        (WEIGHTS, ["a"], ["b", "c"], r"attention must be \(target, source\) = \(2, 1\), got \(2, 2\)"),
        (WEIGHTS.T[0], ["a", "b"], ["c"], r"got \(2,\)"),
        (np.zeros((0, 2)), ["a", "b"], [], "wanted words on both sides"),
        (WEIGHTS * 2, ["a", "b"], ["c", "d"], "between 0 and 1"),
        (WEIGHTS * np.nan, ["a", "b"], ["c", "d"], "between 0 and 1"),
    ],
)
def test_what_does_not_fit_is_refused(weights, source, target, message):
    with pytest.raises(ValueError, match=message):
        heatmap(weights, source, target)
