"""Tokens that are no words: how tables, pictures and explanations show them, and what JSON has."""

import json

import pytest

from tinyattn.cli import main
from tinyattn.cli.attention import attention_table, strongest_words
from tinyattn.translator import search
from tinyattn.translator.replay import replay
from tinyattn.translator.translator import Translator
from tinyattn_viz import AttentionWatcher

PAIRS = [("the eatable soup", "la sopa"), ("the soup", "sopa y sopa")] * 4
SOURCES = {"bpe": "the soup the dish", "char": "the eat"}


@pytest.fixture(scope="module", params=["bpe", "char"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def translator(untrained, kind):
    translator = untrained(PAIRS, source_tokens=kind, target_tokens=kind)
    spaces = [translator.target_vocabulary.id(token) for token in ("▁", "▁sopa", " ")]
    translator.model.output.bias.array[spaces] = 9.0
    translator.model.output.bias.array[:4] = -9.0
    return translator


@pytest.fixture
def found(translator, kind, monkeypatch):
    monkeypatch.setattr(search, "longest", lambda source_length: 4)
    return translator.translate(SOURCES[kind])


@pytest.fixture
def names(translator, found):
    """The words of both sides as people are shown them."""
    source, target = translator.source.shown(found.source_tokens), translator.target.shown(found.tokens)
    assert source != found.source_tokens and target != found.tokens  # else nothing is tested
    return source, target


def test_tables(translator, found, names):
    source, target = names
    head, *rows = attention_table(translator, found, found.hypotheses[0]).split("\n")
    assert head.split() == source and [row.split()[0] for row in rows] == target
    strongest = strongest_words(translator, found, found.hypotheses[0])
    assert [row.split()[0] for row in strongest.split("\n")] == target
    assert "▁" not in strongest


def test_pictures(translator, found, names):
    source, target = names
    words = replay(translator, found).words
    assert words == {"source": source, "target": ["<eos>", *target], "output": [*target, "<eos>"]}
    tree = translator.search_tree(found.source, beam=1)
    assert tree.source_tokens == source and [tree.branches[k].token for k in tree.path(tree.hypotheses[0])] == target


def test_the_heat_map_and_a_path(run, found, names, tmp_path, capsys):
    source, target = names
    assert main(["attend", run, found.source, "-o", str(tmp_path / "a.svg")]) == 0
    picture = (tmp_path / "a.svg").read_text()
    assert all(f">{name}</text>" in picture for name in source + target) and "▁" not in picture
    repeated = next(name for name in source if source.count(name) > 1) + "#2"
    path = f"{target[0]}:{repeated}"
    assert main(["draw", run, found.source, "-o", str(tmp_path / "p.mmd"), "--path", path]) == 0
    assert main(["draw", run, found.source, "-o", str(tmp_path / "p.mmd"), "--path", f"{target[0]}:▁the"]) == 2
    assert repeated in capsys.readouterr().err  # among the words that there are


def test_explain(run, found, names, capsys):
    source, target = names
    assert main(["explain", run, found.source]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{' '.join(source)}  ->  {' '.join(target)}") and "▁" not in text
    assert all(f"\n   {name} " in text for name in [*source, target[0]])


def test_json_has_the_tokens_themselves(run, found, capsys):
    assert main(["translate", run, found.source, "--json"]) == 0
    (translation,) = json.loads(capsys.readouterr().out)
    assert translation["source_tokens"] == found.source_tokens and translation["tokens"] == found.tokens
    assert main(["explain", run, found.source, "--json"]) == 0
    explanation = json.loads(capsys.readouterr().out)
    assert explanation["source_tokens"] == found.source_tokens and explanation["target_tokens"][:4] == found.tokens


def test_attention_as_training_goes(kind):
    watcher = AttentionWatcher(PAIRS[0])
    Translator.train(PAIRS, dev=PAIRS[:2], watcher=watcher, hidden=4, embed=4, steps=1, source_tokens=kind,
                     target_tokens=kind)
    assert "▁" not in "".join(watcher.source + watcher.target) and watcher.target[-1] == "<eos>"
    assert ("␣" in watcher.source) == (kind == "char")
