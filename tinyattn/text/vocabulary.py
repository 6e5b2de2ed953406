"""Tokens to ids, and back."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from tinyattn.storage import CheckpointError, read_json, write_atomically

# Special ids are ids only: a text that spells "<pad>" gets an ordinary id for it (or UNKNOWN), never PAD.
PAD, END, START, UNKNOWN = range(4)
SPECIAL_NAMES = ("<pad>", "<eos>", "<sos>", "<unk>")

MANY_WORDS = 4_000  # more different ones than this cannot be learned one by one

_FORMAT = "tinyattn vocabulary 1"


class Vocabulary:
    """The tokens a model knows; `tokens[k]` has the id `len(SPECIAL_NAMES) + k`. Unchanging once made.

    Raises: ValueError for an empty or repeated token.
    """

    def __init__(self, tokens: Iterable[str]):
        self.tokens = tuple(tokens)
        self._names = [*SPECIAL_NAMES, *self.tokens]
        self._ids = {token: k for k, token in enumerate(self.tokens, start=len(SPECIAL_NAMES))}
        if len(self._ids) < len(self.tokens):
            token, count = Counter(self.tokens).most_common(1)[0]
            raise ValueError(f"vocabulary: every token once, got {token!r} {count} times")
        if "" in self._ids:
            raise ValueError("vocabulary: tokens must not be empty, got ''")

    @classmethod
    def build(
        cls, sentences: Iterable[Sequence[str]], minimum_count: int | None = 1, maximum_size: int | None = None
    ) -> Vocabulary:
        """The tokens of these sentences, as `of_counts` chooses them."""
        return cls.of_counts(Counter(chain.from_iterable(sentences)), minimum_count, maximum_size)

    @classmethod
    def of_counts(
        cls, counts: Counter[str], minimum_count: int | None = 1, maximum_size: int | None = None
    ) -> Vocabulary:
        """The tokens that occur at least `minimum_count` times, the most frequent first, ties in alphabetical order.
        `maximum_size` bounds `len(vocabulary)`, so the special ids count.

        Where `minimum_count` is None it is 1, or 2 where there are more than 4,000 different tokens: nothing is learned
        of a word that is seen once among so many.
        """
        if maximum_size is not None and maximum_size <= len(SPECIAL_NAMES):
            raise ValueError(
                f"vocabulary: maximum_size must leave room beside the {len(SPECIAL_NAMES)} special ids, "
                f"got {maximum_size}: make it larger"
            )
        if minimum_count is None:
            minimum_count = 2 if len(counts) > MANY_WORDS else 1
        ranked = sorted(counts, key=lambda token: (-counts[token], token))
        frequent = [token for token in ranked if counts[token] >= minimum_count]
        return cls(frequent if maximum_size is None else frequent[: maximum_size - len(SPECIAL_NAMES)])

    def __len__(self) -> int:
        """How many ids there are: the rows of an embedding."""
        return len(SPECIAL_NAMES) + len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.tokens == other.tokens

    def __hash__(self) -> int:
        return hash(self.tokens)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} ids: {', '.join([*SPECIAL_NAMES, *map(repr, self.tokens[:5])])}, ...)"

    def id(self, token: str) -> int:
        """The token's id; else that of its lower case ("The", where training saw only "the"); else
        UNKNOWN."""
        found = self._ids.get(token)
        return self._ids.get(token.lower(), UNKNOWN) if found is None else found

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The tokens' ids, without start or end: batches add them."""
        return [self.id(token) for token in tokens]

    def name(self, id: int) -> str:
        """The token of an id, `<eos>` and its kind included.

        Raises: IndexError for an id that is none of this vocabulary.
        """
        if not 0 <= id < len(self._names):
            raise IndexError(f"vocabulary: ids are 0 ... {len(self) - 1}, got {id}: another vocabulary's?")
        return self._names[id]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The tokens of a sentence: up to the first END, without PAD and START; UNKNOWN reads `<unk>`."""
        tokens = []
        for id in ids:
            if id == END:
                break
            if id not in (PAD, START):
                tokens.append(self.name(id))
        return tokens

    def save(self, path: str | os.PathLike) -> None:
        """Write JSON a person can read: one token a line, in the order of their ids."""
        # json escapes what would break a string, and leaves the world's letters as they are.
        listed = ",\n".join("    " + json.dumps(token, ensure_ascii=False) for token in self.tokens)
        head = f'  "format": {json.dumps(_FORMAT)},\n  "specials": {json.dumps(SPECIAL_NAMES)},\n'
        write_atomically(path, f'{{\n{head}  "tokens": [\n{listed}\n  ]\n}}\n')

    @classmethod
    def load(cls, path: str | os.PathLike) -> Vocabulary:
        """Raises: CheckpointError when the file is missing, damaged or of another kind."""
        content = read_json(path, "a vocabulary")
        if content.get("format") != _FORMAT or content.get("specials") != list(SPECIAL_NAMES):
            raise CheckpointError(
                f"{path}: not a vocabulary of this version: wanted format {_FORMAT!r} and specials "
                f"{' '.join(SPECIAL_NAMES)}, got {content.get('format')!r} and {content.get('specials')!r}"
            )
        tokens = content.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise CheckpointError(f"{path}: 'tokens' must be a list of strings: it was edited; restore it")
        try:
            return cls(tokens)
        except ValueError as error:
            raise CheckpointError(f"{path}: {error}: the file was edited; restore it") from None
