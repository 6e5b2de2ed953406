"""How good a translator is on pairs it has not seen.

Two views. Teacher forcing shows it the reference so far and asks for the next token: loss, token accuracy and, as
the attention then belongs to the reference's words, alignment error. Translating freely and comparing texts, line by
line: BLEU, chrF and exact match.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyattn.ops.softmax import log_softmax
from tinyattn.text.batches import make_batch
from tinyattn.text.pairs import Alignment, Pair
from tinyattn.translator.model import inference

if TYPE_CHECKING:
    from tinyattn.translator.translator import Translator

BATCH_SIZE = 64
LENGTHS = (1, 4, 7, 10, 13, 17, 21, 31, 51)  # source tokens: where the groups of `by_length` begin


@dataclass
class TeacherForced:
    """Sums over target tokens, the end of each sentence among them."""

    nats: float = 0.0
    right: int = 0
    tokens: int = 0
    # For each pair the source token that each target token looks at most; empty without attention.
    alignments: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def loss(self) -> float:
        """Nats per target token."""
        return self.nats / self.tokens

    @property
    def accuracy(self) -> float:
        return self.right / self.tokens


def teacher_forced(translator: Translator, pairs: Sequence[Pair]) -> TeacherForced:
    """Predict every token of the references from the tokens before it."""
    model, config = translator.model, translator.config
    examples = [translator.encode(pair) for pair in pairs]
    order = sorted(range(len(examples)), key=lambda k: (len(examples[k][1]), len(examples[k][0])))
    result = TeacherForced()
    with inference(model):
        for first in range(0, len(order), BATCH_SIZE):
            rows = order[first : first + BATCH_SIZE]
            batch = make_batch([examples[k] for k in rows], translator.start, config.source_eos)
            logits, weights = model(batch.source, batch.source_lengths, batch.target_in, batch.target_lengths)
            real = np.arange(batch.target_out.shape[1]) < batch.target_lengths[:, None]
            log_p = log_softmax(logits.array, -1)
            wanted = np.take_along_axis(log_p, batch.target_out[..., None], -1)[..., 0]
            result.nats -= float(wanted[real].sum(dtype=np.float64))
            result.right += int((log_p.argmax(-1) == batch.target_out)[real].sum())
            result.tokens += int(real.sum())
            if weights is not None:
                for k, looked_at, length in zip(rows, weights.array.argmax(-1), batch.target_lengths):
                    result.alignments[k] = looked_at[: length - 1]
    return result


def exact_matches(translator: Translator, pairs: Sequence[Pair]) -> int:
    """How many sources are translated letter by letter as their reference."""
    translations = translator.translate([source for source, _ in pairs])
    return sum(found.text == reference for found, (_, reference) in zip(translations, pairs))


def evaluate(translator: Translator, pairs: Sequence[Pair], alignments: Sequence[Alignment | None] | None = None,
             **search: Any) -> dict[str, Any]:
    """Every score of `tinyattn eval`; `aer` where gold alignments of words are given and the model attends to words.

    search: beam=4 and its like, as of `Translator.translate`
    """
    from sacrebleu.metrics import BLEU, CHRF

    forced = teacher_forced(translator, pairs)
    translations = translator.translate([source for source, _ in pairs], **search)
    hypotheses, references = [found.text for found in translations], [reference for _, reference in pairs]
    exact = [hypothesis == reference for hypothesis, reference in zip(hypotheses, references)]
    bleu, chrf = BLEU(), CHRF()
    scores: dict[str, Any] = {
        "bleu": bleu.corpus_score(hypotheses, [references]).score,
        "chrf": chrf.corpus_score(hypotheses, [references]).score,
        "exact": sum(exact) / len(pairs),
        "token_accuracy": forced.accuracy,
        "loss": forced.loss,
        "lines": len(pairs),
        "signature": {"bleu": str(bleu.get_signature()), "chrf": str(chrf.get_signature())},
        "by_length": [],
    }
    lengths = np.array([len(found.source_tokens) for found in translations])
    for start, stop in zip(LENGTHS, [*LENGTHS[1:], math.inf]):
        rows = np.flatnonzero((lengths >= start) & (lengths < stop))
        if len(rows):
            group = BLEU().corpus_score([hypotheses[k] for k in rows], [[references[k] for k in rows]])
            last = int(lengths[rows].max()) if math.isinf(stop) else int(stop) - 1
            scores["by_length"].append({"from": start, "to": last, "lines": len(rows), "bleu": group.score,
                                        "exact": float(np.mean([exact[k] for k in rows]))})
    of_words = "char" not in (translator.config.source_tokens, translator.config.target_tokens)
    if alignments is not None and forced.alignments and of_words:
        error = alignment_error([forced.alignments[k] for k in range(len(pairs))], alignments)
        if error is not None:
            scores["aer"] = error
    return scores


def alignment_error(looked_at: Sequence[np.ndarray], gold: Sequence[Alignment | None]) -> float | None:
    """The alignment error rate 1 - 2 |A ∩ G| / (|A| + |G|) over all lines that have gold links G, where A links
    each target token to the source token it looked at most. None where no line has any.

    Source: Och and Ney 2003, with sure links only
    """
    common = links = 0
    for sources, alignment in zip(looked_at, gold):
        if alignment:
            found = {(int(source), target) for target, source in enumerate(sources)}
            common += len(found & set(alignment))
            links += len(found) + len(set(alignment))
    return 1 - 2 * common / links if links else None
