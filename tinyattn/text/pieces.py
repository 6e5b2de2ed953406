"""Text to pieces of words that were learned from it (byte pair encoding): frequent words whole, rare ones in parts.

Beginning with characters, the pair of neighbours that is most frequent becomes a piece, again and again, until there
are as many pieces as were wanted. A space belongs to the piece after it and is written "▁", as in "▁the".
Source: Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units"; done by SentencePiece,
Kudo and Richardson 2018
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence

from tinyattn.text.pairs import spread

_SPACE = "▁"
_ESCAPE = "\uf8ff"  # before "0" it is itself, before "1" it is a "▁" of the text's own
_MOST_SENTENCES = 200_000  # from so many pieces are learned; more change little
_MOST_PIECES = 16_000
_CHARACTERS = 0.5  # at most this share of the pieces are single characters; the rarest others are unknown


class Pieces:
    """Tokens that are pieces of words.

    model: as SentencePiece writes it
    Raises: ModuleNotFoundError without SentencePiece; ValueError for bytes that are no model of its
    """

    def __init__(self, model: bytes) -> None:
        from sentencepiece import SentencePieceProcessor

        self.model = model
        try:
            self._processor = SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise ValueError(f"pieces: wanted a model of SentencePiece, got other bytes ({error})") from None

    @classmethod
    def learn(cls, sentences: Sequence[str], size: int | None = None) -> Pieces:
        """Pieces of these sentences.

        size: how many; fewer where the text has no more to give. Not set: 8 √(words of the text), between 100 and
        16,000: 800 for a thousand sentences of ten words, 8,000 for a hundred thousand.
        """
        from sentencepiece import SentencePieceTrainer

        if size is None:
            size = min(max(100, round(8 * sum(len(text.split()) for text in sentences) ** 0.5)), _MOST_PIECES)
        sentences = [_escaped(text) for text in spread(sentences, _MOST_SENTENCES)]
        characters = Counter[str]()
        for text in sentences:
            characters.update(text)
        # SentencePiece refuses to have fewer pieces than characters.
        rarest = {ord(character): " " for character, _ in characters.most_common()[max(1, int(_CHARACTERS * size)) :]}
        if rarest:
            sentences = [text.translate(rarest) for text in sentences]
        model = io.BytesIO()
        SentencePieceTrainer.train(
            sentence_iterator=iter(sentences), model_writer=model, model_type="bpe", vocab_size=max(size, 4),
            hard_vocab_limit=False, character_coverage=1.0, split_digits=True,
            normalization_rule_name="identity", remove_extra_whitespaces=False, max_sentence_length=1 << 30,
            bos_id=-1, eos_id=-1, num_threads=1, minloglevel=2,
        )
        return cls(model.getvalue())

    def cut(self, text: str) -> list[str]:
        return self._processor.encode(_escaped(text), out_type=str)

    def parts(self, text: str) -> list[str]:
        # No piece reaches over a space. Where there are several, or one at an end, they stay with the rest.
        return text.split(" ") if text and "  " not in text and " " not in (text[0], text[-1]) else [text]

    def join(self, tokens: Sequence[str]) -> str:
        return unescaped("".join(tokens)).removeprefix(" ")


def _escaped(text: str) -> str:
    if text.isascii():
        return text
    if _SPACE in text or _ESCAPE in text:
        text = text.replace(_ESCAPE, _ESCAPE + "0").replace(_SPACE, _ESCAPE + "1")
    return text.encode("utf-8", "replace").decode()  # a half character, which no file has, is "?"


def unescaped(pieces: str) -> str:
    """What pieces stand for, a space for each "▁"."""
    return pieces.replace(_SPACE, " ").replace(_ESCAPE + "1", _SPACE).replace(_ESCAPE + "0", _ESCAPE)
