"""Pronouns as objects, which Spanish has before the verb, but joined to a command: lo come, cómelo."""

from __future__ import annotations

from tinyattn.text.corpus import auxiliaries as aux
from tinyattn.text.corpus import circumstances as when
from tinyattn.text.corpus.chooser import Chooser
from tinyattn.text.corpus.lexicon import EL, ELLOS, FITTING, GIVING, NOSOTROS, NOUNS, TRANSITIVE, TU, YO, Noun, Verb
from tinyattn.text.corpus.morphology import with_pronoun
from tinyattn.text.corpus.noun_phrases import DEFINITE, LEFT_OUT, Nominal
from tinyattn.text.corpus.parts import NOTHING, Part, a_before, build, pair


def _verbs(names: str) -> tuple[Verb, ...]:
    return tuple(verb for verb in TRANSITIVE if verb.english in names.split(", "))


# The first of two things done to something; then those that have a pronoun joined to them, four words each;
# those done to people.
ACQUIRING = _verbs("buy, bring, look for, find")
JOINING = _verbs("eat, drink, buy, read, open, close, wash, clean, repair, cut, help, call, sell")
USING = tuple(verb for verb in JOINING if verb not in ACQUIRING)
HELPING = _verbs("help, call, visit, see, look for")

ME, YOU, US = pair("me", "me"), pair("you", "te"), pair("us", "nos")
RECEIVERS = (ME, ME, YOU, US, pair("him", "le"))
OBJECTS = (ME, YOU, US, pair("him", "lo"), pair("her", "la"), pair("them", "los"))
# Of things that were not named, Spanish speaks as of masculine ones.
LE = Part((), ("le",))  # said together with "a mi hermano"
UNNAMED = (pair("it", "lo"), pair("it", "lo"), pair("them", "los"))
OWN = {YO: (ME, US), TU: (YOU, US), EL: (), NOSOTROS: (ME, US), ELLOS: ()}  # nobody "helps me" to himself


def pronoun_of(noun: Noun, thing: Nominal) -> Part:
    """What stands for a noun that was named: it, him, her or them; lo, la, los or las."""
    one = "it" if "person" not in noun.kinds else "her" if thing.feminine else "him"
    return pair("them" if thing.plural else one, ("lo", "la", "los", "las")[thing.feminine + 2 * thing.plural])


def joined(verb: Verb, pronoun: Part) -> Part:
    """`eat it → cómelo`: one word in Spanish."""
    spanish = with_pronoun(verb.command.spanish[0], pronoun.spanish[0])
    return pair(f"{verb.english} {pronoun.english[0]}", spanish)


def command_with_pronoun(pick: Chooser) -> Part | None:
    """`buy the apple and eat it → compra la manzana y cómela`"""
    then = pick.of(when.SOON) if pick.chance(0.35) else NOTHING
    if pick.chance(0.25):
        verb = pick.verb(JOINING)
        it = pick.of(OBJECTS[2:] if verb in HELPING else UNNAMED)
        eat_it = pick.of((joined, _forbidden))(verb, it)
        return build("{eat_it} {now} → {eat_it} {now}", eat_it=eat_it, now=then)
    action = pick.action(among=USING, determiners=DEFINITE)
    first = pick.another_verb(action, ACQUIRING)
    if first is None or "c" not in first.can:
        return None
    it = pronoun_of(action.noun, action.thing)
    parts = {"buy": first.command, "apple": action.thing.part, "now": then}
    if pick.chance(0.3):
        pattern = "{buy} {apple} ,₁ but₂ {not_it} {now} → {buy} {apple} ,₁ pero₂ {not_it} {now}"
        return build(pattern, not_it=_forbidden(action.verb, it), **parts)
    pattern = "{buy} {apple} and₁ {eat_it} {now} → {buy} {apple} y₁ {eat_it} {now}"
    return build(pattern, eat_it=joined(action.verb, it), **parts)


def _forbidden(verb: Verb, it: Part) -> Part:
    """`don't eat it → no lo comas`"""
    return build("don't₁ {eat} {it} → no₁ {it} {eat}", eat=verb.forbidden, it=it)


def pronoun_as_object(pick: Chooser) -> Part | None:
    """`he doesn't help me → él no me ayuda`"""
    return pick.of((_doing_to_me, _doing_to_it, _doing_two_things))(pick)


def _doing_to_me(pick: Chooser) -> Part:
    who = pick.somebody()
    me = pick.of([me for me in OBJECTS if me not in OWN[who.person]])
    return _with_object(pick, who, pick.verb(HELPING), me)


def _doing_to_it(pick: Chooser) -> Part | None:
    """`the soup is cold and i don't want it → la sopa está fría y no la quiero`"""
    action = pick.action(determiners=DEFINITE, adjective=0)
    if "person" in action.noun.kinds or not FITTING[action.noun]:
        return None
    cold = pick.of(FITTING[action.noun])
    it = pronoun_of(action.noun, action.thing)
    return build(
        "{soup} {is_} {cold} and₁ {i_eat_it} → {soup} {is_} {cold} y₁ {i_eat_it}",
        soup=action.thing.part,
        is_=(aux.SER if cold.ser else aux.ESTAR)[action.thing.person],
        cold=cold.agreeing(action.thing.feminine, action.thing.plural),
        i_eat_it=_with_object(pick, pick.person() if pick.chance(0.5) else pick.of(LEFT_OUT), action.verb, it),
    )


