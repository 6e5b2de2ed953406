"""One side of a translator, the source or the target: text to tokens and ids, and back to text.

What it takes for that is learned from the training sentences of the side, written into the run's folder, and read
from there, so that a sentence is cut at translation exactly as it was in training.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyattn.storage import CheckpointError, read_text, write_atomically
from tinyattn.text.tokens import TOKENIZERS
from tinyattn.text.vocabulary import Vocabulary

_FORMAT = "tinyattn text 1"


def side_files(folder: Path, name: str) -> tuple[Path, Path]:
    """Where a side is kept: its vocabulary, and how its text is cut and written."""
    return folder / f"{name}.vocabulary.json", folder / f"{name}.text.json"


@dataclass(frozen=True)
class Side:
    """What a text is cut into, and which of these tokens are known.

    kind: of the tokens, a name in TOKENIZERS
    """

    kind: str
    vocabulary: Vocabulary

    @classmethod
    def learn(cls, sentences: Sequence[str], kind: str, vocab_size: int | None = None) -> Side:
        """A side that knows the tokens of these sentences.

        vocab_size: the most ids the vocabulary may have, the special ones among them
        """
        tokenize = TOKENIZERS[kind].tokenize
        return cls(kind, Vocabulary.build(map(tokenize, sentences), maximum_size=vocab_size))

    # --- using it ---

    def tokens(self, text: str) -> list[str]:
        """What the text is cut into."""
        return TOKENIZERS[self.kind].tokenize(text)

    def ids(self, text: str) -> list[int]:
        """The ids of its tokens, without start or end: batches add them."""
        return self.vocabulary.encode(self.tokens(text))

    def text(self, tokens: Sequence[str]) -> str:
        """Tokens as text, written as the training sentences are."""
        return TOKENIZERS[self.kind].detokenize(tokens)

    # --- on disk ---

    def save(self, folder: Path, name: str) -> None:
        """Write the side's files."""
        vocabulary, how = side_files(folder, name)
        self.vocabulary.save(vocabulary)
        write_atomically(how, json.dumps({"format": _FORMAT, "tokens": self.kind}, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path, name: str, kind: str) -> Side:
        """The side in a run's folder, whose options say that its tokens are of this kind.

        Raises: CheckpointError when a file is damaged, of another kind of tokens, or missing. Runs made before there
        was a second file have none, and need none.
        """
        vocabulary, how = side_files(folder, name)
        if how.exists():
            read_how(how, kind)
        return cls(kind, Vocabulary.load(vocabulary))


def read_how(path: Path, kind: str) -> dict:
    """What a side's second file says.

    Raises: CheckpointError when it is damaged or of another kind of tokens
    """
    try:
        content = json.loads(read_text(path, "how text is cut (JSON)"))
    except json.JSONDecodeError as error:
        raise CheckpointError(
            f"{path}, line {error.lineno}: not valid JSON ({error.msg}): the file was cut or edited; restore it"
        ) from None
    content = content if isinstance(content, dict) else {}
    if content.get("format") != _FORMAT or content.get("tokens") != kind:
        raise CheckpointError(f"{path}: wanted format {_FORMAT!r} and tokens {kind!r}, as in config.toml, got "
                              f"{content.get('format')!r} and {content.get('tokens')!r}: restore both from one run")
    return content
