import math

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from tinyattn.translator.config import Config
from tinyattn.translator.scores import alignment_error, evaluate, looked_at_most, measure, teacher_forced
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
    assert forced.tokens == 16 * 4 and forced.health.steps == 16 * 3  # attention is looked at where words are written
    assert forced.right == 16 and forced.accuracy == 1 / 4
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
    assert scores["exact"] == sum(map(str.__eq__, texts, references)) / 16 > 0
    assert scores["lines"] == 16 and "aer" not in scores
    assert scores["signature"]["bleu"].startswith("nrefs:1|case:mixed")
    assert scores.keys() == {"bleu", "chrf", "exact", "token_accuracy", "loss", "lines", "signature", "by_length",
                             "interval", "several_references"} | {name for name in scores if name.startswith("attention_")}
    measured = measure(translator, mixed).numbers
    assert {f"dev_{name}": scores[name] for name in ("bleu", "chrf", "exact", "loss")}.items() <= measured.items()
    assert {name for name in scores if name.startswith("attention_")} == measured.keys() - {"dev_bleu", "dev_chrf", "dev_exact", "dev_loss"}


def test_without_sacrebleu_it_measures_the_rest(translator, pairs, monkeypatch):
    whole = measure(translator, pairs).numbers
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert measure(translator, pairs).numbers == {name: value for name, value in whole.items() if name not in ("dev_bleu", "dev_chrf")}


def test_samples_are_always_the_same_from_short_to_long(translator, pairs):
    dev = [*pairs, ("eat", "come"), ("eat the pizza " * 5, "x"), ("eat", "mira")] + [("eat " * k, "come") for k in range(2, 9)]
    samples = measure(translator, dev).samples
    lengths = [len(sample.source) for sample in samples]
    assert len(set(lengths)) == 4 and lengths == sorted(lengths)
    assert [(s.source, s.reference) for s in samples] == [(s.source, s.reference) for s in measure(translator, dev).samples]
    assert [s.translation for s in samples] == [translator.translate(s.source).text for s in samples]
    assert all((s.source, s.reference) in dev for s in samples)
    assert [s.source for s in measure(translator, dev[:1]).samples] == ["eat the pizza"]


def test_all_references_of_a_source(translator, pairs):
    texts = [found.text for found in translator.translate([source for source, _ in pairs])]
    others = [("eat the pizza", texts[0] or "nada"), ("eat the pizza", "cómela")]
    scores = evaluate(translator, [*pairs, *others, pairs[0]], any_reference=True)
    assert (scores["lines"], scores["several_references"]) == (16, 1)
    assert scores["exact"] == sum(map(str.__eq__, texts, [texts[0] or "nada", *(target for _, target in pairs[1:])])) / 16
    second, third = [None] * 16, [None] * 16
    second[0], third[0] = others[0][1], others[1][1]
    streams = [[target for _, target in pairs], second, third]
    bleu = BLEU()
    assert scores["bleu"] == bleu.corpus_score(texts, streams).score
    assert scores["chrf"] == CHRF().corpus_score(texts, streams).score
    assert scores["signature"]["bleu"] == str(bleu.get_signature()) and "nrefs:var" in scores["signature"]["bleu"]
    assert evaluate(translator, [*pairs, *others])["lines"] == 18
    assert evaluate(translator, [*pairs, pairs[0]])["several_references"] == 0  # the same one twice


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
    assert alignment_error(looked_at, [((0, 0), (1, 1), (1, 2)), ((0, 0),)]) == {"aer": 0, "aer_floor": 0, "aer_lines": 2}
    assert alignment_error(looked_at, [((1, 0), (0, 1), (0, 2)), None]) == {"aer": 1, "aer_floor": 0, "aer_lines": 1}
    # 2 links in common of 3 found and 2 wanted, as many as there can be; the second line has no gold
    error = alignment_error(looked_at, [((0, 0), (1, 1)), ()])
    assert error == pytest.approx({"aer": 1 - 4 / 5, "aer_floor": 1 - 4 / 5, "aer_lines": 1})
    # of two links to a target token one can be found; a fourth token is not in the target
    error = alignment_error(looked_at, [((0, 0), (1, 0), (0, 3)), None])
    assert error == pytest.approx({"aer": 1 - 2 / 6, "aer_floor": 1 - 2 / 6, "aer_lines": 1})
    assert alignment_error(looked_at, [None, None]) == {}


def test_alignment_error_in_evaluate(translator, pairs):
    forced = teacher_forced(translator, pairs)
    gold = [tuple((int(source), target) for target, source in enumerate(forced.alignments[k])) for k in range(16)]
    scores = evaluate(translator, pairs, gold)
    assert (scores["aer"], scores["aer_floor"], scores["aer_lines"]) == (0, 0, 16)
    # Of "eat, eat" there are three tokens, but two words that a gold alignment would count.
    unfit = [("eat, eat", "come come"), ("eat the pizza", "come, la")]
    assert evaluate(translator, [*pairs, *unfit], [*gold, ((0, 0),), ((0, 1),)])["aer_lines"] == 16
    # But where some line's link goes to its third token, gold counts tokens, and every line can be compared.
    counting = evaluate(translator, [*pairs, *unfit], [*gold, ((2, 0),), ((0, 1),)])
    assert counting["aer_lines"] == 18 and 0 < counting["aer"] < 1
    assert "aer" not in evaluate(translator, pairs, [None] * 16)
    letters = Translator.for_pairs(Config(target_tokens="char", **OPTIONS), pairs)
    assert evaluate(letters, pairs, gold)["aer_lines"] == 16  # letters are put together to words
    without = Translator.for_pairs(Config(attention="none", **OPTIONS), pairs)
    assert "aer" not in evaluate(without, pairs, gold) and "attention_entropy" not in evaluate(without, pairs)


def test_attention_of_pieces_is_summed_to_that_of_words():
    weights = np.array([[0.4, 0.3, 0.3, 9], [0.4, 0.3, 0.3, 9], [0.9, 0.1, 0, 9], [9, 9, 9, 9]])
    assert looked_at_most(weights, [0, 1, 1], [0, 0, 1]).tolist() == [1, 0]
    assert looked_at_most(weights, [0, 1, 2], [0, 1, 2]).tolist() == [0, 0, 0]
