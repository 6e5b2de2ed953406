"""The words of the corpus with all their forms, read from the tables in `words.py` and `verbs.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinyattn.text.corpus import verbs, words
from tinyattn.text.corpus.morphology import (
    agreeing,
    conjugate,
    english_plural,
    ing,
    past,
    spanish_plural,
    third_person,
)
from tinyattn.text.corpus.parts import Part, pair

YO, TU, EL, NOSOTROS, ELLOS = PERSONS = range(5)  # yo, tú, él or ella, nosotros, ellos


@dataclass(frozen=True, eq=False)
class Noun:
    english: tuple[str, str]  # one, several
    spanish: tuple[str, str]
    feminine: bool
    kinds: frozenset[str]

    @property
    def is_mass(self) -> bool:
        """Not counted: no "a milk", no "two milks"."""
        return "mass" in self.kinds


@dataclass(frozen=True, eq=False)
class Adjective:
    english: str
    spanish: tuple[str, str, str, str]  # masculine, feminine, and their plurals
    ser: bool  # es rojo; else está cansado
    comparative: str | None  # "bigger"; "more" for "more expensive"
    kinds: frozenset[str]

    def agreeing(self, feminine: bool, plural: bool) -> Part:
        return pair(self.english, self.spanish[feminine + 2 * plural])


@dataclass(frozen=True, eq=False)
class Verb:
    """Every form as a part. Tuples run over PERSONS; a `bare` English form follows do, don't, didn't."""

    english: str
    command: Part  # eat, come
    forbidden: Part  # (don't) eat, comas
    infinitive: Part
    gerund: Part  # eating, comiendo
    present: tuple[Part, ...]
    bare_present: tuple[Part, ...]
    past: tuple[Part, ...]
    bare_past: tuple[Part, ...]
    wished: tuple[Part, ...]  # (want me to) eat, coma
    can: str
    where: str
    objects: tuple[Noun, ...]


def _rows(table: str) -> Iterator[dict[str, str]]:
    header, *lines = table.strip().splitlines()
    columns = header.split()
    for line in lines:
        yield dict(zip(columns, line.split(maxsplit=len(columns) - 1)))


def _noun(row: dict[str, str]) -> Noun:
    english, _, english_many = row["english"].partition("/")
    spanish, _, spanish_many = row["spanish"].partition("/")
    return Noun(
        (english, english_many or english_plural(english)),
        (spanish, spanish_many or spanish_plural(spanish)),
        row["gender"] == "f",
        frozenset(row["kinds"].split()),
    )


def _adjective(row: dict[str, str]) -> Adjective:
    one, _, many = row["spanish"].partition("/")
    return Adjective(
        row["english"],
        (one, one, many, many) if many else agreeing(one),
        row["be"] == "ser",
        None if row["comparative"] == "-" else row["comparative"],
        frozenset(row["kinds"].split()),
    )


def _verb(row: dict[str, str]) -> Verb:
    # "look+for": the first word changes, the second stays.
    base, plus, after = row["english"].partition("+")
    rest = " " + after if plus else ""
    was = past(base) if row["past"] == "-" else row["past"].split("+")[0]
    spanish = conjugate(row["spanish"], **verbs.PRINCIPAL_PARTS.get(row["spanish"], {}))
    third = "goes" if base == "go" else "has" if base == "have" else third_person(base)
    present = [third if person == EL else base for person in PERSONS]
    kinds = set(row["kinds"].split())
    return Verb(
        english=base + rest,
        command=pair(base + rest, spanish.command),
        forbidden=pair(base + rest, spanish.subjunctive[TU]),
        infinitive=pair(base + rest, spanish.infinitive),
        gerund=pair(ing(base) + rest, spanish.gerund),
        present=tuple(pair(word + rest, form) for word, form in zip(present, spanish.present)),
        bare_present=tuple(pair(base + rest, form) for form in spanish.present),
        past=tuple(pair(was + rest, form) for form in spanish.preterite),
        bare_past=tuple(pair(base + rest, form) for form in spanish.preterite),
        wished=tuple(pair(base + rest, form) for form in spanish.subjunctive),
        can=row["can"],
        where=row["where"],
        objects=tuple(noun for noun in NOUNS if kinds & noun.kinds),
    )


NOUNS = tuple(map(_noun, _rows(words.NOUNS)))
ADJECTIVES = tuple(map(_adjective, _rows(words.ADJECTIVES)))
GIVING = tuple(map(_verb, _rows(verbs.GIVING)))
TRANSITIVE = tuple(map(_verb, _rows(verbs.TRANSITIVE))) + GIVING
INTRANSITIVE = tuple(map(_verb, _rows(verbs.INTRANSITIVE)))
(GO,) = map(_verb, _rows(verbs.MOTION))

FITTING = {noun: tuple(a for a in ADJECTIVES if a.kinds & noun.kinds) for noun in NOUNS}


def nouns_of(*kinds: str) -> tuple[Noun, ...]:
    return tuple(noun for noun in NOUNS if noun.kinds.intersection(kinds))
