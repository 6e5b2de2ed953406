"""Examples (lists of ids) to padded batches, sentences of like length together.

What a batch costs is its longest sentence times its rows; sorting all examples would waste nothing on
padding, but show the model every epoch the same batches in the same order. So: shuffle, sort within chunks of
several batches, cut, and shuffle the batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from tinyattn.streams import stream
from tinyattn.text.vocabulary import END, PAD

Example = tuple[Sequence[int], Sequence[int]]  # source ids, target ids; neither with start or end

BATCHES_PER_CHUNK = 50


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded int64 arrays. With teacher forcing the decoder reads `target_in` (start, y1 ... yn) and is asked
    for `target_out` (y1 ... yn, end); both have `target_lengths` = n + 1 real tokens.

    Shapes: source (B, S), source_lengths (B,), target_in and target_out (B, T), target_lengths (B,)
    """

    source: np.ndarray
    source_lengths: np.ndarray
    target_in: np.ndarray
    target_out: np.ndarray
    target_lengths: np.ndarray


def pad(rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Lists of ids as one array, short rows filled up with PAD, and their lengths.

    Shapes: (B, longest) and (B,), both int64
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.full((len(rows), lengths.max(initial=0)), PAD, dtype=np.int64)
    real = np.arange(padded.shape[1]) < lengths[:, None]
    padded[real] = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=lengths.sum())
    return padded, lengths


def make_batch(examples: Sequence[Example], start: int = END, source_end: bool = False) -> Batch:
    """One batch of these examples, in their order. The decoder's first input is `start` (END, as in the
    video, or START); `source_end` closes each source with END.

    Raises: ValueError for no example at all, or an empty source: an encoder has nothing to say about it.
    """
    if not examples:
        raise ValueError("make_batch: wanted at least one example, got none")
    closing = [END] if source_end else []
    source, source_lengths = pad([[*source, *closing] for source, _ in examples])
    if not source_lengths.all():
        raise ValueError(f"make_batch: example {source_lengths.argmin()} has an empty source: leave it out")
    target_in, target_lengths = pad([[start, *target] for _, target in examples])
    target_out, _ = pad([[*target, END] for _, target in examples])
    return Batch(source, source_lengths, target_in, target_out, target_lengths)


def batch_indices(examples: Sequence[Example], batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Which examples make up each batch of an epoch: every example once, ceil(N / batch_size) batches, all
    but one of them full. A pure function of its arguments: whoever resumes in the middle of an epoch finds
    the same batches.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size: wanted at least 1, got {batch_size}")
    random = stream(seed, "batches", epoch)
    source_lengths = np.array([len(source) for source, _ in examples])
    target_lengths = np.array([len(target) for _, target in examples])
    shuffled = random.permutation(len(examples))
    batches = []
    for first in range(0, len(examples), batch_size * BATCHES_PER_CHUNK):
        chunk = shuffled[first : first + batch_size * BATCHES_PER_CHUNK]
        # By target first: a target token costs a product with the whole vocabulary, a source token does not.
        # (np.lexsort takes its last key first, and is stable: ties stay shuffled.)
        chunk = chunk[np.lexsort((source_lengths[chunk], target_lengths[chunk]))]
        batches += [chunk[k : k + batch_size] for k in range(0, len(chunk), batch_size)]
    return [batches[k] for k in random.permutation(len(batches))]
