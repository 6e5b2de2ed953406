"""Questions. English puts do, does or a verb before the subject; Spanish may leave all but the marks as it
is."""

from __future__ import annotations

from tinyattn.text.corpus import auxiliaries as aux
from tinyattn.text.corpus import circumstances as when
from tinyattn.text.corpus.chooser import Chooser
from tinyattn.text.corpus.descriptions import COUNTED, DESCRIBED, MOVABLE, OF_PEOPLE
from tinyattn.text.corpus.lexicon import EL, FITTING, INTRANSITIVE, TRANSITIVE, nouns_of
from tinyattn.text.corpus.noun_phrases import BARE, DEFINITE, LEFT_OUT, nominal
from tinyattn.text.corpus.parts import NOTHING, Part, build, pair, question

ON_THINGS = tuple(verb for verb in TRANSITIVE if not any("person" in noun.kinds for noun in verb.objects))
FOR_SALE = nouns_of("food", "drink", "clothes", "machine", "furniture", "instrument", "dish", "paper")
COLORED = tuple(noun for noun in COUNTED if any(a.english in ("white", "green") for a in FITTING[noun]))


def yes_no_question(pick: Chooser) -> Part:
    """`do you eat meat? → ¿comes carne?`"""
    return question(pick.of(YES_NO)(pick))


def _habit(pick: Chooser) -> Part:
    """`does your brother read the newspaper → tu hermano lee el periódico`"""
    who = pick.somebody()
    verb, rest = pick.doing(who.person)
    return build(
        "{do}₁ {who}₁ {read} {rest} → {who} {read}₁ {rest}",
        do=aux.DO[who.person],
        who=who.part,
        read=verb.bare_present[who.person],
        rest=rest,
    )


def _finished(pick: Chooser) -> Part:
    """`did you buy the coat → compraste el abrigo`"""
    who = pick.somebody()
    verb, rest = pick.doing(who.person, "t", when.BEFORE)
    buy = verb.bare_past[who.person]
    return build("did₁ {who}₁ {buy} {rest} → {who} {buy}₁ {rest}", who=who.part, buy=buy, rest=rest)


def _under_way(pick: Chooser) -> Part:
    """`are you writing a letter → estás escribiendo una carta`"""
    who = pick.somebody()
    verb, rest = pick.doing(who.person, "p", when.AT_PRESENT)
    pattern = "{are} {who}₁ {writing} {rest} → {who} {are}₁ {writing} {rest}"
    return build(pattern, are=aux.ESTAR[who.person], who=who.part, writing=verb.gerund, rest=rest)


def _ability(pick: Chooser) -> Part:
    """`can you open the window → puedes abrir la ventana`"""
    who = pick.somebody()
    verb, rest = pick.doing(who.person, "c", when.SOON)
    pattern = "{can} {who}₁ {open} {rest} → {who} {can}₁ {open} {rest}"
    return build(pattern, can=aux.CAN[who.person], who=who.part, open=verb.infinitive, rest=rest)


def _wish(pick: Chooser) -> Part:
    """`do you want to go to the beach → quieres ir a la playa`"""
    who = pick.somebody()
    verb, rest = pick.doing(who.person, "c", when.SOON)
    pattern = "{do}₁ {who}₁ {want} to₂ {open} {rest} → {who} {want}₁ {open}₂ {rest}"
    parts = {"do": aux.DO[who.person], "who": who.part, "want": aux.BARE_WANT[who.person]}
    return build(pattern, open=verb.infinitive, rest=rest, **parts)


def _state(pick: Chooser) -> Part:
    """`is the soup hot → está caliente la sopa`, `is your sister tired → tu hermana está cansada`"""
    if pick.chance(0.5):
        noun = pick.noun(DESCRIBED)
        who, adjectives = pick.phrase(noun, DEFINITE, adjective=0), FITTING[noun]
        pattern = "{is_} {who} {hot} → {is_} {hot} {who}"
    else:
        who, adjectives = pick.somebody(), OF_PEOPLE
        pattern = "{is_} {who}₁ {hot} → {who} {is_}₁ {hot}"
    one = pick.of(adjectives)
    is_ = (aux.SER if one.ser else aux.ESTAR)[who.person]
    return build(pattern, is_=is_, who=who.part, hot=one.agreeing(who.feminine, who.plural))


YES_NO = (_habit, _habit, _finished, _under_way, _ability, _wish, _state)


