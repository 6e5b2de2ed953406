"""From a source to its translation: at every step the likeliest next token, until the end token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyattn.ops.softmax import log_softmax
from tinyattn.text.batches import pad
from tinyattn.text.vocabulary import END, PAD, START, UNKNOWN
from tinyattn.translator.model import Seq2Seq, inference

NEVER = [PAD, START, UNKNOWN]  # no token of a translation


@dataclass(frozen=True, eq=False)
class Found:
    """Target ids without the end, log p of the whole (the end counts), and each id's attention over the source.

    Shapes: attention (T, S), None for a model without
    """

    ids: list[int]
    score: float
    attention: np.ndarray | None


def longest(source_length: int) -> int:
    """After how many tokens a translation that does not end is cut off: room for characters made from words."""
    return 50 + 10 * source_length


def greedy(model: Seq2Seq, sources: Sequence[Sequence[int]], start: int = END, batch_size: int = 64) -> list[Found]:
    """The translations of sources (ids, none empty), in their order; sources of like length are decoded together."""
    order = sorted(range(len(sources)), key=lambda k: len(sources[k]))
    found: dict[int, Found] = {}
    with inference(model):
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            found.update(zip(rows, _greedy_batch(model, [sources[k] for k in rows], start)))
    return [found[k] for k in range(len(sources))]


def _greedy_batch(model: Seq2Seq, sources: Sequence[Sequence[int]], start: int) -> list[Found]:
    source, lengths = pad(sources)
    limits = np.array([longest(length) for length in lengths])
    B = len(sources)
    encoded = model.encode(source, lengths)
    state, previous = encoded.state, np.full(B, start)
    chosen: list[np.ndarray] = []  # for each step (B,)
    attentions: list[np.ndarray] = []  # for each step (B, S)
    score, finished = np.zeros(B), np.zeros(B, dtype=bool)
    while not finished.all():
        logits, weights, state = model.decode(previous[:, None], state, encoded)
        log_p = log_softmax(logits.array[:, 0], -1)
        log_p[:, NEVER] = -np.inf
        previous = np.where(finished, PAD, log_p.argmax(-1))
        score += np.where(finished, 0.0, log_p[np.arange(B), previous])
        chosen.append(previous)
        if weights is not None:
            attentions.append(weights.array[:, 0])
        finished = finished | (previous == END) | (len(chosen) >= limits)
    attention = np.stack(attentions, 1) if attentions else None  # (B, T, S)
    found = []
    for b, ids in enumerate(np.stack(chosen, 1)):
        ids = ids[(ids != PAD) & (ids != END)]
        own = None if attention is None else attention[b, : len(ids), : lengths[b]].copy()
        found.append(Found(ids.tolist(), float(score[b]), own))
    return found
