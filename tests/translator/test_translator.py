import unicodedata

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.storage import CheckpointError
from tinyattn.text.pairs import DataError
from tinyattn.text.vocabulary import UNKNOWN
from tinyattn.translator import search
from tinyattn.translator.config import ATTENTION_KINDS, Config, ConfigError
from tinyattn.translator.search import Found, beam_search
from tinyattn.translator.translator import Translator

OPTIONS = {"embed": 8, "hidden": 16, "batch_size": 8, "dropout": 0.0, "lr": 0.02}


@pytest.fixture(scope="module")
def trained():
    pairs = [("uno", "one"), ("dos", "two"), ("uno dos", "one two"), ("dos uno", "two one"), ("¿Qué?", "What?")]
    return ta.Translator.train(pairs, dev=pairs, epochs=60, **OPTIONS)


def test_sentences_in_translations_out(trained):
    assert trained.translate("uno dos").text == "one two"
    assert [t.text for t in trained.translate(["dos", "uno", "¿Qué?"])] == ["two", "one", "What?"]
    assert trained.translate([]) == []


def test_a_result_tells_how(trained):
    found = trained.translate("uno dos")
    assert (found.source, found.source_tokens, found.tokens) == ("uno dos", ["uno", "dos"], ["one", "two"])
    assert found.attention.shape == (2, 2)
    np.testing.assert_allclose(found.attention.sum(1), 1, rtol=1e-6)
    assert -1 < found.score < 0
    assert found.hypotheses[0].text == found.text


@pytest.mark.parametrize("text", ["", " ", "\u3000"])
def test_blank_stays_blank(trained, text):
    found = trained.translate([text, "uno"])
    assert [t.text for t in found] == ["", "one"]
    assert found[0].tokens == found[0].source_tokens == [] and found[0].attention.shape == (0, 0)


def test_words_nobody_taught_it(trained):
    assert trained.translate("tres").source_tokens == ["tres"]


def test_both_spellings_of_an_accent_and_capitals(trained):
    assert trained.translate(unicodedata.normalize("NFD", "¿Qué?")).text == "What?"
    assert trained.translate("DOS Uno").text == "two one"


def test_several_translations_best_first(trained):
    one, blank, two = trained.translate(["uno dos", " ", "dos"], beam=3)
    assert [one.text, blank.text, two.text] == ["one two", "", "two"]
    assert len(blank.hypotheses) == 1 and len(one.hypotheses) == len(two.hypotheses) == 3
    assert one.text == one.hypotheses[0].text and one.score == one.hypotheses[0].score
    assert [h.score for h in one.hypotheses] == sorted((h.score for h in one.hypotheses), reverse=True)
    assert len({h.text for h in one.hypotheses}) == 3
    for h in one.hypotheses:
        assert h.attention.shape == (len(h.tokens), 2)
        np.testing.assert_allclose(h.attention.sum(1), 1, rtol=1e-6)
    again = trained.translate("uno dos", beam=3)
    np.testing.assert_allclose([h.score for h in again.hypotheses], [h.score for h in one.hypotheses], rtol=1e-5)


@pytest.mark.parametrize("beam", [1, 3])
def test_a_length_penalty_divides_the_score(trained, beam):
    plain, normal = trained.translate("uno dos", beam), trained.translate("uno dos", beam, length_penalty=2)
    assert plain.text == normal.text == "one two"
    assert normal.score == pytest.approx(plain.score / ((5 + 3) / 6) ** 2)  # "one", "two" and the end


def test_beams_and_penalties_that_are_none(trained):
    with pytest.raises(ValueError, match=r"beam: wanted .* got 0"):
        trained.translate("uno", beam=0)
    with pytest.raises(ValueError, match=r"length_penalty: wanted .* got -1"):
        trained.translate("uno", length_penalty=-1)
    with pytest.raises(ValueError, match=r"n_best: wanted .* 3, got 4"):
        trained.translate("uno", beam=3, n_best=4)


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("kind", ["word", "space"])
def test_an_unknown_word_is_the_source_word_looked_at_most(beam, kind, monkeypatch):
    monkeypatch.setattr(search, "longest", lambda source_length: 6)
    config = Config(**OPTIONS, source_tokens=kind, target_tokens=kind, source_eos=True)
    translator = Translator.for_pairs(config, [("a b", "x y")])
    translator.model.encoder.embedding.weight.array[...] *= 10
    translator.model.output.weight.array[...] *= 3
    translator.model.output.bias.array[UNKNOWN] = 2
    texts = ["Ann saw Bob", "", "a b"]
    found = translator.translate(texts, beam, replace_unknown=True)
    ids = beam_search(translator.model, [translator.read(text)[1] for text in texts if text], beam=beam, unknown=True)
    count = 0
    for translation, hypotheses in zip((found[0], found[2]), ids):
        words = translation.source.split()
        for hypothesis, one in zip(translation.hypotheses, hypotheses):
            for token, id, weights in zip(hypothesis.tokens, one.ids, hypothesis.attention, strict=True):
                assert token == (words[weights[:-1].argmax()] if id == UNKNOWN else translator.target_vocabulary.name(id))
                count += id == UNKNOWN
            assert hypothesis.text == " ".join(hypothesis.tokens)
    assert count > 2 and found[1].text == ""
    assert not {"<unk>", *texts[0].split()} & {token for t in translator.translate(texts, beam) for token in t.tokens}


