"""Scheduled sampling: in training the decoder does not always read the reference, but sometimes its own words.

With teacher forcing a model never sees a mistake of its own, and in a translation has to go on from the first one it
makes. So each row reads at each step, with a probability that grows in the course of training, what the decoder would
have said at the step before.

Those words are found first, by decoding the batch step by step as a translation does, without dropout; the loss is
then taken with them in place of the reference's, all steps at once where the model allows it. No gradient goes through
the choice of a word, in this way or in another.
Source: Bengio et al. 2015, "Scheduled sampling for sequence prediction with recurrent neural networks", section 2.4
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from tinyattn import streams
from tinyattn.kernels.threads import over_rows
from tinyattn.storage import CheckpointError
from tinyattn.text.batches import Batch
from tinyattn.translator.config import Config
from tinyattn.translator.decoding import PACK_FROM, reader
from tinyattn.translator.model import Seq2Seq, inference

STEEPNESS = 10.0  # of the inverse sigmoid: from 0.73 to 0.27 in the middle fifth of training
RATE = 5.0  # of the exponential: e^-5, under 1%, would be left at the end


def share_given(config: Config, done: float) -> float:
    """Which share of the target tokens the decoder reads from the reference, when `done` of training is over: from 1
    down to `teacher_forcing` in the end, on one of these ways; `constant` is there at once.

    linear           1 − done
    exponential      e^(−RATE · done)
    inverse_sigmoid  σ(STEEPNESS · (½ − done))

    The last two are stretched a little, so that they begin at 1 and end at 0.
    """
    ways = {"constant": lambda x: 0.0, "linear": lambda x: 1 - x, "exponential": lambda x: math.exp(-RATE * x),
            "inverse_sigmoid": lambda x: 1 / (1 + math.exp(-STEEPNESS * (0.5 - x)))}
    way = ways[config.teacher_forcing_schedule]
    first, last = way(0.0), way(1.0)
    left = (way(done) - last) / (first - last) if first > last else 0.0
    return config.teacher_forcing + (1 - config.teacher_forcing) * left


def with_own_tokens(model: Seq2Seq, batch: Batch, share: float) -> Batch:
    """The batch as the decoder reads it when each of its tokens but the first comes from the reference with
    probability `share`, and else is the model's own: the likeliest after what it has read so far."""
    if share >= 1:
        return batch
    read, B, T = batch.target_in.copy(), *batch.target_in.shape
    steps = np.arange(T)
    own = (streams.generator().random((B, T)) >= share) & (steps > 0) & (steps < batch.target_lengths[:, None])
    sources = [row[:length] for row, length in zip(batch.source, batch.source_lengths)]
    begin = reader(model, B)

    def work(i: int, j: int) -> None:
        decoding, rows = begin(sources[i:j]), np.arange(j - i)
        for t in range(1, T):
            tokens, _, _ = decoding.step(read[i:j, t - 1], rows, rows, 1)
            read[i:j, t] = np.where(own[i:j, t], tokens[:, 0], read[i:j, t])

    try:
        with inference(model):
            over_rows(work, B, PACK_FROM)
    except CheckpointError:  # probabilities that are none: then the loss will be none either, and training says so
        return batch
    return dataclasses.replace(batch, target_in=read)
