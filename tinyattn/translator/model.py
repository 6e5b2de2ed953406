"""The encoder-decoder with attention, as the video draws it.

The encoder reads the source and leaves one output per token, `h`. The decoder starts where the encoder ended and
writes the target, one token a step; its output `s` asks every `h` how alike they are, the answers become weights,
and the weighted sum of the `h`, the context, together with `s` decides the next token.

Two options change what a step hears of the one before. With `attend="before"` that step's `s` asks, and the context is
read with the next token (Bahdanau et al. 2015); with `input_feeding` what decided on that token is (Luong et al. 2015).
Then the steps of a sentence come one after the other; otherwise, where the target is known, they run all at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from tinyattn import create, nn
from tinyattn.nn.functional import linear_cross_entropy
from tinyattn.ops.attention import additive_attention, attention
from tinyattn.ops.joining import cat
from tinyattn.state import no_grad, time_step
from tinyattn.tensor import Tensor
from tinyattn.text.batches import Batch
from tinyattn.text.vocabulary import PAD
from tinyattn.translator.config import Config, ConfigError

# h and c of every layer, each (layers, B, H); with input feeding also what the output layer got last, (1, B, D).
State = tuple[Tensor, ...]


@dataclass
class Encoded:
    """A batch of sources, read. Shapes: h (B, S, H), keys like h, mask (B, S): True at real tokens."""

    h: Tensor
    keys: Tensor | None  # what the scores are taken with: h itself, or h prepared once for all steps
    mask: np.ndarray
    state: State


def embedding(tokens: int, size: int) -> nn.Embedding:
    """A table of short rows to begin with: nn.Embedding's own would drive the LSTM's gates to their ends, where they
    learn slowly."""
    table = nn.Embedding(tokens, size)
    nn.init.normal_(table.weight, std=0.2)
    return table


class Encoder(nn.Module):
    """Source ids to `h`, an output for each token, and the final state.

    A bidirectional encoder has H / 2 units a direction, so that what it hands over has the width H either way.
    """

    def __init__(self, tokens: int, embed: int, hidden: int, layers: int, bidirectional: bool, dropout: float) -> None:
        super().__init__()
        self.embedding = embedding(tokens, embed)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embed, hidden // 2 if bidirectional else hidden, layers, batch_first=True,
                            dropout=dropout if layers > 1 else 0.0, bidirectional=bidirectional)
        self.bidirectional = bidirectional

    def forward(self, source: np.ndarray, lengths: np.ndarray) -> tuple[Tensor, State]:
        """Shapes: source (B, S), lengths (B,) -> h (B, S, H), state ((layers, B, H), (layers, B, H))"""
        h, (h_n, c_n) = self.lstm(self.dropout(self.embedding(source)), lengths=lengths)
        return h, (self.join(h_n), self.join(c_n))

    def join(self, final: Tensor) -> Tensor:
        """The final states of both directions side by side, layer by layer: (2 layers, B, H/2) -> (layers, B, H)."""
        if not self.bidirectional:
            return final
        directions, B, half = final.shape
        return final.reshape(directions // 2, 2, B, half).permute(0, 2, 1, 3).reshape(directions // 2, B, 2 * half)


class Decoder(nn.Module):
    """Target ids, each the token before the one that is asked for, to outputs `s`, from the state it is given.

    beside: how many numbers it reads beside each token's embedding.
    """

    def __init__(self, tokens: int, embed: int, beside: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = embedding(tokens, embed)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embed + beside, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)

    def read(self, target: np.ndarray) -> Tensor:
        """Shapes: target (B, T) -> x (B, T, E)"""
        return self.dropout(self.embedding(target))

    def forward(self, x: Tensor, state: State, lengths: np.ndarray | None = None) -> tuple[Tensor, State]:
        """Shapes: x (B, T, E + beside), lengths (B,) -> s (B, T, H), state"""
        return self.lstm(x, state, lengths=lengths)


class Attention(nn.Module):
    """weights = softmax(score(s, h)) over the source, context = Σ weights · h, with one of these scores:

    dot       s · h                    (the video; Luong et al. 2015, eq. 8)
    scaled    s · h / √H               (Vaswani et al. 2017, eq. 1)
    general   s · W h                  (Luong et al. 2015, eq. 8)
    additive  v · tanh(W s + U h)      (Bahdanau et al. 2015, appendix A.1.2)
    cosine    exp(τ) · s · h / |s||h|  τ is learned: a bare cosine lies in [-1, 1], and softmax makes of that
                                       nearly equal weights for all words of a long sentence
    """

    def __init__(self, kind: str, hidden: int) -> None:
        super().__init__()
        self.kind = kind
        self.scale = 1 / math.sqrt(hidden) if kind == "scaled" else 1.0
        self.key: nn.Module | None = None  # what is done to h, and to s, before they are compared
        self.query: nn.Module | None = None
        if kind == "general":
            self.key = nn.Linear(hidden, hidden, bias=False)
        elif kind == "additive":
            self.key, self.query = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden, bias=False)
            self.v = nn.Parameter(nn.init.uniform_(create.zeros(hidden), -(hidden**-0.5), hidden**-0.5))
        elif kind == "cosine":
            self.key, self.query = Unit(), Unit()
            self.temperature = nn.Parameter(create.full((), math.log(10)))

    def keys(self, h: Tensor) -> Tensor:
        """What of the scores depends on the source alone: computed once a sentence, not at every step."""
        return h if self.key is None else self.key(h)

    def forward(self, s: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """Shapes: s (B, T, H) -> context (B, T, H), weights (B, T, S); padding has weight 0"""
        queries = s if self.query is None else self.query(s)
        if self.kind == "additive":
            return additive_attention(queries, encoded.keys, encoded.h, self.v, mask=encoded.mask)
        if self.kind == "cosine":
            queries = queries * self.temperature.exp()
        return attention(queries, encoded.keys, encoded.h, mask=encoded.mask, scale=self.scale)


class Unit(nn.Module):
    """y = x / |x| along the last dimension; 0 stays 0."""

    def forward(self, x: Tensor) -> Tensor:
        return x * ((x * x).sum(-1, keepdim=True) + 1e-12).rsqrt()


class Seq2Seq(nn.Module):
    """The whole model: source ids and the target so far to scores (logits) for every next target token.

    The output layer gets D numbers, the `features`: context and `s` side by side, or `s` alone without attention. Where
    it shares its table with the target embedding, these are first brought to the width E of that table:
    tanh(W [context; s]), the attentional vector of Luong et al. 2015, eq. 5.

    Raises: ConfigError for an odd `hidden` with `bidirectional`.
    """

    def __init__(self, source_tokens: int, target_tokens: int, config: Config) -> None:
        super().__init__()
        if config.bidirectional and config.hidden % 2:
            raise ConfigError(f"hidden: wanted an even number, half for each direction of a bidirectional encoder, "
                              f"got {config.hidden}: or set bidirectional to false")
        E, H, layers, p = config.embed, config.hidden, config.layers, config.dropout
        attends = config.attention != "none"
        self.attends_before, self.feeds_input = config.attend == "before", config.input_feeding
        joined = 2 * H if attends else H
        D = E if config.tie_embeddings else joined
        self.encoder = Encoder(source_tokens, E, H, layers, config.bidirectional, p)
        self.attention = Attention(config.attention, H) if attends else None
        self.decoder = Decoder(target_tokens, E, H * self.attends_before + D * self.feeds_input, H, layers, p)
        self.combine = nn.Linear(joined, E, bias=False) if config.tie_embeddings else None
        self.dropout = nn.Dropout(p)
        self.output = nn.Linear(D, target_tokens)
        if config.tie_embeddings:
            self.output.weight = self.decoder.embedding.weight

    def encode(self, source: np.ndarray, lengths: np.ndarray) -> Encoded:
        """Read a batch of sources. Shapes: source (B, S), lengths (B,)"""
        h, state = self.encoder(source, lengths)
        if self.feeds_input:  # nothing has been decided yet
            state = (*state, create.zeros(1, len(source), self.output.in_features, dtype=h.dtype))
        mask = np.arange(source.shape[1]) < lengths[:, None]
        return Encoded(h, None if self.attention is None else self.attention.keys(h), mask, state)

    def features(self, target: np.ndarray, state: State, encoded: Encoded,
                 lengths: np.ndarray | None = None) -> tuple[Tensor, Tensor | None, State]:
        """What the output layer gets for each token of `target`, the attention weights (None without attention), and
        the state after `target`.

        Shapes: target (B, T), lengths (B,) -> (B, T, D), weights (B, T, S)
        """
        x = self.decoder.read(target)
        if not (self.attends_before or self.feeds_input) or x.shape[1] == 1:
            return self.step(x, state, encoded, lengths)
        features, weights = [], []
        for t in range(x.shape[1]):
            with time_step(t):
                y, looked_at, state = self.step(x[:, t : t + 1], state, encoded)
            features.append(y)
            weights.append(looked_at)
        return cat(features, 1), cat(weights, 1), state

    def step(self, x: Tensor, state: State, encoded: Encoded,
             lengths: np.ndarray | None = None) -> tuple[Tensor, Tensor | None, State]:
        """`features` of one token that was read, or of any number of them where no step hears of the one before but
        through the LSTM.

        Shapes: x (B, T, E)
        """
        h, c, *fed = state
        context = weights = None
        if self.attends_before:  # the output of the step before
            context, weights = self.look(h[-1:].transpose(0, 1), encoded)
        beside = [context] * self.attends_before + [y.transpose(0, 1) for y in fed]
        s, (h, c) = self.decoder(cat([x, *beside], -1) if beside else x, (h, c), lengths)
        if not self.attends_before:
            context, weights = self.look(s, encoded)
        joined = s if context is None else cat([context, s], -1)
        features = self.dropout(joined if self.combine is None else self.combine(joined).tanh())
        return features, weights, (h, c, features.transpose(0, 1)) if self.feeds_input else (h, c)

    def look(self, s: Tensor, encoded: Encoded) -> tuple[Tensor | None, Tensor | None]:
        """Context and weights: `s` asks. None without attention."""
        return (None, None) if self.attention is None else self.attention(s, encoded)

    def decode(self, target: np.ndarray, state: State, encoded: Encoded,
               lengths: np.ndarray | None = None) -> tuple[Tensor, Tensor | None, State]:
        """Logits, attention weights (None without attention) and the state after `target`.

        Shapes: target (B, T), lengths (B,) -> logits (B, T, V), weights (B, T, S)
        """
        features, weights, state = self.features(target, state, encoded, lengths)
        return self.output(features), weights, state

    def forward(self, source: np.ndarray, source_lengths: np.ndarray, target: np.ndarray,
                target_lengths: np.ndarray) -> tuple[Tensor, Tensor | None]:
        """Teacher forcing. Shapes: source (B, S), target (B, T) -> logits (B, T, V), weights (B, T, S)"""
        encoded = self.encode(source, source_lengths)
        logits, weights, _ = self.decode(target, encoded.state, encoded, target_lengths)
        return logits, weights

    def loss(self, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """Cross-entropy with teacher forcing, in nats: the mean over all real target tokens. The logits, the largest
        array of all, are never held as a whole.

        label_smoothing: the share of the wanted probability that is spread over all tokens alike
        """
        encoded = self.encode(batch.source, batch.source_lengths)
        features, _, _ = self.features(batch.target_in, encoded.state, encoded, batch.target_lengths)
        return linear_cross_entropy(features, self.output.weight, batch.target_out, linear_bias=self.output.bias,
                                    ignore_index=PAD, label_smoothing=label_smoothing)


@contextmanager
def inference(model: nn.Module) -> Iterator[None]:
    """Inside, the model forgets nothing at random and remembers nothing for a backward pass."""
    was_training = model.training
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        model.train(was_training)
