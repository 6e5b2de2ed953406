"""How someone feels, where things are, that there are some, and which is the bigger one."""

from __future__ import annotations

from tinyattn.text.corpus import auxiliaries as aux
from tinyattn.text.corpus import circumstances as when
from tinyattn.text.corpus.chooser import Chooser
from tinyattn.text.corpus.descriptions import MOVABLE, named
from tinyattn.text.corpus.lexicon import ADJECTIVES, FITTING, Noun, nouns_of
from tinyattn.text.corpus.noun_phrases import BARE, DEFINITE, MANY, NUMBERS, PRONOUNS, A, Nominal
from tinyattn.text.corpus.parts import NOTHING, Part, build, pair

# What one is in English and has in Spanish, and how much of it: i am very hungry, tengo mucha hambre.
HUNGRY, AFRAID = pair("hungry", "hambre"), pair("afraid", "miedo")
FEELINGS = (
    (HUNGRY, pair("very", "mucha")),
    (pair("thirsty", "sed"), pair("very", "mucha")),
    (pair("sleepy", "sueño"), pair("very", "mucho")),
    (AFRAID, pair("very", "mucho")),
    (pair("in a hurry", "prisa"), NOTHING),
    (pair("right", "razón"), NOTHING),
)
FEARED = nouns_of("animal") + named("teacher", "doctor", "nurse")


def feeling(pick: Chooser, who: Nominal | None = None) -> Part:
    """`i am hungry → tengo hambre`, `she is afraid of the dog → ella tiene miedo del perro`"""
    who = who or pick.somebody()
    hungry, very = pick.of(FEELINGS)
    then = pick.of(when.AT_PRESENT) if very is not NOTHING and pick.chance(0.35) else NOTHING
    if hungry is AFRAID and pick.chance(0.7):
        dog = pick.phrase(pick.noun(FEARED), DEFINITE).part
        hungry = build("{afraid} of₁ {dog} → {afraid} de₁ {dog}", afraid=hungry, dog=dog)
        then = NOTHING
    parts = {
        "who": who.part,
        "am": aux.TENER[who.person],
        "very": very if pick.chance(0.3) else NOTHING,
        "hungry": hungry,
        "now": then,
    }
    if pick.chance(0.25):
        return build("{who}₁ {am} not₂ {very} {hungry} {now} → {who} no₂ {am}₁ {very} {hungry} {now}", **parts)
    return build("{who}₁ {am} {very} {hungry} {now} → {who} {am}₁ {very} {hungry} {now}", **parts)


# Where small things can be, and where people and animals can.
IN, ON, UNDER = build("in₁ → en₁"), build("on₁ → sobre₁"), build("under₁ → debajo₁ de₁")
BEHIND, NEAR = build("behind₁ → detrás₁ de₁"), build("near₁ → cerca₁ de₁")
NEXT_TO, BEFORE = build("next₁ to₂ → al₁ lado₁ de₂"), build("in₁ front₁ of₂ → delante₁ de₂")
FURNITURE = nouns_of("furniture")
BESIDE = nouns_of("building", "vehicle", "outside") + named("tree", "door")
WHERE_THINGS_ARE = (
    (IN, nouns_of("container", "room")),
    (ON, named("table", "chair", "bed")),
    (UNDER, named("table", "chair", "bed", "tree")),
    (BEHIND, FURNITURE + nouns_of("fixture", "container")),
    (NEXT_TO, FURNITURE + nouns_of("fixture", "container", "machine")),
)
WHERE_PEOPLE_ARE = (
    (IN, nouns_of("place")),
    (BEHIND, BESIDE),
    (NEXT_TO, BESIDE),
    (BEFORE, BESIDE),
    (NEAR, BESIDE),
)
LIVING = nouns_of("person", "animal")
FOUND_SOMEWHERE = MOVABLE + nouns_of("food", "animal")


def somewhere(pick: Chooser, noun: Noun) -> Part:
    """Where such a thing can be: `next to the old house → al lado de la casa vieja`"""
    near, nouns = pick.of(WHERE_PEOPLE_ARE if noun in LIVING else WHERE_THINGS_ARE)
    house = pick.phrase(pick.noun(nouns), DEFINITE, several=0.1).part
    return build("{near} {house} → {near} {house}", near=near, house=house)


def location(pick: Chooser) -> Part:
    """`the keys are on the table → las llaves están sobre la mesa`"""
    noun = pick.noun(LIVING if pick.chance(0.4) else MOVABLE)
    who = pick.phrase(noun, None if "person" in noun.kinds else DEFINITE)
    parts = {"who": who.part, "are": aux.ESTAR[who.person], "there": somewhere(pick, noun)}
    if pick.chance(0.2):
        return build("{who}₁ {are} not₂ {there} → {who} no₂ {are}₁ {there}", **parts)
    return build("{who}₁ {are} {there} → {who} {are}₁ {there}", **parts)


def existence(pick: Chooser) -> Part:
    """`there are three apples in the box → hay tres manzanas en la caja`"""
    noun = pick.noun(FOUND_SOMEWHERE)
    negative = pick.chance(0.25)
    if noun.is_mass or negative:
        apples = pick.phrase(noun, (BARE,), several=1)
    elif pick.chance(0.35):
        apples = pick.phrase(noun, (A,), several=0)
    else:
        apples = pick.phrase(noun, (MANY, *NUMBERS), several=1)
    parts = {
        "are": Part(("are" if apples.plural else "is",)),
        "apples": apples.part,
        "there": NOTHING if pick.chance(0.12) else somewhere(pick, noun),
    }
    if negative:
        return build("there₁ {are}₁ no₂ {apples} {there} → no₂ hay₁ {apples} {there}", **parts)
    return build("there₁ {are}₁ {apples} {there} → hay₁ {apples} {there}", **parts)


COMPARED = tuple(adjective for adjective in ADJECTIVES if adjective.comparative)
COMPARABLE = {adjective: [noun for noun in FITTING if adjective in FITTING[noun]] for adjective in COMPARED}


def comparison(pick: Chooser) -> Part | None:
    """`the house is bigger than the car → la casa es más grande que el coche`"""
    adjective = pick.of(COMPARED)
    nouns: list[Noun] = COMPARABLE[adjective]
    first, second = pick.noun(nouns), pick.noun(nouns)
    if first is second or ("person" in first.kinds) != ("person" in second.kinds):
        return None
    one = pick.phrase(first, DEFINITE if "person" not in first.kinds else None, adjective=0.1)
    if "person" in first.kinds and pick.chance(0.5):
        one = pick.of(PRONOUNS)
    other = pick.phrase(second, DEFINITE if "person" not in second.kinds else None, adjective=0.1)
    big = adjective.agreeing(one.feminine, one.plural)
    parts = {"one": one.part, "is_": aux.SER[one.person], "other": other.part}
    if pick.chance(0.3):
        pattern = "{one}₁ {is_} as₂ {big} as₃ {other} → {one} {is_}₁ tan₂ {big} como₃ {other}"
        return build(pattern, big=big, **parts)
    if adjective.comparative == "more":
        bigger = build("more₁ {big} → más₁ {big}", big=big)
    else:
        bigger = pair(adjective.comparative or "", f"más {big.spanish[0]}")
    if pick.chance(0.2):
        pattern = "{one}₁ {is_} not₂ {bigger} than₃ {other} → {one} no₂ {is_}₁ {bigger} que₃ {other}"
    else:
        pattern = "{one}₁ {is_} {bigger} than₃ {other} → {one} {is_}₁ {bigger} que₃ {other}"
    return build(pattern, bigger=bigger, **parts)
