import math

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from tinyattn.translator.config import Config
from tinyattn.translator.scores import alignment_error, evaluate, exact_matches, teacher_forced
from tinyattn.translator.search import greedy
from tinyattn.translator.translator import Translator

OPTIONS = {"embed": 4, "hidden": 8, "dropout": 0.5}


@pytest.fixture
def translator(pairs):
    return Translator.for_pairs(Config(**OPTIONS), pairs)


def test_an_even_guess_costs_log_v(translator, pairs):
    translator.model.output.weight.array[...] = 0
    translator.model.output.bias.array[...] = 0
    translator.model.output.bias.array[1] = 1e-3  # the end is the likeliest
    forced = teacher_forced(translator, pairs)
    assert forced.loss == pytest.approx(math.log(len(translator.target_vocabulary)), rel=1e-3)
    assert forced.tokens == 16 * 4 and forced.right == 16 and forced.accuracy == 1 / 4
    translator.model.output.bias.array[0] = 1  # padding is never right
    forced = teacher_forced(translator, [*pairs, ("eat", "come")])
    assert (forced.tokens, forced.right) == (16 * 4 + 2, 0)


def test_loss_is_the_log_probability_of_the_reference(pairs):
    translator = Translator.train(pairs, dev=pairs, epochs=12, lr=0.02, batch_size=4, **OPTIONS)
    sources = [translator.encode(pair)[0] for pair in pairs]
    found = greedy(translator.model, sources)
    # What it would say itself, as reference: then its score is the loss.
    words = translator.target_vocabulary
    own = [(source, " ".join(words.decode(f.ids))) for (source, _), f in zip(pairs, found)]
    kept = [(pair, f) for pair, f in zip(own, found) if f.ids and len(f.ids) < 60]
    assert len(kept) > 8
    forced = teacher_forced(translator, [pair for pair, _ in kept])
    assert forced.nats == pytest.approx(-sum(f.score for _, f in kept), rel=1e-5)
    assert forced.right == forced.tokens
    for k, (_, f) in enumerate(kept):
        np.testing.assert_array_equal(forced.alignments[k], f.attention.argmax(1))


def test_scores_are_sacrebleus(translator, pairs):
    texts = [found.text for found in translator.translate([source for source, _ in pairs])]
    mixed = [(source, text if k % 2 and text else target)
             for k, ((source, target), text) in enumerate(zip(pairs, texts))]
    references = [target for _, target in mixed]
    scores = evaluate(translator, mixed)
    assert scores["bleu"] == BLEU().corpus_score(texts, [references]).score
    assert scores["chrf"] == CHRF().corpus_score(texts, [references]).score
    assert scores["exact"] == exact_matches(translator, mixed) / 16 == sum(map(str.__eq__, texts, references)) / 16 > 0
    assert scores["lines"] == 16 and "aer" not in scores
    assert scores["signature"]["bleu"].startswith("nrefs:1|case:mixed")
    assert scores.keys() == {"bleu", "chrf", "exact", "token_accuracy", "loss", "lines", "signature", "by_length"}


def test_scores_of_a_beam(translator, pairs):
    sources = [source for source, _ in pairs]
    wide, narrow = ([found.text for found in translator.translate(sources, beam)] for beam in (4, 1))
    assert wide != narrow
    scores = evaluate(translator, list(zip(sources, wide)), beam=4)
    assert scores["exact"] == 1 > evaluate(translator, list(zip(sources, wide)))["exact"]


def test_by_length(translator, pairs):
    scores = evaluate(translator, [("eat", "x"), ("eat the pizza", "x"), ("eat " * 4, "x"), ("eat " * 60, "x")])
    assert [(g["from"], g["to"], g["lines"]) for g in scores["by_length"]] == [(1, 3, 2), (4, 6, 1), (51, 60, 1)]
    assert all(g["exact"] == 0 and g["bleu"] < 5 for g in scores["by_length"])


def test_alignment_error():
    looked_at = [np.array([0, 1, 1]), np.array([0])]
    assert alignment_error(looked_at, [((0, 0), (1, 1), (1, 2)), ((0, 0),)]) == 0
    assert alignment_error(looked_at, [((1, 0), (0, 1), (0, 2)), None]) == 1
    # 2 links in common of 3 found and 2 wanted; the second line has no gold
    assert alignment_error(looked_at, [((0, 0), (1, 1)), ()]) == pytest.approx(1 - 4 / 5)
    assert alignment_error(looked_at, [None, None]) is None


def test_alignment_error_in_evaluate(translator, pairs):
    forced = teacher_forced(translator, pairs)
    gold = [tuple((int(source), target) for target, source in enumerate(forced.alignments[k])) for k in range(16)]
    assert evaluate(translator, pairs, gold)["aer"] == 0
    assert "aer" not in evaluate(translator, pairs, [None] * 16)
    letters = Translator.for_pairs(Config(target_tokens="char", **OPTIONS), pairs)
    assert "aer" not in evaluate(letters, pairs, gold)
    without = Translator.for_pairs(Config(attention="none", **OPTIONS), pairs)
    assert "aer" not in evaluate(without, pairs, gold)
