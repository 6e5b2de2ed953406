"""Examples (lists of ids) to padded batches, sentences of like length together.

What a batch costs is its longest sentence times its rows; sorting all examples would waste nothing on
padding, but show the model every epoch the same batches in the same order. So: shuffle, sort within chunks of
several batches, cut, and shuffle the batches.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tinyattn.streams import stream
from tinyattn.text.vocabulary import END, PAD, UNKNOWN

Example = tuple[Sequence[int], Sequence[int]]  # source ids, target ids; neither with start or end

BATCHES_PER_CHUNK = 50
OFTEN = 100  # a token that is seen so often can be spared once, to be unknown


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


class Rows:
    """Rows of ids, side by side in one long array, from which some of them are taken without a loop over tokens."""

    def __init__(self, rows: Iterable[Sequence[int]] = ()) -> None:
        self._ids, self._lengths = array("i"), array("q")
        for row in rows:
            self.append(row)

    def append(self, row: Sequence[int]) -> None:
        """Another row; there can be none any more when the first have been taken."""
        self._ids.extend(row)
        self._ids.append(PAD)  # what a row shows past its end
        self._lengths.append(len(row))

    @cached_property
    def ids(self) -> np.ndarray:
        return np.asarray(self._ids)  # its memory, no copy

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.asarray(self._lengths)

    @cached_property
    def starts(self) -> np.ndarray:
        return np.cumsum(self.lengths + 1) - self.lengths - 1

    def places(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where in `ids` the tokens of some rows are, padded to the longest of them, and the rows' lengths.

        Shapes: chosen (B,) -> (B, longest) and (B,), both int64
        """
        lengths = self.lengths[chosen]
        k = np.minimum(np.arange(max(lengths.tolist(), default=0)), lengths[:, None])
        return self.starts[chosen][:, None] + k, lengths

    def learn_unknown(self) -> None:
        """Make UNKNOWN one occurrence of each token that is seen often enough not to miss it, unless some are already:
        nothing else would teach a model what to make of a word it has never seen."""
        if not (self.ids == UNKNOWN).any():
            places = np.argsort(self.ids, kind="stable")  # of each token in turn, from its first to its last
            tokens, counts = np.unique(self.ids, return_counts=True)
            # The middle one: many files begin with the phrases that matter most.
            middle = places[np.cumsum(counts) - counts + counts // 2]
            self.ids[middle[(tokens > UNKNOWN) & (counts >= OFTEN)]] = UNKNOWN

    def at(self, places: np.ndarray) -> np.ndarray:
        return self.ids.take(places).astype(np.int64)


def pad(rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Lists of ids as one array, short rows filled up with PAD, and their lengths.

    Shapes: (B, longest) and (B,), both int64
    """
    of = Rows(rows)
    places, lengths = of.places(np.arange(len(rows)))
    return of.at(places), lengths


class Examples:
    """Examples to take batches from. The decoder's first input is `start` (END, as in the video, or START);
    `source_end` closes each source with END. Those with more tokens than `longest` on a side are left out."""

    def __init__(self, examples: Iterable[Example], start: int = END, source_end: bool = False,
                 longest: int | None = None) -> None:
        self.start, self.left_out, closing = start, 0, [END] if source_end else []
        self.source, self.target = Rows(), Rows()
        for source, target in examples:
            if longest is not None and max(len(source), len(target)) > longest:
                self.left_out += 1
                continue
            self.source.append([*source, *closing])
            self.target.append([*target, END])

    def __len__(self) -> int:
        return len(self.source.lengths)

    def batch(self, chosen: np.ndarray) -> Batch:
        """One batch of these examples, in this order.

        Raises: ValueError for no example at all, or an empty source: an encoder has nothing to say about it.
        """
        if not len(chosen):
            raise ValueError("make_batch: wanted at least one example, got none")
        source, source_lengths = self.source.places(chosen)
        if not source_lengths.all():
            raise ValueError(f"make_batch: example {chosen[source_lengths.argmin()]} has an empty source: leave it out")
        target, target_lengths = self.target.places(chosen)
        target_out = self.target.at(target)
        target_in = np.where(target_out == END, PAD, target_out)  # the same, a place later
        target_in[:, 1:], target_in[:, 0] = target_in[:, :-1].copy(), self.start
        return Batch(self.source.at(source), source_lengths, target_in, target_out, target_lengths)


def make_batch(examples: Sequence[Example], start: int = END, source_end: bool = False) -> Batch:
    """One batch of all of these; see Examples."""
    return Examples(examples, start, source_end).batch(np.arange(len(examples)))


def batch_indices(examples: Examples, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Which examples make up each batch of an epoch: every example once, ceil(N / batch_size) batches, all
    but one of them full. A pure function of its arguments: whoever resumes in the middle of an epoch finds
    the same batches.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size: wanted at least 1, got {batch_size}")
    random = stream(seed, "batches", epoch)
    source_lengths, target_lengths = examples.source.lengths, examples.target.lengths
    shuffled = random.permutation(len(examples))
    batches = []
    for first in range(0, len(examples), batch_size * BATCHES_PER_CHUNK):
        chunk = shuffled[first : first + batch_size * BATCHES_PER_CHUNK]
        # By target first: a target token costs a product with the whole vocabulary, a source token does not.
        # (np.lexsort takes its last key first, and is stable: ties stay shuffled.)
        chunk = chunk[np.lexsort((source_lengths[chunk], target_lengths[chunk]))]
        batches += [chunk[k : k + batch_size] for k in range(0, len(chunk), batch_size)]
    return [batches[k] for k in random.permutation(len(batches))]
