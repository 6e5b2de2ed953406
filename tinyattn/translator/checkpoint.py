"""A run on disk: its folder, and what has to be in it for training to go on as if it had never stopped.

    config.toml                every option
    source.vocabulary.json     target.vocabulary.json: the tokens and their ids
    source.text.json           target.text.json: how text is cut into them
    best.safetensors           the parameters that did best on dev so far: what translates
    last.safetensors           parameters, optimizer and progress: where `--resume` goes on
    metrics.jsonl              a line every few steps
    samples.jsonl              what some dev sentences are translated to, at each measurement
    loss.svg                   metrics.jsonl as curves, drawn by the command line
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyattn.storage import (
    CheckpointError,
    load_with_metadata,
    read_text,
    remove_unfinished,
    save,
    write_atomically,
)
from tinyattn.text.pairs import Pair
from tinyattn.text.side import Side, side_files
from tinyattn.translator.config import Config, ConfigError
from tinyattn.translator.lock import Lock
from tinyattn.translator.samples import Sample

SIDES = ("source", "target")
# How the names of arrays in last.safetensors begin that are not the model's parameters:
OPTIMIZER = "optimizer."  # then a parameter's number and a name of the optimizer's
TO_AVERAGE = "measured."  # then a number and a parameter's name
Arrays = dict[str, np.ndarray]
Remembered = dict[int, dict[str, Any]]  # what the optimizer's state_dict() has under "state"


@dataclass
class Progress:
    """How far a run is. Random streams and the order of batches follow from it, so nothing of theirs is stored."""

    data: str = ""  # digest of all pairs, those for dev among them
    step: int = 0
    epoch: int = 0
    batch: int = 0  # batches of this epoch already trained on
    seconds: float = 0.0  # spent on the run, whatever the number of sittings
    measured: int | None = None  # the step of the last dev measurement
    best: list[float] | None = None  # what the best of them so far is worth (see best.py)
    best_step: int = 0  # when it was made
    waiting: int = 0  # measurements since then
    averaged: bool = False  # whether the mean of the last measurements' parameters was looked at, as the end of a run
    lines: int = 0  # of metrics.jsonl
    sample_lines: int = 0  # of samples.jsonl
    lr: float = 0.0  # of the last step
    grad_norm: float = 0.0  # of the last step, before clipping
    # Since the last line of metrics.jsonl:
    loss_sum: float = 0.0  # the sum over tokens
    tokens: int = 0
    line_seconds: float = 0.0

    @classmethod
    def from_json(cls, text: str) -> Progress:
        values = json.loads(text)
        if set(values) != {field.name for field in dataclasses.fields(cls)}:
            raise ValueError(f"other names than this version's: {', '.join(values)}")
        return cls(**values)


@dataclass
class Checkpoint:
    """All that training needs to go on."""

    parameters: Arrays
    optimizer: Remembered
    to_average: list[Arrays]  # the parameters of the last measurements, with the option `average`
    progress: Progress


class Run:
    """The folder of a run, which need not exist yet."""

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)
        self.config = self.folder / "config.toml"
        self.best = self.folder / "best.safetensors"
        self.last = self.folder / "last.safetensors"
        self.metrics = self.folder / "metrics.jsonl"
        self.samples = self.folder / "samples.jsonl"
        self.loss_picture = self.folder / "loss.svg"

    @property
    def files(self) -> tuple[Path, ...]:
        sides = (file for name in SIDES for file in side_files(self.folder, name))
        return (self.config, *sides, self.best, self.last, self.metrics, self.samples, self.loss_picture)

    def exists(self) -> bool:
        """Is there anything of a run in the folder?"""
        return any(file.exists() for file in self.files)

    def locked(self) -> Lock:
        """For `with`: keeps other processes from training there. Raises: CheckpointError when one is at it."""
        return Lock(self.folder)

    def begin(self, config: Config, sides: tuple[Side, Side]) -> None:
        """Make the folder, empty of an earlier run, and write what stays the same through training."""
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(self.folder)
        for file in self.files:
            file.unlink(missing_ok=True)
        for side, name in zip(sides, SIDES):
            side.save(self.folder, name)
        config.save(self.config)

    def load(self) -> tuple[Config, tuple[Side, Side]]:
        """Raises: CheckpointError for a folder that is no run, or one that is damaged."""
        if not self.config.exists():
            what = "holds no run (no config.toml)" if self.folder.is_dir() else "no such run"
            raise CheckpointError(f"{self.folder}: {what}: wanted a folder that `tinyattn train --out` wrote")
        try:
            config = Config.load(self.config)
        except ConfigError as error:
            raise CheckpointError(str(error)) from None
        source, target = (Side.load(self.folder, name, kind)
                          for name, kind in zip(SIDES, (config.source_tokens, config.target_tokens)))
        return config, (source, target)

    def parameters(self) -> Arrays:
        """The parameters to translate with: the best ones, or the last where none have been measured yet."""
        if not self.best.exists() and self.last.exists():
            return self.load_last().parameters
        return load_with_metadata(self.best)[0]

    def save_best(self, parameters: Arrays, step: int | None = None) -> None:
        """step: of the training that found them; none where there is no training to go on with."""
        save(parameters, self.best, {} if step is None else {"step": str(step)})

    def is_saved_translator(self) -> bool:
        """Is it what `Translator.save` writes: parameters, and nothing of their training?"""
        return self.best.exists() and not self.last.exists() and "step" not in load_with_metadata(self.best)[1]

    def save_last(self, checkpoint: Checkpoint) -> None:
        arrays = dict(checkpoint.parameters)
        for number, values in checkpoint.optimizer.items():
            arrays |= {f"{OPTIMIZER}{number}.{name}": np.asarray(value) for name, value in values.items()}
        for number, parameters in enumerate(checkpoint.to_average):
            arrays |= {f"{TO_AVERAGE}{number}.{name}": value for name, value in parameters.items()}
        save(arrays, self.last, {"progress": json.dumps(dataclasses.asdict(checkpoint.progress))})

    def load_last(self) -> Checkpoint:
        """Raises: CheckpointError for a file that is none, or is another version's."""
        arrays, metadata = load_with_metadata(self.last)
        optimizer: Remembered = {}
        to_average: dict[int, Arrays] = {}
        try:
            progress = Progress.from_json(metadata["progress"])
            for prefix, found in ((OPTIMIZER, optimizer), (TO_AVERAGE, to_average)):
                for key in [key for key in arrays if key.startswith(prefix)]:
                    number, name = key.removeprefix(prefix).split(".", 1)
                    found.setdefault(int(number), {})[name] = arrays.pop(key)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{self.last}: no progress or optimizer in it ({error}): not a checkpoint of this "
                                  "version; start a new run") from None
        return Checkpoint(arrays, optimizer, [to_average[number] for number in sorted(to_average)], progress)

    def append_metrics(self, line: dict[str, Any]) -> None:
        append(self.metrics, [line])

    def read_metrics(self) -> list[dict[str, Any]]:
        return read_lines(self.metrics)

    def append_samples(self, step: int, samples: Sequence[Sample]) -> None:
        append(self.samples, [{"step": step, **dataclasses.asdict(sample)} for sample in samples])

    def forget_after(self, progress: Progress) -> None:
        """Take out what a run that was killed left after its last checkpoint: files that it had not finished, and lines
        that it will write again."""
        remove_unfinished(self.folder)
        for file, count in ((self.metrics, progress.lines), (self.samples, progress.sample_lines)):
            write_atomically(file, "".join(map(as_line, read_lines(file)[:count])))


def as_line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"


def append(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(map(as_line, lines))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a file of JSON objects, each with a step; a last one that was cut short is left out."""
    if not path.exists() or not path.stat().st_size:
        return []
    lines = []
    for number, text in enumerate(read_text(path, "lines of JSON").split("\n")[:-1], start=1):
        try:
            lines.append(json.loads(text))
            lines[-1]["step"]
        except (ValueError, TypeError, KeyError):
            raise CheckpointError(f"{path}, line {number}: wanted a JSON object with a step, got "
                                  f"{text[:40]!r}: the file was edited; remove the line") from None
    return lines


def digest(pairs: Sequence[Pair]) -> str:
    """A fingerprint of pairs and their order."""
    result = hashlib.sha256()
    for pair in pairs:
        result.update("\t".join(pair).encode("utf-8", "surrogatepass") + b"\n")
    return result.hexdigest()
