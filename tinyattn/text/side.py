"""One side of a translator, the source or the target: text to tokens and ids, and back to text.

What it takes for that is learned from the training sentences of the side, written into the run's folder, and read
from there, so that a sentence is cut at translation exactly as it was in training.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tinyattn.storage import CheckpointError, read_json, write_atomically
from tinyattn.text.cases import Cases
from tinyattn.text.pairs import clean_text
from tinyattn.text.shown import shown
from tinyattn.text.tokens import Tokens, learn_tokens, tokens_as_dict, tokens_from_dict, usual_tokens
from tinyattn.text.vocabulary import SPECIAL_NAMES, Vocabulary

_FORMAT = "tinyattn text 1"
_TRUECASED = ("word", "bpe")  # kinds of tokens that lose the capital of a sentence's beginning unless told otherwise
_MOST_KNOWN = 300_000  # parts of texts whose ids are remembered


def side_files(folder: Path, name: str) -> tuple[Path, Path]:
    """Where a side is kept: its vocabulary, and how its text is cut and written."""
    return folder / f"{name}.vocabulary.json", folder / f"{name}.text.json"


class Side:
    """What a text is cut into, and which of these tokens are known.

    kind: of the tokens, one of KINDS
    how: cuts and joins them; not given, as is usual
    cases: what happens to capitals at the beginnings of sentences; None: nothing
    """

    def __init__(self, kind: str, vocabulary: Vocabulary, how: Tokens | None = None,
                 cases: Cases | None = None) -> None:
        self.kind, self.vocabulary, self.cases = kind, vocabulary, cases
        self.how = usual_tokens(kind) if how is None else how
        self._known: dict[str, tuple[int, ...]] = {}  # the ids of parts of texts

    @classmethod
    def learn(cls, sentences: Sequence[str], kind: str, *, vocab_size: int | None = None,
              min_count: int | None = None, truecase: bool | None = None) -> Side:
        """A side that knows the tokens of these sentences, which are clean (see `clean_text`).

        vocab_size: the most ids the vocabulary may have, the special ones among them
        min_count: tokens that are rarer than this are unknown; see `Vocabulary.of_counts` for what it is when not set
        truecase: not set: for words and pieces
        """
        cases = Cases.learn(sentences) if truecase or (truecase is None and kind in _TRUECASED) else None
        if cases is not None:
            sentences = [cases.lower(text) for text in sentences]
        how = learn_tokens(kind, sentences, None if vocab_size is None else vocab_size - len(SPECIAL_NAMES))
        if min_count is None and kind != "word":
            min_count = 1
        counts = Counter[str]()
        for part, count in Counter(chain.from_iterable(map(how.parts, sentences))).items():
            for token in how.cut(part):
                counts[token] += count
        return cls(kind, Vocabulary.of_counts(counts, min_count, vocab_size), how, cases)

    # --- using it ---

    def tokens(self, text: str) -> list[str]:
        """What the text is cut into."""
        return [token for part in self._parts(text) for token in self.how.cut(part)]

    def ids(self, text: str) -> list[int]:
        """The ids of its tokens, without start or end: batches add them."""
        ids: list[int] = []
        for part in self._parts(text):
            known = self._known.get(part)
            if known is None:
                known = tuple(self.vocabulary.encode(self.how.cut(part)))
                if len(self._known) < _MOST_KNOWN:
                    self._known[part] = known
            ids += known
        return ids

    def words(self, text: str) -> list[int]:
        """For each token of a text the word it belongs to, counted from 0: each its own where tokens are words; else
        what stands between spaces."""
        parts = self._parts(text)
        lengths = [len(self.how.cut(part)) for part in parts]
        if self.kind in ("word", "space"):
            return list(range(sum(lengths)))
        return [word for word, length in enumerate(lengths) for _ in range(length)]

    def _parts(self, text: str) -> list[str]:
        text = clean_text(text)
        return self.how.parts(text if self.cases is None else self.cases.lower(text))

    def text(self, tokens: Sequence[str]) -> str:
        """Tokens as text, written as the training sentences are."""
        text = self.how.join(tokens)
        return text if self.cases is None else self.cases.raised(text)

    def shown(self, tokens: Iterable[str]) -> list[str]:
        """Tokens as people are shown them: see shown.py."""
        return [shown(token, self.kind) for token in tokens]

    def name(self, id: int) -> str:
        """An id's token as people are shown it."""
        return shown(self.vocabulary.name(id), self.kind)

    # --- on disk ---

    def as_dict(self) -> dict[str, Any]:
        """What was learned beside the vocabulary."""
        cases = {} if self.cases is None else {"cases": self.cases.as_dict()}
        return {"tokens": self.kind, **tokens_as_dict(self.how), **cases}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Side) and (self.vocabulary, self.as_dict()) == (other.vocabulary, other.as_dict())

    def save(self, folder: Path, name: str) -> None:
        """Write the side's files."""
        vocabulary, how = side_files(folder, name)
        self.vocabulary.save(vocabulary)
        content = {"format": _FORMAT, **self.as_dict()}
        lines = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in content.items())
        write_atomically(how, "{\n" + ",\n".join(lines) + "\n}\n")

    @classmethod
    def load(cls, folder: Path, name: str, kind: str) -> Side:
        """The side in a run's folder, whose options say that its tokens are of this kind.

        Raises: CheckpointError when a file is missing, damaged, or of another kind of tokens. Runs made before there
        was a second file have none, and need none but for pieces.
        """
        vocabulary, how = side_files(folder, name)
        if kind != "bpe" and not how.exists():
            return cls(kind, Vocabulary.load(vocabulary))
        content = _read(how, kind)
        try:
            cases = Cases.from_dict(content["cases"]) if "cases" in content else None
            return cls(kind, Vocabulary.load(vocabulary), tokens_from_dict(kind, content), cases)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise CheckpointError(f"{how}: not what `tinyattn train` wrote ({type(error).__name__}: {error}): the file "
                                  "was edited; restore it") from None


def _read(path: Path, kind: str) -> dict[str, Any]:
    content = read_json(path, "how text is cut")
    if content.get("format") != _FORMAT or content.get("tokens") != kind:
        raise CheckpointError(f"{path}: wanted format {_FORMAT!r} and tokens {kind!r}, as in config.toml, got "
                              f"{content.get('format')!r} and {content.get('tokens')!r}: restore both from one run")
    return content
