"""Tokens as people are shown them, in tables, pictures and explanations. Files and JSON have the tokens themselves.

Of pieces, one that begins a word is shown without its "▁", and one that continues a word after "·": "eat ·able". A
space is "␣", whatever the kind of tokens, and special tokens are as they are.
"""

from __future__ import annotations

import unicodedata

from tinyattn.text.pieces import unescaped
from tinyattn.text.vocabulary import SPECIAL_NAMES

CONTINUES, SPACE = "·", "␣"


def shown(token: str, kind: str) -> str:
    """A token of this kind as people are shown it: "▁the" is "the", "ing" is "·ing", "▁" and " " are "␣"."""
    if token in SPECIAL_NAMES:
        return token
    if kind == "bpe":
        piece = unescaped(token)
        token = piece[1:] or " " if piece[0] == " " else CONTINUES + piece
    return "".join(SPACE if unicodedata.category(character) == "Zs" else character for character in token)
