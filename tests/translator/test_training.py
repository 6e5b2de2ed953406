import math
import os
import signal

import numpy as np
import pytest

from tinyattn.translator import training as module
from tinyattn.translator.checkpoint import Run
from tinyattn.translator.config import Config
from tinyattn.translator.scores import teacher_forced
from tinyattn.translator.training import Training, TrainingError, Watcher
from tinyattn.translator.translator import Translator

HEALTH = {f"attention_{name}" for name in ("entropy", "entropy_share", "first", "last", "even", "coverage", "repeats", "order")}
OPTIONS = {"embed": 4, "hidden": 6, "batch_size": 4, "dropout": 0.3, "steps": 14}


def start(pairs, folder=None, watcher=None, **options):
    config = Config(**{**OPTIONS, **options})
    translator = Translator.for_pairs(config, pairs)
    run = None if folder is None else Run(folder)
    training = Training(translator, pairs[2:], pairs[:2], run, watcher)
    if run is not None and run.last.exists():
        training.resume()
    elif run is not None:
        run.begin(config, translator.sides)
    return training


class Crash(Exception):
    pass


class CrashAt(Watcher):
    """The step is taken, but never saved."""

    def __init__(self, step):
        self.step = step

    def stepped(self, training):
        if training.progress.step == self.step:
            raise Crash


def without_times(lines):
    times = ("seconds", "tokens_per_second")
    return [{name: value for name, value in line.items() if name not in times} for line in lines]


def assert_same_run(one, other):
    """Bit for bit: parameters, optimizer, the best parameters and the metrics."""
    np.testing.assert_equal(one.load_last()[:2], other.load_last()[:2])
    np.testing.assert_equal(one.parameters(), other.parameters())
    assert without_times(one.read_metrics()) == without_times(other.read_metrics())
    assert one.samples.read_text() == other.samples.read_text()


@pytest.mark.parametrize("save_every", [0.0, 1e9])
@pytest.mark.parametrize("crashes", [(1,), (3, 5, 12), (4, 8), (14,)])
def test_killed_and_resumed_is_never_killed(pairs, tmp_path, monkeypatch, save_every, crashes):
    start(pairs, tmp_path / "whole").train()
    monkeypatch.setattr(module, "SAVE_EVERY", save_every)  # after every step, or every epoch of 4 steps only
    for step in crashes:
        with pytest.raises(Crash):
            start(pairs, tmp_path / "killed", CrashAt(step)).train()
    start(pairs, tmp_path / "killed").train()
    assert_same_run(Run(tmp_path / "whole"), Run(tmp_path / "killed"))


@pytest.mark.parametrize("options", [
    {"teacher_forcing": 0.2, "teacher_forcing_schedule": "exponential"},
    {"teacher_forcing": 0.5, "attend": "before", "input_feeding": True, "tie_embeddings": True},
], ids=str)
def test_also_where_steps_hear_of_each_other(pairs, tmp_path, options):
    start(pairs, tmp_path / "whole", **options).train()
    with pytest.raises(Crash):
        start(pairs, tmp_path / "killed", CrashAt(6), **options).train()
    start(pairs, tmp_path / "killed", **options).train()
    assert_same_run(Run(tmp_path / "whole"), Run(tmp_path / "killed"))


def test_it_learns(pairs):
    training = start(pairs, epochs=60, steps=None, lr=0.02, dropout=0.0, hidden=16)
    training.dev = training.dev + pairs  # what it has learned, not what it can guess
    training.train()
    translations = training.translator.translate([source for source, _ in pairs[2:]])
    assert [t.text for t in translations] == [target for _, target in pairs[2:]]


def test_lines_of_metrics(pairs, tmp_path):
    training = start(pairs, tmp_path)
    training.train()
    lines = Run(tmp_path).read_metrics()
    assert [(line["step"], line["epoch"]) for line in lines] == [(4, 1), (8, 2), (10, 2), (12, 3), (14, 3)]
    keys = {"step", "epoch", "loss", "tokens_per_second", "lr", "grad_norm", "seconds"}
    assert all(line.keys() == keys for line in lines if line["step"] == 10)
    assert all(line.keys() == keys | {"dev_loss", "dev_bleu", "dev_chrf", "dev_exact", *HEALTH} for line in lines if line["step"] != 10)
    assert lines[0]["loss"] == pytest.approx(math.log(len(training.translator.target_vocabulary)), rel=0.1)
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)


def test_the_loss_of_a_line_is_the_mean_since_the_line_before(pairs, tmp_path):
    training = start([*pairs, ("eat", "come"), ("see", "mira")], tmp_path, steps=24, batch_size=2)
    losses, tokens, step = [], [], training.step

    def watched(batch):
        step(batch)
        losses.append(training.loss)
        tokens.append(int(batch.target_lengths.sum()))

    training.step = watched
    training.train()
    assert len(set(tokens)) > 1
    lines = Run(tmp_path).read_metrics()
    for line, first in zip(lines, [0, *(line["step"] for line in lines)]):
        since = slice(first, line["step"])
        assert line["loss"] == pytest.approx(np.average(losses[since], weights=tokens[since]))


