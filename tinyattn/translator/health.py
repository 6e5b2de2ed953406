"""What attention does, in numbers and in words: is it sharp, does it cover the source, is it stuck on an end?

Looked at are the steps of the decoder that write the words of a reference (not its end), for sources of two tokens or
more: on a single one there is nothing to choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

EVEN, FAIR, SHARP = 0.9, 0.6, 0.35  # of the uniform's entropy
MOST = 0.5  # of the attention
FEWEST_STEPS = 3  # in which an order can be seen


@dataclass
class Health:
    """Sums over batches of attention weights."""

    steps: int = 0
    entropy: float = 0.0
    share: float = 0.0
    first: float = 0.0
    last: float = 0.0
    even: float = 0.0  # what each source token would get of a step, were all treated alike
    sources: int = 0
    covered: int = 0
    successions: int = 0
    repeats: int = 0
    sentences: int = 0
    order: float = 0.0

    def add(self, weights: np.ndarray, source_lengths: np.ndarray, steps: np.ndarray) -> None:
        """Take in a batch: its attention, whose first `steps` rows count.

        Shapes: weights (B, T, S), source_lengths and steps (B,)
        """
        rows = (source_lengths > 1) & (steps > 0)
        weights, source_lengths, steps = weights[rows], source_lengths[rows], steps[rows]
        real = np.arange(weights.shape[1]) < steps[:, None]
        weights = np.where(real[..., None], weights, 0)
        lengths = np.broadcast_to(source_lengths[:, None], real.shape)[real]  # of each step's source
        entropy = -(weights * np.log(np.maximum(weights, 1e-30))).sum(-1)[real]
        self.steps += len(lengths)
        self.entropy += float(entropy.sum(dtype=np.float64))
        self.share += float((entropy / np.log(lengths)).sum())
        self.first += float(weights[..., 0].sum(dtype=np.float64))
        ends = np.take_along_axis(weights, source_lengths[:, None, None] - 1, -1)
        self.last += float(ends.sum(dtype=np.float64))
        self.even += float((1 / lengths).sum())
        self.sources += int(source_lengths.sum())
        self.covered += int((weights.max(1) > MOST).sum())
        most = weights.argmax(-1)
        self.successions += int(real[:, 1:].sum())
        self.repeats += int((most[:, 1:] == most[:, :-1])[real[:, 1:]].sum())
        self.add_order(weights @ np.arange(weights.shape[2]), real)

    def add_order(self, centre: np.ndarray, real: np.ndarray) -> None:
        """The correlation, sentence by sentence, between a target word's place and the centre of its attention; 0 where
        the centre does not move. Shapes: centre and real (B, T)"""
        enough = real.sum(1) >= FEWEST_STEPS
        centre, real = centre[enough], real[enough]
        place = np.where(real, np.arange(real.shape[1]), 0.0)
        count = real.sum(1, keepdims=True)
        x = np.where(real, place - place.sum(1, keepdims=True) / count, 0)
        y = np.where(real, centre - (centre * real).sum(1, keepdims=True) / count, 0)
        spread = np.sqrt((x * x).sum(1) * (y * y).sum(1))
        self.order += float(((x * y).sum(1) / np.maximum(spread, 1e-6)).sum())
        self.sentences += len(centre)

    def numbers(self) -> dict[str, float]:
        """As a line of metrics has them; none where there was nothing to look at.

        attention_entropy        nats, the mean over target words
        attention_entropy_share  the same as a share of what even attention would have, the log of the source's length
        attention_first          mean weight of the first source token
        attention_last           mean weight of the last source token
        attention_even           what both would be if all source tokens were treated alike
        attention_coverage       share of source tokens that some target word gives more than half of its attention
        attention_repeats        how often a target word looks most at the same source token as the word before it
        attention_order          1 where attention goes through the source in its order, 0 where there is no order,
                                 -1 where it goes backward: the mean correlation of places
        """
        if not self.steps:
            return {}
        found = {"entropy": self.entropy / self.steps, "entropy_share": self.share / self.steps,
                 "first": self.first / self.steps, "last": self.last / self.steps, "even": self.even / self.steps,
                 "coverage": self.covered / self.sources, "repeats": self.repeats / max(self.successions, 1),
                 "order": self.order / max(self.sentences, 1)}
        return {f"attention_{name}": value for name, value in found.items()}


def in_words(numbers: Mapping[str, float]) -> str:
    """A sentence on the attention of a line of metrics; blank where the line has none."""
    if "attention_entropy" not in numbers:
        return ""
    found = {name: numbers[f"attention_{name}"] for name in ("entropy_share", "first", "last", "even", "coverage")}
    stuck = max(MOST, 1.5 * found["even"])
    for end in ("first", "last"):
        if found[end] > stuck:
            return (f"attention: {found[end]:.0%} of it on the {end} source token, where {found['even']:.0%} would be "
                    "even: it has not learned to choose yet")
    share = f"{found['entropy_share']:.2f} of uniform's entropy"
    if found["entropy_share"] > EVEN:
        return f"attention: nearly even ({share}): it has not learned to choose yet"
    how = "sharp" if found["entropy_share"] < SHARP else "fairly sharp" if found["entropy_share"] < FAIR else "spread"
    return f"attention: {how} ({share}), covers {found['coverage']:.0%} of the source"
