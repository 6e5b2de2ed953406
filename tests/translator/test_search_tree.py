import json

import pytest

from tinyattn.translator import search
from tinyattn.translator.config import Config
from tinyattn.translator.translator import Translator


@pytest.fixture
def translator(pairs):
    translator = Translator.for_pairs(Config(embed=8, hidden=16, seed=2, source_eos=True), pairs)
    translator.model.output.weight.array[...] *= 6
    return translator


def children(tree, number):
    return [branch for branch in tree.branches if branch.parent == number]


@pytest.mark.parametrize("beam, penalty", [(1, 0.0), (3, 0.0), (4, 0.8), (30, 0.0)])
def test_the_tree_ends_in_the_translations(translator, beam, penalty, monkeypatch):
    monkeypatch.setattr(search, "longest", lambda source_length: 5)
    tree = translator.search_tree("eat the pizza", beam, penalty)
    found = translator.translate("eat the pizza", beam, penalty)
    assert (tree.source, tree.source_tokens, tree.start) == ("eat the pizza", found.source_tokens, "<eos>")
    assert (tree.beam, tree.length_penalty) == (beam, penalty)
    assert len(tree.hypotheses) == len(found.hypotheses) == beam
    assert tree.texts == [hypothesis.text for hypothesis in found.hypotheses]
    for end, hypothesis in zip(tree.hypotheses, found.hypotheses):
        tokens = [tree.branches[k].token for k in tree.path(end)]
        assert [token for token in tokens if token != "<eos>"] == hypothesis.tokens
        assert tree.branches[end].finished
        assert tree.branches[end].score == pytest.approx(hypothesis.score, rel=1e-5)
    if beam == 1:
        assert all(branch.parent is None or tree.branches[branch.parent].kept for branch in tree.branches)


def test_what_is_kept_is_likelier_than_what_is_dropped(translator):
    tree = translator.search_tree("eat the pizza", beam=3)
    assert [branch.number for branch in tree.branches] == list(range(len(tree.branches)))
    for step in range(tree.branches[-1].step + 1):
        branches = [branch for branch in tree.branches if branch.step == step]
        assert [branch.kept for branch in branches] == [True] * 3 + [False] * 3
        log_ps = [branch.log_p for branch in branches]
        assert log_ps == sorted(log_ps, reverse=True)
    for branch in tree.branches:
        before = 0.0 if branch.parent is None else tree.branches[branch.parent].log_p
        assert branch.log_p == pytest.approx(before + branch.token_log_p) and branch.token_log_p <= 0
        assert branch.step == len(tree.path(branch.number)) - 1
        if branch.parent is not None:
            parent = tree.branches[branch.parent]
            assert parent.kept and not parent.finished and parent.step == branch.step - 1
        if branch.finished or not branch.kept:
            assert not children(tree, branch.number)
        assert branch.finished == (branch.kept and (branch.token == "<eos>" or branch.step == 89))


def test_a_beam_wider_than_the_vocabulary_has_every_token_once_but_those_never_said(translator):
    tree = translator.search_tree("eat", beam=30)
    first = [branch.token for branch in tree.branches if branch.step == 0]
    assert sorted(first) == sorted(["<eos>", *translator.target_vocabulary.tokens])


def test_as_plain_data(translator):
    tree = translator.search_tree("eat the pizza", beam=2, length_penalty=1)
    data = json.loads(json.dumps(tree.as_dict()))
    assert data.keys() == {"source", "source_tokens", "beam", "length_penalty", "start", "branches", "hypotheses",
                           "texts"}
    assert data["branches"][0].keys() == {"number", "step", "parent", "token", "token_log_p", "log_p", "score", "kept",
                                          "finished"}
    assert data["branches"][0]["parent"] is None and data["beam"] == 2 and data["length_penalty"] == 1.0
    first = tree.branches[0]
    assert first.score == first.log_p  # ((5 + 1) / 6)^A is 1


def test_the_model_stays_in_training_mode(translator):
    translator.search_tree("eat")
    assert translator.model.training


@pytest.mark.parametrize("text, options, message", [
    (" ", {}, "search_tree: wanted at least one token"),
    ("eat", {"beam": 0}, "beam: wanted"),
    ("eat", {"length_penalty": -1}, "length_penalty: wanted"),
])
def test_trees_that_are_none(translator, text, options, message):
    with pytest.raises(ValueError, match=message):
        translator.search_tree(text, **options)
