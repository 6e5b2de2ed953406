"""Drawing the whole corpus from the grammar, and dividing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import NamedTuple

from tinyattn.streams import stream
from tinyattn.text.corpus.chooser import Chooser, Combinations
from tinyattn.text.corpus.constructions import CONSTRUCTIONS, Construction, single_words
from tinyattn.text.corpus.parts import finish
from tinyattn.text.corpus.phrases import everyday_phrases

SPLITS = ("all", "train", "dev", "test")
SIZES = {"train": 30_000, "dev": 1_000, "test": 2_000}
CORPUS_SIZE = sum(SIZES.values())
LONGEST = 16  # words of a source, punctuation apart
KNOWN_FROM = 8  # how often training shows each word of a dev or test sentence, at least
ATTEMPTS = 1_000  # at a sentence that is new
WORDS_HELD_OUT = {"dev": 20, "test": 40}


class Phrase(NamedTuple):
    """A pair of the corpus. The alignment links tokens of kind "word" (source, target), counted from 0."""

    source: str
    target: str
    alignment: tuple[tuple[int, int], ...]
    construction: str


def phrase_corpus(pairs: int | None = None, seed: int = 0, split: str = "all") -> list[Phrase]:
    """The pairs of a split; the same arguments give the same pairs.

    `pairs` asks for a smaller corpus, so many pairs in its three splits together; each split is then the
    beginning of the whole one, and training begins with the everyday phrases. "all" is train, dev and test,
    in this order. No source stands in two splits, or twice.

    Raises: ValueError for a number of pairs that cannot be had, or an unknown split.
    """
    if split not in SPLITS:
        raise ValueError(f"phrase_corpus: split must be one of {', '.join(SPLITS)}, got {split!r}")
    pairs = CORPUS_SIZE if pairs is None else pairs
    if not 1 <= pairs <= CORPUS_SIZE:
        raise ValueError(f"phrase_corpus: pairs must be 1 ... {CORPUS_SIZE}, got {pairs}: the grammar has no more")
    whole = _draw(seed)
    sizes = {name: pairs * size // CORPUS_SIZE for name, size in SIZES.items()}
    sizes["train"] = pairs - sizes["dev"] - sizes["test"]
    return [phrase for name in SIZES if split in ("all", name) for phrase in whole[name][: sizes[name]]]


def held_out_combinations(seed: int = 0) -> list[tuple[str, str]]:
    """The verbs and nouns, in English, that no training sentence of this seed shows together."""
    combinations = Combinations(_random(seed, "combinations"))
    return [(verb.english, noun.english[0]) for verb, noun in combinations.novel]


def _random(seed: int, name: str) -> Random:
    # Only its random() is used, whose numbers no version of Python changes. It is quicker than NumPy's for
    # one number at a time.
    return Random(int(stream(seed, f"phrase corpus, {name}").integers(2**63)))


@lru_cache(maxsize=2)
def _draw(seed: int) -> dict[str, list[Phrase]]:
    """Everything: training first, so that the others ask for nothing it does not show."""
    random = _random(seed, "sentences")
    chooser = Chooser(Combinations(_random(seed, "combinations")), random)
    everyday = [Phrase(*finish(part), "phrase") for part in everyday_phrases()]
    words = [Phrase(*finish(part), "word") for part in single_words()]
    seen = {phrase.source for phrase in (*everyday, *words)}

    count = SIZES["train"] - len(everyday) - len(words) + sum(WORDS_HELD_OUT.values())
    train = list(_sentences(count, chooser, seen))
    known = Counter(word for phrase in (*everyday, *train) for word in _words(phrase))
    held_out_words = [word for word in _shuffled(words, random) if _is_known(word, known)]
    whole = {}
    for split, words_count in WORDS_HELD_OUT.items():
        apart = [held_out_words.pop() for _ in range(words_count)]
        sentences = _sentences(SIZES[split] - words_count, chooser, seen, known)
        whole[split] = _shuffled([*apart, *sentences], random)
        words = [word for word in words if word not in apart]
    return {"train": everyday + _shuffled([*words, *train], random), **whole}


def _sentences(count: int, chooser: Chooser, seen: set[str], known: Counter | None = None) -> Iterator[Phrase]:
    """So many new sentences. With `known` they are not for training: constructions then have equal shares, and
    every third sentence has a combination that is held out, where its construction has a verb and noun at all."""
    shares = CONSTRUCTIONS if known is None else dict.fromkeys(CONSTRUCTIONS, 1.0)
    total = sum(shares.values())
    share_before = 0.0
    for construction, share in shares.items():
        first, end = (round(count * s / total) for s in (share_before, share_before + share))
        share_before += share
        for k in range(first, end):
            yield _sentence(construction, chooser, seen, known, novel=k % 3 == 0)


def _sentence(
    construction: Construction, chooser: Chooser, seen: set[str], known: Counter | None, novel: bool
) -> Phrase:
    for _ in range(ATTEMPTS):
        chooser.begin(novel=novel and known is not None)
        part = construction(chooser)
        if part is None or (chooser.shows_held_out() and not chooser.is_novel):
            continue
        phrase = Phrase(*finish(part), construction.__name__)
        if phrase.source in seen or len(phrase.source.split()) > LONGEST:
            continue
        if known is None or _is_known(phrase, known):
            seen.add(phrase.source)
            return phrase
    raise RuntimeError(f"{construction.__name__}: no new sentence in {ATTEMPTS} attempts: lower its share")


def _words(phrase: Phrase) -> Iterator[tuple[bool, str]]:
    """The words of both sides, told apart."""
    for is_target, text in enumerate((phrase.source, phrase.target)):
        yield from ((bool(is_target), word.strip(",?¿")) for word in text.split())


def _is_known(phrase: Phrase, known: Counter) -> bool:
    return all(known[word] >= KNOWN_FROM for word in _words(phrase))


def _shuffled(phrases: list[Phrase], random: Random) -> list[Phrase]:
    return sorted(phrases, key=lambda phrase: random.random())
