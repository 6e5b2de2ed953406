"""A batch of sources, read, and translations of them that grow token by token: what searches are made of.

`Decoding` does it in Tensors, as the model is written. `FusedDecoding` does the same in kernels, on the arrays of the
model's parameters; `record()`, `kernels("numpy")` and hooks see the Tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinyattn.kernels.compile import ready
from tinyattn.kernels.mode import use_numba
from tinyattn.ops.softmax import log_softmax
from tinyattn.state import state
from tinyattn.storage import CheckpointError
from tinyattn.text.batches import pad
from tinyattn.text.vocabulary import END, PAD, START, UNKNOWN
from tinyattn.translator.decoding_arrays import arrays_of
from tinyattn.translator.decoding_kernels import decode, read
from tinyattn.translator.model import Encoded, Seq2Seq, inference

NEVER = (PAD, START, UNKNOWN)  # no token of a translation, unless a word may be said to be unknown
CHUNK = 32  # tokens that a greedy search decodes before it asks for memory for more
PACK_FROM = 8  # rows decoded at once for which it pays to pack the weights

Reader = Callable[[Sequence[Sequence[int]]], "Decoding"]


def reader(model: Seq2Seq, rows: int, unknown: bool = False) -> Reader:
    """What reads batches of sources (ids, none empty), for searches in which about `rows` rows are decoded at once.
    With `unknown` the model may say that it does not know the word."""
    never = np.array([id for id in NEVER if not (unknown and id == UNKNOWN)])
    if not is_fused(model):
        return lambda sources: Decoding(model, sources, never)
    encoder, decoder = arrays_of(model, packed=rows >= PACK_FROM)
    return lambda sources: FusedDecoding(model, sources, never, encoder, decoder)


def is_fused(model: Seq2Seq) -> bool:
    """Is it decoded in kernels? Not where somebody wants to see the Tensors."""
    if not use_numba() or state.recorder is not None:
        return False
    waiting: list[Any] = [model]
    for module in waiting:
        if module._hooks.hooks:
            return False
        waiting += module._modules.values()
    return True


class Decoding:
    """In Tensors. To begin with each source has one row, that is a translation to be. No row says an id of `never`.

    Shapes: B sources, S tokens of the longest, R rows
    """

    def __init__(self, model: Seq2Seq, sources: Sequence[Sequence[int]], never: np.ndarray) -> None:
        self.model, self.never = model, never
        source, self.lengths = pad(sources)
        with inference(model):
            self.encoded = model.encode(source, self.lengths)
        self.state, self.read, self.read_by = self.encoded.state, self.encoded, np.arange(len(sources))

    def step(self, previous: np.ndarray, parents: np.ndarray, read_by: np.ndarray,
             count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """The `count` likeliest tokens after `previous`, likeliest first, the log p of each, and what was looked at
        (None without attention), for rows that continue `parents`, rows of the step before, and read source `read_by`.

        Shapes: previous, parents, read_by (R,) -> ids and log_p (R, count), weights (R, S)
        """
        self.state = tuple(x[:, parents] for x in self.state)
        if not np.array_equal(read_by, self.read_by):
            self.read, self.read_by = sources_of(self.encoded, read_by), read_by
        with inference(self.model):
            logits, weights, self.state = self.model.decode(previous[:, None], self.state, self.read)
        ids, log_p = likeliest(next_log_p(logits.array, self.never), count)
        return ids, log_p, None if weights is None else weights.array[:, 0]

    def greedy(self, start: int, limits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """The likeliest token at every step, until that is the end or `limits` tokens are there: ids, PAD behind the
        last; log p of the whole; and what was looked at.

        Shapes: limits (B,) -> ids (B, T), log_p (B,), weights (B, T, S)
        """
        rows = parents = np.arange(len(limits))  # the sources that go on; where they were in the step before
        previous, total = np.full(len(rows), start), np.zeros(len(rows))
        ids: list[np.ndarray] = []  # for each step (B,)
        weights: list[np.ndarray] = []  # for each step (B, S)
        while len(rows):
            tokens, log_p, looked_at = self.step(previous, parents, rows, 1)
            total[rows] += log_p[:, 0]
            ids.append(np.full(len(limits), PAD))
            ids[-1][rows] = tokens[:, 0]
            if looked_at is not None:
                weights.append(np.zeros(self.encoded.mask.shape, looked_at.dtype))
                weights[-1][rows] = looked_at
            parents = np.flatnonzero((tokens[:, 0] != END) & (len(ids) < limits[rows]))
            rows, previous = rows[parents], tokens[parents, 0]
        return np.stack(ids, 1), total, np.stack(weights, 1) if weights else None


def next_log_p(logits: np.ndarray, never: np.ndarray) -> np.ndarray:
    """Shapes: logits (R, 1, V), never (N,) -> log p of each next token (R, V), -inf for those of `never`"""
    log_p = log_softmax(logits[:, 0], -1)
    if np.isnan(log_p[:, END]).any():  # one NaN makes NaN of its whole row
        raise damaged()
    log_p[:, never] = -np.inf
    return log_p


def damaged() -> CheckpointError:
    return CheckpointError("the probabilities of the next token are not numbers (nan): the model's parameters are "
                           "damaged or far too large: train it anew, with a smaller lr")


def likeliest(log_p: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The ids of the `count` likeliest tokens of each row, and their log p; the first id where two are equal.
    `log_p` is used up.

    Shapes: log_p (R, V) -> both (R, count)
    """
    count = min(count, log_p.shape[1])
    rows = np.arange(len(log_p))
    ids, values = np.empty((len(log_p), count), np.int64), np.empty((len(log_p), count), log_p.dtype)
    for k in range(count):
        ids[:, k] = log_p.argmax(-1)
        values[:, k] = log_p[rows, ids[:, k]]
        log_p[rows, ids[:, k]] = -np.inf
    return ids, values


