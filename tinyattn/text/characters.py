"""Text to characters as a reader sees them: "é" with a loose accent, a flag or a family of emoji is one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence


def ranges(codes: Iterable[int]) -> str:
    """Ascending code points as the inside of a regular expression's [...]."""
    spans: list[list[int]] = []
    for code in codes:
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in spans)


# Marks that belong to the letter before them: accents, vowels of most scripts of India, variation selectors.
MARKS = ranges(code for block in (range(0x300, 0x20000), range(0xE0100, 0xE01F0)) for code in block
               if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me"))
_SKIN, _TAGS = "\U0001f3fb-\U0001f3ff", "\U000e0020-\U000e007f"
_JOINER = "\u200d"  # makes one sign of two emoji; within words it stands in Persian and in India
_EXTENDS = rf"[{MARKS}\u200c{_SKIN}{_TAGS}]"

# The regular expression of one character: two regional letters are a flag. A part of Unicode's rules for grapheme
# clusters (UAX 29) that needs no tables but Python's.
CHARACTER = rf"[\U0001f1e6-\U0001f1ff]{{2}}|.{_EXTENDS}*(?:{_JOINER}(?:[^\w\s]{_EXTENDS}*)?)*"
_CHARACTER = re.compile(CHARACTER, re.DOTALL)
_LONG = re.compile(rf"[{MARKS}\u200c{_JOINER}{_SKIN}{_TAGS}\U0001f1e6-\U0001f1ff]")
_PART = re.compile(r"[^ ]+ ?| ")


class Characters:
    """Tokens that are characters, spaces among them."""

    def cut(self, text: str) -> list[str]:
        return list(text) if text.isascii() or not _LONG.search(text) else _CHARACTER.findall(text)

    def parts(self, text: str) -> list[str]:
        return _PART.findall(text)

    def join(self, tokens: Sequence[str]) -> str:
        return "".join(tokens)
