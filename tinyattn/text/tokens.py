"""The four ways to cut a text into tokens: words and punctuation, pieces of words, characters, or at spaces only (for
text that was cut before, such as sounds or commands)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Protocol

from tinyattn.text.characters import Characters
from tinyattn.text.pieces import Pieces
from tinyattn.text.words import Words

KINDS = ("word", "bpe", "char", "space")


class Tokens(Protocol):
    """`cut` gives tokens, `join` text again. `parts` of a text may be cut one by one, and then are the same tokens:
    most parts have been seen before, which most texts have not."""

    def cut(self, text: str) -> list[str]: ...
    def parts(self, text: str) -> list[str]: ...
    def join(self, tokens: Sequence[str]) -> str: ...


class Spaced:
    """Tokens that are whatever stands between spaces."""

    def cut(self, text: str) -> list[str]:
        return text.split()

    def parts(self, text: str) -> list[str]:
        return text.split()

    def join(self, tokens: Sequence[str]) -> str:
        return " ".join(tokens)


def learn_tokens(kind: str, sentences: Sequence[str], size: int | None = None) -> Tokens:
    """Tokens of this kind, with what has to be learned from sentences for it: where spaces go, or pieces.

    size: how many pieces
    """
    if kind == "bpe":
        return Pieces.learn(sentences, size)
    return Words.learn(sentences) if kind == "word" else usual_tokens(kind)


def usual_tokens(kind: str) -> Tokens:
    """Tokens of a kind for which nothing has to be learned."""
    return {"word": Words, "char": Characters, "space": Spaced}[kind]()


def tokens_as_dict(tokens: Tokens) -> dict[str, Any]:
    """What was learned, for a file."""
    if isinstance(tokens, Pieces):
        return {"pieces": base64.b64encode(tokens.model).decode()}
    if isinstance(tokens, Words) and tokens.gaps:
        return {"gaps": [[*kinds, gap] for kinds, gap in tokens.gaps.items()]}
    return {}


def tokens_from_dict(kind: str, content: dict[str, Any]) -> Tokens:
    """Raises: KeyError, TypeError or ValueError for what `tokens_as_dict` never wrote."""
    if kind == "bpe":
        return Pieces(base64.b64decode(content["pieces"], validate=True))
    if kind == "word":
        return Words({(str(a), str(b)): str(gap) for a, b, gap in content.get("gaps", [])})
    return usual_tokens(kind)
