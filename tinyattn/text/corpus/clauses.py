"""Long sentences: clauses in clauses, reasons, conditions, wishes, and lists."""

from __future__ import annotations

from collections.abc import Callable

from tinyattn.text.corpus import auxiliaries as aux
from tinyattn.text.corpus import circumstances as when
from tinyattn.text.corpus.chooser import COMPLETE, Chooser
from tinyattn.text.corpus.commands import command, listed, prohibition
from tinyattn.text.corpus.descriptions import OF_PEOPLE, being, description
from tinyattn.text.corpus.lexicon import ELLOS, FITTING, GO, TRANSITIVE, Noun, nouns_of
from tinyattn.text.corpus.noun_phrases import BARE, LEFT_OUT, PRONOUNS, THE, THIS, Nominal, again
from tinyattn.text.corpus.parts import NOTHING, Part, a_before, build, pair
from tinyattn.text.corpus.statements import negation, past, plan, progressive, statement, wish_or_duty
from tinyattn.text.corpus.states import feeling

Clause = Callable[[Chooser, Nominal], Part]

AT_ANY_TIME: tuple[Clause, ...] = (statement, statement, negation, progressive, description, feeling)
ANY: tuple[Clause, ...] = (*AT_ANY_TIME, past, plan, wish_or_duty)


def _other(pick: Chooser, who: Nominal) -> Nominal:
    """The subject of a second clause: often the same, which Spanish does not repeat."""
    if pick.chance(0.45):
        return again(who)
    other = pick.person() if pick.chance(0.6) else pick.of(LEFT_OUT)
    return again(who) if other.person == who.person and other in LEFT_OUT else other


def relative(pick: Chooser) -> Part | None:
    """`the man who sells the apples is tired → el hombre que vende las manzanas está cansado`"""
    return pick.of((_who_does, _who_does, _that_is_done, _this_is))(pick)


def _man_who(pick: Chooser, man: Nominal) -> Nominal:
    """`the man who sells the apples → el hombre que vende las manzanas`"""
    verb, rest = pick.doing(man.person)
    sells = verb.present[man.person]
    part = build("{man} who₁ {sells} {rest} → {man} que₁ {sells} {rest}", man=man.part, sells=sells, rest=rest)
    return man._replace(part=part)


def _who_does(pick: Chooser) -> Part:
    man = pick.phrase(pick.noun(ROLES), (THE,), adjective=0)
    if pick.chance(0.7):
        return being(pick, _man_who(pick, man), OF_PEOPLE)
    who = pick.someone()
    verb = pick.verb(ON_PEOPLE)
    return build(
        "{who}₁ {sees} {man} → {who} {sees}₁ {man}",
        who=who.part,
        sees=verb.present[who.person],
        man=_man_who(pick, man._replace(part=a_before(man.part))).part,
    )


ROLES = nouns_of("role")
ON_PEOPLE = tuple(verb for verb in TRANSITIVE if verb.english in ("see", "help", "call", "visit", "look for"))


def _book_that(pick: Chooser) -> tuple[Noun, Nominal]:
    """`the book that my sister reads → el libro que lee mi hermana`, the verb first"""
    action = pick.action(determiners=(THE,), adjective=0)
    thing = action.thing
    who = pick.of(LEFT_OUT) if pick.chance(0.6) else pick.person()
    pattern = "{book} that₁ {she}₂ {reads} → {book} que₁ {reads}₂ {she}"
    reads = action.verb.present[who.person]
    return action.noun, thing._replace(part=build(pattern, book=thing.part, she=who.part, reads=reads))


def _that_is_done(pick: Chooser) -> Part | None:
    noun, thing = _book_that(pick)
    if "person" in noun.kinds or not FITTING[noun]:
        return None
    return being(pick, thing, FITTING[noun])


def _this_is(pick: Chooser) -> Part | None:
    """`this is the book that i read → este es el libro que leo`"""
    noun, thing = _book_that(pick)
    if "person" in noun.kinds:
        return None
    this = THIS.agreeing(noun, thing.plural)
    return build("{this} {is_} {book} → {this} {is_} {book}", this=this, is_=aux.SER[thing.person], book=thing.part)


CONJUNCTIONS: tuple[tuple[str, tuple[Clause, ...], tuple[Clause, ...]], ...] = (
    ("{one} because₁ {two} → {one} porque₁ {two}", ANY, ANY),
    ("{one} when₁ {two} → {one} cuando₁ {two}", (statement, negation), (statement, description, feeling)),
    ("{one} while₁ {two} → {one} mientras₁ {two}", (statement, progressive), (statement, progressive)),
    ("{one} ,₁ but₂ {two} → {one} ,₁ pero₂ {two}", ANY, ANY),
    ("{one} ,₁ so₂ {two} → {one} ,₁ así₂ que₂ {two}", AT_ANY_TIME, ANY),
    ("{one} and₁ {two} → {one} y₁ {two}", ANY, ANY),
)


def two_clauses(pick: Chooser, who: Nominal | None = None) -> Part:
    """`i drink water because i am thirsty → bebo agua porque tengo sed`"""
    pattern, first, second = pick.of(CONJUNCTIONS)
    who = who or pick.somebody()
    return build(pattern, one=pick.of(first)(pick, who), two=pick.of(second)(pick, _other(pick, who)))


