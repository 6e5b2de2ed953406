"""A few sentences whose translations are kept as training goes, to watch it learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyattn.text.pairs import Pair

MOST = 4


@dataclass(frozen=True)
class Sample:
    """What a sentence of dev is translated to now, beside the reference."""

    source: str
    reference: str
    translation: str


def samples(pairs: Sequence[Pair], texts: Sequence[str]) -> list[Sample]:
    """From pairs and the translations of their sources a few, from a short source to a long one; always the same ones
    for the same pairs."""
    first = {source: k for k, (source, _) in reversed(list(enumerate(pairs)))}  # where each source stands first
    by_length = sorted(first.values(), key=lambda k: (len(pairs[k][0]), k))
    places = np.linspace(0.05, 0.95, MOST) * (len(by_length) - 1)
    chosen = [by_length[place] for place in dict.fromkeys(places.round().astype(int).tolist())]
    return [Sample(pairs[k][0], pairs[k][1], texts[k]) for k in chosen]
