import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from tinyattn.translator.text_scores import TextScores

WORDS = "come bebe la el los no pizza agua casa perro grande , . ¿ ?".split()


@pytest.fixture(scope="module")
def lines():
    """Translations with some words wrong, and references."""
    random = np.random.default_rng(3)
    references = [" ".join(random.choice(WORDS, random.integers(1, 9))) for _ in range(60)]
    texts = [" ".join(str(random.choice(WORDS)) if random.random() < 0.15 else word for word in reference.split())
             for reference in references]
    return texts, references


def test_any_rows_are_scored_as_sacrebleu_scores_them(lines):
    texts, references = lines
    scores = TextScores(texts, [[reference] for reference in references])
    for rows in (np.arange(60), np.array([3]), np.array([5, 5, 9, 40, 41])):
        chosen = [texts[k] for k in rows], [[references[k] for k in rows]]
        assert scores.scores(rows) == {"bleu": BLEU().corpus_score(*chosen).score, "chrf": CHRF().corpus_score(*chosen).score,
                                       "exact": np.mean([texts[k] == references[k] for k in rows])}
    assert scores.scores() == scores.scores(np.arange(60))


def test_an_interval_is_where_95_of_100_resamplings_fall(lines):
    texts, references = lines
    scores = TextScores(texts, [[reference] for reference in references])
    found = scores.intervals()
    assert found == scores.intervals() and found.keys() == {"bleu", "chrf", "exact"}
    random = np.random.default_rng(7)
    again = [scores.scores(random.integers(60, size=60)) for _ in range(1000)]
    for name, (low, high) in found.items():
        values = np.array([one[name] for one in again])
        assert low < scores.scores()[name] < high
        assert np.percentile(values, [2.5, 97.5]) == pytest.approx([low, high], abs=0.15 * (high - low))
    part = np.arange(20)
    assert scores.intervals(part) == TextScores(texts[:20], [[reference] for reference in references[:20]]).intervals()
    exact = np.flatnonzero(scores.exact)
    assert scores.intervals(exact)["exact"] == [1, 1]


@pytest.mark.parametrize("references, words", [
    (["vamos", "¿Qué es 日本?"], "13a"), (["我们走吧。", "OK,好的"], "zh"), (["行きましょう。"], "char"), (["ไปกันเถอะ"], "char"),
])
def test_bleu_of_scripts_without_spaces(references, words):
    scores = TextScores(references, [[reference] for reference in references])
    assert f"|tok:{words}|" in scores.signature["bleu"] and scores.scores()["exact"] == 1
    wanted = BLEU(tokenize=words).corpus_score(["我们吧。"] * len(references), [references]).score
    assert TextScores(["我们吧。"] * len(references), [[reference] for reference in references]).scores()["bleu"] == wanted


def test_lines_that_look_tokenized_are_nothing_to_warn_of(caplog):
    TextScores(["vamos ."] * 100, [["vamos ."]] * 100)
    assert caplog.records == []
