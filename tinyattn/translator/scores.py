"""How good a translator is on pairs it has not seen.

Two views. Teacher forcing shows it the reference so far and asks for the next token: loss, token accuracy and, as
the attention then belongs to the reference's words, alignment error and the attention's health. Translating freely and
comparing texts, line by line: BLEU, chrF and exact match.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyattn.ops.softmax import log_softmax
from tinyattn.text.batches import make_batch
from tinyattn.text.pairs import Alignment, Pair
from tinyattn.translator.health import Health
from tinyattn.translator.model import inference
from tinyattn.translator.samples import Sample, samples
from tinyattn.translator.text_scores import TextScores

if TYPE_CHECKING:
    from tinyattn.translator.translator import Translation, Translator

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
    health: Health = field(default_factory=Health)

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
                result.health.add(weights.array, batch.source_lengths, batch.target_lengths - 1)
                for k, looked_at in zip(rows, weights.array):
                    result.alignments[k] = looked_at_most(looked_at, *words_of(translator, pairs[k]))
    return result


def words_of(translator: Translator, pair: Pair) -> tuple[list[int], list[int]]:
    """Of each token of a pair the word it belongs to."""
    return translator.source.words(pair[0]), translator.target.words(pair[1])


def looked_at_most(weights: np.ndarray, source: list[int], target: list[int]) -> np.ndarray:
    """For each target word the source word it looks at most: weights of pieces of a word add up.

    Shapes: weights (T, S), padded; -> (target words,)
    """
    summed = np.zeros((max(target, default=-1) + 1, max(source, default=0) + 1))
    np.add.at(summed, np.ix_(target, source), weights[: len(target), : len(source)])
    return summed.argmax(-1)


@dataclass(frozen=True)
class Measured:
    """`numbers` as a line of metrics.jsonl has them, and a few translations to look at."""

    numbers: dict[str, float]
    samples: list[Sample]


def measure(translator: Translator, dev: Sequence[Pair]) -> Measured:
    """What training wants to know now and then: dev_loss, dev_exact, dev_bleu and dev_chrf (where sacreBLEU is
    installed), and the attention's health. Of a model that gives no numbers only the loss, as it cannot translate."""
    forced = teacher_forced(translator, dev)
    if not math.isfinite(forced.loss):
        return Measured({"dev_loss": forced.loss}, [])
    found = translations(translator, dev)
    texts, references = [found[source].text for source, _ in dev], [reference for _, reference in dev]
    if importlib.util.find_spec("sacrebleu"):
        scores = TextScores(texts, [[reference] for reference in references]).scores()
    else:
        scores = {"exact": sum(map(str.__eq__, texts, references)) / len(dev)}
    of_texts = {f"dev_{name}": score for name, score in scores.items()}
    numbers = {"dev_loss": forced.loss, **of_texts, **forced.health.numbers()}
    return Measured(numbers, samples(dev, texts))


def translations(translator: Translator, pairs: Sequence[Pair], **search: Any) -> dict[str, Translation]:
    """Each distinct source with its translation."""
    sources = list(dict.fromkeys(source for source, _ in pairs))
    return dict(zip(sources, translator.translate(sources, n_best=1, **search)))


def evaluate(translator: Translator, pairs: Sequence[Pair], alignments: Sequence[Alignment | None] | None = None,
             any_reference: bool = False, **search: Any) -> dict[str, Any]:
    """Every score of `tinyattn eval`; those of `alignment_error` where gold alignments of words are given and the model
    has attention.

    any_reference: each distinct source is a line, and all its references count; else each pair is a line of its own
    search: beam=4 and its like, as of `Translator.translate`
    """
    forced, found = teacher_forced(translator, pairs), translations(translator, pairs, **search)
    references: dict[str, list[str]] = {source: [] for source in found}
    for source, reference in pairs:
        if reference not in references[source]:
            references[source].append(reference)
    lines = list(references.items()) if any_reference else [(source, [reference]) for source, reference in pairs]
    texts = TextScores([found[source].text for source, _ in lines], [of_line for _, of_line in lines])
    scores: dict[str, Any] = {
        **texts.scores(),
        "token_accuracy": forced.accuracy,
        "loss": forced.loss,
        "lines": len(lines),
        "interval": texts.intervals(),
        "signature": texts.signature,
        "several_references": sum(len(of_source) > 1 for of_source in references.values()),
        "by_length": by_length(texts, np.array([len(found[source].source_tokens) for source, _ in lines])),
        **forced.health.numbers(),
    }
    if alignments is not None and forced.alignments:
        looked_at = [forced.alignments[k] for k in range(len(pairs))]
        counted = counts_signs(pairs, alignments) and translator.source.kind == translator.target.kind == "word"
        scores |= alignment_error(looked_at, [gold if counted or cut_at_spaces(translator, pair) else None
                                              for pair, gold in zip(pairs, alignments)])
    return scores


def counts_signs(pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> bool:
    """Do gold alignments count words and signs, as tokens of kind "word" are? Else they count what stands between
    spaces. They tell: only then do links reach beyond the number of those."""
    return any(source >= len(pair[0].split()) or target >= len(pair[1].split())
               for pair, gold in zip(pairs, alignments) for source, target in gold or ())


def cut_at_spaces(translator: Translator, pair: Pair) -> bool:
    """Are the words of a pair what stands between its spaces? Then there is no doubt what gold alignments count."""
    return all(max(words) + 1 == len(text.split()) for words, text in zip(words_of(translator, pair), pair))


def by_length(texts: TextScores, lengths: np.ndarray) -> list[dict[str, Any]]:
    """The scores of lines whose sources have about as many tokens, from the short ones to the long ones."""
    groups = []
    for start, stop in zip(LENGTHS, [*LENGTHS[1:], math.inf]):
        rows = np.flatnonzero((lengths >= start) & (lengths < stop))
        if len(rows):
            last = int(lengths[rows].max()) if math.isinf(stop) else int(stop) - 1
            groups.append({"from": start, "to": last, "lines": len(rows), **texts.scores(rows),
                           "interval": texts.intervals(rows)})
    return groups


def alignment_error(looked_at: Sequence[np.ndarray], gold: Sequence[Alignment | None]) -> dict[str, float]:
    """`aer`, the alignment error rate 1 - 2 |A ∩ G| / (|A| + |G|) over all lines that have gold links G, where A links
    each target token to the source token it looked at most; `aer_floor`, the least it could be; and `aer_lines`, the
    number of these lines. As every target token has one link, some are wrong and some are missing whatever the model
    does: where a target token has no gold link, or several. Nothing where no line has any gold.

    Source: Och and Ney 2003, with sure links only
    """
    common = links = possible = lines = 0
    for sources, alignment in zip(looked_at, gold):
        if alignment:
            found = {(int(source), target) for target, source in enumerate(sources)}
            common += len(found & set(alignment))
            possible += len({target for _, target in alignment if target < len(sources)})
            links += len(found) + len(set(alignment))
            lines += 1
    if not lines:
        return {}
    return {"aer": 1 - 2 * common / links, "aer_floor": 1 - 2 * possible / links, "aer_lines": lines}
