"""The training loop: forward, backward, clip, update, until the budget is spent; able to stop at any moment.

Everything random is drawn from streams named by step or epoch, so a run that was killed and resumed computes the
same numbers, bit for bit, as one that never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyattn import optim, streams
from tinyattn.text.batches import Batch, batch_indices
from tinyattn.text.pairs import Pair
from tinyattn.translator.best import mean, rank, require_measurable
from tinyattn.translator.checkpoint import Arrays, Checkpoint, Progress, Run, digest
from tinyattn.translator.samples import Sample
from tinyattn.translator.sampling import share_given, with_own_tokens
from tinyattn.translator.schedule import learning_rate
from tinyattn.translator.scores import measure
from tinyattn.translator.stopping import Interrupted, StopRequest

if TYPE_CHECKING:
    from tinyattn.translator.translator import Translator

LINE_EVERY = 10  # steps
MEASURE_EVERY = 1000  # steps, where an epoch is longer and `measure_every` is not set
SAVE_EVERY = 30.0  # seconds, and longer where saving takes more than a SAVE_SHARE of them
SAVE_SHARE = 0.02


class TrainingError(RuntimeError):
    """Training cannot go on: the step, what happened, what still stands."""


class Watcher:
    """Whoever wants to see a run as it goes: override what is of interest."""

    def stepped(self, training: Training) -> None:
        """After every step."""

    def measured(self, training: Training, line: dict[str, Any]) -> None:
        """After every measurement on dev, with its line of metrics. `training.samples` are translations."""


class Training:
    """A translator being trained on pairs, from the start or from where `run` stopped.

    Raises: ConfigError for options that want something of `dev` which it cannot give.
    """

    def __init__(self, translator: Translator, train: Sequence[Pair], dev: Sequence[Pair], run: Run | None = None,
                 watcher: Watcher | None = None) -> None:
        self.translator, self.model, self.config = translator, translator.model, translator.config
        require_measurable(self.config, dev)
        self.dev, self.run, self.watcher = dev, run, watcher or Watcher()
        self.examples = translator.examples(train)
        self.optimizer = optim.AdamW(self.model.parameters(), lr=self.config.lr, weight_decay=self.config.weight_decay)
        self.progress = Progress(data=digest([*train, *dev]))
        self.saved, self.saved_step, self.saved_at, self.saving_took = False, 0, time.monotonic(), 0.0
        self.stop = StopRequest()
        self.loss = math.nan  # of the last step
        self.tokens_per_second = 0.0  # up to the last line of metrics
        self.samples: list[Sample] = []  # of the last measurement
        self.best: Arrays | None = None  # the best parameters, as long as they are not in the run's folder
        self.to_average: list[Arrays] = []  # the parameters of the last measurements, as many as `average` says

    def resume(self) -> None:
        """Go back to the run's last checkpoint.

        Raises: CheckpointError for one that is damaged, TrainingError for one of other pairs.
        """
        assert self.run is not None
        last = self.run.load_last()
        if last.progress.data != self.progress.data:
            raise TrainingError(f"{self.run.folder}: its checkpoint was made with other pairs: the data has changed "
                                "since; restore it, or start a new run")
        self.translator.load_parameters(last.parameters, str(self.run.last))
        options = self.optimizer.state_dict()["param_groups"]  # of the configuration, which the checkpoint has to fit
        self.optimizer.load_state_dict({"state": last.optimizer, "param_groups": options})
        self.to_average, self.progress = last.to_average, last.progress
        self.saved, self.saved_step = True, last.progress.step
        self.run.forget_after(self.progress)

    # --- the budget ---

    @property
    def batches_per_epoch(self) -> int:
        return math.ceil(len(self.examples) / self.config.batch_size)

    @property
    def share_done(self) -> float:
        """How much of the budget is spent, 0 to 1."""
        config, progress = self.config, self.progress
        if config.minutes is not None:
            done, budget = progress.seconds, 60 * config.minutes
        elif config.steps is not None:
            done, budget = progress.step, config.steps
        else:
            done, budget = progress.epoch + progress.batch / self.batches_per_epoch, config.epochs or 0
        return min(1.0, done / budget) if budget else 1.0

    @property
    def finished(self) -> bool:
        return self.share_done >= 1 or self.out_of_patience

    @property
    def out_of_patience(self) -> bool:
        return self.config.patience is not None and self.progress.waiting >= self.config.patience

    # --- the loop ---

    def train(self) -> None:
        """Train until the run is finished, then measure and save.

        Raises: Interrupted after Ctrl-C or SIGTERM, when the step is finished and saved; TrainingError when the loss or
        the gradient is no longer finite (the step is not taken) or a file cannot be written: the last checkpoint
        stands.
        """
        progress = self.progress
        with self.stop:
            batches = self.rest_of_epoch()
            while not self.finished:
                start = time.perf_counter()
                chosen = list(islice(batches, self.config.accumulate))
                self.step(*map(self.examples.batch, chosen))
                progress.batch += len(chosen)
                epoch_ends = progress.batch == self.batches_per_epoch
                if epoch_ends:
                    progress.epoch, progress.batch = progress.epoch + 1, 0
                    batches = self.rest_of_epoch()
                self.spend(start)
                if self.measures_now(epoch_ends):
                    self.measure()
                elif progress.step % LINE_EVERY == 0 and not self.finished:
                    self.write_line()
                self.watcher.stepped(self)
                asked = self.stop.signal  # looked at once: the signal may come at any moment, also after saving
                if asked is not None or self.saves_now():
                    self.save()
                if asked is not None:
                    saved = f"step {progress.step} is saved, --resume goes on from there"
                    raise Interrupted(asked, *[saved] * (self.run is not None))
            if progress.measured != progress.step:
                self.measure()
            if self.config.average is not None and not progress.averaged:
                self.try_average()
            if not self.saved:
                self.save()
        if self.run is None and self.best is not None:
            self.translator.load_parameters(self.best, "the best parameters")

    def rest_of_epoch(self) -> Iterator[np.ndarray]:
        indices = batch_indices(self.examples, self.config.batch_size, self.config.seed, self.progress.epoch)
        return iter(indices[self.progress.batch :])

    def step(self, *batches: Batch) -> None:
        """One update on these batches, as if they were one: the loss is the mean over the tokens of all."""
        config, number = self.config, self.progress.step + 1
        done = self.share_done
        rate = learning_rate(config.lr, config.schedule, config.warmup, number, done)
        given = share_given(config, done)
        self.optimizer.param_groups[0]["lr"] = rate
        self.model.train()
        self.optimizer.zero_grad()
        counts = [int(batch.target_lengths.sum()) for batch in batches]
        tokens, total = sum(counts), 0.0
        with streams.using(lambda: streams.stream(config.seed, "dropout", number)):
            for batch, count in zip(batches, counts):
                read = with_own_tokens(self.model, batch, given)
                loss = self.model.loss(read, config.label_smoothing)
                if count < tokens:
                    loss = loss * (count / tokens)
                total += loss.item()
                self.require_finite("loss", total, number)
                loss.backward()
        norm = self.optimizer.clipped_step(config.clip)
        self.require_finite("length of the gradient", norm, number)
        self.loss = total
        self.progress.step, self.progress.lr, self.progress.grad_norm, self.saved = number, rate, norm, False
        self.progress.loss_sum += total * tokens
        self.progress.tokens += tokens

    def require_finite(self, what: str, value: float, step: int) -> None:
        if not math.isfinite(value):
            self.save_best()
            raise TrainingError(f"step {step}: the {what} is {value}: {self.what_stands()}; try a smaller learning "
                                f"rate than {self.config.lr}")

    def what_stands(self) -> str:
        """What a run that ends now leaves behind."""
        saved = self.run is not None and self.run.last.exists()
        return f"the checkpoint of step {self.saved_step} stands" if saved else "no checkpoint has been saved"

    def spend(self, start: float) -> None:
        seconds = time.perf_counter() - start
        self.progress.seconds += seconds
        self.progress.line_seconds += seconds

    # --- what it leaves behind ---

    def write_line(self, **measured: float) -> dict[str, Any]:
        """Close a line of metrics: means since the line before."""
        progress = self.progress
        line: dict[str, Any] = {"step": progress.step, "epoch": progress.epoch}
        if progress.tokens:
            self.tokens_per_second = progress.tokens / progress.line_seconds
            line |= {"loss": progress.loss_sum / progress.tokens, "tokens_per_second": round(self.tokens_per_second, 1),
                     "lr": progress.lr, "grad_norm": progress.grad_norm}
        line |= {"seconds": round(progress.seconds, 3), **measured}
        progress.loss_sum, progress.tokens, progress.line_seconds = 0.0, 0, 0.0
        if self.run is not None:
            with self.on_disk(self.run):
                self.run.append_metrics(line)
        progress.lines, self.saved = progress.lines + 1, False
        return line

    def measures_now(self, epoch_ends: bool) -> bool:
        since = self.progress.step - (self.progress.measured or 0)
        if self.config.measure_every is not None:
            return since >= self.config.measure_every
        return epoch_ends or since >= MEASURE_EVERY

    def measure(self) -> None:
        """Score the parameters on dev, and keep them if no earlier ones were better. Without dev the newest count as
        the best."""
        start = time.perf_counter()
        progress, config, scores = self.progress, self.config, {}
        if self.dev:
            found = measure(self.translator, self.dev)
            scores, self.samples = found.numbers, found.samples
            self.require_finite("loss on dev", scores["dev_loss"], progress.step)
        parameters = self.translator.parameters()
        progress.measured, progress.waiting = progress.step, progress.waiting + 1
        worth = rank(config, scores) if scores else None
        if worth is None or progress.best is None or worth > progress.best:
            progress.best, progress.best_step, progress.waiting, self.best = worth, progress.step, 0, parameters
        if config.average is not None:
            self.to_average = [*self.to_average, parameters][-config.average :]
        line = self.write_line(**scores)
        if self.run is not None and self.samples:
            with self.on_disk(self.run):
                self.run.append_samples(progress.step, self.samples)
            progress.sample_lines += len(self.samples)
        self.spend(start)
        progress.line_seconds = 0.0  # measuring is no training
        self.watcher.measured(self, line)

    def try_average(self) -> None:
        """Let the mean of the last measurements' parameters translate, if it is better than the best of them all."""
        progress, last = self.progress, self.translator.parameters()
        average = mean(self.to_average)
        self.translator.load_parameters(average, "the mean of parameters")
        found = measure(self.translator, self.dev)
        self.translator.load_parameters(last, "the last parameters")
        progress.averaged, self.saved = True, False
        worth = rank(self.config, found.numbers)
        if progress.best is None or worth > progress.best:
            progress.best, progress.best_step, self.best, self.samples = worth, progress.step, average, found.samples
            self.watcher.measured(self, self.write_line(mean_of=len(self.to_average), **found.numbers))

    def saves_now(self) -> bool:
        return time.monotonic() - self.saved_at > max(SAVE_EVERY, self.saving_took / SAVE_SHARE)

    def save(self) -> None:
        """The best parameters so far, and a checkpoint to resume from."""
        start = time.perf_counter()
        if self.run is not None:
            self.save_best()
            checkpoint = Checkpoint(self.translator.parameters(), self.optimizer.state_dict()["state"],
                                    self.to_average, self.progress)
            with self.on_disk(self.run):
                self.run.save_last(checkpoint)
        self.saved, self.saved_step, self.saved_at = True, self.progress.step, time.monotonic()
        self.saving_took = time.perf_counter() - start
        self.progress.seconds += self.saving_took

    def save_best(self) -> None:
        if self.run is not None and self.best is not None:
            with self.on_disk(self.run):
                self.run.save_best(self.best, self.progress.best_step)
            self.best = None

    @contextmanager
    def on_disk(self, run: Run) -> Iterator[None]:
        """Inside, files are written. Raises: TrainingError when the disk refuses, for instance because it is full."""
        try:
            yield
        except OSError as error:
            raise TrainingError(
                f"{error.filename or run.folder}: {error.strerror}: step {self.progress.step} cannot be saved, "
                f"{self.what_stands()}: put that right, then --resume goes on from there") from None
