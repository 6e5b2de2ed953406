"""Which layout program is taken, and what happens when it fails."""

import os
import stat
import subprocess
import sys

import pytest

from tinyattn_viz import LayoutError, engine

SCRIPT = """#!{python}
import sys, time
text = sys.stdin.buffer.read()
{body}
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv("TINYATTN_DOT", raising=False)
    engine._find.cache_clear()
    yield
    engine._find.cache_clear()


@pytest.fixture
def program(tmp_path):
    """Makes a program called `dot` in a folder of its own."""

    def make(body, name="bin"):
        path = tmp_path / name / "dot"
        path.parent.mkdir()
        path.write_text(SCRIPT.format(python=sys.executable, body=body))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


WORKS = "sys.stdout.write('<svg>' + sys.argv[1])"


def test_order_is_the_variable_then_the_path_then_the_wheel(program, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert engine.find_engine().origin == "pygraphviz wheel"
    on_path, chosen = program(WORKS, "a"), program(WORKS, "b")
    monkeypatch.setenv("PATH", os.path.dirname(on_path))
    assert engine.find_engine().command == (on_path,)
    monkeypatch.setenv("TINYATTN_DOT", chosen)
    assert engine.find_engine().command == (chosen,)
    assert engine.layout("digraph{a}", "svg", "nop") == b"<svg>-Knop"


@pytest.mark.parametrize("body", ["sys.exit(3)", "print('no picture')", "pass"])
def test_a_broken_program_on_the_path_is_passed_over(body, program, monkeypatch):
    monkeypatch.setenv("PATH", os.path.dirname(program(body)))
    assert engine.find_engine().origin == "pygraphviz wheel"


def test_a_program_that_lacks_the_format_is_passed_over(program, monkeypatch):
    only_svg = program("sys.stdout.write('<svg>') if '-Tsvg' in sys.argv else sys.exit('pdf not recognized')")
    monkeypatch.setenv("PATH", os.path.dirname(only_svg))
    assert engine.find_engine().command == (only_svg,)
    assert engine.find_engine("pdf").origin == "pygraphviz wheel"
    assert engine.layout("digraph{a}", "pdf").startswith(b"%PDF-")
    monkeypatch.setenv("TINYATTN_DOT", only_svg)
    with pytest.raises(LayoutError, match=r"TINYATTN_DOT names.*pdf not recognized"):
        engine.layout("digraph{a}", "pdf")


def test_a_broken_choice_is_an_error_and_not_passed_over(program, monkeypatch):
    monkeypatch.setenv("TINYATTN_DOT", program("sys.exit('plugin missing')"))
    with pytest.raises(LayoutError, match=r"TINYATTN_DOT names.*plugin missing.*unset TINYATTN_DOT"):
        engine.find_engine()
    monkeypatch.setenv("TINYATTN_DOT", "/no/such/dot")
    with pytest.raises(LayoutError, match=r"/no/such/dot, does not work.*cannot be run"):
        engine.find_engine()


def test_no_engine_is_one_clear_line_with_the_remedy(program, monkeypatch):
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        LayoutError, match=r"^draw: no layout engine works for svg .*pip install pygraphviz.*dot and mermaid .* need none, nor .*svg$"
    ):
        engine.find_engine()
    engine._find.cache_clear()
    monkeypatch.setenv("PATH", os.path.dirname(program("sys.exit('segmentation fault')")))
    with pytest.raises(LayoutError, match=r"segmentation fault"):
        engine.find_engine()


def test_a_layout_that_takes_too_long_is_stopped(program):
    slow = engine.Engine((program("time.sleep(60)"),), "slow")
    with pytest.raises(LayoutError, match=r"longer than 0.2 s: draw less"):
        engine.run(slow, "digraph{a}", "svg", "dot", timeout=0.2)


def test_a_crash_costs_the_picture_only():
    crash = engine.Engine((sys.executable, "-c", "import os; os.abort()"), "crash")
    with pytest.raises(LayoutError, match=r"crash failed with exit code"):
        engine.run(crash, "digraph{a}", "svg", "dot", timeout=10)


def test_text_that_is_no_graph_fails_with_what_the_engine_says():
    with pytest.raises(LayoutError, match=r"failed with exit code"):
        engine.layout("digraph{", "svg")


def test_formats_and_their_first_bytes():
    first = {"svg": b"<?xml", "png": b"\x89PNG\r\n", "pdf": b"%PDF-"}
    for format, magic in first.items():
        content = engine.layout("digraph{a->b}", format)
        assert content.startswith(magic) and content == engine.layout("digraph{a->b}", format)
    with pytest.raises(ValueError, match=r"format must be one of svg, png, pdf, got 'gif'"):
        engine.layout("digraph{a}", "gif")


def test_the_file_of_a_pdf_says_no_hour(program, monkeypatch):
    assert b"(D:19700101000000Z)" in engine.layout("digraph{a}", "pdf")
    # Whatever an engine writes into its PDF, by the clock or by the date it is told to take.
    said = "f'%PDF- (D:{time.time_ns() % 10**14:014}+01)' + os.environ['SOURCE_DATE_EPOCH']"
    monkeypatch.setenv("TINYATTN_DOT", program(f"import os; sys.stdout.write({said})"))
    assert engine.layout("digraph{a}", "pdf") == b"%PDF- (D:19700101000000Z  )0"


def test_importing_the_package_loads_neither_graphviz_nor_a_wheel():
    code = "import sys, tinyattn_viz; print({'graphviz', 'pygraphviz', 'matplotlib', 'numba'} & set(sys.modules))"
    root = os.path.dirname(os.path.dirname(os.path.dirname(engine.__file__)))
    paths = os.pathsep.join([root, os.path.join(root, "viz")])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    assert done.stdout == "set()\n", done.stderr
