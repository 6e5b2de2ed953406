"""The options of a training run that suit the data, where nobody has chosen others.

Little data wants small batches, many passes and much dropout; much data wants more units and few passes. And where a
language has more words than can be learned one by one, it wants pieces of words. docs/training.md shows the
measurements behind the table.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from tinyattn.text.pairs import Pair
from tinyattn.text.vocabulary import MANY_WORDS
from tinyattn.translator.config import Config

SMALL = {"hidden": 128, "embed": 64, "dropout": 0.3, "label_smoothing": 0.1, "batch_size": 16, "lr": 0.004}
MEDIUM = {"hidden": 128, "embed": 64, "dropout": 0.1, "label_smoothing": 0.1, "batch_size": 64, "lr": 0.01}
LARGE = {"hidden": 512, "embed": 256, "tie_embeddings": True, "dropout": 0.2, "label_smoothing": 0.1, "batch_size": 64,
         "lr": 0.003, "warmup": 200}
# Up to so many pairs, and what suits them.
SIZES: tuple[tuple[float, dict[str, Any]], ...] = (
    (2_000, {**SMALL, "epochs": 150}),
    (10_000, {**SMALL, "epochs": 60}),
    (20_000, {**MEDIUM, "epochs": 20}),
    (60_000, {**MEDIUM, "epochs": 9}),
    (300_000, {**LARGE, "epochs": 10}),
    (float("inf"), {**LARGE, "epochs": 4}),
)
ALWAYS = {"bidirectional": True}
READ = 100_000  # sentences that are counted
CHOSEN = frozenset({"source_tokens", "target_tokens", "best_by", *ALWAYS}.union(*(options for _, options in SIZES)))


def for_data(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Options that suit these pairs."""
    options = next(options for most, options in SIZES if len(pairs) <= most)
    kinds = [tokens_for([pair[side] for pair in pairs[:READ]]) for side in (0, 1)]
    return {**ALWAYS, **options, "source_tokens": kinds[0], "target_tokens": kinds[1],
            "best_by": "chrf" if importlib.util.find_spec("sacrebleu") else "loss"}


def tokens_for(sentences: Sequence[str]) -> str:
    """Words, or pieces of words where there are too many words (and the library for it is there)."""
    words = {word for sentence in sentences for word in sentence.lower().split()}
    return "bpe" if len(words) > MANY_WORDS and importlib.util.find_spec("sentencepiece") else "word"


def suited(options: Mapping[str, Any], pairs: Sequence[Pair]) -> Config:
    """A config with these options, and for the rest what suits the pairs.

    Raises: ConfigError as Config.
    """
    return Config.from_options(for_data(pairs)).with_options(options)
