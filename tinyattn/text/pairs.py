"""Sentence pairs: from a file of lines `source<TAB>target` to clean pairs, and an account of what was left
out.

Nothing here guesses. Quotes are plain text (a CSV reader would take an unbalanced one for the start of a
field and swallow the file), "NA" is a sentence, and only "\\n" ends a line (`str.splitlines` also cuts at
U+2028 and six others).
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tinyattn.storage import read_text, write_atomically
from tinyattn.streams import stream

Pair = tuple[str, str]
Alignment = tuple[tuple[int, int], ...]  # (source token, target token), counted from 0

HELD_OUT_SHARE, HELD_OUT_MOST = 0.05, 1_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # the last: half characters, from Python only
_BLANK = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")  # spaces of every width, those of none included
_ALIGNMENT = re.compile(r"\d{1,9}-\d{1,9}(?: +\d{1,9}-\d{1,9})*", re.ASCII)

_WANTED = "a pair a line: source, one tab, target"


class DataError(ValueError):
    """A file of pairs cannot be used: file and line, what was wanted, what came, what to do."""


@dataclass
class Notes:
    """How many lines something happened to, and the first three of them."""

    count: int = 0
    first_lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        self.count += 1
        if self.count <= 3:
            self.first_lines.append(line)

    def __str__(self) -> str:
        more = ", ..." if self.count > 3 else ""
        return f"{'line' if self.count == 1 else 'lines'} {', '.join(map(str, self.first_lines))}{more}"


@dataclass
class Report:
    """What reading came to: `str(report)` is for people, one line when there is nothing to tell."""

    name: str
    lines: int = 0
    kept: int = 0
    dropped: dict[str, Notes] = field(default_factory=dict)  # reason -> the lines dropped for it
    remarks: dict[str, Notes] = field(default_factory=dict)  # the same for lines that were kept

    def as_dict(self) -> dict[str, Any]:
        dropped, remarks = ({reason: {"count": notes.count, "first_lines": notes.first_lines}
                             for reason, notes in reasons.items()} for reasons in (self.dropped, self.remarks))
        return {"file": self.name, "lines": self.lines, "kept": self.kept, "dropped": dropped, "remarks": remarks}

    def __str__(self) -> str:
        text = f"{self.name}: {self.kept:,} {'pair' if self.kept == 1 else 'pairs'} from {self.lines:,} lines"
        for verb, reasons in (("dropped", self.dropped), ("kept", self.remarks)):
            for reason, notes in reasons.items():
                text += f"\n  {verb} {notes.count:,} with {reason} ({notes})"
        return text


@dataclass(frozen=True)
class Pairs:
    """Clean pairs in the order of the file. `lines[k]` is the number of the line, from 1, that `pairs[k]`
    stood on; `alignments[k]` its gold alignment, None where the line has none; the list is None unless it was
    asked for."""

    pairs: list[Pair]
    lines: list[int]
    alignments: list[Alignment | None] | None
    report: Report


def read_pairs(path: str | os.PathLike, *, strict: bool = False, alignments: bool = False) -> Pairs:
    """The pairs of a UTF-8 file. Lines that are no pair (one column, a blank side, control characters) are
    dropped and reported. Columns after the second are ignored and reported; with `alignments` the third is
    read as gold word alignment, `0-0 1-2`.

    Raises: DataError when the file is missing, empty or not UTF-8, when no line is a pair, or, with `strict`,
    when some line is not.
    """
    lines = read_text(path, f"UTF-8 text, {_WANTED}", DataError).split("\n")
    if not lines[-1]:
        lines.pop()  # what follows the final "\n" is no line
    rows = (line.removesuffix("\r").split("\t") for line in lines)
    return _sift(rows, str(path), strict, alignments)


def clean_pairs(pairs: Iterable[Sequence[str]], *, strict: bool = False, name: str = "pairs") -> Pairs:
    """`read_pairs` for pairs that are in memory already, with the same rules: item k is "line" k + 1.

    Raises: TypeError for an item that is not a tuple or list of strings; DataError as `read_pairs`.
    """
    rows = list(pairs)
    for k, row in enumerate(rows):
        if not isinstance(row, (tuple, list)) or not all(isinstance(side, str) for side in row):
            raise TypeError(f"{name}: item {k}: wanted (source, target), two strings, got {row!r}")
    return _sift(rows, name, strict, alignments=False)


def clean_text(text: str) -> str:
    """A sentence as training sees it, and so as translation must: composed (NFC: one "é", not "e" and an
    accent), and without space around it."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()


