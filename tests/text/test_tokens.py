import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyattn.text.tokens import TOKENIZERS

WORD, CHAR, SPACE = (TOKENIZERS[kind] for kind in ("word", "char", "space"))


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("let's go", ["let's", "go"]),
        ("¿Dónde está?", ["¿", "Dónde", "está", "?"]),
        ("¡Vamos, Tom!", ["¡", "Vamos", ",", "Tom", "!"]),
        ("l’été", ["l’été"]),
        ("twenty-one", ["twenty-one"]),
        ("At 10:30 it was 3.5.", ["At", "10:30", "it", "was", "3.5", "."]),
        ("5 p.m. in EE.UU.", ["5", "p.m.", "in", "EE.UU."]),
        ("Well...", ["Well", "..."]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("😀ok", ["😀", "ok"]),
        ("a  \u3000b", ["a", "b"]),
        ("", []),
        (" ", []),
    ],
)
def test_words(text, tokens):
    assert WORD.tokenize(text) == tokens


@pytest.mark.parametrize(
    "text",
    [
        "Don't eat the pizza!",
        "¿Dónde está el museo, Ana?",
        "¡Vamos!",
        '"No," he said, "not (yet)."',
        "«Sí», dijo.",
        "“Go home”, she said.",
        "It costs $5, or 5 € (100% cash).",
        "Tom’s friends’ house; the dogs' food.",
        "The word 'bone', and 'dog'.",
        "and/or",
        "Wait... what?",
        "एक हिन्दी वाक्य",
        "snake_case",
    ],
)
def test_words_come_back_as_they_were_written(text):
    assert WORD.detokenize(WORD.tokenize(text)) == text


def test_characters_keep_every_space():
    assert CHAR.tokenize(" a  b ") == ["a", " ", " ", "b"]
    assert CHAR.detokenize(["a", " ", " ", "b"]) == "a  b"


def test_spaces_cut_nothing_else():
    assert SPACE.tokenize("I_RUN  I_TURN_LEFT, d͡ʒ") == ["I_RUN", "I_TURN_LEFT,", "d͡ʒ"]
    assert SPACE.detokenize(["ʃ", "a"]) == "ʃ a"


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_both_spellings_of_an_accent_are_one(kind):
    tokenizer = TOKENIZERS[kind]
    assert tokenizer.kind == kind
    assert tokenizer.tokenize(unicodedata.normalize("NFD", "está")) == tokenizer.tokenize("está")


@given(st.text())
def test_words_lose_nothing_but_space(text):
    tokens = WORD.tokenize(text)
    assert "".join(tokens) == "".join(unicodedata.normalize("NFC", text).split())
    assert "".join(WORD.detokenize(tokens).split()) == "".join(tokens)
