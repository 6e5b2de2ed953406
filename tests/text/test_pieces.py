import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyattn.text.pieces import Pieces

SENTENCES = ["don't eat the pizza", "eat the bread", "leave the pizza", "the cat eats", "½ 12 ﬁ"] * 3
PIECES = Pieces.learn(SENTENCES, 40)


def length(pieces):
    return sum(len(pieces.cut(text)) for text in SENTENCES)


def test_frequent_words_are_whole_and_others_in_parts():
    assert PIECES.cut("eat the pizza") == ["▁eat", "▁the", "▁pizza"]
    assert PIECES.cut("eatable")[0] == "▁eat" and len(PIECES.cut("eatable")) > 1
    assert PIECES.cut("12") == ["▁", "1", "2"]  # digits one by one
    assert PIECES.cut("") == []


def test_as_many_as_wanted_or_fewer():
    assert length(Pieces.learn(SENTENCES, 30)) > length(Pieces.learn(SENTENCES, 50)) > length(Pieces.learn(SENTENCES))
    assert Pieces.learn(SENTENCES, 10_000).cut("leave the pizza") == ["▁leave", "▁the", "▁pizza"]
    assert Pieces.learn(["a"]).cut("aa") == ["▁a", "a"]


def test_more_characters_than_pieces():
    """As in Chinese: the rarest are left to be unknown."""
    pieces = Pieces.learn(["我爱你我爱他我你", "一二三四五六七八九十"], 8)
    assert pieces.join(pieces.cut("我三")) == "我三"
    assert "我" in pieces.cut("三我你") or "▁我" in pieces.cut("我三")


def test_learning_again_gives_the_same():
    assert Pieces.learn(SENTENCES, 40).model == PIECES.model


@given(st.text() | st.text(alphabet="▁\uf8ff01 a👩\u200d"))
def test_any_text_comes_back(text):
    tokens = PIECES.cut(text)
    assert PIECES.join(tokens) == text
    assert [token for part in PIECES.parts(text) for token in PIECES.cut(part)] == tokens


def test_half_characters():
    assert PIECES.join(PIECES.cut("eat \ud800")) == "eat ?"


def test_other_bytes():
    with pytest.raises(ValueError, match="pieces: wanted a model of SentencePiece, got other bytes"):
        Pieces(b"other")
