"""What things and people are like, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence

from tinyattn.text.corpus import auxiliaries as aux
from tinyattn.text.corpus import circumstances as when
from tinyattn.text.corpus.chooser import Chooser
from tinyattn.text.corpus.lexicon import ADJECTIVES, FITTING, NOUNS, Adjective, Noun, nouns_of
from tinyattn.text.corpus.noun_phrases import (
    BARE,
    DEFINITE,
    JUDGING,
    NUMBERS,
    OWNERS,
    SELECTING,
    THE,
    THIS,
    A,
    Nominal,
    nominal,
    noun_phrase,
)
from tinyattn.text.corpus.parts import NOTHING, Part, build, pair

THINGS = tuple(noun for noun in NOUNS if "person" not in noun.kinds)
COUNTED = tuple(noun for noun in THINGS if not noun.is_mass)
MOVABLE = nouns_of("thing", "paper", "dish", "clothes", "container", "sealed", "written", "instrument")
OWNED = tuple(noun for noun in THINGS if FITTING[noun] and ("place" not in noun.kinds or "home" in noun.kinds))
DESCRIBED = tuple(noun for noun in THINGS if FITTING[noun])
OF_PEOPLE = tuple(adjective for adjective in ADJECTIVES if "person" in adjective.kinds)


def named(*names: str) -> tuple[Noun, ...]:
    return tuple(noun for noun in NOUNS if noun.english[0] in names)


MEASURES = (
    (named("cup"), named("coffee", "milk")),
    (named("glass", "bottle"), named("water", "milk")),
    (named("plate"), named("rice", "soup", "meat")),
)


def words_together(pick: Chooser) -> Part:
    """`these old books → estos libros viejos`, `two cups of coffee → dos tazas de café`"""
    if pick.chance(0.25):
        holders, contents = pick.of(MEASURES)
        determiner = pick.of((A, A, *NUMBERS))
        cups = noun_phrase(determiner, pick.noun(holders), plural=determiner is not A)
        coffee = noun_phrase(BARE, pick.noun(contents))
        return build("{cups} of₁ {coffee} → {cups} de₁ {coffee}", cups=cups, coffee=coffee)
    noun = pick.noun(THINGS)
    thing = pick.phrase(noun, adjective=0.5).part
    if pick.chance(0.3) and noun in MOVABLE:
        return build("{thing} for₁ {her} → {thing} para₁ {her}", thing=thing, her=pick.person().part)
    if pick.chance(0.3) and noun in MOVABLE:
        return build("{thing} {there} → {thing} {there}", thing=thing, there=pick.where())
    return thing


def adjective_before(pick: Chooser) -> Part | None:
    """`this is my first car → este es mi primer coche`, `she buys good apples → ella compra buenas manzanas`"""
    if pick.chance(0.35):
        thing = _singled_out(pick, pick.noun(COUNTED))
        this = THIS.spanish[thing.feminine + 2 * thing.plural]
        this_is = build(
            "{this} {is_} → {this} {is_}",
            this=pair(THIS.english[thing.plural], this),
            is_=aux.SER[thing.person],
        )
        return build("{this_is} {thing} → {this_is} {thing}", this_is=this_is, thing=thing.part)
    action = pick.action()
    if action.noun.is_mass or "person" in action.noun.kinds:
        return None
    who = pick.somebody()
    return build(
        "{who}₁ {buys} {thing} {then} → {who} {buys}₁ {thing} {then}",
        who=who.part,
        buys=action.verb.present[who.person],
        thing=_singled_out(pick, action.noun).part,
        then=pick.how_often(action.verb),
    )


def _singled_out(pick: Chooser, noun: Noun) -> Nominal:
    """`a good book`, `good books`, `the last book`, `my other red book`"""
    plural = pick.chance(0.25)
    after = pick.of(FITTING[noun]) if FITTING[noun] and pick.chance(0.15) else None
    if pick.chance(0.4):
        return nominal(BARE if plural else A, noun, plural, before=pick.of(JUDGING), after=after)
    determiner = THE if pick.chance(0.7) else pick.of(OWNERS)
    return nominal(determiner, noun, plural, before=pick.of(SELECTING), after=after)


def possession(pick: Chooser) -> Part | None:
    """`my brother's car is new → el coche de mi hermano es nuevo`"""
    if pick.chance(0.55):
        noun = pick.noun(OWNED)
        return being(pick, _belonging(pick, noun, adjective=0), FITTING[noun])
    action = pick.action()
    if action.noun not in OWNED:
        return None
    who = pick.somebody()
    return build(
        "{who}₁ {washes} {car} {then} → {who} {washes}₁ {car} {then}",
        who=who.part,
        washes=action.verb.present[who.person],
        car=_belonging(pick, action.noun).part,
        then=pick.how_often(action.verb),
    )


OWNING = nouns_of("kin") + named("teacher", "doctor")


def _belonging(pick: Chooser, noun: Noun, adjective: float = 0.2) -> Nominal:
    """`my brother's red car → el coche rojo de mi hermano`"""
    owner = pick.noun(OWNING)
    determiner = THE if "role" in owner.kinds else pick.of(OWNERS)
    thing = pick.phrase(noun, (BARE,), adjective)
    article = noun_phrase(THE, noun, thing.plural).spanish[0]
    part = build(
        "{my} {brothers}₁ {car} → {the}₁ {car} de₁ {my} {brother}₁",
        my=determiner.agreeing(owner, False),
        brothers=Part((owner.english[0] + "'s",)),
        brother=Part((), (owner.spanish[0],)),
        the=Part((), (article,)),
        car=thing.part,
    )
    return thing._replace(part=part)


def being(pick: Chooser, who: Nominal, adjectives: Sequence[Adjective]) -> Part:
    """`the house is not very big → la casa no es muy grande`; Spanish has two verbs for "to be"."""
    one, other = pick.of(adjectives), pick.of(adjectives)
    parts = {
        "who": who.part,
        "is_": (aux.SER if one.ser else aux.ESTAR)[who.person],
        "very": pick.of(when.EMPHASIS) if pick.chance(0.3) else NOTHING,
        "big": one.agreeing(who.feminine, who.plural),
        "red": other.agreeing(who.feminine, who.plural),
    }
    if pick.chance(0.25):
        return build("{who}₁ {is_} not₂ {very} {big} → {who} no₂ {is_}₁ {very} {big}", **parts)
    of_people = "person" in one.kinds  # of things it would be "long and short"
    if of_people and one.ser and other.ser and one is not other and pick.chance(0.3):
        return build("{who}₁ {is_} {very} {big} and₂ {red} → {who} {is_}₁ {very} {big} y₂ {red}", **parts)
    return build("{who}₁ {is_} {very} {big} → {who} {is_}₁ {very} {big}", **parts)


def description(pick: Chooser, who: Nominal | None = None) -> Part:
    """`the houses are very old → las casas son muy viejas`, `i am not tired → no estoy cansado`"""
    if who is None and pick.chance(0.55):
        noun = pick.noun(DESCRIBED)
        thing = pick.phrase(noun, DEFINITE, adjective=0)
        if pick.chance(0.3) and noun in MOVABLE:
            there = build("{it} {there} → {it} {there}", it=thing.part, there=pick.where())
            thing = thing._replace(part=there)
        return being(pick, thing, FITTING[noun])
    return being(pick, who or pick.somebody(), OF_PEOPLE)
