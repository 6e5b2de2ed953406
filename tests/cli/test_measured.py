"""What is printed as a training goes, and at its end."""

from types import SimpleNamespace

import pytest
from rich.console import Console

from tinyattn.cli.measured import chosen, duration, ending, heading, row, time_left, translated_now
from tinyattn.cli.progress import TrainingBar
from tinyattn.translator.checkpoint import Progress, Run
from tinyattn.translator.config import Config
from tinyattn.translator.defaults import CHOSEN
from tinyattn.translator.samples import Sample

LINE = {"step": 12345, "epoch": 12, "loss": 0.12345, "lr": 0.0004, "grad_norm": 0.5, "seconds": 83.0, "dev_loss": 0.2,
        "dev_bleu": 41.26, "dev_chrf": 60.04, "dev_exact": 0.125}
SAMPLES = [Sample("let's [bold]go[/bold] :smile:", "vamos", "vamos"), Sample("eat the pizza", "come la pizza", "come")]


def training(best=12345, share=0.25, seconds=100.0, **options):
    progress = Progress(step=12345, epoch=12, seconds=seconds, best_step=best)
    return SimpleNamespace(progress=progress, share_done=share, samples=SAMPLES, config=Config(**options),
                           out_of_patience=False)


def test_options_chosen_for_the_data():
    config = Config(steps=5, bidirectional=True, hidden=96)
    assert chosen(config, {"hidden": 96, "steps": 5, "source_tokens": "word", "target_tokens": "word"}, 7274) == (
        "options for 7,274 pairs: embed 64, bidirectional, dropout 0.1, batch-size 64, lr 0.004, best-by loss; "
        "change them with --embed and so on")
    assert chosen(config, CHOSEN - {"lr"}, 1) == "options for 1 pair: lr 0.004; change them with --lr and so on"
    assert chosen(config, CHOSEN, 7274) == ""  # as from another run's config.toml


def test_rows_stand_under_their_heading():
    names, whole = heading(), row(LINE, "5 min", best=True)
    nothing = row({"step": 1, "epoch": 0, "seconds": 0.0}, "", best=False)
    for name, text, missing in (("epoch", "12", "0"), ("step", "12,345", "1"), ("time", "83 s", "0.0 s"), ("loss", "0.123", "-"),
                                ("dev loss", "0.200", "-"), ("BLEU", "41.3", "-"), ("chrF", "60.0", "-"), ("exact", "12.5%", "-"),
                                ("gradient", "0.5", "-"), (" lr", "0.0004", "-"), ("left", "5 min", None)):
        end = names.index(name) + len(name)
        assert whole[:end].endswith(text) and (missing is None or nothing[:end].endswith(f" {missing}"))
    assert whole.endswith("5 min *") and len(whole) <= 90
    assert row({**LINE, "mean_of": 3}, "", best=True).endswith(" * mean of 3")


@pytest.mark.parametrize("seconds, text", [(0, "0.0 s"), (7.14, "7.1 s"), (9.97, "10 s"), (100, "100 s"), (599.6, "10 min"),
                                           (5939, "99 min"), (5999, "1 h 40"), (6600, "1 h 50"), (11100, "3 h 05")])
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_time_left():
    assert time_left(training(share=0.25, seconds=20)) == "60 s"
    assert time_left(training(share=0)) == time_left(training(share=1)) == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_samples_are_for_terminals(terminal, monkeypatch, capsys):
    with TrainingBar() as bar:
        monkeypatch.setattr(bar, "console", Console(stderr=True, force_terminal=terminal, no_color=True, highlight=False, width=60))
        for best in (12345, 7):
            bar.measured(training(best), {**LINE, **{f"attention_{name}": 0.2 for name in (
                "entropy", "entropy_share", "first", "last", "even", "coverage")}})
    out = capsys.readouterr().err
    assert out.count("BLEU") == 1 and out.count("41.3") == 2 and out.count(" *\n") == 1
    assert out.count("      attention: sharp (0.20 of uniform's entropy), covers 20% of the source\n") == 2
    assert ("let's [bold]go[/bold] :smile:" in out) == ("    > come" in out) == terminal


def test_what_it_says_now():
    assert translated_now(SAMPLES) == [
        "      let's [bold]go[/bold] :smile:", "    = vamos", "    > the same",
        "      eat the pizza", "    = come la pizza", "    > come"]


def test_the_end_says_what_to_do_next(tmp_path):
    run = Run(tmp_path / "my run")
    run.folder.mkdir()
    run.append_metrics({"step": 7, "loss": 1.0})
    run.append_metrics({**LINE, "step": 7})
    lines = ending(training(best=7, share=1.0, epochs=12), run)
    assert lines[0] == f"{run.folder}: 12,345 steps, 12 epochs, 100 s: the budget of 12 epochs is spent"
    assert lines[1] == f"best by loss at step 7: dev loss 0.200, BLEU 41.3, chrF 60.0, exact 12.5%; kept in {run.best}"
    folder = f"'{run.folder}'"
    sentence = """'let'"'"'s [bold]go[/bold] :smile:'"""
    assert lines[2:] == ["Next:", f"  tinyattn translate {folder} {sentence}", f"  tinyattn eval {folder} TEST.tsv",
                         f"  tinyattn attend {folder} {sentence} -o attention.svg"]
    alone = training(best=12345, share=1.0, minutes=1)
    alone.samples = []  # without dev
    lines = ending(alone, run)
    assert lines[0].endswith("the budget of 1 minute is spent") and lines[1:3] == ["Next:", f"  tinyattn translate {folder} SENTENCE"]


def test_the_end_for_lack_of_patience(tmp_path):
    impatient = training(best=7, best_by="chrf", patience=3)
    impatient.out_of_patience, impatient.progress.waiting = True, 3
    run = Run(tmp_path)
    run.append_metrics({**LINE, "step": 7})
    run.append_metrics({**LINE, "step": 7, "mean_of": 4})
    lines = ending(impatient, run)
    assert lines[0].endswith(": 3 measurements on dev brought nothing better by chrf")
    assert lines[1].startswith("best by chrf is the mean of the last 4 measurements' parameters: dev loss 0.200, ")
