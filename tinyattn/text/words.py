"""Text to words and punctuation, and back to text as one writes it.

Case stays: it is another's subject (cases.py). Spaces go, but for those between words of scripts that have none: where
they are written is a rule of the language, which English and Spanish share for the most part ("¿", "Vamos", "?" is
"¿Vamos?"). Where the training text has it otherwise, as French with its space before "?" or German with its quotes,
what it has most often is learned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tinyattn.text.characters import CHARACTER, MARKS
from tinyattn.text.pairs import spread

# Scripts that put no spaces between words. Of them each syllable, or what looks like one, is a token.
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED_LETTERS = rf"{_HAN}\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_UNSPACED = re.compile(rf"[{_UNSPACED_LETTERS}]")
_SYLLABLE = rf"""
    [{_HAN}][{MARKS}]*
  | [\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9f][\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9f{MARKS}]*  # Katakana: whole words
  | [\u3041-\u309f][ゃゅょぁぃぅぇぉゎー{MARKS}]*                                   # Hiragana
  | [\u0e40-\u0e44]?[\u0e01-\u0e2e][{MARKS}]*[\u0e30\u0e32\u0e33\u0e45]?        # Thai
  | [\u0ec0-\u0ec4]?[\u0e81-\u0eae][{MARKS}]*[\u0eb0\u0eb2\u0eb3]?              # Lao
  | [\u1780-\u17b3](?:\u17d2[\u1780-\u17b3]|[{MARKS}])*                         # Khmer
  | [\u1000-\u102a](?:\u1039[\u1000-\u1021]|[{MARKS}])*                         # Burmese
  | (?<=[{_UNSPACED_LETTERS}])[ \u3000]+(?=[{_UNSPACED_LETTERS}])               # a space there says something: it stays
"""
# A letter or digit, or a mark that belongs to the letter before it (most scripts of India need theirs), or one of
# the two joiners that Persian and others write inside words.
_LETTER = rf"(?![{_UNSPACED_LETTERS}])[\w{MARKS}\u200c\u200d]"
_WORD = re.compile(
    rf"""  \d+ (?:[.,:/]\d+)+                # 3.5   1,000   10:30
         | (?:(?<!\w)[^\W\d_]{{1,2}}\.){{2,}}  # p.m.  EE.UU.
         | {_SYLLABLE}
         | (?:{_LETTER})+ (?:['’\-‑](?:{_LETTER})+)*  # don't   l'été   twenty-one
         | \.{{2,}}                         # ...
         | (?=\S)(?:{CHARACTER})            # any other sign by itself: punctuation, emoji
    """,
    re.VERBOSE | re.DOTALL,
)
_SIGN = re.compile(r"\W+")

_CLINGS_LEFT = frozenset(".,;:!?…)]}%»”°’") | {"...", ".."}  # no space before
_CLINGS_RIGHT = frozenset("¿¡([{«“‘#@")  # no space after
_CLINGS_BOTH = frozenset("/_\\，。！？、；：「」『』（）《》〈〉【】・") | {" ", "\u3000"}
_CURRENCY = frozenset("$€£¥")  # "$5", but "5 €"
_PAIRED = frozenset("\"'")  # one and the same sign opens and closes

_MOST_SENTENCES = 50_000  # from so many gaps are learned

Gaps = dict[tuple[str, str], str]  # what is written between two kinds of token


class Words:
    """Tokens that are words and punctuation.

    gaps: what is written between two tokens of these kinds (see `_kinds`) where it is not what `_usual_gap` says
    """

    def __init__(self, gaps: Gaps | None = None) -> None:
        self.gaps = gaps or {}

    @classmethod
    def learn(cls, sentences: Sequence[str]) -> Words:
        """Words with the gaps of these sentences."""
        words, counts = cls(), Counter[tuple[str, str, str]]()
        for text in spread(sentences, _MOST_SENTENCES):
            tokens = words.cut(text)
            counts.update((*kinds, gap) for kinds, gap in zip(pairwise(_kinds(tokens)), _gaps_of(text, tokens)))
        gaps: Gaps = {}
        for (a, b, gap), _ in counts.most_common():
            gaps.setdefault((a, b), gap)
        return cls({kinds: gap for kinds, gap in gaps.items() if gap != _usual_gap(*kinds)})

    def cut(self, text: str) -> list[str]:
        return _WORD.findall(text)

    def parts(self, text: str) -> list[str]:
        return text.split() if text.isascii() or not _UNSPACED.search(text) else [text]

    def join(self, tokens: Sequence[str]) -> str:
        text = "".join(tokens[:1])
        for token, kinds in zip(tokens[1:], pairwise(_kinds(tokens))):
            gap = self.gaps.get(kinds)
            text += (_usual_gap(*kinds) if gap is None else gap) + token
        return text


def _kinds(tokens: Sequence[str]) -> Iterator[str]:
    """What gaps depend on: a sign is of its own kind, all words are "w", numbers "0", syllables of scripts without
    spaces "c"; of a sign that both opens and closes, '"<' opens and '">' closes."""
    opened = dict.fromkeys(_PAIRED, False)
    for k, token in enumerate(tokens):
        if token in _PAIRED:
            # Opens, unless one is open; an apostrophe with no partner ends a word: "the dogs' food".
            closes = opened[token] or (token == "'" and token not in tokens[k + 1 :])
            opened[token] = not closes
            yield token + "<>"[closes]
        elif _SIGN.fullmatch(token):
            yield token
        elif _UNSPACED.match(token):
            yield "c"
        else:
            yield "0" if token[0].isdigit() else "w"


def _usual_gap(a: str, b: str) -> str:
    glued = (
        a in _CLINGS_RIGHT or a in _CLINGS_BOTH or (a[0] in _PAIRED and a.endswith("<"))
        or b in _CLINGS_LEFT or b in _CLINGS_BOTH or (b[0] in _PAIRED and b.endswith(">"))
        or (a in _CURRENCY and b == "0")
        or ("c" in (a, b) and {a, b} <= set("c0w"))
    )
    return "" if glued else " "


def _gaps_of(text: str, tokens: Iterable[str]) -> Iterator[str]:
    """What stands between tokens in the text they were cut from."""
    end = None
    for token in tokens:
        start = text.index(token, end or 0)
        if end is not None:
            yield text[end:start]
        end = start + len(token)
