"""A place where nothing can be written is refused before the work is done."""

import pytest

from tinyattn.cli import main


@pytest.mark.parametrize("verb, place, message", [
    (["train", "nothing.tsv", "--out"], "", "Invalid value for '--out': wanted the name of a folder, got nothing"),
    (["train", "nothing.tsv", "--out"], "file", "{place} is a file: wanted a folder: choose another name"),
    (["demo", "--out"], "file/run", "{folder}/file is a file: wanted a folder: choose another name"),
    (["corpus", "--out"], "folder", "{place} is a folder: wanted the name of a file"),
    (["draw", "no-run", "word", "-o"], "none/a.svg", "{folder}/none: no such folder, wanted one for a.svg: make it first"),
    (["attend", "no-run", "word", "-o"], "none/a.svg", "{folder}/none: no such folder"),
    (["explore", "no-run", "word", "-o"], "none/a.html", "{folder}/none: no such folder"),
])
def test_refused_at_once(verb, place, message, tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    path = str(tmp_path / place) if place else ""
    assert main([*verb, path]) == 2
    out, err = capsys.readouterr()
    assert message.format(place=path, folder=tmp_path) in err and err.count("\n") == 1 and out == ""
    assert {file.name for file in tmp_path.iterdir()} == {"folder", "file"}
