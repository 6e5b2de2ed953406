"""What there is to know of the data before training on it: lengths, vocabularies, what is unknown or in two places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyattn.text.batches import Examples, Rows
from tinyattn.text.pairs import Pair, Report
from tinyattn.text.side import Side
from tinyattn.text.vocabulary import UNKNOWN

SHOWN = 3  # sentences of dev that also stand in training


class DataReport:
    """`str(report)` is for people, `report.as_dict()` for programs.

    files: what reading them came to, the training file's first
    examples: of the training pairs, in ids; `closing` tokens of them, source and target, are no tokens of the text
    """

    def __init__(self, files: Sequence[Report], train: Sequence[Pair], dev: Sequence[Pair], sides: tuple[Side, Side],
                 examples: Examples, longest: int | None = None, closing: tuple[int, int] = (0, 1)) -> None:
        self.files, self.pairs, self.dev_pairs = files, len(examples), len(dev)
        self.longest, self.left_out = longest, examples.left_out
        trained = {source for source, _ in train}
        self.also_in_training = [source for source in dict.fromkeys(source for source, _ in dev) if source in trained]
        self.sides = {
            name: about(side, rows, closed, [pair[k] for pair in dev])
            for k, (name, side, rows, closed) in enumerate(zip(
                ("source", "target"), sides, (examples.source, examples.target), closing))
        }

    def as_dict(self) -> dict[str, Any]:
        return {
            "files": [file.as_dict() for file in self.files], "pairs": self.pairs, "dev_pairs": self.dev_pairs,
            "longer_than_max_length": self.left_out,
            "dev_sources_in_training": {"count": len(self.also_in_training), "first": self.also_in_training[:SHOWN]},
            **self.sides,
        }

    def __str__(self) -> str:
        lines = [f"training on {self.pairs:,} pairs, measuring on {self.dev_pairs:,}"]
        if self.left_out:
            lines.append(f"  left out {self.left_out:,} with more than {self.longest} tokens on a side (--max-length)")
        if self.also_in_training:
            first = ", ".join(map(repr, self.also_in_training[:SHOWN]))
            more = ", ..." if len(self.also_in_training) > SHOWN else ""
            lines.append(f"  {len(self.also_in_training):,} source sentences of dev also stand in training, which "
                         f"flatters its scores: {first}{more}")
        lines.append(f"  {'tokens of a sentence:':<22}{'median':>8}{'95%':>6}{'longest':>9}{'vocabulary':>12}"
                     f"{'dev tokens known':>18}{'<unk> learned from':>20}")
        for name, side in self.sides.items():
            known = "-" if side["dev_known"] is None else f"{side['dev_known']:.2%}"
            learned = f"{side['unknown']:,}" if side["unknown"] else "nothing"
            lines.append(f"  {name + ', ' + side['tokens']:<22}{side['median']:>8,}{side['95%']:>6,}"
                         f"{side['longest']:>9,}{side['vocabulary']:>12,}{known:>18}{learned:>20}")
        return "\n".join(lines)


def about(side: Side, rows: Rows, closed: int, dev: Sequence[str]) -> dict[str, Any]:
    """Of one side: lengths of training sentences in tokens, how many ids there are, the share of dev tokens that have
    one, and how many training tokens have none."""
    median, most, longest = np.percentile(rows.lengths, (50, 95, 100), method="inverted_cdf") - closed
    ids = np.fromiter((id for text in dev for id in side.ids(text)), np.int32)
    return {
        "tokens": side.kind, "median": int(median), "95%": int(most), "longest": int(longest),
        "vocabulary": len(side.vocabulary), "dev_known": float(np.mean(ids != UNKNOWN)) if len(ids) else None,
        "unknown": int((rows.ids == UNKNOWN).sum()),
    }
