"""English and Spanish built side by side, and which word belongs to which along with them.

A pattern shows both sides at once. Words with the same small number belong together, and a slot in braces
stands for a part built before, wherever each language wants it:

    build("where₁ is₂ {thing} → dónde₁ está₂ {thing}", thing=the_key)

A number on an English slot counts for words that Spanish does not say, like the "i" of "i eat" (como) or the
"do" of a question; they belong to what has the same number in Spanish.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from typing import NamedTuple

Links = tuple[tuple[int, int], ...]  # (English word, Spanish word), counted from 0


class Part(NamedTuple):
    """Some words of a sentence in both languages. Either side may be empty."""

    english: tuple[str, ...] = ()
    spanish: tuple[str, ...] = ()
    links: Links = ()


NOTHING = Part()


def pair(english: str, spanish: str) -> Part:
    """Words that are each other's translation as a whole: every one belongs to every one."""
    words, palabras = english.split(), spanish.split()
    return Part(tuple(words), tuple(palabras), tuple(product(range(len(words)), range(len(palabras)))))


def build(pattern: str, **parts: Part) -> Part:
    """The pattern with its slots filled."""
    english_items, spanish_items = _read(pattern)
    english: list[str] = []
    spanish: list[str] = []
    starts: dict[str, int] = {}  # where a slot's part begins in English
    numbered: dict[str, list[int]] = {}
    links: list[tuple[int, int]] = []
    for text, is_slot, numbers in english_items:
        first = len(english)
        if not is_slot:
            english.append(text)
        else:
            part = parts[text]
            starts[text] = first
            english += part.english
            if part.spanish:
                continue  # its words have partners of their own
        for number in numbers:
            numbered.setdefault(number, []).extend(range(first, len(english)))
    for text, is_slot, numbers in spanish_items:
        first = len(spanish)
        if not is_slot:
            spanish.append(text)
        else:
            part = parts[text]
            spanish += part.spanish
            if part.links:
                start = starts[text]
                links += [(start + i, first + j) for i, j in part.links]
        for number in numbers:
            links += [(i, j) for i in numbered.get(number, ()) for j in range(first, len(spanish))]
    return Part(tuple(english), tuple(spanish), tuple(links))


def a_before(part: Part) -> Part:
    """With the Spanish "a" in front that people as objects have, and "a mi hermana le gusta"; it belongs to
    the part's noun, in English its last word."""
    links = ((len(part.english) - 1, 0), *((i, j + 1) for i, j in part.links))
    return Part(part.english, ("a", *part.spanish), links)


def question(part: Part) -> Part:
    return build("{asked} ?₁ → ¿₁ {asked} ?₁", asked=part)


def finish(part: Part) -> tuple[str, str, Links]:
    """A whole sentence: source, target and alignment. Here meet the words that change with their neighbour:
    a/an, y/e, o/u, and al, del, which are two words in one."""
    english, spanish, links = list(part.english), list(part.spanish), part.links
    for k, (word, following) in enumerate(pairwise(english)):
        if word == "a" and following[0] in "aeiou":
            english[k] = "an"
    for k, (word, following) in enumerate(pairwise(spanish)):
        if word == "y" and re.match(r"h?i(?!e)", following):
            spanish[k] = "e"
        elif word == "o" and re.match(r"h?o", following):
            spanish[k] = "u"
    if "el" in spanish:
        spanish, links = _contracted(spanish, links)
    return _text(english), _text(spanish), tuple(sorted(set(links)))


def _contracted(words: list[str], links: Links) -> tuple[list[str], Links]:
    contracted: list[str] = []
    moved = []  # where each old word now stands
    for word in words:
        if word == "el" and contracted and contracted[-1] in ("a", "de"):
            contracted[-1] += "l"
        else:
            contracted.append(word)
        moved.append(len(contracted) - 1)
    return contracted, tuple((i, moved[j]) for i, j in links)


def _text(words: list[str]) -> str:
    """Words as people write them: no space before a comma or question mark, none after ¿."""
    return " ".join(words).replace(" ,", ",").replace(" ?", "?").replace("¿ ", "¿")


@cache
def _read(pattern: str) -> tuple[tuple[tuple[str, bool, str], ...], ...]:
    """Both sides of a pattern as items (word or name of a slot, is it a slot, its numbers)."""
    return tuple(tuple(_items(side)) for side in pattern.split("→"))


def _items(side: str) -> Iterator[tuple[str, bool, str]]:
    for item in side.split():
        text = item.rstrip("₁₂₃₄₅₆₇₈₉")
        yield text.strip("{}"), text.startswith("{"), item[len(text) :]
