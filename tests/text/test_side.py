import json

import pytest

from tinyattn.storage import CheckpointError
from tinyattn.text.side import Side

SENTENCES = ["¿Dónde está?", "Está aquí."]


@pytest.mark.parametrize("kind", ["word", "char", "space"])
def test_text_to_ids_and_back(kind, tmp_path):
    side = Side.learn(SENTENCES, kind)
    side.save(tmp_path, "target")
    again = Side.load(tmp_path, "target", kind)
    assert again == side
    for text in SENTENCES:
        assert again.vocabulary.decode(again.ids(text)) == side.tokens(text)
        assert again.text(again.tokens(text)) == text


def test_runs_made_before_there_was_a_second_file(tmp_path):
    side = Side.learn(SENTENCES, "char")
    side.save(tmp_path, "source")
    (tmp_path / "source.text.json").unlink()
    assert Side.load(tmp_path, "source", "char") == side


@pytest.mark.parametrize("content, message", [
    ('{"format": ', "source.text.json, line 1: not valid JSON"),
    ("[]", "wanted format 'tinyattn text 1' and tokens 'word', as in config.toml, got None and None"),
    (json.dumps({"format": "tinyattn text 1", "tokens": "char"}), "got 'tinyattn text 1' and 'char': restore both"),
])
def test_damaged_files(tmp_path, content, message):
    Side.learn(SENTENCES, "word").save(tmp_path, "source")
    (tmp_path / "source.text.json").write_text(content)
    with pytest.raises(CheckpointError, match=message):
        Side.load(tmp_path, "source", "word")
