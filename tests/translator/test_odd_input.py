"""Whatever a person may paste is translated: not well, but in its place, with scores and attention."""

import numpy as np
import pytest

from tinyattn.translator import search
from tinyattn.translator.config import Config
from tinyattn.translator.translator import Translator

TEXTS = {
    "control characters": "\x00\x1b[31mgo\x07",
    "tabs": "go\tnow",
    "only tabs": "\t\t",
    "a direction": "\u202ego\u202c",
    "right to left": "שלום עולם",
    "unknown words": "qwxz " * 9,
    "half a pair": "\ud800 go",
    "joined signs": "👨‍👩‍👧‍👦",
    "accents on accents": "e" + "\u0301" * 50,
    "a long word": "a" * 10_000,
    "names of special ids": "<pad> <eos> <unk>",
    "a line separator": "go\u2028now",
    "5,000 words": "go now " * 2_500,
}
SEARCHES = [{}, {"beam": 3}, {"beam": 50}, {"beam": 2, "replace_unknown": True, "length_penalty": 1.0}]


@pytest.fixture(scope="module")
def translator():
    return Translator.for_pairs(Config(embed=4, hidden=6, seed=3, source_eos=True), [("go now", "ve ya"), ("go", "ve")])


@pytest.mark.parametrize("how", SEARCHES, ids=str)
def test_all_together_and_in_their_places(translator, how, monkeypatch):
    monkeypatch.setattr(search, "longest", lambda source_length: 4)
    found = translator.translate(list(TEXTS.values()), **how)
    assert [translation.source for translation in found] == list(TEXTS.values())
    for translation in found:
        S = len(translation.source_tokens)
        for hypothesis in translation.hypotheses:
            assert hypothesis.attention.shape == (len(hypothesis.tokens), S) and hypothesis.score <= 0
            np.testing.assert_allclose(hypothesis.attention.sum(1), 1, rtol=1e-4)
            assert hypothesis.text.split() == [token for token in hypothesis.tokens if token.strip()]
    blank = found[list(TEXTS).index("only tabs")]
    assert blank.text == "" and len(blank.hypotheses) == 1
    assert len(found[-1].source_tokens) == 5_001
    assert len(found[1].hypotheses) == min(how.get("beam", 1), 31)  # all that "ve", "ya" and the end make of 4 steps
