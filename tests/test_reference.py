"""The reference pages are what the source says."""

import importlib.util
from pathlib import Path

import pytest

from tinyattn.op import registry

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_up_to_date(maker):
    """Where this fails: python docs/make_reference.py"""
    there = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md")}
    assert there == maker.pages()


def test_every_op_has_its_formula_and_its_gradient_there(maker):
    pages = maker.pages()
    for key, rule in registry.items():
        family, name = key.split(".")
        if rule.forward.__module__ == f"tinyattn.ops.{family}":
            page = pages[f"{family}.md"]
            assert f"{name}(" in page and rule.formula in page
            assert not rule.reads or f"{name}.gradient(" in page or f"{name}.joint_gradient" in page


def test_a_stale_page_is_noticed(maker, monkeypatch, tmp_path):
    monkeypatch.setattr(maker, "PAGES", tmp_path)
    (tmp_path / "old.md").write_text("of an op that is gone")
    monkeypatch.setattr("sys.argv", ["make_reference.py", "--check"])
    with pytest.raises(SystemExit, match=r"not what the source says: README.md, activations.md.*old.md"):
        maker.main()
    monkeypatch.setattr("sys.argv", ["make_reference.py"])
    maker.main()
    assert not (tmp_path / "old.md").exists()
    monkeypatch.setattr("sys.argv", ["make_reference.py", "--check"])
    maker.main()