def test_the_end_of_the_source_is_no_word():
    translator = Translator.for_pairs(Config(**OPTIONS, source_eos=True), [("a b", "x y")])
    attention = np.array([[0.1, 0.2, 0.7], [0.4, 0.3, 0.3], [0.1, 0.3, 0.6]], np.float32)
    found = Found([UNKNOWN, UNKNOWN, 4], -1.0, attention)
    assert translator.written(found, ["Ann", "Bob", "<eos>"]).tokens == ["Bob", "Ann", "x"]


@pytest.mark.parametrize("options, message", [
    ({"attention": "none"}, "wanted a model with attention, .* got one without: .* train with --attention dot"),
    ({"source_tokens": "char"}, "wanted a model whose tokens are words on both sides, got char and word: .* --tokens word"),
    ({"target_tokens": "char"}, ".* got word and char"),
])
def test_where_no_word_can_stand_for_another(options, message):
    translator = Translator.for_pairs(Config(**OPTIONS, **options), [("a b", "x y")])
    with pytest.raises(ConfigError, match="replace_unknown: " + message):
        translator.translate("a", replace_unknown=True)


def test_saved_and_loaded(trained, tmp_path):
    trained.save(tmp_path / "run")
    again = Translator.load(tmp_path / "run")
    assert again.config == trained.config
    one, other = trained.translate("uno dos"), again.translate("uno dos")
    assert one.text == other.text and one.score == other.score


@pytest.mark.parametrize("options", [
    *({"attention": kind} for kind in ATTENTION_KINDS),
    {"layers": 2, "bidirectional": True, "dropout": 0.1},
    {"source_tokens": "char", "target_tokens": "char"},
    {"source_tokens": "space", "start": "sos", "source_eos": True},
])
def test_every_option_makes_a_translator(options, tmp_path, pairs):
    translator = Translator.train(pairs, **{**OPTIONS, "steps": 3, **options})
    found = translator.translate("eat the pizza")
    if options.get("source_eos"):
        assert found.source_tokens == ["eat", "the", "pizza", "<eos>"]
    if options.get("attention") == "none":
        assert found.attention is None
    else:
        assert found.attention.shape == (len(found.tokens), len(found.source_tokens))
    translator.save(tmp_path)
    assert Translator.load(tmp_path).translate("eat the pizza").score == found.score


def test_characters():
    pairs = [("ab", "ba"), ("a b", "b a"), ("ba", "ab")]
    translator = Translator.train(pairs, dev=pairs, source_tokens="char", target_tokens="char", epochs=80, **OPTIONS)
    assert translator.translate("a b").text == "b a"
    assert translator.translate("a b").source_tokens == ["a", " ", "b"]


def test_the_same_seed_is_the_same_translator(pairs):
    def weights(seed):
        return Translator.train(pairs, seed=seed, steps=2, **OPTIONS).parameters()

    np.testing.assert_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1)["output.weight"], weights(2)["output.weight"])


def test_a_small_vocabulary(pairs):
    translator = Translator.train(pairs, vocab_size=6, steps=1, **OPTIONS)
    assert len(translator.source_vocabulary) == len(translator.target_vocabulary) == 6


def test_wrong_use(pairs):
    with pytest.raises(ConfigError, match="did you mean 'hidden'"):
        Translator.train(pairs, hiden=3)
    with pytest.raises(DataError, match="no pair at all"):
        Translator.train([])
    with pytest.raises(TypeError, match="item 0"):
        Translator.train(["ab"])
    with pytest.raises(DataError, match="dev, line 1"):
        Translator.train(pairs, dev=[("", "")])
    with pytest.raises(DataError, match="drop strict"):
        Translator.train([*pairs, ("", "x")], strict=True)


def test_parameters_of_another_model(trained, tmp_path):
    trained.save(tmp_path)
    Config(**{**OPTIONS, "hidden": 4}).save(tmp_path / "config.toml")
    with pytest.raises(CheckpointError, match=r"not this model's parameters: wanted encoder.lstm.* of shape \(16, 8\)"):
        Translator.load(tmp_path)


def test_a_missing_run(tmp_path):
    with pytest.raises(CheckpointError, match="no such run"):
        Translator.load(tmp_path / "nowhere")