def sources_of(encoded: Encoded, rows: np.ndarray) -> Encoded:
    """These rows of a batch, as often as they are named; without the state, which goes its own way."""
    keys = encoded.keys
    h = encoded.h[rows]
    return Encoded(h, h if keys is encoded.h else None if keys is None else keys[rows], encoded.mask[rows],
                   encoded.state)


class FusedDecoding(Decoding):
    """In kernels, on the model's parameters as decoding_arrays.py has them.

    Shapes: h and c (layers, R, H), fed (R, D), or (R, 0) without input feeding
    """

    def __init__(self, model: Seq2Seq, sources: Sequence[Sequence[int]], never: np.ndarray, encoder: tuple,
                 decoder: tuple) -> None:
        self.never, self.decoder, self.attends, self.output_bias = never, decoder, decoder[2], decoder[-1]
        if len(sources) == 1:
            self.sources, self.h, self.c = read_one(sources[0], encoder, len(decoder[1]))
        else:
            source, lengths = pad(sources)
            with inference(model):
                encoded = model.encode(source, lengths)
            h = ready(encoded.h.array)
            self.sources = h, h if encoded.keys is None else ready(encoded.keys.array), lengths
            self.h, self.c = (x.array.copy() for x in encoded.state[:2])  # they will be written to
        self.lengths = self.sources[2]
        self.fed = np.zeros((len(sources), decoder[-2][0].shape[1] * model.feeds_input), self.h.dtype)
        self.logits = np.empty((len(sources), len(self.output_bias)), self.h.dtype)

    def step(self, previous: np.ndarray, parents: np.ndarray, read_by: np.ndarray,
             count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        check_ids(previous.tolist(), self.decoder[0])
        R = len(previous)
        self.h, self.c, self.fed = self.h.take(parents, 1), self.c.take(parents, 1), self.fed.take(parents, 0)
        if len(self.logits) < R:
            self.logits = np.empty((R, len(self.output_bias)), self.h.dtype)
        outputs = self.outputs(R, 1, min(count, len(self.output_bias)))
        self.run(outputs, previous, np.arange(R), np.zeros(R, np.int64), read_by)
        ids, log_p, weights = (x[:, 0] for x in outputs)
        return ids, log_p, weights if self.attends else None

    def greedy(self, start: int, limits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        check_ids([start], self.decoder[0])
        B = len(limits)
        rows, sources, previous = np.arange(B), np.arange(B), np.full(B, start)
        parts: list[tuple[np.ndarray, ...]] = []
        while len(rows):
            parts.append(self.outputs(B, CHUNK, 1))
            rows = rows[: self.run(parts[-1], previous, rows, limits, sources)]
            limits = limits - CHUNK
        ids, log_p, weights = parts[0] if len(parts) == 1 else (np.concatenate(part, 1) for part in zip(*parts))
        return ids[:, :, 0], log_p[:, :, 0].sum(1, dtype=np.float64), weights if self.attends else None

    def outputs(self, rows: int, steps: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Memory for ids (rows, steps, count), log_p (the same) and weights (rows, steps, S)."""
        S, dtype = self.sources[0].shape[1] if self.attends else 0, self.h.dtype
        return (np.full((rows, steps, count), PAD), np.zeros((rows, steps, count), dtype),
                np.zeros((rows, steps, S), dtype))

    def run(self, outputs: tuple[np.ndarray, ...], previous: np.ndarray, rows: np.ndarray, limits: np.ndarray,
            read_by: np.ndarray) -> int:
        """The kernel. Raises: CheckpointError for NaN."""
        going = decode(*outputs, self.h, self.c, self.fed, previous, rows, limits, self.logits, self.never, read_by,
                       self.sources, self.decoder)
        if going < 0:
            raise damaged()
        return going


def read_one(source: Sequence[int], encoder: tuple, layers: int) -> tuple[tuple, np.ndarray, np.ndarray]:
    """One source, its h and c. For it alone a kernel takes less time than the many ops of Seq2Seq.encode."""
    embedding, lstm, key, _, is_unit = encoder
    check_ids(source, embedding)
    S, H = len(source), len(lstm) // layers * lstm[0][2][0].shape[1]
    h, h_n, c_n = (np.empty((rows, H), embedding.dtype) for rows in (S, layers, layers))
    keys = np.empty_like(h) if is_unit or len(key) else h
    read(h, keys, h_n, c_n, np.array(source, np.int64), encoder)
    return (h[None], keys[None], np.array([S])), h_n[:, None], c_n[:, None]


def check_ids(ids: Sequence[int], embedding: np.ndarray) -> None:
    """A kernel would take whatever lies beside the table. Raises: IndexError."""
    if min(ids) < 0 or max(ids) >= len(embedding):
        raise IndexError(f"search: wanted ids from 0 to {len(embedding) - 1}, got {min(ids)} to {max(ids)}: "
                         "the vocabulary is another model's")
