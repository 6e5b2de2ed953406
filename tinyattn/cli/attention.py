"""Attention as text: a table, or where there is no room for one the strongest few source words of each target word."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from rich.cells import cell_len

from tinyattn.translator.translator import Hypothesis, Translation, Translator

STRONGEST = 3  # source words named for a target word
FAINT = 0.05  # what is weaker is not named
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # characters that only change a direction

Mark = Callable[[str, float], str]  # the text of a weight, made to stand out as much as the weight


def plain(text: str, weight: float) -> str:
    return text


def visible(text: str) -> str:
    """The text with a sign for each character that would move the cursor or turn its neighbours round."""
    return "".join("�" if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in TURNING else c for c in text)


def words(translator: Translator, found: Translation, hypothesis: Hypothesis) -> tuple[list[str], list[str]]:
    """The source's and the target's tokens as a terminal can show them."""
    source, target = translator.source.shown(found.source_tokens), translator.target.shown(hypothesis.tokens)
    return list(map(visible, source)), list(map(visible, target))


def numbered(words: Sequence[str]) -> list[str]:
    """The words, those that are there several times as the#1, the#2."""
    total, seen = Counter(words), Counter[str]()
    names = []
    for word in words:
        seen[word] += 1
        names.append(word + (f"#{seen[word]}" if total[word] > 1 else ""))
    return names


def right(text: str, width: int) -> str:
    """At the right end of `width` columns of a terminal: a Chinese character takes two, an accent of its own none."""
    return " " * (width - cell_len(text)) + text


def left(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def attention_table(translator: Translator, found: Translation, hypothesis: Hypothesis, mark: Mark = plain) -> str:
    """Attention in percent, a line for each target token, a column for each source token."""
    if hypothesis.attention is None:
        return "(a model without attention)"
    source, target = words(translator, found, hypothesis)
    first = max(map(cell_len, ["", *target]))
    widths = [max(cell_len(token), 4) for token in source]
    lines = [" " * first + "".join(f"  {right(token, width)}" for token, width in zip(source, widths))]
    for token, row in zip(target, hypothesis.attention):
        cells = (f"  {mark(right(f'{weight:.0%}', width), weight)}" for weight, width in zip(row, widths))
        lines.append(left(token, first) + "".join(cells))
    return "\n".join(lines)


def strongest_words(translator: Translator, found: Translation, hypothesis: Hypothesis, mark: Mark = plain) -> str:
    """A line for each target token: the source tokens it looked at most, and how much."""
    if hypothesis.attention is None:
        return "(a model without attention)"
    source, target = words(translator, found, hypothesis)
    names = numbered(source)
    first = max(map(cell_len, ["", *target]))
    lines = []
    for token, row in zip(target, hypothesis.attention):
        best = [s for s in np.argsort(-row, kind="stable")[:STRONGEST] if row[s] >= FAINT or s == row.argmax()]
        lines.append(left(token, first) + "".join(f"  {names[s]} {mark(f'{row[s]:.0%}', row[s])}" for s in best))
    return "\n".join(lines)


def fitting_attention(translator: Translator, found: Translation, hypothesis: Hypothesis, width: int,
                      mark: Mark = plain) -> str:
    """The table if it fits into `width` columns, else the strongest words."""
    fits = max(map(cell_len, attention_table(translator, found, hypothesis).split("\n"))) <= width
    return (attention_table if fits else strongest_words)(translator, found, hypothesis, mark)
