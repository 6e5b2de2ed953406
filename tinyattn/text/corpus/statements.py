"""Sentences about what someone does, did, will do, wants to or has to do."""

from __future__ import annotations

from tinyattn.text.corpus import auxiliaries as aux
from tinyattn.text.corpus import circumstances as when
from tinyattn.text.corpus.chooser import Chooser
from tinyattn.text.corpus.lexicon import NOSOTROS
from tinyattn.text.corpus.noun_phrases import Nominal
from tinyattn.text.corpus.parts import NOTHING, Part, build

ADVERBS = (build("always₁ → siempre₁"), build("never₁ → nunca₁"), build("sometimes₁ → a₁ veces₁"))


def statement(pick: Chooser, who: Nominal | None = None) -> Part:
    """`my brother buys the red car → mi hermano compra el coche rojo`"""
    who = who or pick.somebody()
    verb, rest = pick.doing(who.person)
    return build(
        "{who}₁ {always} {buys} {rest} → {who} {always} {buys}₁ {rest}",
        who=who.part,
        always=pick.of(ADVERBS) if pick.chance(0.2) else NOTHING,
        buys=verb.present[who.person],
        rest=rest,
    )


def negation(pick: Chooser, who: Nominal | None = None) -> Part:
    """`she doesn't eat meat → ella no come carne`"""
    who = who or pick.somebody()
    verb, rest = pick.doing(who.person)
    return build(
        "{who}₁ {not} {eat} {rest} → {who} {not} {eat}₁ {rest}",
        **{"who": who.part, "not": aux.NOT[who.person], "eat": verb.bare_present[who.person], "rest": rest},
    )


def progressive(pick: Chooser, who: Nominal | None = None) -> Part:
    """`he is writing a letter → él está escribiendo una carta`"""
    who = who or pick.somebody()
    verb, rest = pick.doing(who.person, "p", when.AT_PRESENT)
    pattern = "{who}₁ {am} {writing} {rest} → {who} {am}₁ {writing} {rest}"
    if pick.chance(0.2):
        pattern = "{who}₁ {am} not₂ {writing} {rest} → {who} no₂ {am}₁ {writing} {rest}"
    return build(pattern, who=who.part, am=aux.ESTAR[who.person], writing=verb.gerund, rest=rest)


def past(pick: Chooser, who: Nominal | None = None) -> Part:
    """`she bought bread yesterday → ella compró pan ayer`"""
    who = who or pick.somebody()
    verb, rest = pick.doing(who.person, "t", when.BEFORE)
    if pick.chance(0.25):
        pattern = "{who}₁ didn't₂ {buy} {rest} → {who} no₂ {buy}₁ {rest}"
        return build(pattern, who=who.part, buy=verb.bare_past[who.person], rest=rest)
    pattern = "{who}₁ {bought} {rest} → {who} {bought}₁ {rest}"
    return build(pattern, who=who.part, bought=verb.past[who.person], rest=rest)


def plan(pick: Chooser, who: Nominal | None = None) -> Part:
    """`she is going to buy a coat tomorrow → ella va a comprar un abrigo mañana`, `let's buy → vamos a comprar`"""
    if who is None and pick.chance(0.25):
        verb, rest = pick.doing(NOSOTROS, "c", when.LATER)
        pattern = "let's₁ {buy} {rest} → vamos₁ a₁ {buy} {rest}"
        return build(pattern, buy=verb.infinitive, rest=rest)
    who = who or pick.somebody()
    verb, rest = pick.doing(who.person, "c", when.LATER)
    pattern = "{who}₁ {am_going} to₂ {buy} {rest} → {who} {am_going}₁ a₂ {buy} {rest}"
    return build(pattern, who=who.part, am_going=aux.GOING[who.person], buy=verb.infinitive, rest=rest)


_TO = "{who}₁ {not} {want} to₂ {buy} {rest} → {who} {not} {want}₁ {buy}₂ {rest}"
_QUE = "{who}₁ {not} {want} to₂ {buy} {rest} → {who} {not} {want}₁ que₂ {buy} {rest}"
_PLAIN = "{who}₁ {not} {want} {buy} {rest} → {who} {not} {want}₁ {buy} {rest}"
MODALS = (  # how it goes on, the verb, and the verb after don't
    (_TO, aux.WANT, aux.BARE_WANT),
    (_TO, aux.NEED, aux.BARE_NEED),
    (_QUE, aux.HAVE, aux.BARE_HAVE),
    (_PLAIN, aux.CAN, None),
    (_PLAIN, aux.MUST, None),
)


def wish_or_duty(pick: Chooser, who: Nominal | None = None) -> Part:
    """`they have to clean the kitchen → tienen que limpiar la cocina`"""
    who = who or pick.somebody()
    verb, rest = pick.doing(who.person, "c", when.SOON)
    if pick.chance(0.15):
        pattern = "{who}₁ can't₂ {buy} {rest} → {who} no₂ {can}₁₂ {buy} {rest}"
        return build(pattern, who=who.part, can=aux.CANNOT[who.person], buy=verb.infinitive, rest=rest)
    pattern, positive, bare = pick.of(MODALS)
    forms, negation = positive, NOTHING
    if bare and pick.chance(0.3):
        forms, negation = bare, aux.NOT[who.person]
    parts = {"who": who.part, "not": negation, "want": forms[who.person], "buy": verb.infinitive, "rest": rest}
    return build(pattern, **parts)
