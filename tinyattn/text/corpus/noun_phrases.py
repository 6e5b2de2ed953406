"""The parts of a noun phrase, agreeing in gender and number, and the subjects of sentences."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from tinyattn.text.corpus.lexicon import EL, ELLOS, NOSOTROS, TU, YO, Adjective, Noun
from tinyattn.text.corpus.parts import NOTHING, Part, build, pair


class Word(NamedTuple):
    """A determiner, or an adjective that Spanish has before the noun: "el primer libro"."""

    english: tuple[str, str]  # with one, with several; "" where there is no such thing
    spanish: tuple[str, str, str, str]  # masculine, feminine, and their plurals

    def agreeing(self, noun: Noun, plural: bool) -> Part:
        return pair(self.english[plural], self.spanish[noun.feminine + 2 * plural])


def _word(english: str, spanish: str) -> Word:
    one, _, several = english.partition("/")
    forms = spanish.split()
    return Word((one, several or one), (forms[0], forms[1], forms[-2], forms[-1]))


BARE = Word(("", ""), ("", "", "", ""))
THE = _word("the", "el la los las")
A = _word("a", "un una")
THIS = _word("this/these", "este esta estos estas")
MY = _word("my", "mi mi mis mis")
YOUR = _word("your", "tu tu tus tus")
HIS = _word("his", "su su sus sus")
HER = _word("her", "su su sus sus")
OUR = _word("our", "nuestro nuestra nuestros nuestras")
THEIR = _word("their", "su su sus sus")
MANY = _word("many", "muchos muchas muchos muchas")
NUMBERS = (
    _word("two", "dos dos"),
    _word("three", "tres tres"),
    _word("four", "cuatro cuatro"),
    _word("ten", "diez diez"),
)

OWNERS = (MY, YOUR, HIS, HER, OUR, THEIR)
WITH_ONE = 6 * (THE,) + 4 * (A,) + 2 * (THIS,) + OWNERS
WITH_SEVERAL = 6 * (THE,) + 2 * (MANY,) + 2 * (THIS,) + NUMBERS + OWNERS
DEFINITE = 6 * (THE,) + 2 * (THIS,) + OWNERS

# Judgements that go with "a", and words that single out one and go with "the".
GOOD = _word("good", "buen buena buenos buenas")
GREAT = _word("great", "gran gran grandes grandes")
JUDGING = (GOOD, GREAT)
SELECTING = (
    _word("first", "primer primera primeros primeras"),
    _word("last", "último última últimos últimas"),
    _word("other", "otro otra otros otras"),
    _word("best", "mejor mejor mejores mejores"),
)


@cache
def noun_phrase(
    determiner: Word, noun: Noun, plural: bool = False, before: Word | None = None, after: Adjective | None = None
) -> Part:
    """`the first red apple → la primera manzana roja`"""
    return build(
        "{the} {first} {red} {apple} → {the} {first} {apple} {red}",
        the=_article(determiner, noun, plural, alone=before is None),
        first=before.agreeing(noun, plural) if before else NOTHING,
        red=after.agreeing(noun.feminine, plural) if after else NOTHING,
        apple=pair(noun.english[plural], noun.spanish[plural]),
    )


def _article(determiner: Word, noun: Noun, plural: bool, alone: bool) -> Part:
    """Feminine agua begins with a stressed a and takes el: el agua fría, but la misma agua."""
    if determiner is THE and noun.spanish[0] == "agua" and alone:
        return pair("the", "el")
    return determiner.agreeing(noun, plural)


class Nominal(NamedTuple):
    """A pronoun or noun phrase, and what has to agree with it."""

    part: Part
    person: int  # one of lexicon.PERSONS
    feminine: bool = False

    @property
    def plural(self) -> bool:
        return self.person >= NOSOTROS


# Spanish leaves its pronouns out where the verb tells them; él and ella it keeps, the first time.
PRONOUNS = (
    Nominal(Part(("i",)), YO),
    Nominal(Part(("you",)), TU),
    Nominal(pair("he", "él"), EL),
    Nominal(pair("she", "ella"), EL, feminine=True),
    Nominal(Part(("we",)), NOSOTROS),
    Nominal(Part(("they",)), ELLOS),
)
LEFT_OUT = tuple(who for who in PRONOUNS if not who.part.spanish)


def again(who: Nominal) -> Nominal:
    """The same person once more, later in the sentence: a pronoun in English, nothing in Spanish."""
    name = ("i", "you", "she" if who.feminine else "he", "we", "they")[who.person]
    return Nominal(Part((name,)), who.person, who.feminine)


def nominal(
    determiner: Word, noun: Noun, plural: bool = False, before: Word | None = None, after: Adjective | None = None
) -> Nominal:
    part = noun_phrase(determiner, noun, plural, before, after)
    return Nominal(part, ELLOS if plural else EL, noun.feminine)


def company(one: Nominal, other: Nominal) -> Nominal:
    """`my mother and my brother → mi madre y mi hermano`; one man makes the group masculine."""
    both = build("{one} and₁ {other} → {one} y₁ {other}", one=one.part, other=other.part)
    return Nominal(both, ELLOS, one.feminine and other.feminine)
