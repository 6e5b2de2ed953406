"""A graph as Mermaid text: its grammar, its limits, and any token as text."""

import re

import pytest

import tinyattn as ta
from tinyattn_viz import LayoutError, Picture, draw, style
from tinyattn_viz.graph import Box, Edge, Graph
from tinyattn_viz.mermaid import SHAPES, escaped, mermaid

# Of Mermaid's flowchart language (mermaid.js.org/syntax/flowchart.html) what is written here. In quotes everything is
# allowed but a quote; #, ; and & are only in numbers of signs, < and > only in tags.
TEXT = r"(?:[\w\s,.()\u2060\u200c\u200d]|[^\x00-\x7f]|#\d+;|</?[bi]>|<br/>)*"
COLOUR = r"(?:#[0-9a-f]{6}|none)"
STATEMENTS = [
    r"flowchart (?:TB|BT|LR|RL)",
    r"n\d+",
    rf'(?:n\d+|caption)(?:\("{TEXT}"\)|\(\["{TEXT}"\]\)|\[\["{TEXT}"\]\]|\[/"{TEXT}"/\]|\["{TEXT}"\]|\{{"{TEXT}"\}}):::\w+',
    rf'subgraph c\d+\["{TEXT}"\]',
    r"end",
    rf"style c\d+ fill:{COLOUR},stroke:{COLOUR},color:{COLOUR}",
    rf'n\d+ (?:-->|-\.->)(?:\|"{TEXT}"\|)? n\d+',
    r"(?:n\d+|caption) ~~~ (?:n\d+|caption)",
    rf"linkStyle \d+ (?:stroke-width:[\d.]+px,)?stroke:{COLOUR}",
    rf"classDef \w+ fill:{COLOUR},stroke:{COLOUR},color:{COLOUR}",
]


def check(text):
    """Every line is one statement, and every subgraph ends."""
    assert text.startswith("%%{init: ") and text.endswith("\n")
    lines = [line.strip() for line in text.split("\n")[1:-1]]
    for line in lines:
        assert any(re.fullmatch(statement, line) for statement in STATEMENTS), line
    depth = 0
    for line in lines:
        depth += line.startswith("subgraph") - (line == "end")
        assert depth >= 0
    assert depth == 0
    return lines


def texts(text):
    """What Mermaid shows: the labels' lines, the numbers turned back into signs."""
    labels = re.findall(r'"(.*?)"', text.split("\n", 1)[1])
    return {shown(line) for label in labels for line in re.sub("</?[bi]>", "", label).split("<br/>")}


def shown(text):
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), text).replace("\u2060", "")


def test_boxes_clusters_edges_and_caption():
    graph = Graph(caption=["one", "two"], direction="BT")
    for kind in style.BOXES:
        graph.add(Box(kind, [("title", kind), ("name", "x"), ("number", "1")], ("outer", "inner")[: len(kind) % 3]))
    graph.edges = [Edge(0, 1, "(2, 3)"), Edge(1, 2, share=0.5), Edge(2, 0, "again", loop=True), Edge(3, 3, loop=True)]
    graph.titles[("outer",)] = "Encoder"
    lines = check(mermaid(graph))
    assert lines[:2] == ["flowchart BT", "n0"]  # where the loop comes back to is named first
    assert 'n0("<b>op</b> <i>x</i><br/>1"):::op' in lines
    assert 'subgraph c1["<b>Encoder</b>"]' in lines and 'subgraph c2["<b>inner</b>"]' in lines
    assert {'n0 -->|"(2, 3)"| n1', "n1 --> n2", 'n2 -.->|"again"| n0', "n3 -.-> n3"} <= set(lines)
    assert f"linkStyle 1 stroke-width:4.0px,stroke:{style.blue(0.6)}" in lines
    assert f"linkStyle 2 stroke:{style.LOOP}" in lines
    assert 'caption["one<br/>two"]:::caption' in lines and "caption ~~~ n0" in lines


def test_every_kind_of_box_has_a_shape_of_its_own():
    assert SHAPES.keys() == style.BOXES.keys() and len(set(SHAPES.values())) == len(SHAPES)


def test_boxes_of_a_cluster_are_inside_it():
    graph = Graph([Box("op", [("title", "a")], ("m", "in")), Box("op", [("title", "b")]), Box("op", [("title", "c")], ("m",))])
    lines = [line for line in check(mermaid(graph)) if line.startswith(("n", "subgraph", "end"))]
    assert [line.split("(")[0].split("[")[0] for line in lines] == ["n1", "subgraph c1", "n2", "subgraph c2", "n0", "end", "end"]


def test_what_mermaid_takes_for_more_than_text_is_written_by_number():
    assert escaped("<unk>") == "#60;unk#62;" and escaped('"`#;&') == "#34;#96;#35;#59;#38;"
    assert escaped("日本 ñ (2, 3)") == "日本 ñ (2, 3)"
    # Mermaid turns numbers back into signs before it looks for these.
    for text in ("\\n", "$$x$$", "fa:fa-car", "ﬂ°°60¶ß"):
        decoded = re.sub(r"#(\d+);", lambda match: chr(int(match[1])), escaped(text))
        assert not re.search(r"\\n|\$\$|fa:fa-|ﬂ°|¶ß", decoded) and shown(escaped(text)) == text


def test_a_drawn_model_is_written_without_an_engine(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("tinyattn_viz.engine.find_engine", lambda *_: pytest.fail("an engine was asked for"))
    model = ta.nn.Sequential(ta.nn.Linear(3, 2), ta.nn.Linear(2, 1))
    with ta.record() as record:
        model(ta.ones(4, 3))
    for detail in ("layer", "op"):
        picture = draw(record, detail=detail)
        text = picture.render("mermaid").decode()
        check(text)
        assert texts(text) >= {line for line in ("weight (2, 3)", "bias (2,)") if detail == "layer"}
        assert picture.save(tmp_path / "a.mmd").read_bytes() == text.encode()
        assert picture.save(tmp_path / "a.txt", format="mermaid").read_bytes() == text.encode()


def test_a_graph_larger_than_mermaid_draws_is_refused():
    graph = Graph([Box("op", [("title", "a")])], [Edge(0, 0, loop=True)] * 501)
    with pytest.raises(LayoutError, match=r"^mermaid: wanted at most 500 edges .* got 501 and .*draw less"):
        mermaid(graph)
    with pytest.raises(LayoutError, match="50,000 signs"):
        mermaid(Graph([Box("op", [("title", "a" * 50_000)])]))


def test_what_is_no_graph_has_no_mermaid_form():
    with pytest.raises(ValueError, match=r"mermaid draws graphs only.*choose svg"):
        Picture("digraph{}").render("mermaid")


