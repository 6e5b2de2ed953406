"""From a source to its translation: by the likeliest next token at every step (greedy), or by keeping several
translations in view (beam search)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from tinyattn.kernels.threads import get_num_threads, over_rows
from tinyattn.text.vocabulary import END, PAD
from tinyattn.translator.decoding import Decoding, is_fused, reader
from tinyattn.translator.model import Seq2Seq, inference

SENTENCES_PER_THREAD = 8  # with fewer a second thread costs more than it brings
ROWS = 512  # hypotheses that a beam search decodes at once: sentences times beam
WEIGHTS = 1 << 26  # attention weights that a batch may come to have, if no translation ends: 256 MB
LARGEST_BEAM = 1000
LARGEST_PENALTY = 10.0

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Found:
    """Target ids without the end, the score, and each id's attention over the source.

    score = log p / ((5 + length) / 6)^A, where p is the probability of the whole and A the length penalty. Both p
    and length count the end token. With A = 0 the score is log p.

    Shapes: attention (T, S), None for a model without
    Source: Wu et al. 2016, "Google's Neural Machine Translation System", eq. 14, without the coverage penalty
    """

    ids: list[int]
    score: float
    attention: np.ndarray | None


def normalizer(length: Any, length_penalty: float) -> Any:
    """What log p is divided by, for one length or an array of them."""
    return ((5 + length) / 6) ** length_penalty


def longest(source_length: int) -> int:
    """After how many tokens a translation that does not end is cut off: room for characters made from words, but not
    for the attention of 50,000 tokens over 5,000."""
    return min(50 + 10 * source_length, 4000 + 2 * source_length)


def check_beam(beam: object) -> int:
    """Raises: ValueError unless it is a number of hypotheses."""
    if not isinstance(beam, (int, np.integer)) or isinstance(beam, bool) or not 1 <= beam <= LARGEST_BEAM:
        raise ValueError(f"beam: wanted a whole number from 1 (greedy search) to {LARGEST_BEAM:,}, got {beam!r}")
    return int(beam)


def check_n_best(n_best: int | None, beam: int) -> int:
    """How many to tell of: all that the beam has, unless said. Raises: ValueError for what the beam has not."""
    if n_best is None:
        return beam
    if not isinstance(n_best, (int, np.integer)) or isinstance(n_best, bool) or not 1 <= n_best <= beam:
        raise ValueError(f"n_best: wanted a whole number from 1 to the beam's width, {beam}, got {n_best!r}: a wider "
                         "beam finds more")
    return int(n_best)


def check_length_penalty(length_penalty: float) -> float:
    """Raises: ValueError unless it is a number that can be meant."""
    if not isinstance(length_penalty, (int, float, np.number)) or not 0 <= length_penalty <= LARGEST_PENALTY:
        raise ValueError(f"length_penalty: wanted a number from 0 (scores are plain log-probabilities) to "
                         f"{LARGEST_PENALTY:g}, got {length_penalty!r}")
    return float(length_penalty)


def in_batches(model: Seq2Seq, sources: Sequence[Sequence[int]], size: int,
               search: Callable[[list[Sequence[int]]], list[Result]], beam: int = 1) -> list[Result]:
    """What `search` finds for each source, in the order of sources; those of like length are searched together, and
    on all threads where there are enough of them."""
    if len(sources) <= 1:
        return search(list(sources)) if sources else []
    threads = min(len(sources) // SENTENCES_PER_THREAD, get_num_threads())
    if threads > 1 and is_fused(model):
        size = min(size, -(-len(sources) // threads))
    waiting = iter(batches_of([len(source) for source in sources], size, beam))
    found: dict[int, Result] = {}

    def work(start: int, stop: int) -> None:
        for rows in waiting:  # each thread takes the next ones when it has time
            found.update(zip(rows, search([sources[k] for k in rows])))

    with inference(model):
        over_rows(work, threads if is_fused(model) else 1)
    return [found[k] for k in range(len(sources))]


def batches_of(lengths: list[int], size: int, beam: int) -> list[list[int]]:
    """The numbers of all sources, the longest first, in batches of `size`: or less, where they are so long that their
    attention would fill the memory."""
    order = sorted(range(len(lengths)), key=lambda k: -lengths[k])
    batches: list[list[int]] = []
    while order:
        S = lengths[order[0]]
        count = max(1, min(size, WEIGHTS // (S * longest(S) * beam)))
        batches.append(order[:count])
        order = order[count:]
    return batches


# --- greedy search ---


def greedy(model: Seq2Seq, sources: Sequence[Sequence[int]], start: int = END, batch_size: int = 64,
           length_penalty: float = 0.0, unknown: bool = False) -> list[Found]:
    """The translations of sources (ids, none empty): the likeliest token at every step until that is the end; UNKNOWN
    among them only with `unknown`."""
    read = reader(model, min(batch_size, len(sources)), unknown)
    return in_batches(model, sources, batch_size, lambda batch: _greedy_batch(read(batch), start, length_penalty))


def _greedy_batch(decoding: Decoding, start: int, length_penalty: float) -> list[Found]:
    limits = np.array([longest(length) for length in decoding.lengths])
    ids, log_p, attention = decoding.greedy(start, limits)
    found = []
    for b, row in enumerate(ids.tolist()):
        own = [id for id in row if id != PAD]
        length = len(own)
        if own[-1:] == [END]:
            own.pop()
        looked_at = None if attention is None else attention[b, : len(own), : decoding.lengths[b]].copy()
        found.append(Found(own, float(log_p[b] / normalizer(length, length_penalty)), looked_at))
    return found


# --- beam search ---


def beam_search(model: Seq2Seq, sources: Sequence[Sequence[int]], start: int = END, beam: int = 4,
                length_penalty: float = 0.0, batch_size: int = 64, unknown: bool = False,
                n_best: int | None = None) -> list[list[Found]]:
    """The best translations of each source (ids, none empty) that a beam search meets, up to `n_best` (`beam` unless
    said), best first; UNKNOWN is in them only with `unknown`.

    With beam = 1 they are those of greedy search.
    """
    size = max(1, min(batch_size, ROWS // beam))
    read = reader(model, min(size, len(sources)) * beam, unknown)

    def search(batch: list[Sequence[int]]) -> list[list[Found]]:
        return BeamSearch(read(batch), start, beam, length_penalty).run(n_best)

    return in_batches(model, sources, size, search, beam)


@dataclass(frozen=True, eq=False)
class Step:
    """The continuations that came first in one step of a beam search, likeliest first.

    Shapes: R sentences still searched, W hypotheses of each before the step, C continuations
    """

    sentences: np.ndarray  # (R,) which sentences of the batch these are
    tokens: np.ndarray  # (R, C) the last token of each continuation
    parents: np.ndarray  # (R, C) which continuation of the step before it continues
    log_p: np.ndarray  # (R, C) of the whole; -inf: there are no more
    weights: np.ndarray | None  # (R, W, S) what each hypothesis looked at in this step


class BeamSearch:
    """One batch. At each step every hypothesis is continued by every token, and the likeliest of all these
    continuations, `beam` of them, are kept. Those that end are set aside; the others go on. That is over when `beam`
    have ended and no other can still become better than the worst of them.

    `steps` is what happened. Each step remembers `spare` continuations more than it keeps: a tree of the search shows
    them.

    Shapes: B sentences, R of them still searched with W hypotheses each
    """

    def __init__(self, decoding: Decoding, start: int, beam: int, length_penalty: float, spare: int = 0) -> None:
        self.decoding, self.beam, self.length_penalty, self.spare = decoding, beam, length_penalty, spare
        self.limits = np.array([longest(length) for length in decoding.lengths])
        B = len(self.limits)
        self.steps: list[Step] = []
        # The hypotheses that go on.
        self.sentences = np.arange(B)  # (R,)
        self.parents = np.arange(B)  # (R * W,) where they were in the step before
        self.previous = np.full((B, 1), start)  # (R, W)
        self.log_p = np.zeros((B, 1))  # (R, W), -inf: it has ended
        # Those that have ended, best first: score (-inf: not so many yet), and where, as step * beam + place.
        self.scores = np.full((B, beam), -np.inf)
        self.ends = np.zeros((B, beam), dtype=np.int64)

    def run(self, n_best: int | None = None) -> list[list[Found]]:
        while len(self.sentences):
            step = self.continuations()
            self.steps.append(step)
            self.go_on(step, self.set_aside(step))
        return self.found(n_best)

    def continuations(self) -> Step:
        """Every hypothesis with the tokens that may follow it, the likeliest first."""
        R, W = self.log_p.shape
        tokens, next_log_p, weights = self.decoding.step(self.previous.ravel(), self.parents,
                                                         np.repeat(self.sentences, W), self.beam + self.spare)
        K = tokens.shape[1]
        log_p = (self.log_p[:, :, None] + next_log_p.reshape(R, W, K)).reshape(R, W * K)
        order = np.argsort(-log_p, axis=1, kind="stable")[:, : self.beam + self.spare]
        return Step(self.sentences, np.take_along_axis(tokens.reshape(R, W * K), order, 1), order // K,
                    np.take_along_axis(log_p, order, 1), None if weights is None else weights.reshape(R, W, -1))

    def set_aside(self, step: Step) -> np.ndarray:
        """Keep of all that have ended the best. Returns log p of those that go on, -inf for those that do not.

        Shapes: -> (R, W) with the W of the next step
        """
        length = len(self.steps)
        tokens, log_p = step.tokens[:, : self.beam], step.log_p[:, : self.beam]
        ended = (tokens == END) | (length >= self.limits[step.sentences])[:, None]
        scores = np.where(ended, log_p, -np.inf) / normalizer(length, self.length_penalty)
        ends = np.broadcast_to((length - 1) * self.beam + np.arange(ended.shape[1]), ended.shape)
        scores = np.concatenate([self.scores[step.sentences], scores], 1)
        ends = np.concatenate([self.ends[step.sentences], ends], 1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, : self.beam]
        self.scores[step.sentences] = np.take_along_axis(scores, best, 1)
        self.ends[step.sentences] = np.take_along_axis(ends, best, 1)
        return np.where(ended, -np.inf, log_p)

    def go_on(self, step: Step, log_p: np.ndarray) -> None:
        """Make the hypotheses of the next step from those of this one: in the sentences that are not over."""
        # log p only falls from here, and the longest is divided by most: no score can be higher than this.
        highest = log_p.max(1) / normalizer(self.limits[step.sentences], self.length_penalty)
        going = np.flatnonzero(highest > self.scores[step.sentences, -1])
        W = self.previous.shape[1]
        self.sentences, self.log_p = step.sentences[going], log_p[going]
        self.previous = step.tokens[going, : log_p.shape[1]]
        self.parents = (going[:, None] * W + step.parents[going, : log_p.shape[1]]).ravel()

    def found(self, n_best: int | None) -> list[list[Found]]:
        """The best of each sentence, followed from their ends back to the start."""
        sentences, ranks = np.nonzero(self.scores[:, :n_best] > -np.inf)
        ends, slots = np.divmod(self.ends[sentences, ranks], self.beam)
        ids = np.full((len(ends), len(self.steps)), PAD)
        weights = self.steps[0].weights
        attention = None if weights is None else np.zeros((*ids.shape, weights.shape[2]), weights.dtype)
        for t in reversed(range(len(self.steps))):
            step, on = self.steps[t], np.flatnonzero(ends >= t)
            rows = np.searchsorted(step.sentences, sentences[on])
            ids[on, t] = step.tokens[rows, slots[on]]
            slots[on] = step.parents[rows, slots[on]]
            if attention is not None and step.weights is not None:
                attention[on, t] = step.weights[rows, slots[on]]
        found: list[list[Found]] = [[] for _ in self.decoding.lengths]
        for k, b in enumerate(sentences):
            own = ids[k][(ids[k] != PAD) & (ids[k] != END)].tolist()
            looked_at = None if attention is None else attention[k, : len(own), : self.decoding.lengths[b]].copy()
            found[b].append(Found(own, float(self.scores[b, ranks[k]]), looked_at))
        return found
