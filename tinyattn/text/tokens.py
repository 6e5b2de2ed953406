"""Text to tokens, and back to text as one writes it.

A model sees tokens, a person sees text. Three ways to cut: into words and punctuation, into characters, or at
spaces only (for text that was cut before, such as sounds or commands). Case stays: Spanish "Vamos." begins with a
capital because the training data does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinyattn.text.pairs import clean_text


@dataclass(frozen=True)
class Tokenizer:
    """`tokenize(text)` gives tokens, `detokenize(tokens)` text; `kind` is its name in TOKENIZERS."""

    kind: str
    cut: Callable[[str], list[str]]
    detokenize: Callable[[Sequence[str]], str]

    def tokenize(self, text: str) -> list[str]:
        """The tokens of a text, which is composed (NFC) first, so that both spellings of "é" are one token."""
        return self.cut(clean_text(text))


# A letter or digit, or a mark that belongs to the letter before it (most scripts of India need theirs), or one of
# the two joiners that Persian and others write inside words.
_MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c) in ("Mn", "Mc"))
_LETTER = rf"[\w{_MARKS}\u200c\u200d]"
_WORD = re.compile(
    rf"""  \d+ (?:[.,:/]\d+)+                # 3.5   1,000   10:30
         | (?:(?<!\w)[^\W\d_]{{1,2}}\.){{2,}}  # p.m.  EE.UU.
         | {_LETTER}+ (?:['’\-‑]{_LETTER}+)*  # don't   l'été   twenty-one
         | \.{{2,}}                         # ...
         | \S                               # any other sign by itself: punctuation, emoji
    """,
    re.VERBOSE,
)

_CLINGS_LEFT = frozenset(".,;:!?…)]}%»”°") | {"...", ".."}  # no space before
_CLINGS_RIGHT = frozenset("¿¡([{«“‘#@")  # no space after
_CLINGS_BOTH = frozenset("/_\\")
_CURRENCY = frozenset("$€£¥")  # "$5", but "5 €"
_PAIRED = frozenset("\"'")  # one and the same sign opens and closes


def _join_words(tokens: Sequence[str]) -> str:
    """Words with a space between, punctuation where it is written: "¿", "Vamos", "?" is "¿Vamos?"."""
    text, glued = "", True  # glued: no space before the next token
    opened = {sign: False for sign in _PAIRED}
    for k, token in enumerate(tokens):
        left, right = token in _CLINGS_LEFT or token in _CLINGS_BOTH, token in _CLINGS_RIGHT or token in _CLINGS_BOTH
        if token in _PAIRED:
            # Opens, unless one is open; an apostrophe with no partner ends a word: "the dogs' food".
            closes = opened[token] or (token == "'" and token not in tokens[k + 1 :])
            left, right, opened[token] = closes, not closes, not closes
        elif token == "’":
            left = True
        elif token in _CURRENCY:
            right = "".join(tokens[k + 1 : k + 2])[:1].isdigit()
        text += token if glued or left else " " + token
        glued = right
    return text


TOKENIZERS = {
    tokenizer.kind: tokenizer
    for tokenizer in (
        Tokenizer("word", _WORD.findall, _join_words),
        Tokenizer("char", list, "".join),
        Tokenizer("space", str.split, " ".join),
    )
}
