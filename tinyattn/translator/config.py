"""Every option of a training run: its default, what it means and what it may be, in one table.

The command line takes its help and defaults from here; a run writes the whole table to its `config.toml`, and
every verb that opens the run reads it back.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyattn.storage import read_text, write_atomically
from tinyattn.text.tokens import KINDS as TOKEN_KINDS

ATTEND = ("after", "before")
ATTENTION_KINDS = ("none", "dot", "scaled", "general", "additive", "cosine")
START_KINDS = ("eos", "sos")
SCHEDULES = ("linear", "constant", "cosine", "inverse_sqrt")
FORCING_SCHEDULES = ("constant", "linear", "exponential", "inverse_sigmoid")
MEASURES = ("loss", "bleu", "chrf", "exact")
GROUPS = ("data", "text", "model", "training")  # the headings under which `--help` shows the options
BUDGETS = ("epochs", "steps", "minutes")  # a run has exactly one of them
PATHS = ("data", "dev")

DEFAULT_EPOCHS = 10


class ConfigError(ValueError):
    """An option that cannot be: its name, what was wanted, what came."""


def option(group: str, default: object, help: str, *, choices=None, least=None, above=None, below=None,
           most=None) -> Any:
    """A field of Config that knows what it belongs to (one of GROUPS), what it means and which values it takes."""
    assert group in GROUPS, group
    rules = {"choices": choices, "least": least, "above": above, "below": below, "most": most}
    return dataclasses.field(default=default, metadata={"group": group, "help": help, **rules})


@dataclass(frozen=True, kw_only=True)
class Config:
    """The options of `tinyattn train`. None means "not set". Given no budget, a run lasts DEFAULT_EPOCHS
    epochs.

    Raises: ConfigError for a value of the wrong type or out of range, for more than one budget, or for options that do
    not go together.
    """

    data: str | None = option("data", None, "file of training pairs")
    dev: str | None = option("data", None, "file of dev pairs; not set: 5% of the distinct sources are held out")
    strict: bool = option("data", False, "refuse a file with lines that are no pair")

    source_tokens: str = option("text", "word", "what the source is cut into: words and signs, pieces of words (bpe), "
                                "characters, or at spaces only", choices=TOKEN_KINDS)
    target_tokens: str = option("text", "word", "what the target is cut into, as the source", choices=TOKEN_KINDS)
    vocab_size: int | None = option(
        "text", None, "largest vocabulary a side, its special tokens among them; with bpe it is the number of "
        "pieces, and not set: 8 times the root of the number of words", least=5)
    min_count: int | None = option(
        "text", None, "tokens seen less often than this in training are unknown; not set: 1, or 2 for "
        "words where there are more than 4,000 different ones", least=1)
    max_length: int | None = option(
        "text", None, "leave out training pairs with more tokens than this on a side", least=1)
    truecase: bool | None = option(
        "text", None, "take away the capital that only says where a sentence begins, and put it back in translations; "
        "not set: for word and bpe")
    start: str = option("text", "eos", "the decoder's first input: the end or a start token", choices=START_KINDS)
    source_eos: bool = option("text", False, "end each source with the end token")

    attention: str = option("model", "dot", "how the decoder scores encoder outputs", choices=ATTENTION_KINDS)
    attend: str = option(
        "model", "after", "when a decoder step looks at the source: after it has read a token, or before, with the "
        "output of the step before it; then it reads what it found with the token", choices=ATTEND)
    input_feeding: bool = option(
        "model", False, "a decoder step also reads what the output layer got in the step before it, from which the "
        "token was chosen")
    tie_embeddings: bool = option(
        "model", False, "the output layer has no table of its own for the target's tokens, but uses that of their "
        "embeddings")
    layers: int = option("model", 1, "LSTM layers, in the encoder and in the decoder", least=1)
    hidden: int = option("model", 128, "units of an LSTM layer", least=1)
    embed: int = option("model", 64, "numbers in a token's embedding", least=1)
    bidirectional: bool = option("model", False, "the encoder reads in both directions")
    dropout: float = option("model", 0.1, "share of activations dropped in training", least=0, below=1)

    epochs: int | None = option("training", None, "train for this many epochs in total", least=0)
    steps: int | None = option("training", None, "train for this many steps in total", least=0)
    minutes: float | None = option("training", None, "train for this many minutes in total", least=0)
    batch_size: int = option("training", 64, "sentences in a training step", least=1)
    accumulate: int = option("training", 1, "batches whose gradients make one step, as if they were one batch", least=1)
    lr: float = option("training", 0.004, "highest learning rate of Adam", above=0)
    schedule: str = option("training", "linear", "how the learning rate goes on: linear and cosine fall to 0 as the "
                           "budget is spent, inverse_sqrt falls as 1 / √step", choices=SCHEDULES)
    warmup: int = option("training", 0, "steps in which the learning rate rises from 0 to its height", least=0)
    teacher_forcing: float = option(
        "training", 1.0, "share of target tokens that the decoder reads from the reference at the end of training; for "
        "the others it reads its own likeliest", least=0, most=1)
    teacher_forcing_schedule: str = option(
        "training", "linear", "how the share goes there from 1 in the course of training; constant: it is there at "
        "once", choices=FORCING_SCHEDULES)
    clip: float = option("training", 1.0, "longest gradient; longer ones are scaled down to it", above=0)
    weight_decay: float = option("training", 0.0, "share of a parameter that a step takes away, times the learning "
                                 "rate (AdamW)", least=0)
    label_smoothing: float = option(
        "training", 0.0, "share of the probability that the training loss wants for all tokens alike, and not for the "
        "right one", least=0, below=1)
    measure_every: int | None = option("training", None, "steps between measurements on dev; not set: every epoch, and "
                                       "every 1,000 steps of a long one", least=1)
    best_by: str = option("training", "loss", "the measurement on dev that says which parameters are the best: those "
                          "translate", choices=MEASURES)
    patience: int | None = option("training", None, "end after so many measurements on dev without a better one",
                                  least=1)
    average: int | None = option("training", None, "at the end measure the mean of the parameters of the last so many "
                                 "measurements; it translates if it is better, by best_by, than the best of all "
                                 "measurements", least=2)
    seed: int = option("training", 1, "seed of every random stream", least=0, below=2**63)
    threads: int | None = option("training", None, "threads; not set: as many cores as the process may use", least=1)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            # The one place that writes to a frozen config: 10 becomes 10.0 where a float is wanted.
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))
        given = [name for name in BUDGETS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ConfigError(
                f"{' and '.join(given)}: wanted one budget, got {len(given)}: leave all but one out"
            )
        if not given:
            object.__setattr__(self, "epochs", DEFAULT_EPOCHS)
        if self.attention == "none":
            self.require_attention("attend", "after", "there is no context to read")
            self.require_attention("input_feeding", False, "its LSTM alone decides, and remembers that anyway")

    def require_attention(self, name: str, without: object, why: str) -> None:
        if getattr(self, name) != without:
            raise ConfigError(f'{name}: wanted {_shown(without)} with attention = "none", got '
                              f"{_shown(getattr(self, name))}: {why}; choose a kind of attention")

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Config:
        """A config with these options set and the rest at their defaults.

        Raises: ConfigError, for an unknown name with the nearest known one.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for name in options:
            if name not in names:
                near = difflib.get_close_matches(str(name), names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"wanted one of {', '.join(names)}"
                raise ConfigError(f"unknown option {name!r}: {hint}")
        return cls(**options)

    def with_options(self, options: Mapping[str, object]) -> Config:
        """This config with some options replaced; a new budget takes the place of the old one."""
        mine = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if any(options.get(name) is not None for name in BUDGETS):
            mine.update(dict.fromkeys(BUDGETS))
        return Config.from_options({**mine, **options})

    def require_agreement(self, options: Mapping[str, object]) -> None:
        """For `--resume`: whoever repeats options of a run must repeat them as they were.

        Raises: ConfigError naming each option that differs, with both values.
        """
        again = self.with_options(options)
        differing = [
            f"{name} was {_shown(getattr(self, name))}, now {_shown(getattr(again, name))}"
            for name in options
            if not _same(name, getattr(self, name), getattr(again, name))
        ]
        if differing:
            raise ConfigError(
                f"not the run's own: {'; '.join(differing)}: leave them out, or start a new run"
            )

    def to_toml(self) -> str:
        """Every option, its value and its meaning; what is not set as a comment (TOML has no null)."""
        lines: list[str] = []
        group = None
        for field in dataclasses.fields(self):
            if field.metadata["group"] != group:
                group = field.metadata["group"]
                lines += [""] * bool(lines) + [f"# {group}"]
            value = getattr(self, field.name)
            setting = f"# {field.name} is not set" if value is None else f"{field.name} = {_as_toml(value)}"
            lines.append(f"{setting:<30}  # {field.metadata['help']}")
        return "\n".join(lines) + "\n"

    def save(self, path: str | os.PathLike) -> None:
        write_atomically(path, self.to_toml())

    @classmethod
    def load(cls, path: str | os.PathLike) -> Config:
        """Read what `save`, or a person, wrote; options left out have their defaults.

        Raises: ConfigError naming the file.
        """
        try:
            options = tomllib.loads(read_text(path, "a configuration (TOML)", ConfigError))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: not valid TOML: {error}; wanted lines like: hidden = 128") from None
        try:
            return cls.from_options(options)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None


def _checked(field: dataclasses.Field, value: Any) -> Any:
    """The value, a whole number as a float where a float is wanted; or ConfigError."""
    kind, optional = _kind(field)
    rules = field.metadata
    if value is None and optional:
        return None
    if kind is float and type(value) is int:
        value = float(value)
    fits = type(value) is kind
    if kind in (int, float):
        fits = fits and math.isfinite(value)
        fits = fits and (rules["least"] is None or value >= rules["least"])
        fits = fits and (rules["above"] is None or value > rules["above"])
        fits = fits and (rules["below"] is None or value < rules["below"])
        fits = fits and (rules["most"] is None or value <= rules["most"])
    if rules["choices"] is not None:
        fits = fits and value in rules["choices"]
    if not fits:
        raise ConfigError(f"{field.name}: wanted {_wanted(field)}, got {_shown(value)}")
    return value


def _wanted(field: dataclasses.Field) -> str:
    rules = field.metadata
    if rules["choices"] is not None:
        return "one of " + ", ".join(rules["choices"])
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[_kind(field)[0]]
    bounds = [("at least", rules["least"]), ("above", rules["above"]), ("below", rules["below"]),
              ("at most", rules["most"])]
    limits = " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)
    return f"{words} {limits}".strip()


def _kind(field: dataclasses.Field) -> tuple[type, bool]:
    """The type an option has when it is set, and whether it may be None: (int, True) for `int | None`."""
    kinds = [k.strip() for k in str(field.type).split("|")]
    return {"bool": bool, "int": int, "float": float, "str": str}[kinds[0]], "None" in kinds


def _shown(value: object) -> str:
    """A value as its option would be written."""
    if value is None:
        return "not set"
    return _as_toml(value) if isinstance(value, (bool, int, float, str)) else repr(value)


def _as_toml(value: bool | int | float | str) -> str:
    # json spells true, numbers and escapes as TOML does, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _same(name: str, one: object, other: object) -> bool:
    if name in PATHS and one is not None and other is not None:
        return Path(str(one)).absolute() == Path(str(other)).absolute()
    return one == other
