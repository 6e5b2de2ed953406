import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyattn.storage import CheckpointError
from tinyattn.text.side import Side
from tinyattn.text.tokens import KINDS
from tinyattn.text.vocabulary import MANY_WORDS, UNKNOWN

SENTENCES = ["¿Dónde está Ana?", "Está aquí.", "No está.", "Ana no está aquí, no.", "¿Está ? ", "Aquí, ¿dónde ?", "¿No ?"] * 2
SIDES = {kind: Side.learn(SENTENCES, kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_text_to_ids_and_back(kind, tmp_path):
    SIDES[kind].save(tmp_path, "target")
    again = Side.load(tmp_path, "target", kind)
    assert again == SIDES[kind] and again != Side.learn(SENTENCES[:2], kind)
    for text in SENTENCES[1:5]:
        assert again.vocabulary.decode(again.ids(text)) == again.tokens(text) == SIDES[kind].tokens(text)
        assert again.text(again.tokens(text)) == text.strip()


def test_what_is_learned():
    assert SIDES["word"].tokens("Está aquí") == ["está", "aquí"] and SIDES["word"].text(["está", "?"]) == "Está ?"
    assert SIDES["bpe"].tokens("Está Ana") == ["▁está", "▁Ana"]
    assert SIDES["char"].tokens("Está") == ["E", "s", "t", "á"] and SIDES["space"].tokens("Está") == ["Está"]
    assert Side.learn(SENTENCES, "word", truecase=False).tokens("Está") == ["Está"]
    assert Side.learn(SENTENCES, "char", truecase=True).tokens("Está") == ["e", "s", "t", "á"]


@pytest.mark.parametrize("kind", KINDS)
def test_both_spellings_of_an_accent_are_one(kind):
    assert SIDES[kind].tokens(unicodedata.normalize("NFD", " está")) == SIDES[kind].tokens("está")


def test_rare_tokens_are_unknown():
    rare = ["quizá", *(f"x{k} x{k}" for k in range(MANY_WORDS))]
    assert Side.learn(rare, "word").ids("quizá") == [UNKNOWN] and Side.learn(rare, "space").ids("quizá") != [UNKNOWN]
    assert Side.learn(rare[:-1], "word").ids("quizá") != [UNKNOWN]
    assert Side.learn(rare, "word", min_count=1).ids("quizá") != [UNKNOWN]
    assert Side.learn(rare, "char", min_count=2).ids("z") == [UNKNOWN]


@pytest.mark.parametrize("kind, words", [
    ("word", [0, 1, 2, 3]), ("space", [0, 1]), ("char", [0] * 6 + [1] * 5),
    ("bpe", [0] * len(SIDES["bpe"].tokens("¿Dónd")) + [1] * len(SIDES["bpe"].tokens("está?"))),
])
def test_words_of_tokens(kind, words):
    assert SIDES[kind].words("¿Dónd está?") == words and len(SIDES[kind].tokens("¿Dónd está?")) == len(words)


def test_sizes():
    assert len(Side.learn(SENTENCES, "word", vocab_size=8).vocabulary) == 8
    few, many = (len(Side.learn(SENTENCES, "bpe", vocab_size=size).vocabulary) for size in (30, 40))
    assert few <= 30 and few != many <= 40


@given(st.text(alphabet=st.characters()) | st.text(alphabet="¿Ana está? 我▁\u200d\ud800"))
def test_any_text(text):
    clean = unicodedata.normalize("NFC", text).strip()
    for kind, side in SIDES.items():
        ids = side.ids(text)
        assert all(UNKNOWN <= id < len(side.vocabulary) for id in ids)
        written = side.text(side.tokens(text))
        if kind == "char":
            assert written == clean
    pieces = Side.learn(SENTENCES[:2], "bpe", truecase=False)
    assert pieces.text(pieces.tokens(text)) == "".join("?" if "\ud800" <= c <= "\udfff" else c for c in clean)


@pytest.mark.parametrize("kind", ["char", "word"])
def test_runs_made_before_there_was_a_second_file(tmp_path, kind):
    SIDES[kind].save(tmp_path, "source")
    (tmp_path / "source.text.json").unlink()
    side = Side.load(tmp_path, "source", kind)
    assert side.vocabulary == SIDES[kind].vocabulary and side.text(["está", "?"][: 1 + (kind == "word")]).startswith("está")


def test_pieces_need_theirs(tmp_path):
    SIDES["bpe"].save(tmp_path, "source")
    (tmp_path / "source.text.json").unlink()
    with pytest.raises(CheckpointError, match=r"source.text.json: no such file"):
        Side.load(tmp_path, "source", "bpe")


def change(**changes):
    return lambda content: json.dumps({**json.loads(content), **changes})


@pytest.mark.parametrize("kind, edit, message", [
    ("word", lambda content: content[:30], "source.text.json, line 2: not valid JSON"),
    ("word", lambda content: "[]", "wanted format 'tinyattn text 1' and tokens 'word', as in config.toml, got None and None"),
    ("word", change(tokens="char"), "got 'tinyattn text 1' and 'char': restore both"),
    ("word", change(cases={}), "not what `tinyattn train` wrote .*forms.*: the file was edited; restore it"),
    ("word", change(gaps=[1]), "not what `tinyattn train` wrote"),
    ("bpe", change(pieces="AAAA"), "not what `tinyattn train` wrote .*model of SentencePiece"),
    ("bpe", change(pieces="?"), "not what `tinyattn train` wrote"),
])
def test_damaged_files(tmp_path, kind, edit, message):
    SIDES[kind].save(tmp_path, "source")
    path = tmp_path / "source.text.json"
    path.write_text(edit(path.read_text()))
    with pytest.raises(CheckpointError, match=message):
        Side.load(tmp_path, "source", kind)


def test_a_damaged_vocabulary(tmp_path):
    SIDES["word"].save(tmp_path, "source")
    (tmp_path / "source.vocabulary.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"vocabulary.json: not a vocabulary of this version"):
        Side.load(tmp_path, "source", "word")
