import json

import pytest

from tinyattn.storage import CheckpointError
from tinyattn.text.vocabulary import END, MANY_WORDS, PAD, START, UNKNOWN, Vocabulary

WORDS = Vocabulary.build([["go", "now"], ["go", "Home"], ["a", "<pad>"]])


def test_frequent_first_then_the_alphabet():
    assert WORDS.tokens == ("go", "<pad>", "Home", "a", "now")
    assert len(WORDS) == 9
    assert "go" in WORDS and "come" not in WORDS


def test_there_and_back():
    assert WORDS.encode(["go", "Home"]) == [4, 6]
    assert WORDS.decode([4, 6]) == ["go", "Home"]


def test_lookup_falls_back_to_lower_case():
    assert WORDS.encode(["Go", "GO", "home", "come"]) == [4, 4, UNKNOWN, UNKNOWN]


def test_text_is_never_a_special_id():
    assert WORDS.encode(["<pad>"]) == [5]
    assert WORDS.encode(["<eos>"]) == [UNKNOWN]


def test_decoding_stops_at_the_end():
    assert WORDS.decode([START, PAD, 4, UNKNOWN, END, 6]) == ["go", "<unk>"]
    assert [WORDS.name(id) for id in (PAD, END, START, UNKNOWN, 8)] == ["<pad>", "<eos>", "<sos>", "<unk>", "now"]


@pytest.mark.parametrize("id", [-1, 9])
def test_ids_of_nobody(id):
    with pytest.raises(IndexError, match=rf"ids are 0 \.\.\. 8, got {id}"):
        WORDS.name(id)


def test_limits():
    sentences = [["a", "b", "b", "c", "c", "c"]]
    assert Vocabulary.build(sentences, minimum_count=2).tokens == ("c", "b")
    assert Vocabulary.build(sentences, maximum_size=5).tokens == ("c",)
    assert len(Vocabulary.build(sentences, maximum_size=6)) == 6
    with pytest.raises(ValueError, match="must leave room beside the 4 special ids, got 4"):
        Vocabulary.build(sentences, maximum_size=4)


def test_what_is_seen_once_among_many_words_is_unknown():
    few, many = ([["a", "a"], [f"word{k}" for k in range(count)]] for count in (MANY_WORDS - 1, MANY_WORDS))
    assert len(Vocabulary.build(few, None).tokens) == MANY_WORDS
    assert Vocabulary.build(many, None).tokens == ("a",)
    assert Vocabulary.build([], None).tokens == ()


def test_every_token_once_and_none_empty():
    with pytest.raises(ValueError, match="'a' 2 times"):
        Vocabulary(["a", "b", "a"])
    with pytest.raises(ValueError, match="must not be empty"):
        Vocabulary(["a", ""])


def test_equality_is_by_tokens():
    assert WORDS == Vocabulary(WORDS.tokens) and hash(WORDS) == hash(Vocabulary(WORDS.tokens))
    assert WORDS != Vocabulary(["go"]) and WORDS != WORDS.tokens
    assert repr(WORDS).startswith("Vocabulary(9 ids: <pad>, ")


def test_a_file_holds_it(tmp_path):
    odd = Vocabulary(['"', "\\", "ñ", "\u2028", "😀"])
    odd.save(tmp_path / "v.json")
    assert Vocabulary.load(tmp_path / "v.json") == odd


def change(**changes):
    return lambda content: json.dumps({**json.loads(content), **changes})


@pytest.mark.parametrize("edit, message", [
    (lambda content: content[:-5], "line .*: not valid JSON"),
    (lambda content: "[]", "not a vocabulary of this version"),
    (change(format="other"), "wanted format 'tinyattn vocabulary 1'"),
    (change(specials=["<pad>"]), "specials"),
    (change(tokens=["a", 3]), "must be a list of strings"),
    (change(tokens=["a", "a"]), "'a' 2 times"),
])
def test_damaged_files(tmp_path, edit, message):
    path = tmp_path / "v.json"
    WORDS.save(path)
    path.write_text(edit(path.read_text()))
    with pytest.raises(CheckpointError, match=message) as caught:
        Vocabulary.load(path)
    assert str(path) in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        Vocabulary.load(tmp_path / "v.json")
