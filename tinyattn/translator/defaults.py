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
from tinyattn.translator.config import Config

# Up to so many pairs, and what suits them.
SIZES: tuple[tuple[float, dict[str, Any]], ...] = (
    (10_000, {"hidden": 256, "embed": 128, "dropout": 0.3, "batch_size": 16, "lr": 0.002, "epochs": 40}),
    (60_000, {"hidden": 128, "embed": 64, "dropout": 0.1, "batch_size": 64, "lr": 0.01, "epochs": 9}),
    (float("inf"), {"hidden": 512, "embed": 256, "dropout": 0.2, "batch_size": 64, "lr": 0.002, "epochs": 10,
                    "tie_embeddings": True, "label_smoothing": 0.1}),
)
ALWAYS = {"bidirectional": True}
WORDS = 4_000  # with more different ones a side is cut into pieces
READ = 100_000  # sentences that are counted
CHOSEN = frozenset({"source_tokens", "target_tokens", *ALWAYS, *(name for _, options in SIZES for name in options)})


def for_data(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Options that suit these pairs."""
    options = next(options for most, options in SIZES if len(pairs) <= most)
    return {**ALWAYS, **options, "source_tokens": tokens_for([source for source, _ in pairs[:READ]]),
            "target_tokens": tokens_for([target for _, target in pairs[:READ]])}


def tokens_for(sentences: Sequence[str]) -> str:
    """Words, or pieces of words where there are too many words (and the library for it is there)."""
    words = {word for sentence in sentences for word in sentence.lower().split()}
    return "bpe" if len(words) > WORDS and importlib.util.find_spec("sentencepiece") else "word"


def suited(options: Mapping[str, Any], pairs: Sequence[Pair]) -> Config:
    """A config with these options, and for the rest what suits the pairs.

    Raises: ConfigError as Config.
    """
    return Config.from_options(for_data(pairs)).with_options(options)
