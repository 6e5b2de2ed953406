from itertools import product

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.text.vocabulary import END
from tinyattn.translator.model import inference
from tinyattn.translator.statquest import statquest
from tinyattn.translator.translator import Translator


def first_step(sentence):
    """Encoder outputs (S, 2), decoder output (2,) and attention (S,) of the decoder's first step."""
    translator = statquest()
    model, ids = translator.model, np.array([translator.read(sentence)[1]])
    with inference(model):
        encoded = model.encode(ids, np.array([ids.shape[1]]))
        s, _ = model.decoder(model.decoder.read(np.array([[END]])), encoded.state)
        _, weights, _ = model.decode(np.array([[END]]), encoded.state, encoded)
    return encoded.h.array[0], s.array[0, 0], weights.array[0, 0]


def shown(numbers):
    return " ".join(f"{x:.2f}" for x in numbers.ravel())


@pytest.mark.parametrize("kernels", ["numba", "numpy"])
def test_the_videos_figures(kernels):
    with ta.kernels(kernels):
        h, s, weights = first_step("let's go")
    assert shown(h) == "-0.76 0.75 0.01 -0.01"
    assert shown(s) == "0.91 0.38"
    dot = h @ s
    cosine = dot / np.linalg.norm(h, axis=1) / np.linalg.norm(s)
    assert shown(dot) == "-0.41 0.01"
    assert shown(cosine) == "-0.39 0.67"
    assert shown(weights) == "0.40 0.60"


def test_the_videos_words():
    found = statquest().translate("let's go")
    assert found.tokens == ["vamos"]  # and then the end token: else there would be more
    assert shown(found.attention) == "0.40 0.60"
    assert np.exp(found.score) > 0.95
    assert statquest().translate("to go").text == "ir"


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_short_sentence_gets_one_word(length):
    sentences = [list(words) for words in product(["let's", "to", "go", "dance"], repeat=length)]
    found = statquest().translate([" ".join(words) for words in sentences])
    assert {translation.text for translation in found} == {"vamos", "ir"}
    for words, translation in zip(sentences, found):
        if not {"let's", "to"} <= set(words):  # else the two of them fight it out
            assert translation.text == ("vamos" if "let's" in words else "ir"), words


def test_only_attention_tells_lets_go_from_to_go():
    lets_h, lets_s, _ = first_step("let's go")
    to_h, to_s, _ = first_step("to go")
    np.testing.assert_allclose(lets_s, to_s, atol=2e-3)
    np.testing.assert_allclose(lets_h[0], -to_h[0], atol=1e-6)
    blind = statquest()
    with ta.no_grad():
        blind.model.output.weight[:, :2] = 0  # the context counts for nothing
    assert blind.translate("let's go").text == blind.translate("to go").text


def test_it_is_a_run_like_any_other(tmp_path):
    assert Translator.load("statquest").translate("Let's go").text == "vamos"
    statquest().save(tmp_path / "run")
    again = Translator.load(tmp_path / "run")
    assert again.translate("let's go").score == statquest().translate("let's go").score