def _sift(rows: Iterable[Sequence[str]], name: str, strict: bool, alignments: bool) -> Pairs:
    report = Report(name)
    kept = Pairs([], [], [] if alignments else None, report)
    seen: set[Pair] = set()
    for number, columns in enumerate(rows, start=1):
        report.lines = number
        reason = _objection(columns)
        if reason is not None:
            report.dropped.setdefault(reason, Notes()).add(number)
            continue
        pair = clean_text(columns[0]), clean_text(columns[1])
        if pair in seen:
            report.remarks.setdefault("the same pair on an earlier line", Notes()).add(number)
        seen.add(pair)
        kept.pairs.append(pair)
        kept.lines.append(number)
        understood = 2
        if kept.alignments is not None:
            alignment = _read_alignment(columns[2]) if len(columns) > 2 else None
            kept.alignments.append(alignment)
            understood += alignment is not None
        if len(columns) > understood:
            which = "third" if understood == 3 else "second"
            report.remarks.setdefault(f"the columns after the {which} ignored", Notes()).add(number)
    report.kept = len(kept.pairs)
    if report.dropped and (strict or not kept.pairs):
        found = [f"{notes.count:,} with {reason} ({notes})" for reason, notes in report.dropped.items()]
        line = min(notes.first_lines[0] for notes in report.dropped.values())
        problem, remedy = "no line is a pair", "put a tab between the sides"
        if kept.pairs:
            problem, remedy = "some lines are no pair", "repair them, or drop strict, which refuses them"
        raise DataError(f"{name}, line {line}: {problem}: wanted {_WANTED}; got {'; '.join(found)}: {remedy}")
    if not kept.pairs:
        raise DataError(f"{name}: no pair at all: wanted {_WANTED}")
    return kept


def _objection(columns: Sequence[str]) -> str | None:
    """Why a line is no pair; None when it is one."""
    if len(columns) < 2:
        return "one column" if columns and not _BLANK.fullmatch(columns[0]) else "nothing on the line"
    if any(_CONTROL.search(side) for side in columns[:2]):
        return "control characters"
    if any(_BLANK.fullmatch(side) for side in columns[:2]):
        return "a blank side"
    return None


def _read_alignment(text: str) -> Alignment | None:
    if not _ALIGNMENT.fullmatch(text.strip()):
        return None
    return tuple((int(source), int(target)) for source, target in (link.split("-") for link in text.split()))


def spread(sentences: Sequence[str], most: int) -> Sequence[str]:
    """At most so many sentences, evenly spread over all: enough to learn from how a language is written."""
    return sentences[:: -(-len(sentences) // most) or 1]


def hold_out(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Split into (train, dev): dev gets every pair of 5% of the distinct sources, at least one and at most
    1,000.

    By source, not by pair: a sentence with three translations would else be learned from two and tested on
    the third. A single distinct source cannot be split: it stays in train, and dev is empty.
    """
    sources = list(dict.fromkeys(source for source, _ in pairs))
    count = min(max(1, round(HELD_OUT_SHARE * len(sources))), HELD_OUT_MOST, max(0, len(sources) - 1))
    chosen = stream(seed, "held-out sources").choice(len(sources), count, replace=False)
    held_out = {sources[k] for k in chosen}
    train = [pair for pair in pairs if pair[0] not in held_out]
    dev = [pair for pair in pairs if pair[0] in held_out]
    return train, dev


def format_pairs(pairs: Sequence[Pair], alignments: Sequence[Alignment] | None = None) -> str:
    """The text of a file that `read_pairs` reads back as these pairs, with alignments as a third column.

    Raises: DataError for a side that is blank or holds a tab, a line's end or another control character.
    """
    lines = []
    for k, pair in enumerate(pairs):
        if reason := _objection(pair):
            raise DataError(f"pair {k}: cannot be written as a line: {reason} in {pair!r}")
        columns = list(pair)
        if alignments is not None:
            columns.append(" ".join(f"{source}-{target}" for source, target in alignments[k]))
        lines.append("\t".join(columns) + "\n")
    return "".join(lines)


def write_pairs(
    path: str | os.PathLike, pairs: Sequence[Pair], alignments: Sequence[Alignment] | None = None
) -> None:
    """`format_pairs` into a file, which is there whole or not at all."""
    write_atomically(path, format_pairs(pairs, alignments))