def condition(pick: Chooser) -> Part:
    """`if you are hungry, eat the soup → si tienes hambre, come la sopa`"""
    pattern = "if₁ {one} ,₂ {two} → si₁ {one} ,₂ {two}"
    if pick.chance(0.5):
        you = PRONOUNS[1]
        two = pick.of((command, prohibition))(pick)
        return build(pattern, one=pick.of(AT_ANY_TIME)(pick, you), two=two)
    who = pick.somebody()
    main = pick.of((statement, negation, plan, wish_or_duty))
    one = pick.of(AT_ANY_TIME)(pick, who)
    return build(pattern, one=one, two=main(pick, _other(pick, who)))


def opinion(pick: Chooser) -> Part:
    """`i think that your brother is tired → creo que tu hermano está cansado`"""
    who = pick.someone()
    clause = pick.of((*ANY, two_clauses))(pick, _other(pick, who))
    parts = {"who": who.part, "clause": clause}
    if pick.chance(0.25):
        know, negation = aux.BARE_KNOW[who.person], aux.NOT[who.person]
        pattern = "{who}₁ {not} {know} if₂ {clause} → {who} {not} {know}₁ si₂ {clause}"
        return build(pattern, know=know, **{"not": negation}, **parts)
    think = pick.of((aux.THINK, aux.THINK, aux.SAY, aux.KNOW))[who.person]
    return build("{who}₁ {think} that₂ {clause} → {who} {think}₁ que₂ {clause}", think=think, **parts)


# Whom one wants to do something: English has an object, Spanish a subject, and leaves it out where it can.
WANTED = tuple(
    Nominal(part, who.person, who.feminine)
    for part, who in zip(
        (Part(("me",)), Part(("you",)), pair("him", "él"), pair("her", "ella")),
        PRONOUNS,
    )
)


def wish(pick: Chooser) -> Part:
    """`my mother wants me to clean the kitchen → mi madre quiere que limpie la cocina`"""
    who = pick.someone()
    whom = pick.person(several=0) if pick.chance(0.45) else pick.of([w for w in WANTED if w.person != who.person])
    verb, rest = pick.doing(whom.person, "c", when.SOON)
    parts = {"who": who.part, "rest": rest}
    if pick.chance(0.3) and whom not in WANTED:
        present, wished = verb.present[whom.person], verb.wished[whom.person]
        clean = pair(" ".join(present.english), wished.spanish[0])
        pattern = "{who}₁ {hope} that₂ {you} {clean} {rest} → {who} {hope}₁ que₂ {you} {clean} {rest}"
        return build(pattern, hope=aux.HOPE[who.person], you=whom.part, clean=clean, **parts)
    parts.update(whom=whom.part, clean=verb.wished[whom.person])
    if pick.chance(0.25):
        pattern = "{who}₁ {not} {want} {whom}₃ to₂ {clean} {rest} → {who} {not} {want}₁ que₂ {whom} {clean}₃ {rest}"
        return build(pattern, **parts, **{"not": aux.NOT[who.person], "want": aux.BARE_WANT[who.person]})
    pattern = "{who}₁ {want} {whom}₃ to₂ {clean} {rest} → {who} {want}₁ que₂ {whom} {clean}₃ {rest}"
    return build(pattern, want=aux.WANT[who.person], **parts)


def purpose(pick: Chooser) -> Part:
    """`i go to the market to buy apples → voy al mercado para comprar manzanas`"""
    who = pick.somebody()
    action = pick.action("c")
    forms, times = pick.of(((GO.present, when.HABIT), (GO.past, when.BEFORE), (aux.GOING, when.LATER)))
    then = pick.of(times) if pick.chance(0.4) else NOTHING
    return build(
        "{who}₁ {go} to₂ {market} to₃ {buy} {apples} {then} → {who} {go}₁ a₂ {market} para₃ {buy} {apples} {then}",
        who=who.part,
        go=forms[who.person],
        market=pick.place()[1],
        buy=action.verb.infinitive,
        apples=action.thing.part,
        then=then,
    )


def listing(pick: Chooser) -> Part | None:
    """`we buy bread, milk and rice → compramos pan, leche y arroz`"""
    if pick.chance(0.2):
        return _list_of_people(pick)
    action = pick.action(among=LISTABLE)
    nouns = list(dict.fromkeys((action.noun, *(pick.more_of(action.verb) for _ in range(pick.of((1, 2, 3)))))))
    if len(nouns) < 2:
        return None
    determiners, several = pick.of((((BARE,), 1.0), ((THE,), 0.3)))
    things = listed([pick.phrase(noun, determiners, adjective=0.05, several=several).part for noun in nouns])
    if pick.chance(0.25):
        return build("{buy} {it} → {buy} {it}", buy=action.verb.command, it=things)
    who = pick.someone()
    buy = action.verb.present[who.person]
    then = pick.how_often(action.verb)
    pattern = "{who}₁ {buy} {it} {then} → {who} {buy}₁ {it} {then}"
    return build(pattern, who=who.part, buy=buy, it=things, then=then)


LISTABLE = tuple(
    verb
    for verb in COMPLETE
    if "c" in verb.can and len(verb.objects) > 7 and not any("person" in noun.kinds for noun in verb.objects)
)


def _list_of_people(pick: Chooser) -> Part:
    """`my mother, my uncle and the teacher are in the park → mi madre, mi tío y el profesor están en el parque`"""
    people = [pick.person(several=0.15) for _ in range(3)]
    who = Nominal(listed([one.part for one in people]), ELLOS, all(one.feminine for one in people))
    return pick.of((statement, negation, progressive, description, feeling))(pick, who)
