"""What a beam search looked like, step by step: plain data that a picture is drawn from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyattn.text.vocabulary import END
from tinyattn.translator.decoding import reader
from tinyattn.translator.search import BeamSearch, normalizer

if TYPE_CHECKING:
    from tinyattn.translator.translator import Translator


@dataclass(frozen=True)
class Branch:
    """One continuation that the search looked at: the translation up to its parent, and `token`.

    A branch that is not kept was dropped: others of its step were likelier. One that is kept and finished ends with
    the end token, or where a translation that does not end is cut off; one that is kept, not finished and nobody's
    parent was given up, as nothing that it could become would have been among the best.
    """

    number: int  # its place in `branches`
    step: int  # the first being 0
    parent: int | None  # number of the branch it continues; None at step 0: the start
    token: str
    token_log_p: float  # of the token, after the tokens before it
    log_p: float  # of all tokens so far: the sum of token_log_p from the start
    score: float  # log_p / ((5 + length) / 6)^A, length = step + 1
    kept: bool
    finished: bool


@dataclass(frozen=True)
class SearchTree:
    """`branches` by step, in each the likeliest first; parents stand before their children. Tokens are as people are
    shown them (see text/shown.py)."""

    source: str
    source_tokens: list[str]
    beam: int
    length_penalty: float
    start: str  # the decoder's first input, where all branches begin
    branches: list[Branch]
    hypotheses: list[int]  # the branches that the translations end with, best first
    texts: list[str]  # those translations

    def path(self, number: int) -> list[int]:
        """The branches from the first token to this one."""
        numbers: list[int] = []
        at: int | None = number
        while at is not None:
            numbers.append(at)
            at = self.branches[at].parent
        return numbers[::-1]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: names as above, branches as dicts."""
        return dataclasses.asdict(self)


def search_tree(translator: Translator, text: str, beam: int, length_penalty: float) -> SearchTree:
    """Search for the translations of a text, and tell how; of what was dropped the first `beam` in each step."""
    tokens, ids = translator.read(text)
    if not ids:
        raise ValueError("search_tree: wanted at least one token to translate, got a blank text")
    read = reader(translator.model, beam)
    search = BeamSearch(read([ids]), translator.start, beam, length_penalty, spare=beam)
    found = search.run()[0]
    name = translator.target.name
    branches: list[Branch] = []
    kept: list[list[Branch]] = []  # of each step, likeliest first: what a step's `parents` count in
    for t, step in enumerate(search.steps):
        of_step = zip(step.tokens[0].tolist(), step.parents[0].tolist(), step.log_p[0].tolist())
        first = len(branches)
        for rank, (token, place, log_p) in enumerate(of_step):
            if log_p > -np.inf:
                parent = kept[-1][place] if kept else None
                branches.append(Branch(
                    number=first + rank, step=t, parent=parent.number if parent else None,
                    token=name(token), token_log_p=log_p - (parent.log_p if parent else 0.0), log_p=log_p,
                    score=float(log_p / normalizer(t + 1, length_penalty)), kept=rank < beam,
                    finished=rank < beam and bool(token == END or t + 1 >= search.limits[0])))
        kept.append(branches[first : first + beam])
    ends = [divmod(end, beam) for end, score in zip(search.ends[0].tolist(), search.scores[0]) if score > -np.inf]
    return SearchTree(text, translator.source.shown(tokens), beam, length_penalty, name(translator.start), branches,
                      [kept[t][place].number for t, place in ends],
                      [translator.written(one, tokens).text for one in found])
