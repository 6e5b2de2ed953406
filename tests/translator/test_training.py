import math
import os
import signal
import sys

import numpy as np
import pytest

from tinyattn.translator import training as module
from tinyattn.translator.checkpoint import Run
from tinyattn.translator.config import Config
from tinyattn.translator.samples import Sample
from tinyattn.translator.scores import Measured, teacher_forced
from tinyattn.translator.stopping import Interrupted
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
    first, second = one.load_last(), other.load_last()
    for part in ("parameters", "optimizer", "to_average"):
        np.testing.assert_equal(getattr(first, part), getattr(second, part))
    np.testing.assert_equal(one.parameters(), other.parameters())
    assert without_times(one.read_metrics()) == without_times(other.read_metrics())
    assert one.samples.read_text() == other.samples.read_text()


@pytest.mark.parametrize("save_every", [0.0, 1e9])  # after every step, or never before the end
@pytest.mark.parametrize("crashes", [(1,), (3, 5, 12), (4, 8), (14,)])
def test_killed_and_resumed_is_never_killed(pairs, tmp_path, monkeypatch, save_every, crashes):
    start(pairs, tmp_path / "whole").train()
    monkeypatch.setattr(module, "SAVE_EVERY", save_every)
    monkeypatch.setattr(module, "SAVE_SHARE", 1e9)
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
    assert teacher_forced(training.translator, training.dev).loss == -training.progress.best[0]


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
    monkeypatch.setattr(module, "SAVE_EVERY", 0)
    monkeypatch.setattr(module, "SAVE_SHARE", 1e9)
    with pytest.raises(Crash):
        start(pairs, tmp_path, CrashAt(5), steps=None, minutes=1).train()
    before = Run(tmp_path).load_last().progress
    assert before.step == 4 and 4 < before.seconds < 20
    training = start(pairs, tmp_path, steps=None, minutes=1)
    training.train()
    assert training.progress.seconds >= 60 and training.progress.step < 60


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_finishes_the_step_and_saves(pairs, tmp_path, number):
    class Interrupt(Watcher):
        def stepped(self, training):
            if training.progress.step == 6:
                os.kill(os.getpid(), number)

    with pytest.raises(Interrupted, match="step 6 is saved, --resume goes on from there") as caught:
        start(pairs, tmp_path / "stopped", Interrupt()).train()
    assert caught.value.signal == number
    assert Run(tmp_path / "stopped").load_last().progress.step == 6
    start(pairs, tmp_path / "stopped").train()
    start(pairs, tmp_path / "whole").train()
    assert_same_run(Run(tmp_path / "whole"), Run(tmp_path / "stopped"))


def test_asked_to_stop_right_after_it_might_have_saved(pairs, tmp_path, monkeypatch):
    training = start(pairs, tmp_path)
    monkeypatch.setattr(training, "saves_now", lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted, match="step 2 is saved"):
        training.train()
    assert Run(tmp_path).load_last().progress.step == 2


@pytest.mark.parametrize("teacher_forcing", [1.0, 0.5])
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_no_update_on_what_is_not_finite(pairs, tmp_path, where, teacher_forcing):
    training = start(pairs, tmp_path, teacher_forcing=teacher_forcing)

    class Poison(Watcher):
        def stepped(self, training):
            if training.progress.step == 4:
                training.save()
            if training.progress.step == 6 and where == "loss":
                training.model.output.bias.array[0] = np.nan
            if training.progress.step == 6 and where == "gradient":
                training.model.output.bias.register_hook(lambda dx: dx * np.inf)

    training.watcher = Poison()
    with pytest.raises(TrainingError, match=rf"step 7: the .*{where} is (nan|inf): the checkpoint of step 4 stands"):
        training.train()
    assert training.optimizer.state_dict()["state"][0]["step"].item() == 6
    assert Run(tmp_path).load_last().progress.step == 4


def test_the_best_outlives_a_step_that_is_not_finite(pairs, tmp_path):
    class Poison(Watcher):
        def stepped(self, training):
            if training.progress.step == 6:
                training.model.output.bias.array[0] = np.nan

    with pytest.raises(TrainingError, match="no checkpoint has been saved"):
        start(pairs, tmp_path, Poison()).train()
    assert np.isfinite(Run(tmp_path).parameters()["output.bias"]).all()  # of step 4, the end of the first epoch


def test_not_finite_in_a_measurement(pairs, tmp_path):
    """As after a step so long that the next one would be the first to see it."""
    class Poison(Watcher):
        def stepped(self, training):
            if training.progress.step == 7:
                step = training.step
                training.step = lambda *batches: (step(*batches), training.model.output.bias.array.fill(np.nan))

    with pytest.raises(TrainingError, match=r"step 8: the loss on dev is nan: "
                       "no checkpoint has been saved; try a smaller learning rate than 0.004"):
        start(pairs, tmp_path, Poison()).train()
    assert np.isfinite(Run(tmp_path).parameters()["output.bias"]).all()  # of step 4


def test_not_finite_before_anything_was_saved(pairs):
    training = start(pairs)
    training.model.output.bias.array[0] = np.inf
    with pytest.raises(TrainingError, match=r"step 1: .* no checkpoint has been saved"):
        training.train()