def wh_question(pick: Chooser) -> Part | None:
    """`where is the key? → ¿dónde está la llave?`"""
    asked = pick.of(WH)(pick)
    return question(asked) if asked else None


def _where_is(pick: Chooser) -> Part:
    """`where are my keys → dónde están mis llaves`"""
    thing = pick.person() if pick.chance(0.3) else pick.phrase(pick.noun(MOVABLE), DEFINITE, adjective=0.3)
    return build("where₁ {is_} {it} → dónde₁ {is_} {it}", is_=aux.ESTAR[thing.person], it=thing.part)


def _what_for(pick: Chooser) -> Part:
    """`why do you sell the car → por qué vendes el coche`, `where does your sister work → dónde trabaja tu
    hermana`, the verb first"""
    where = pick.of((pair("where", "dónde"), pair("when", "cuándo"), pair("why", "por qué"), pair("how", "cómo")))
    if pick.chance(0.65):
        who = pick.of(LEFT_OUT)
        action = pick.action()
        verb, thing = action.verb, action.thing.part
    else:
        who, verb, thing = pick.somebody(), pick.of(INTRANSITIVE), NOTHING
    return build(
        "{where} {do}₁ {who}₁ {sell} {car} → {where} {sell}₁ {who} {car}",
        where=where,
        do=aux.DO[who.person],
        who=who.part,
        sell=verb.bare_present[who.person],
        car=thing,
    )


def _who(pick: Chooser) -> Part:
    """`who bought the bread → quién compró el pan`"""
    if pick.chance(0.5):
        verb, rest = pick.doing(EL, "t", when.BEFORE)
        buys = verb.past[EL]
    else:
        verb, rest = pick.doing(EL)
        buys = verb.present[EL]
    return build("who₁ {buys} {rest} → quién₁ {buys} {rest}", buys=buys, rest=rest)


def _what(pick: Chooser) -> Part:
    """`what does your brother read → qué lee tu hermano`, `what are you reading → qué estás leyendo`"""
    who, verb = pick.somebody(), pick.verb(ON_THINGS)
    parts = {"who": who.part, "do": aux.DO[who.person], "are": aux.ESTAR[who.person]}
    if "p" in verb.can and pick.chance(0.5):
        pattern = "what₁ {are} {who}₂ {read} {now} → qué₁ {are}₂ {read} {who} {now}"
        return build(pattern, read=verb.gerund, now=pick.rest(verb, who.person, when.AT_PRESENT), **parts)
    pattern = "what₁ {do}₂ {who}₂ {read} {now} → qué₁ {read}₂ {who} {now}"
    return build(pattern, read=verb.bare_present[who.person], now=pick.rest(verb, who.person, when.HABIT), **parts)


def _how_much(pick: Chooser) -> Part:
    """`how much does the car cost → cuánto cuesta el coche`"""
    it = pick.phrase(pick.noun(FOR_SALE), DEFINITE, adjective=0.3)
    costs = Part((), ("cuestan" if it.plural else "cuesta",))
    pattern = "how₁ much₁ {does}₂ {it} cost₂ → cuánto₁ {costs}₂ {it}"
    return build(pattern, does=aux.DO[it.person], it=it.part, costs=costs)


def _which_color(pick: Chooser) -> Part:
    """`what color is the house → de qué color es la casa`"""
    it = pick.phrase(pick.noun(COLORED), DEFINITE, adjective=0)
    pattern = "what₁ color₂ {is_} {it} → de₁ qué₁ color₂ {is_} {it}"
    return build(pattern, is_=aux.SER[it.person], it=it.part)


def _how_many(pick: Chooser) -> Part | None:
    """`how many apples do you want → cuántas manzanas quieres`"""
    action = pick.action()
    noun = action.noun
    if noun.is_mass or "person" in noun.kinds:
        return None
    who = pick.of(LEFT_OUT)
    return build(
        "{how_many} {apples} {do}₁ {who}₁ {want} → {how_many} {apples} {want}₁ {who}",
        how_many=pair("how many", "cuántas" if noun.feminine else "cuántos"),
        apples=nominal(BARE, noun, plural=True).part,
        do=aux.DO[who.person],
        who=who.part,
        want=action.verb.bare_present[who.person],
    )


WH = (_where_is, _what_for, _what_for, _who, _what, _how_much, _which_color, _how_many)
