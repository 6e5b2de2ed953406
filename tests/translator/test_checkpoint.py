import dataclasses
import json

import numpy as np
import pytest

from tinyattn.storage import CheckpointError, save
from tinyattn.text.side import Side
from tinyattn.text.vocabulary import Vocabulary
from tinyattn.translator.checkpoint import Checkpoint, Progress, Run
from tinyattn.translator.config import Config

WORDS = (Side("word", Vocabulary(["go"])), Side("word", Vocabulary(["ve", "vamos"])))
PARAMETERS = {"w": np.ones(3, np.float32)}
OPTIMIZER = {0: {"step": np.array(7.0, np.float32), "exp_avg": np.zeros(3, np.float32)}}


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "a" / "run")
    run.begin(Config(hidden=8), WORDS)
    return run


def test_what_stays_the_same(run):
    assert Run(run.folder).exists() and not Run(run.folder.parent).exists()
    assert run.load() == (Config(hidden=8), WORDS)


def test_what_resumes(run):
    progress = Progress(data="x", step=7, epoch=1, batch=3, seconds=2.5, best=0.1, loss_sum=1 / 3, tokens=5)
    to_average = [{"w": np.full(3, k, np.float32)} for k in range(12)]  # more than have one digit
    run.save_last(Checkpoint(PARAMETERS, OPTIMIZER, to_average, progress))
    again = run.load_last()
    assert again.progress == progress
    np.testing.assert_equal(again.parameters, PARAMETERS)
    np.testing.assert_equal(again.optimizer, OPTIMIZER)
    np.testing.assert_equal(again.to_average, to_average)
    assert again.optimizer[0]["step"].shape == ()


def test_the_best_parameters_translate_or_else_the_last(run):
    with pytest.raises(CheckpointError, match=r"best.safetensors: no such file"):
        run.parameters()
    run.save_last(Checkpoint({"w": np.zeros(3)}, OPTIMIZER, [], Progress()))
    assert run.parameters()["w"].tolist() == [0, 0, 0]
    run.save_best(PARAMETERS, 7)
    assert run.parameters()["w"].tolist() == [1, 1, 1]


def test_beginning_again_forgets(run):
    run.save_best(PARAMETERS, 7)
    run.append_metrics({"step": 1})
    (run.folder / "mine.txt").write_text("a user's own")
    run.begin(Config(), WORDS)
    assert not run.best.exists() and run.read_metrics() == [] and (run.folder / "mine.txt").exists()


def test_metrics(run):
    assert run.read_metrics() == []
    for step in (10, 20, 30):
        run.append_metrics({"step": step, "loss": 1 / step})
    with open(run.metrics, "a") as file:
        file.write('{"step": 4')  # killed in the middle of a line
    assert [line["step"] for line in run.read_metrics()] == [10, 20, 30]
    (run.folder / ".last.safetensors.1234.unfinished").touch()
    run.forget_after(Progress(lines=2))
    assert not list(run.folder.glob("*.unfinished"))
    assert run.metrics.read_text() == '{"step": 10, "loss": 0.1}\n{"step": 20, "loss": 0.05}\n'


@pytest.mark.parametrize("line", ["{", "[]", "{}", "7"])
def test_edited_metrics(run, line):
    run.metrics.write_text('{"step": 1}\n' + line + "\n")
    with pytest.raises(CheckpointError, match=r"metrics.jsonl, line 2: wanted a JSON object with a step"):
        run.read_metrics()


def test_folders_that_are_no_run(tmp_path):
    with pytest.raises(CheckpointError, match="no such run"):
        Run(tmp_path / "nowhere").load()
    with pytest.raises(CheckpointError, match="holds no run"):
        Run(tmp_path).load()


def test_a_broken_config_is_a_broken_run(run):
    run.config.write_text("hidden = -3")
    with pytest.raises(CheckpointError, match=r"config.toml: hidden: wanted"):
        run.load()


@pytest.mark.parametrize("metadata", [
    {}, {"progress": "{"}, {"progress": "[1]"}, {"progress": "{}"}, {"progress": json.dumps({"step": 1, "other": 2})},
])
def test_a_checkpoint_without_progress(run, metadata):
    save(PARAMETERS, run.last, metadata)
    with pytest.raises(CheckpointError, match=r"last.safetensors: no progress or optimizer in it"):
        run.load_last()


def test_the_optimizer_of_another_version(run):
    save({**PARAMETERS, "optimizer.steps": np.array(7)}, run.last, {"progress": json.dumps(dataclasses.asdict(Progress()))})
    with pytest.raises(CheckpointError, match=r"last.safetensors: no progress or optimizer in it .*of this version"):
        run.load_last()
