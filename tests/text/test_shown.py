import pytest

from tinyattn.text.pieces import Pieces
from tinyattn.text.shown import shown
from tinyattn.text.side import Side
from tinyattn.text.vocabulary import END, SPECIAL_NAMES, UNKNOWN, Vocabulary


@pytest.mark.parametrize("kind, token, seen", [
    ("bpe", "▁the", "the"), ("bpe", "ing", "·ing"), ("bpe", "▁", "␣"), ("bpe", "▁▁a", "␣a"), ("bpe", "1", "·1"),
    ("bpe", "\uf8ff1", "·▁"), ("bpe", "\uf8ff0", "·\uf8ff"),  # the text's own, not a space
    ("char", " ", "␣"), ("char", "\u3000", "␣"), ("char", "e", "e"), ("char", "▁", "▁"),
    ("word", " ", "␣"), ("word", "▁the", "▁the"), ("word", "don't", "don't"), ("space", "·a", "·a"),
    *((kind, name, name) for kind in ("word", "bpe", "char") for name in SPECIAL_NAMES),
])
def test_tokens_as_people_are_shown_them(kind, token, seen):
    assert shown(token, kind) == seen


def test_a_side_shows_tokens_and_ids_the_same_way():
    tokens = ["▁eat", "able", "▁"]
    side = Side("bpe", Vocabulary(tokens), Pieces.learn(["eat the pizza"] * 3))
    assert side.shown(tokens) == [side.name(id) for id in side.vocabulary.encode(tokens)] == ["eat", "·able", "␣"]
    assert (side.name(END), side.name(UNKNOWN)) == ("<eos>", "<unk>")


@pytest.mark.parametrize("text", ["eat  the pizza", " eat ", "▁eat", "eat\uf8ff1"])
def test_nothing_of_a_text_goes_unseen(text):
    """But for the space before each word, which is what no mark means."""
    pieces = Pieces.learn(["eat the pizza"] * 3)
    names = [shown(token, "bpe") for token in pieces.cut(text)]
    assert "".join(name[1:] if name[0] == "·" else " " + name.strip("␣") for name in names).split() == text.split()
