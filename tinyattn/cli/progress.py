"""A training run as it goes, on standard error: a row for each measurement, on a terminal with a bar and samples."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tinyattn.cli.measured import heading, row, time_left, translated_now
from tinyattn.kernels.compile import tell_when_compiling
from tinyattn.translator.health import in_words
from tinyattn.translator.training import Training, Watcher


class TrainingBar(Watcher):
    """Loss, speed and time left."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.bar = Progress(
            TextColumn("{task.fields[doing]}"), BarColumn(), TaskProgressColumn(),
            TextColumn("loss {task.fields[loss]:.3f}"), TextColumn("{task.fields[speed]:,.0f} tokens/s"),
            TimeRemainingColumn(), console=self.console, transient=True, disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task("training", total=1.0, doing="epoch 1", loss=float("nan"), speed=0.0)
        self.shown = 0.0
        self.headed = False

        self.listening = tell_when_compiling(self.compiling)
        self.told = False
        self.kernels: list[str] = []  # that were compiled since the last step
        self.since = 0.0  # when the first of them was wanted

    def __enter__(self) -> TrainingBar:
        self.bar.start()
        self.listening.__enter__()
        return self

    def __exit__(self, *_: Any) -> None:
        self.listening.__exit__()
        self.bar.stop()

    def compiling(self, kernel: str) -> None:
        if not self.told:
            self.console.print("compiling kernels for this machine; the next run will find them")
            self.told = True
        if not self.kernels:
            self.since = time.monotonic()
        self.kernels.append(kernel)
        self.bar.update(self.task, doing=f"compiling {kernel}")

    def compiled(self) -> None:
        """Say what there was to wait for; a kernel for several types of arguments is compiled for each."""
        if self.kernels:
            names = ", ".join(dict.fromkeys(self.kernels))
            seconds = time.monotonic() - self.since
            self.console.print(f"compiled {len(self.kernels)} kernels in {seconds:.1f} s: {names}")
            self.kernels = []

    def stepped(self, training: Training) -> None:
        self.compiled()
        if time.monotonic() - self.shown > 0.1:
            self.shown = time.monotonic()
            epoch = training.progress.epoch + (training.progress.batch > 0)
            self.bar.update(self.task, completed=training.share_done, doing=f"epoch {epoch}",
                            loss=training.loss, speed=training.tokens_per_second)

    def measured(self, training: Training, line: dict[str, Any]) -> None:
        self.compiled()
        if not self.headed:
            self.say(heading())
            self.headed = True
        self.say(row(line, time_left(training), line["step"] == training.progress.best_step))
        if attention := in_words(line):
            self.say(f"      {attention}")
        if self.console.is_terminal:
            for text in translated_now(training.samples):
                self.say(text, style="dim")

    def say(self, text: str, style: str = "") -> None:
        """A line as it is: brackets and colons in a sentence are no markup."""
        self.console.print(text, style=style, markup=False, emoji=False, soft_wrap=True)
