import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyattn.text.characters import Characters, ranges

CHARACTERS = Characters()


@pytest.mark.parametrize("characters", [
    ["a", " ", " ", "b"],
    ["e\u0301", "q\u0303\u0323"],  # accents that no letter has by itself
    ["न", "म", "स्", "ते"],
    ["🇫🇷", "🇩🇪"],
    ["👍🏽", "❤️", "1️⃣"],
    ["👩‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "x"],
    ["می\u200cروم"[0], "ی\u200c", "ر"],
    ["क्\u200d", "ष"],  # a joiner between letters joins nothing
    ["\n", "\x00"],
    [],
])
def test_what_a_reader_sees_is_one(characters):
    assert CHARACTERS.cut("".join(characters)) == characters


@given(st.text())
def test_any_text_comes_back(text):
    tokens = CHARACTERS.cut(text)
    assert CHARACTERS.join(tokens) == text and "" not in tokens
    assert CHARACTERS.join([token for part in CHARACTERS.parts(text) for token in CHARACTERS.cut(part)]) == text


def test_ranges():
    assert ranges([65, 66, 68]) == r"\U00000041-\U00000042\U00000044-\U00000044"
