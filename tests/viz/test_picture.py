"""A picture saves to every format and shows itself."""

import pytest

from tinyattn_viz import Picture, engine
from tinyattn_viz.graph import Box, Graph


@pytest.fixture(scope="module")
def picture():
    graph = Graph([Box("op", [("title", "tanh")], tip="line <1> of\nmodel\x00.py")])
    return Picture(graph.dot(), tips=graph.tips())


def test_the_name_s_ending_gives_the_format(picture, tmp_path):
    first = {"svg": b"<?xml", "SVG": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF-", "dot": b"digraph", "gv": b"digraph"}
    for ending, magic in first.items():
        assert picture.save(tmp_path / f"a.{ending}").read_bytes().startswith(magic)
    assert picture.save(tmp_path / "plain", format="png").read_bytes().startswith(b"\x89PNG")


def test_other_endings_and_formats_are_refused(picture, tmp_path):
    with pytest.raises(ValueError, match=r"'a.jpg' must end in one of .svg, .png, .pdf, .dot, .gv"):
        picture.save(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="format must be one of svg, png, pdf, dot, mermaid, got 'jpg'"):
        picture.render("jpg")


def test_a_failed_layout_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text("old")
    with pytest.raises(engine.LayoutError):
        Picture("no graph").save(path)
    assert path.read_text() == "old"


def test_a_notebook_gets_the_element_alone(picture):
    assert picture._repr_svg_().startswith("<svg") and picture._repr_svg_().endswith("</svg>\n")


def test_tips_are_the_titles_and_graphviz_s_own_are_gone(picture):
    assert "<title>line &lt;1&gt; of\nmodel␀.py</title>" in picture.svg and picture.svg.count("<title>") == 1


def test_dot_needs_no_engine(monkeypatch, tmp_path, picture):
    monkeypatch.setattr(engine, "find_engine", lambda: pytest.fail("an engine was asked for"))
    assert picture.save(tmp_path / "a.dot").read_text() == picture.dot