def _doing_two_things(pick: Chooser) -> Part | None:
    """`my sister buys the apples and eats them → mi hermana compra las manzanas y las come`"""
    action = pick.action(among=USING, determiners=DEFINITE)
    first = pick.another_verb(action, ACQUIRING)
    if first is None:
        return None
    who = pick.somebody()
    return build(
        "{who}₁ {buys} {apples} and₂ {eats} {them} {then} → {who} {buys}₁ {apples} y₂ {them} {eats} {then}",
        who=who.part,
        buys=first.present[who.person],
        apples=action.thing.part,
        eats=action.verb.present[who.person],
        them=pronoun_of(action.noun, action.thing),
        then=pick.how_often(action.verb),
    )


def _with_object(pick: Chooser, who: Nominal, verb: Verb, it: Part) -> Part:
    """`i see him → lo veo`, or `i don't see him → no lo veo`"""
    parts = {"who": who.part, "it": it, "then": pick.how_often(verb)}
    if pick.chance(0.4):
        parts |= {"not": aux.NOT[who.person], "see": verb.bare_present[who.person]}
        return build("{who}₁ {not} {see} {it} {then} → {who} {not} {it} {see}₁ {then}", **parts)
    parts["see"] = verb.present[who.person]
    return build("{who}₁ {see} {it} {then} → {who} {it} {see}₁ {then}", **parts)


def command_to_give(pick: Chooser) -> Part:
    """`give me the key → dame la llave`, `give the key to my brother → dale la llave a mi hermano`"""
    action = pick.action(among=GIVING)
    verb, thing = action.verb, action.thing.part
    forbidding = pick.chance(0.35)
    then = pick.of(when.SOON) if pick.chance(0.25) else NOTHING
    if pick.chance(0.6):
        me = pick.of([me for me in RECEIVERS if me is not YOU])
        if forbidding:
            pattern = "don't₁ {give} {me} {key} {now} → no₁ {me} {give} {key} {now}"
            return build(pattern, give=verb.forbidden, me=me, key=thing, now=then)
        pattern = "{give_me} {key} {now} → {give_me} {key} {now}"
        return build(pattern, give_me=joined(verb, me), key=thing, now=then)
    receiver = pick.person(several=0)
    if forbidding:
        pattern = "don't₁ {give} {key} to₂ {whom} {now} → no₁ {le}₂ {give} {key} a₂ {whom} {now}"
        give = verb.forbidden
    else:
        pattern = "{give} {key} to₂ {whom} {now} → {give} {key} a₂ {whom} {now}"
        give = pair(verb.english, with_pronoun(verb.command.spanish[0], "le"))
    return build(pattern, give=give, key=thing, whom=receiver.part, le=LE, now=then)


def giving(pick: Chooser) -> Part:
    """`she gives me a book → ella me da un libro`, `i sent a letter to my aunt → le envié una carta a mi tía`"""
    who = pick.somebody()
    action = pick.action(among=GIVING)
    forms, times = action.verb.present, when.HABIT
    if "t" in action.verb.can and pick.chance(0.6):
        forms, times = action.verb.past, when.BEFORE
    parts = {"who": who.part, "gives": forms[who.person], "book": action.thing.part}
    parts["then"] = pick.of(times) if pick.chance(0.4) else NOTHING
    if pick.chance(0.5):
        me = pick.of([me for me in RECEIVERS if me not in OWN[who.person]])
        pattern = "{who}₁ {gives} {me} {book} {then} → {who} {me} {gives}₁ {book} {then}"
        return build(pattern, me=me, **parts)
    whom = pick.person(several=0)
    pattern = "{who}₁ {gives} {book} to₂ {whom} {then} → {who} {le}₂ {gives}₁ {book} a₂ {whom} {then}"
    return build(pattern, whom=whom.part, le=LE, **parts)


# Spanish says that a thing pleases someone: me gusta la pizza, a mi hermano le gustan las manzanas.
TO_ME = {YO: "me", TU: "te", EL: "le", NOSOTROS: "nos", ELLOS: "les"}
LIKED = tuple(noun for noun in NOUNS if "person" not in noun.kinds)


def liking(pick: Chooser) -> Part:
    """`my brother likes the pizza → a mi hermano le gusta la pizza`"""
    who = pick.someone()
    plural = False
    if pick.chance(0.3):
        verb, rest = pick.doing(who.person, "c")
        what = build("to₁ {eat} {rest} → {eat}₁ {rest}", eat=verb.infinitive, rest=rest)
    else:
        thing = pick.phrase(pick.noun(LIKED), DEFINITE, adjective=0.3)
        what, plural = thing.part, thing.plural
    negative = pick.chance(0.3)
    parts = {
        "who": a_before(who.part) if who.part.spanish else who.part,
        "not": aux.NOT[who.person] if negative else NOTHING,
        "me": Part((), (TO_ME[who.person],)),
        "likes": Part(("likes" if who.person == EL and not negative else "like",)),
        "pleases": Part((), ("gustan" if plural else "gusta",)),
        "what": what,
    }
    if who.part.spanish:
        return build("{who} {not} {likes}₁ {what} → {who} {not} {me}₁ {pleases}₁ {what}", **parts)
    return build("{who}₂ {not} {likes}₁ {what} → {not} {me}₂ {pleases}₁ {what}", **parts)
