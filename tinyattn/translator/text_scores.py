"""Translations beside their references: BLEU, chrF and exact match, of all lines or of some, with intervals.

BLEU and chrF are sacreBLEU's own numbers. Both are made of counts (n-grams in common, lengths) that are added up over
the lines. They are kept here line by line, so that the scores of any choice of lines cost a sum, and a thousand
resamplings a moment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyattn import streams

HAN = re.compile(r"[\u3400-\u9fff]")
OTHERS_WITHOUT_SPACES = re.compile(r"[\u3040-\u30ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Kana, Thai, Khmer ...
RESAMPLINGS = 1000
INTERVAL = (2.5, 97.5)  # percentiles


class TextScores:
    """Each line is a translation and one or more references; an exact match is the same as one of them, letter by
    letter.

    Raises: ModuleNotFoundError without sacreBLEU.
    """

    def __init__(self, texts: Sequence[str], references: Sequence[Sequence[str]]) -> None:
        from sacrebleu.metrics import BLEU, CHRF

        # `force`: no warning about text that looks tokenized, which it is where the references are.
        bleu = BLEU(force=True, tokenize=bleu_words(references))
        self.metrics: dict[str, Any] = {"bleu": bleu, "chrf": CHRF()}
        most = max(map(len, references))
        kth_of_each = [[line[k] if k < len(line) else None for line in references] for k in range(most)]
        # Not in sacreBLEU's documentation, but what its own significance tests stand on.
        self.counts = {name: np.array(metric._extract_corpus_statistics(texts, kth_of_each))
                       for name, metric in self.metrics.items()}
        self.exact = np.array([text in line for text, line in zip(texts, references)])

    @property
    def signature(self) -> dict[str, str]:
        """How BLEU and chrF were computed, as sacreBLEU writes it."""
        return {name: str(metric.get_signature()) for name, metric in self.metrics.items()}

    def scores(self, rows: np.ndarray | slice = slice(None)) -> dict[str, float]:
        """`bleu` and `chrf`, 0 to 100, and `exact`, 0 to 1, of these lines."""
        found = {name: self.of_counts(name, counts[rows].sum(0)) for name, counts in self.counts.items()}
        return {**found, "exact": float(self.exact[rows].mean())}

    def of_counts(self, name: str, counts: np.ndarray) -> float:
        return self.metrics[name]._compute_score_from_stats(counts.tolist()).score

    def intervals(self, rows: np.ndarray | slice = slice(None)) -> dict[str, list[float]]:
        """The 95% interval [low, high] of each score of these lines: the percentiles of its values when as many lines
        are drawn from them, with replacement, a thousand times.

        It says how far the score hangs on which lines happened to be in the test. Lines that are all alike have an
        interval of no width, however few they are.

        Source: Koehn 2004, "Statistical significance tests for machine translation evaluation"
        """
        random = streams.stream(0, "bootstrap")  # always the same draws
        counts, exact = {name: of_all[rows] for name, of_all in self.counts.items()}, self.exact[rows]
        values: dict[str, list[float]] = {name: [] for name in [*counts, "exact"]}
        lines = len(exact)
        for _ in range(RESAMPLINGS):
            times = np.bincount(random.integers(lines, size=lines), minlength=lines)  # each line is drawn
            for name, of_lines in counts.items():
                values[name].append(self.of_counts(name, times @ of_lines))
            values["exact"].append(times @ exact / lines)
        return {name: np.percentile(drawn, INTERVAL).tolist() for name, drawn in values.items()}


def bleu_words(references: Sequence[Sequence[str]]) -> str:
    """Which of sacreBLEU's ways to cut a text into words BLEU is counted with: its usual one, or one for text that is
    mostly of a script without spaces between words, where that one would take a whole sentence for a word."""
    text = "".join(line[0] for line in references)
    han, others = (len(pattern.findall(text)) for pattern in (HAN, OTHERS_WITHOUT_SPACES))
    if 2 * (han + others) < len(text):
        return "13a"
    return "char" if others else "zh"