def test_the_best_on_dev_is_kept(pairs, tmp_path):
    training = start(pairs, tmp_path, lr=1.0, epochs=6, steps=None)  # so large that some epochs make it worse
    training.train()
    losses = [line["dev_loss"] for line in Run(tmp_path).read_metrics() if "dev_loss" in line]
    assert min(losses) < losses[-1]
    training.translator.load_parameters(Run(tmp_path).parameters(), "best")
    assert teacher_forced(training.translator, training.dev).loss == min(losses)


def test_in_memory_the_best_stays_too(pairs):
    training = start(pairs, lr=1.0, epochs=6, steps=None)
    training.train()
    assert teacher_forced(training.translator, training.dev).loss == training.progress.best_loss


def test_without_dev_the_newest_is_the_best(pairs, tmp_path):
    training = start(pairs, tmp_path)
    training.dev = []
    training.train()
    np.testing.assert_equal(Run(tmp_path).parameters(), training.translator.parameters())
    assert "dev_loss" not in Run(tmp_path).read_metrics()[-1]


@pytest.mark.parametrize("budget, steps", [
    ({"steps": 0}, 0), ({"epochs": 0}, 0), ({"steps": 5}, 5), ({"epochs": 2}, 8),
])
def test_budgets_are_totals(pairs, tmp_path, budget, steps):
    for _ in range(2):  # the second time there is nothing left to do
        training = start(pairs, tmp_path, **{"steps": None, **budget})
        training.train()
        assert training.progress.step == steps
    assert Run(tmp_path).last.exists() and Run(tmp_path).best.exists()
    assert training.share_done == 1.0


def test_minutes_count_through_sittings(pairs, tmp_path, monkeypatch):
    now = iter(range(10**6))
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(now))  # each look at the clock takes a second
    with pytest.raises(Crash):
        start(pairs, tmp_path, CrashAt(5), steps=None, minutes=1).train()
    before = Run(tmp_path).load_last()[2]
    assert before.step == 4 and 4 < before.seconds < 20
    training = start(pairs, tmp_path, steps=None, minutes=1)
    training.train()
    assert training.progress.seconds >= 60 and training.progress.step < 60


def test_ctrl_c_finishes_the_step_and_saves(pairs, tmp_path):
    class Interrupt(Watcher):
        def stepped(self, training):
            if training.progress.step == 6 and not training.interrupted:
                os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        start(pairs, tmp_path / "stopped", Interrupt()).train()
    assert signal.getsignal(signal.SIGINT) is before
    assert Run(tmp_path / "stopped").load_last()[2].step == 6
    start(pairs, tmp_path / "stopped").train()
    start(pairs, tmp_path / "whole").train()
    assert_same_run(Run(tmp_path / "whole"), Run(tmp_path / "stopped"))


def test_a_second_ctrl_c_does_not_wait(pairs):
    training = start(pairs)
    with training.ctrl_c_waits():
        os.kill(os.getpid(), signal.SIGINT)
        assert training.interrupted
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("teacher_forcing", [1.0, 0.5])
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_no_update_on_what_is_not_finite(pairs, tmp_path, where, teacher_forcing):
    training = start(pairs, tmp_path, teacher_forcing=teacher_forcing)

    class Poison(Watcher):
        def stepped(self, training):
            if training.progress.step == 6 and where == "loss":
                training.model.output.bias.array[0] = np.nan
            if training.progress.step == 6 and where == "gradient":
                training.model.output.bias.register_hook(lambda dx: dx * np.inf)

    training.watcher = Poison()
    with pytest.raises(TrainingError, match=rf"step 7: the .*{where} is (nan|inf): .* the checkpoint of step 4 stands"):
        training.train()
    assert training.optimizer.state_dict()["state"][0]["step"].item() == 6
    assert Run(tmp_path).load_last()[2].step == 4


def test_not_finite_before_anything_was_saved(pairs):
    training = start(pairs)
    training.model.output.bias.array[0] = np.inf
    with pytest.raises(TrainingError, match=r"step 1: .* nothing has been saved"):
        training.train()


def test_other_pairs_are_refused(pairs, tmp_path):
    start(pairs, tmp_path, steps=4).train()
    with pytest.raises(TrainingError, match="made with other pairs"):
        start(pairs[::-1], tmp_path, steps=4)


def test_other_options_give_other_runs(pairs):
    def parameters(**options):
        training = start(pairs, **options)
        training.train()
        return training.translator.parameters()["output.weight"]

    first = parameters(steps=4)
    np.testing.assert_array_equal(first, parameters(steps=4))
    for options in ({"seed": 2}, {"lr": 0.01}, {"dropout": 0.0}, {"batch_size": 5}, {"clip": 0.01},
                    {"schedule": "constant"}):
        assert not np.array_equal(first, parameters(steps=4, **options)), options
