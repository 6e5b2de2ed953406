"""Any word comes through every kind of picture and every format as text, and nothing becomes a link."""

import re
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.translator.config import Config
from tinyattn.translator.replay import replay
from tinyattn.translator.search_tree import Branch, SearchTree
from tinyattn.translator.translator import Hypothesis, Translation
from tinyattn_viz import beam_tree, draw, engine, gates, heatmap, multiples
from tinyattn_viz.labels import visible

WORDS = [
    "<unk>", "</script><script>", "a\\", '"', "{a|b}", "\\N", "\\n", "🍕", "e\u0301", "مرحبا", "日本語", "\x00\x1b\t", "&lt;",
    "$$x$$", "http://x.example/", "javascript:a", "%>", "\u202ebc", "]]>", "n0:p",
]  # fmt: skip
HALF = len(WORDS) // 2


@pytest.fixture(scope="module")
def record():
    """A run over words of which every one is strange."""
    translator = ta.Translator.for_pairs(Config.from_options({"hidden": 2, "embed": 2}), [("a b", "c d")])
    found = Translation(" ".join("a" * HALF), ["a"] * HALF, [Hypothesis("", ["c"] * (HALF - 1), 0.0, None)])
    run = replay(translator, found, backward_from=[1])
    assert len(run.words["source"]) == len(run.words["target"]) == HALF
    run.tokens(source=WORDS[:HALF], target=WORDS[HALF:], output=WORDS[HALF:])
    return run


def tree():
    branches = [
        Branch(number=k, parent=None if k == 0 else k - 1, step=k, token=word, token_log_p=-0.1, log_p=-0.1 * (k + 1),
               score=-0.1 * (k + 1), kept=True, finished=k == len(WORDS) - 1)
        for k, word in enumerate(WORDS)
    ]  # fmt: skip
    return SearchTree(" ".join(WORDS), WORDS, 1, 0.0, WORDS[0], branches, [len(WORDS) - 1], [" ".join(WORDS)])


even = np.full((len(WORDS), len(WORDS)), 1 / len(WORDS))
GRAPHS = {
    "op": lambda record: draw(record, detail="op"),
    "step": lambda record: draw(record, detail="step"),
    "layer": lambda record: draw(record, detail="layer"),
    "path": lambda record: draw(record, detail="step", path=f"{WORDS[HALF + 1]}:{WORDS[0]}"),
}
OTHERS = {
    "heatmap": lambda record: heatmap(even, WORDS, WORDS, score=-1.0),
    "multiples": lambda record: multiples([(1, even)], WORDS, WORDS),
    "gates": lambda record: gates(record, "encoder.lstm"),
    "beam_tree": lambda record: beam_tree(tree()),
}
SHOWN = {"path": [WORDS[0], WORDS[HALF + 1]], "gates": WORDS[:HALF]}  # the rest show every word


@pytest.fixture(scope="module")
def pictures(record):
    return {kind: make(record) for kind, make in {**GRAPHS, **OTHERS}.items()}


def in_svg(content):
    """All its text, a line each; tells also that it is well formed."""
    root = ElementTree.fromstring(content)
    lines = ["".join(element.itertext()).replace("\xa0", " ") for element in root.iter("{http://www.w3.org/2000/svg}text")]
    return "\n".join(lines)


def in_mermaid(content):
    labels = re.findall(r'"([^"]*)"', content.decode().split("\n", 1)[1])
    text = "\n".join(re.sub("</?[bi]>|<br/>", "\n", label) for label in labels)
    assert not re.search("[<>&]", text.replace("<br/>", ""))
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), text).replace("\u2060", "")


def missing(kind, text):
    return [word for word in SHOWN.get(kind, WORDS) if visible(word) not in text]


@pytest.mark.parametrize("kind", [*GRAPHS, *OTHERS])
def test_every_word_is_text_in_svg_and_nothing_is_anything_else(kind, pictures):
    content = pictures[kind].render("svg")
    assert missing(kind, in_svg(content)) == []
    drawing = {"svg", "g", "title", "text", "rect", "path", "polygon", "polyline", "ellipse", "defs", "linearGradient", "stop"}
    for element in ElementTree.fromstring(content).iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in drawing, element.tag
        for name, value in element.items():
            assert not re.search("href|^on|xlink", name) and "url(http" not in value, (name, value)


@pytest.mark.parametrize("kind", [*GRAPHS, *OTHERS])
def test_every_word_is_text_in_dot(kind, pictures):
    picture = pictures[kind]
    program = "dot" if kind in ("op", "layer") else "nop2"
    assert missing(kind, in_svg(engine.layout(picture.dot, "svg", program))) == []  # what png and pdf show
    outside = re.sub(r'"(?:[^"\\]|\\.)*"|<<.*>>', "", picture.dot)  # neither texts in quotes nor HTML-like labels
    assert not re.search(r"URL|href|image|target\s*=", outside, re.IGNORECASE)
    assert not re.search(r"(?:HREF|SRC|TARGET)=", "".join(re.findall(r"<<.*>>", picture.dot)))


@pytest.mark.parametrize("kind", GRAPHS)
def test_every_word_is_text_in_mermaid(kind, pictures):
    content = pictures[kind].render("mermaid")
    assert missing(kind, in_mermaid(content)) == []
    assert not re.search(r"^\s*click ", content.decode(), re.MULTILINE)


@pytest.mark.parametrize("kind", [*GRAPHS, *OTHERS])
def test_a_pdf_has_no_links(kind, pictures):
    content = pictures[kind].render("pdf")
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            content += zlib.decompressobj().decompress(stream)
        except zlib.error:
            pass  # no compressed stream
    assert not re.search(rb"/(?:URI|Annots?|Link|JavaScript|JS)\b", content)


@pytest.mark.parametrize("kind", [*GRAPHS, *OTHERS])
def test_the_same_record_gives_the_same_bytes(kind, record, pictures):
    again = {**GRAPHS, **OTHERS}[kind](record)
    formats = ("svg", "dot", "pdf", "mermaid") if kind in GRAPHS else ("svg", "dot", "pdf")
    for format in formats:
        assert again.render(format) == pictures[kind].render(format), format
    if kind in ("layer", "heatmap"):  # the others' take seconds
        assert again.render("png") == pictures[kind].render("png")
