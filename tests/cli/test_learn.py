"""`tinyattn train`: commands given again, folders it leaves alone, what it keeps in memory."""

import gc
import weakref

import pytest

from tinyattn.cli import learn, main
from tinyattn.text.corpus import phrase_corpus
from tinyattn.text.pairs import write_pairs
from tinyattn.translator.checkpoint import Run
from tinyattn.translator.training import Training
from tinyattn.translator.translator import Translator


@pytest.fixture
def train(tmp_path):
    """The exit code of a training of a tiny model on 20 phrases in tmp_path/run."""
    write_pairs(tmp_path / "data.tsv", [(phrase.source, phrase.target) for phrase in phrase_corpus(pairs=20)])

    def train(*arguments, out="run"):
        arguments = [tmp_path / "data.tsv", "--out", tmp_path / out, "--hidden", 4, "--embed", 2, "--quiet", *arguments]
        return main(["train", *map(str, arguments)])

    return train


def test_the_same_command_resumes_also_with_a_file_of_options(train, tmp_path):
    (tmp_path / "c.toml").write_text("epochs = 3\ndropout = 0.5\n")
    for resume in ([], ["--resume"]):
        assert train("--config", tmp_path / "c.toml", "--steps", 2, *resume) == 0
        assert Run(tmp_path / "run").load_last().progress.step == 2


def test_a_saved_translator_is_not_trained_over(train, tmp_path, capsys):
    assert train("--steps", 2) == 0
    Translator.load(tmp_path / "run").save(tmp_path / "saved")
    before = Run(tmp_path / "saved").best.read_bytes()
    assert train("--resume", out="saved") == 2
    assert ("saved: a translator that was saved, without a checkpoint from which training could go on: choose another "
            "--out") in capsys.readouterr().err
    assert Run(tmp_path / "saved").best.read_bytes() == before


def test_training_keeps_no_text_of_the_training_pairs(train, monkeypatch):
    class Pairs(list):
        """A plain list cannot be watched."""

    def read_data(config, quiet):
        pairs, dev, files = original(config, quiet)
        pairs = Pairs(pairs)
        watched.append(weakref.ref(pairs))
        return pairs, dev, files

    def look(training):
        gc.collect()
        watched.append(watched[0]())

    original, watched = learn.read_data, []
    monkeypatch.setattr(learn, "read_data", read_data)
    monkeypatch.setattr(Training, "train", look)
    assert train("--steps", 2) == 0
    assert watched[1:] == [None]
