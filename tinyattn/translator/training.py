"""The training loop: forward, backward, clip, update, until the budget is spent; able to stop at any moment.

Everything random is drawn from streams named by step or epoch, so a run that was killed and resumed computes the
same numbers, bit for bit, as one that never stopped.
"""

from __future__ import annotations

import hashlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyattn import optim, streams
from tinyattn.text.batches import Batch, batch_indices
from tinyattn.text.pairs import Pair
from tinyattn.translator.checkpoint import Arrays, Progress, Run
from tinyattn.translator.samples import Sample
from tinyattn.translator.sampling import share_given, with_own_tokens
from tinyattn.translator.scores import measure

if TYPE_CHECKING:
    from tinyattn.translator.translator import Translator

LINE_EVERY = 10  # steps
SAVE_EVERY = 30.0  # seconds; every epoch saves too


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

    Raises: CheckpointError when `resume` finds a damaged checkpoint or one of other pairs.
    """

    def __init__(self, translator: Translator, train: Sequence[Pair], dev: Sequence[Pair], run: Run | None = None,
                 watcher: Watcher | None = None) -> None:
        self.translator, self.model, self.config = translator, translator.model, translator.config
        self.dev, self.run, self.watcher = dev, run, watcher or Watcher()
        self.examples = translator.examples(train)
        self.optimizer = optim.Adam(self.model.parameters(), lr=self.config.lr)
        self.progress = Progress(data=digest([*train, *dev]))
        self.saved_step, self.saved_at, self.interrupted = 0, time.monotonic(), False
        self.loss = math.nan  # of the last step
        self.tokens_per_second = 0.0  # up to the last line of metrics
        self.samples: list[Sample] = []  # of the last measurement
        self.best: Arrays | None = None  # where there is no folder to keep it in

    def resume(self) -> None:
        """Go back to the run's last checkpoint."""
        assert self.run is not None
        parameters, optimizer, progress = self.run.load_last()
        if progress.data != self.progress.data:
            raise TrainingError(f"{self.run.folder}: its checkpoint was made with other pairs: the data has changed "
                                "since; restore it, or start a new run")
        self.translator.load_parameters(parameters, str(self.run.last))
        options = self.optimizer.state_dict()["param_groups"]  # of the configuration, which the checkpoint has to fit
        self.optimizer.load_state_dict({"state": optimizer, "param_groups": options})
        self.progress, self.saved_step = progress, progress.step
        self.run.forget_lines_after(progress.step)

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

    # --- the loop ---

    def train(self) -> None:
        """Train until the budget is spent, then measure and save.

        Raises: KeyboardInterrupt after Ctrl-C, when the step is finished and saved; TrainingError when the loss or
        the gradient is no longer finite: the step is not taken, the last checkpoint stands.
        """
        progress = self.progress
        with self.ctrl_c_waits():
            batches = self.rest_of_epoch()
            while self.share_done < 1:
                start = time.perf_counter()
                self.step(self.examples.batch(next(batches)))
                progress.batch += 1
                epoch_ends = progress.batch == self.batches_per_epoch
                if epoch_ends:
                    progress.epoch, progress.batch = progress.epoch + 1, 0
                    batches = self.rest_of_epoch()
                self.spend(start)
                if epoch_ends:
                    self.measure()
                elif progress.step % LINE_EVERY == 0 and self.share_done < 1:
                    self.write_line()
                self.watcher.stepped(self)
                if epoch_ends or self.interrupted or time.monotonic() - self.saved_at > SAVE_EVERY:
                    self.save()
                if self.interrupted:
                    saved = f"step {progress.step} is saved, --resume goes on from there"
                    raise KeyboardInterrupt(*[saved] * (self.run is not None))
            if progress.measured != progress.step:
                self.measure()
            if self.saved_step < progress.step or (self.run is not None and not self.run.last.exists()):
                self.save()
        if self.run is None and self.best is not None:
            self.translator.load_parameters(self.best, "the best parameters")

    def rest_of_epoch(self) -> Iterator[np.ndarray]:
        progress = self.progress
        indices = batch_indices(self.examples, self.config.batch_size, self.config.seed, progress.epoch)
        return iter(indices[progress.batch :])

    def step(self, batch: Batch) -> None:
        """One update on one batch."""
        number = self.progress.step + 1
        rate = self.config.lr * (1 - self.share_done if self.config.schedule == "linear" else 1)
        self.optimizer.param_groups[0]["lr"] = rate
        self.model.train()
        with streams.using(lambda: streams.stream(self.config.seed, "dropout", number)):
            read = with_own_tokens(self.model, batch, share_given(self.config, self.share_done))
            loss = self.model.loss(read)
        self.require_finite("loss", loss.item(), number)
        self.optimizer.zero_grad()
        loss.backward()
        norm = self.optimizer.clipped_step(self.config.clip)
        self.require_finite("length of the gradient", norm, number)
        self.loss = loss.item()
        tokens = int(batch.target_lengths.sum())
        self.progress.step, self.progress.grad_norm = number, norm
        self.progress.loss_sum += self.loss * tokens
        self.progress.tokens += tokens

    def require_finite(self, what: str, value: float, step: int) -> None:
        if not math.isfinite(value):
            stands = "nothing has been saved" if self.run is None or not self.run.last.exists() else \
                f"the checkpoint of step {self.saved_step} stands"
            raise TrainingError(f"step {step}: the {what} is {value}: the step was not taken, {stands}; "
                                f"try a smaller learning rate than {self.config.lr}")

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
                     "lr": self.optimizer.param_groups[0]["lr"], "grad_norm": progress.grad_norm}
        line |= {"seconds": round(progress.seconds, 3), **measured}
        progress.loss_sum, progress.tokens, progress.line_seconds = 0.0, 0, 0.0
        if self.run is not None:
            self.run.append_metrics(line)
        return line

    def measure(self) -> None:
        """Score the parameters on dev, and keep them if no earlier ones had a lower loss. Without dev the newest
        count as the best."""
        start = time.perf_counter()
        progress, measured = self.progress, {}
        loss = -float(progress.step)
        if self.dev:
            found = measure(self.translator, self.dev)
            measured, self.samples, loss = found.numbers, found.samples, found.numbers["dev_loss"]
        progress.measured = progress.step
        if progress.best_loss is None or loss < progress.best_loss:
            progress.best_loss, progress.best_step = loss, progress.step
            if self.run is not None:
                self.run.save_best(self.translator.parameters(), progress)
            else:
                self.best = self.translator.parameters()
        line = self.write_line(**measured)
        if self.run is not None and self.samples:
            self.run.append_samples(progress.step, self.samples)
        self.spend(start)
        progress.line_seconds = 0.0  # measuring is no training
        self.watcher.measured(self, line)

    def save(self) -> None:
        """A checkpoint to resume from."""
        start = time.perf_counter()
        if self.run is not None:
            self.run.save_last(self.translator.parameters(), self.optimizer.state_dict()["state"], self.progress)
        self.saved_step, self.saved_at = self.progress.step, time.monotonic()
        self.progress.seconds += time.perf_counter() - start

    @contextmanager
    def ctrl_c_waits(self) -> Iterator[None]:
        """Ctrl-C takes effect when the step is finished; a second one at once."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Python delivers signals to the main thread only
            return

        def interrupt(signum: int, frame: Any) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True

        before: Callable | int | None = signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def digest(pairs: Sequence[Pair]) -> str:
    """A fingerprint of pairs and their order."""
    result = hashlib.sha256()
    for pair in pairs:
        result.update("\t".join(pair).encode("utf-8", "surrogatepass") + b"\n")
    return result.hexdigest()
