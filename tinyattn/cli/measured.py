"""What people are told of a training: a row for each measurement, some translations, how it ended, what to do next."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Container, Sequence
from typing import Any

from tinyattn.translator.checkpoint import Run
from tinyattn.translator.config import BUDGETS, Config
from tinyattn.translator.defaults import CHOSEN
from tinyattn.translator.samples import Sample
from tinyattn.translator.training import Training

Shown = Callable[[Any], str]
COLUMNS: tuple[tuple[str, str, int, Shown], ...] = (  # heading, key of a line of metrics, width, as text
    ("epoch", "epoch", 5, str),
    ("step", "step", 8, "{:,}".format),
    ("time", "seconds", 8, lambda seconds: duration(seconds)),
    ("loss", "loss", 7, "{:.3f}".format),
    ("dev loss", "dev_loss", 9, "{:.3f}".format),
    ("BLEU", "dev_bleu", 6, "{:.1f}".format),
    ("chrF", "dev_chrf", 6, "{:.1f}".format),
    ("exact", "dev_exact", 7, "{:.1%}".format),
    ("gradient", "grad_norm", 9, "{:.2g}".format),
    ("lr", "lr", 8, "{:.2g}".format),
)
LEFT = 9  # the width of the time left


def chosen(config: Config, given: Container[str], pairs: int) -> str:
    """The options that were chosen for the data, in one line; none where all of them were given."""
    names = [field.name for field in dataclasses.fields(config) if field.name in CHOSEN and field.name not in given]
    values = {name.replace("_", "-"): getattr(config, name) for name in names}
    words = [name if value is True else f"{name} {value}" for name, value in values.items() if value]
    if not words:
        return ""
    data = "1 pair" if pairs == 1 else f"{pairs:,} pairs"
    return f"options for {data}: {', '.join(words)}; change them with --{words[0].split(' ')[0]} and so on"


def heading() -> str:
    return "".join(f"{name:>{width}}" for name, _, width, _ in COLUMNS) + f"{'left':>{LEFT}}"


def row(line: dict[str, Any], left: str, best: bool) -> str:
    """A line of metrics under `heading`, with a star where it is the best so far, and a note where it is no model of
    training's own but the mean of several."""
    cells = (f"{shown(line[key]) if key in line else '-':>{width}}" for _, key, width, shown in COLUMNS)
    note = f" mean of {line['mean_of']}" if "mean_of" in line else ""
    return ("".join(cells) + f"{left:>{LEFT}}" + " *" * best + note).rstrip()


def duration(seconds: float) -> str:
    """7.1 s, 420 s, 12 min, 3 h 05"""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 599.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02}"


def time_left(training: Training) -> str:
    """If it goes on as it went so far."""
    done = training.share_done
    return duration(training.progress.seconds * (1 - done) / done) if 0 < done < 1 else ""


def translated_now(samples: Sequence[Sample]) -> list[str]:
    """Lines for each sample: source, reference, and what the model says."""
    lines = []
    for sample in samples:
        lines += [f"      {sample.source}", f"    = {sample.reference}"]
        lines.append("    > the same" if sample.translation == sample.reference else f"    > {sample.translation}")
    return lines


def ending(training: Training, run: Run) -> list[str]:
    """Why a training stopped, where its best parameters are, and what can be done with them."""
    config, progress = training.config, training.progress
    budget, amount = next((name, getattr(config, name)) for name in BUDGETS if getattr(config, name) is not None)
    budget = budget.removesuffix("s") if amount == 1 else budget
    why = f"the budget of {amount:,g} {budget} is spent"
    if training.out_of_patience:
        why = f"{progress.waiting} measurements on dev brought nothing better by {config.best_by}"
    lines = [f"{run.folder}: {progress.step:,} steps, {progress.epoch:,} epochs, {duration(progress.seconds)}: {why}"]
    measured = {line["step"]: line for line in run.read_metrics() if "dev_loss" in line}
    if best := measured.get(progress.best_step):
        scores = [f"{name} {shown(best[key])}" for name, key, _, shown in COLUMNS if "dev_" in key and key in best]
        what = f"best by {config.best_by} at step {best['step']:,}"
        if "mean_of" in best:
            what = f"best by {config.best_by} is the mean of the last {best['mean_of']} measurements' parameters"
        lines.append(f"{what}: {', '.join(scores)}; kept in {run.best}")
    folder = shlex.quote(str(run.folder))
    sentence = shlex.quote(training.samples[0].source) if training.samples else "SENTENCE"
    return [*lines, "Next:", f"  tinyattn translate {folder} {sentence}", f"  tinyattn eval {folder} TEST.tsv",
            f"  tinyattn attend {folder} {sentence} -o attention.svg"]
