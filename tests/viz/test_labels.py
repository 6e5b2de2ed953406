"""Any text comes through as text."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tinyattn_viz.graph import Box, Edge, Graph
from tinyattn_viz.labels import number, shape, value, visible
from tinyattn_viz.picture import Picture

STRANGE = [
    "<unk>", "<b>bold</b>", "</script><script>", "a\\", "\\N", "\\l", 'say "hi"', "b:c", "{a|b}", "&lt;", "&amp;", "#2",
    "don't", "ñandú", "日本語", "مرحبا", "e\u0301", "🍕", "", " ", "http://x.example/",
]  # fmt: skip


def texts(svg):
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return {"".join(element.itertext()).replace("\xa0", " ").strip() for element in found}


def test_strange_tokens_stay_text_wherever_they_stand():
    graph = Graph()
    for token in STRANGE:
        graph.caption.append(f"caption {token} end")
        first = graph.add(Box("op", [("title", token), ("number", f"value {token} end")], (token,), tip=token))
        second = graph.add(Box("input", [("words", f"word {token} end")]))
        graph.edges.append(Edge(first, second, f"edge {token} end"))
        graph.titles[(token,)] = f"cluster {token} end"
    svg = Picture(graph.dot(), tips=graph.tips()).svg
    found = texts(svg)
    for token in STRANGE:
        assert {f"{place} {token} end" for place in ("caption", "value", "word", "edge", "cluster")} <= found
        assert token.strip() in found or not token.strip()
    assert "<a" not in svg and "href=" not in svg
    assert svg.count('class="node"') == 2 * len(STRANGE) and svg.count('class="edge"') == len(STRANGE)


@pytest.mark.parametrize(
    "text, shown",
    [("a\nb", "a␊b"), ("\x00", "␀"), ("\x7f", "␡"), ("\u2028", "�"), ("\ud800", "�"), ("\uffff", "�"), ("  ", "␣␣"),
     ("a\u202eb", "a�b"), ("\u2066", "�"), ("\ufeff", "�"), ("a\u200b", "a�"), ("👨\u200d👩", "👨\u200d👩"), ("می\u200cشود", "می\u200cشود")],
)
def test_what_has_no_sign_gets_one(text, shown):
    assert visible(text) == shown


def test_control_characters_reach_the_picture_as_signs():
    svg = Picture(Graph([Box("op", [("title", "".join(map(chr, range(33))) + "\ud800\uffff")])]).dot()).svg
    assert "".join(map(chr, range(0x2400, 0x2420))) + " ��" in texts(svg)


def test_names_in_the_dot_text_are_never_the_user_s():
    graph = Graph([Box("op", [("title", "n7:port")], ("cluster_x", "b"))], caption=["c"])
    names = re.findall(r"^\s*(?:subgraph )?(\w+) [\[{]", graph.dot(), re.MULTILINE)
    assert set(names) <= {"n0", "cluster0", "cluster1", "cluster2", "node", "edge", "graph", "digraph"}


def test_numbers():
    assert [number(x) for x in (0.5, -0.75999, 1e-9, 123456.0, float("nan"), -0.0, np.int64(7), True)] == [
        "0.5", "−0.76", "1e−09", "1.23e+05", "nan", "0", "7", "True"]  # fmt: skip


def test_shapes():
    assert [shape(np.zeros(s)) for s in ((), (3,), (2, 1))] == ["scalar", "(3,)", "(2, 1)"]


def test_small_values_are_written_out_and_large_ones_told_about():
    assert value(np.array([[1.0, 2.0], [3.0, 4.0]])) == ["[1  2]", "[3  4]"]
    assert value(np.array(0.25)) == ["0.25"] and value(np.zeros((0, 3))) == ["empty"]
    assert value(np.arange(9.0)) == ["mean 4 ± 2.58", "0 … 8"]
    assert value(np.full(9, 2.5)) == ["all 2.5"]
    assert value(np.arange(10)) == ["0 … 9"] and value(np.arange(10) > 3) == ["6 of 10 True"]
    assert value(np.r_[np.arange(9.0), np.nan])[-1] == "1 of 10 not finite"
    assert value(np.full(9, np.inf)) == ["9 of 9 not finite"]
