"""Which of the parameters that a training went through are the best, by what is measured on dev."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

import numpy as np

from tinyattn.text.pairs import Pair
from tinyattn.translator.checkpoint import Arrays
from tinyattn.translator.config import Config, ConfigError


def rank(config: Config, numbers: Mapping[str, float]) -> list[float]:
    """What a measurement on dev is worth, the higher the better: its score by `best_by`, and where two have the same,
    as when all translations are right, its loss."""
    return [-numbers["dev_loss"] if config.best_by == "loss" else numbers[f"dev_{config.best_by}"],
            -numbers["dev_loss"]]


def require_measurable(config: Config, dev: Sequence[Pair]) -> None:
    """Raises: ConfigError for options that want a measurement which cannot be made."""
    if config.best_by in ("bleu", "chrf") and not find_spec("sacrebleu"):
        raise ConfigError(f"best_by: {config.best_by} is measured with sacrebleu, which is not installed: "
                          "pip install 'tinyattn[scores]', or choose loss or exact")
    for name in ("patience", "average"):
        if getattr(config, name) is not None and not dev:
            raise ConfigError(f"{name}: wanted dev pairs to measure on, got none: leave it out, or give some")


def mean(many: Sequence[Arrays]) -> Arrays:
    """Parameter by parameter, the mean of several checkpoints."""
    return {name: np.mean([arrays[name] for arrays in many], axis=0, dtype=np.float64).astype(value.dtype)
            for name, value in many[0].items()}
