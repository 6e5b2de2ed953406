"""`tinyattn translate` and how `eval` searches."""

import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tinyattn.cli import main
from tinyattn.text.vocabulary import END, UNKNOWN
from tinyattn.translator import search
from tinyattn.translator.config import Config
from tinyattn.translator.translator import Translator

PAIRS = [(f"{verb} the {noun}", f"{word} {thing}")
         for verb, word in (("eat", "come"), ("see", "mira")) for noun, thing in (("soup", "la sopa"), ("rice", "arroz"))]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """It was never trained: it may not come to an end by itself."""
    monkeypatch.setattr(search, "longest", lambda source_length: 4)


@pytest.fixture(scope="module")
def translator(untrained):
    return untrained(PAIRS)


@pytest.fixture
def said(capsys):
    """What a command prints; it has to end well."""
    def said(*arguments):
        assert main(list(map(str, arguments))) == 0
        return capsys.readouterr().out

    return said


@pytest.fixture
def refused(capsys):
    """What a command is refused with."""
    def refused(*arguments):
        assert main(list(map(str, arguments))) == 2
        out, err = capsys.readouterr()
        assert out == "" and "Traceback" not in err
        return err

    return refused


# --- --n-best ---


def test_the_n_best_with_their_scores(run, translator, said):
    wanted = translator.translate(["eat the soup", "see rice"], beam=4)
    blocks = said("translate", run, "eat the soup", "", "see rice", "--beam", 4, "--n-best", 3).split("\n\n")
    assert [len(block.splitlines()) for block in blocks] == [3, 1, 3, 0]
    for block, found in zip((blocks[0], blocks[2]), wanted):
        for line, hypothesis in zip(block.splitlines(), found.hypotheses):
            score, _, text = line.partition("\t")
            assert text == hypothesis.text and float(score) == pytest.approx(hypothesis.score, abs=1e-4)
    assert blocks[1] == "0.0000\t"


def test_the_n_best_with_their_attention(run, translator, said):
    found = translator.translate("eat the soup", beam=2)
    printed = said("translate", run, "eat the soup", "--beam", 2, "--n-best", 2, "--attention")
    assert len(found.hypotheses) == 2
    for hypothesis, block in zip(found.hypotheses, printed.split("\n\n")):
        first, head, *rows = block.lstrip("\n").splitlines()
        assert first == f"{hypothesis.score:.4f}\t{hypothesis.text}" and head.split() == ["eat", "the", "soup"]
        assert [row.split() for row in rows] == [
            [token, *(f"{weight:.0%}" for weight in weights)]
            for token, weights in zip(hypothesis.tokens, hypothesis.attention)]


def test_more_than_the_beam_has(run, refused):
    message = "'--n-best': wanted a whole number from 1 to the beam's width, 2, got 3: a wider beam finds more"
    assert message in refused("translate", run, "eat", "--beam", 2, "--n-best", 3)
    assert "1, got 2" in refused("translate", run, "eat", "--n-best", 2)
    assert "got 0" in refused("translate", run, "eat", "--n-best", 0)


def test_json_has_all_unless_told_how_many(run, said):
    (all,), (two,) = (json.loads(said("translate", run, "eat", "--beam", 4, "--json", *more))
                      for more in ([], ["--n-best", 2]))
    assert len(all["hypotheses"]) == 4 and two["hypotheses"] == all["hypotheses"][:2]


# --- files ---


@pytest.mark.parametrize("options", [[], ["--beam", "2"], ["--json"]], ids=str)
def test_as_many_lines_as_came_in_and_in_their_order(run, translator, said, monkeypatch, options):
    lines = [["eat the soup", "", "see rice", "a\tb", "\x1b[1m\x00", "שלום", " ", "rice " * 300][k % 8] for k in range(99)]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("\n".join([*lines, ""]).encode())))
    out = said("translate", run, *options)
    wanted = [found.text for found in translator.translate(lines, beam=2 if options == ["--beam", "2"] else 1)]
    if options == ["--json"]:
        assert [(found["source"], found["text"]) for found in json.loads(out)] == list(zip(lines, wanted))
    else:
        assert out.split("\n") == [*wanted, ""]


def test_no_line_at_all(run, said, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    assert said("translate", run) == "" and said("translate", run, "--json") == "[]\n"


# --- --replace-unknown ---


def test_replace_unknown(run, translator, said, refused, tmp_path):
    unsure = Translator(translator.config, translator.sides)
    unsure.model.output.bias.array[UNKNOWN] = 9
    unsure.save(tmp_path / "run")
    assert said("translate", tmp_path / "run", "Ann", "--replace-unknown") == "Ann Ann Ann Ann\n"
    assert "Ann" not in said("translate", tmp_path / "run", "Ann")
    (tmp_path / "test.tsv").write_text("Ann\tAnn Ann Ann Ann\n", encoding="utf-8")
    for option, exact in (["--replace-unknown"], 1), ([], 0):
        assert json.loads(said("eval", tmp_path / "run", tmp_path / "test.tsv", "--json", *option))["exact"] == exact
    Translator.for_pairs(Config(attention="none", embed=4, hidden=4), PAIRS).save(tmp_path / "without")
    assert "replace_unknown: wanted a model with attention" in refused(
        "translate", tmp_path / "without", "Ann", "--replace-unknown")


# --- eval ---


def test_eval_searches_as_translate_does(translator, said, tmp_path):
    """The end has p = 0.4, a word 0.6: the likeliest of all is to say nothing, which a penalty makes good."""
    translator = Translator(translator.config, translator.sides)
    translator.model.output.weight.array[...] = 0
    translator.model.output.bias.array[...] = -200
    translator.model.output.bias.array[[END, 4]] = np.log([0.4, 0.6])
    translator.save(tmp_path)
    word = translator.target_vocabulary.name(4)
    test = tmp_path / "test.tsv"
    test.write_text(f"eat the soup\t{' '.join([word] * 4)}\n", encoding="utf-8")

    def exact(*options):
        return json.loads(said("eval", tmp_path, test, "--json", *options))["exact"]

    assert exact("--beam", 2) == 0 and exact("--beam", 2, "--length-penalty", 3) == 1