def test_other_pairs_are_refused(pairs, tmp_path):
    start(pairs, tmp_path, steps=4).train()
    with pytest.raises(TrainingError, match="made with other pairs"):
        start(pairs[::-1], tmp_path, steps=4)


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of files' sizes is how a full disk is played here")
def test_a_disk_that_is_full(pairs, tmp_path):
    import resource

    class Full(Watcher):
        def stepped(self, training):
            if training.progress.step == 4:
                training.save()
                resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))

    start(pairs, tmp_path / "whole").train()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(TrainingError, match=r"last.safetensors: File too large: step 14 cannot be saved, the "
                           "checkpoint of step 4 stands: put that right, then --resume goes on from there"):
            start(pairs, tmp_path / "full", Full()).train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    start(pairs, tmp_path / "full").train()
    assert_same_run(Run(tmp_path / "whole"), Run(tmp_path / "full"))


def test_metrics_that_cannot_be_written(pairs, tmp_path):
    training = start(pairs, tmp_path)
    training.run.metrics.mkdir()
    with pytest.raises(TrainingError, match=r"metrics.jsonl: Is a directory: step 4 cannot be saved, no checkpoint has been"):
        training.train()


def test_saving_takes_a_small_share_of_the_time(pairs, tmp_path, monkeypatch):
    training = start(pairs, tmp_path)
    now = training.saved_at
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    for since, took, saves in [(29, 0, False), (31, 0, True), (31, 1, False), (49, 1, False), (51, 1, True)]:
        training.saving_took, training.saved_at = took, now - since
        assert training.saves_now() == saves


# --- several batches in a step ---


def test_batches_of_one_step_are_as_one_batch(pairs):
    pairs = [*pairs, ("take the bread and the rice", "toma el pan y el arroz")]  # so not all batches have equal weight
    one = start(pairs, batch_size=15, dropout=0.0)
    many = start(pairs, batch_size=4, accumulate=4, dropout=0.0)
    for training in (one, many):
        training.step(*map(training.examples.batch, training.rest_of_epoch()))
    assert one.loss == pytest.approx(many.loss, rel=1e-6) and one.progress.tokens == many.progress.tokens
    assert one.progress.grad_norm == pytest.approx(many.progress.grad_norm, rel=1e-5)
    for state, other in zip(one.optimizer.state.values(), many.optimizer.state.values()):
        np.testing.assert_allclose(other["exp_avg"].array, state["exp_avg"].array, rtol=1e-3, atol=1e-7)


def test_an_epochs_last_step_has_the_batches_that_are_left(pairs):
    class Watch(Watcher):
        def stepped(self, training):
            seen.append((training.progress.epoch, training.progress.batch))

    seen = []
    start(pairs, steps=None, epochs=2, accumulate=3, watcher=Watch()).train()  # of 4 batches
    assert seen == [(0, 3), (1, 0), (1, 3), (2, 0)]


# --- measurements ---


def measurements(run):
    return [line for line in run.read_metrics() if "dev_loss" in line]


def test_long_epochs_are_measured_before_they_end(pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MEASURE_EVERY", 3)
    start(pairs, tmp_path).train()
    assert [line["step"] for line in measurements(Run(tmp_path))] == [3, 4, 7, 8, 11, 12, 14]


def test_a_run_that_lost_patience_is_finished(pairs, tmp_path):
    training = start(pairs, tmp_path, lr=1.0, schedule="constant", steps=400, patience=2)
    training.train()
    losses = [line["dev_loss"] for line in measurements(Run(tmp_path))]
    assert training.progress.step < 400 and min(losses) == losses[-3] < min(losses[-2:])
    before = Run(tmp_path).last.read_bytes()
    start(pairs, tmp_path, lr=1.0, schedule="constant", steps=400, patience=2).train()
    assert Run(tmp_path).last.read_bytes() == before and len(measurements(Run(tmp_path))) == len(losses)


@pytest.mark.parametrize("in_folder", [True, False])
@pytest.mark.parametrize("mean_is_better", [True, False])
def test_the_mean_translates_where_it_is_better(pairs, tmp_path, monkeypatch, mean_is_better, in_folder):
    losses = iter([5.0, 4.0, 3.0, 2.0, 1.0 if mean_is_better else 2.5])  # the last one is the mean's
    monkeypatch.setattr(module, "measure", lambda *_: Measured({"dev_loss": next(losses)}, []))
    training = start(pairs, tmp_path if in_folder else None, average=3)
    training.train()
    kept = Run(tmp_path).parameters() if in_folder else training.translator.parameters()
    assert len(training.to_average) == 3
    np.testing.assert_equal(kept, module.mean(training.to_average) if mean_is_better else training.to_average[-1])
    if in_folder:
        last = Run(tmp_path).read_metrics()[-1]
        assert (last["dev_loss"], last.get("mean_of")) == ((1.0, 3) if mean_is_better else (2.0, None))
        np.testing.assert_equal(Run(tmp_path).load_last().parameters, training.to_average[-1])


def test_killed_when_the_mean_is_kept(pairs, tmp_path, monkeypatch):
    class Kill(Watcher):
        def measured(self, training, line):
            if "mean_of" in line:
                training.save_best()
                raise Crash

    first = start(pairs, average=3)
    first.train()
    aim = module.mean(first.to_average)["output.bias"]  # the nearer to it the better: the mean is the best
    monkeypatch.setattr(module, "measure", lambda translator, _: Measured({
        "dev_loss": float(np.linalg.norm(translator.parameters()["output.bias"] - aim))}, [Sample("a", "b", "c")]))
    start(pairs, tmp_path / "whole", average=3).train()
    monkeypatch.setattr(module, "SAVE_EVERY", 0)
    monkeypatch.setattr(module, "SAVE_SHARE", 1e9)
    training = start(pairs, tmp_path / "killed", Kill(), average=3)
    with pytest.raises(Crash):
        training.train()
    start(pairs, tmp_path / "killed", average=3).train()
    assert_same_run(Run(tmp_path / "whole"), Run(tmp_path / "killed"))
