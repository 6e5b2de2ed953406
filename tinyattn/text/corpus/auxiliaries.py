"""The small verbs that carry a sentence, each for the five persons of `lexicon.PERSONS`."""

from __future__ import annotations

from tinyattn.text.corpus.lexicon import EL, PERSONS
from tinyattn.text.corpus.parts import Part, pair

Forms = tuple[Part, ...]


def _forms(english: str, spanish: str, third: str = "") -> Forms:
    """The same English form for all, but for he and she; Spanish has five."""
    return tuple(
        pair(third if third and person == EL else english, form) for person, form in zip(PERSONS, spanish.split(","))
    )


def _both(english: str, spanish: str, third: str = "") -> tuple[Forms, Forms]:
    """As one says it, and as it follows do and don't: "she wants", "does she want"."""
    return _forms(english, spanish, third or english + "s"), _forms(english, spanish)


def _being(spanish: str) -> Forms:
    return tuple(pair(english, form) for english, form in zip(("am", "are", "is", "are", "are"), spanish.split()))


SER = _being("soy eres es somos son")
ESTAR = _being("estoy estás está estamos están")
TENER = _being("tengo tienes tiene tenemos tienen")  # i am hungry, tengo hambre
GOING = tuple(pair(f"{be.english[0]} going", form) for be, form in zip(SER, ("voy", "vas", "va", "vamos", "van")))
DO = tuple(Part(("does" if person == EL else "do",)) for person in PERSONS)  # Spanish has no word for it
NOT = _forms("don't", "no,no,no,no,no", "doesn't")

CAN = _forms("can", "puedo,puedes,puede,podemos,pueden")
CANNOT = tuple(Part((), can.spanish) for can in CAN)  # after "can't", which is no and puedo both
MUST = _forms("must", "debo,debes,debe,debemos,deben")
WANT, BARE_WANT = _both("want", "quiero,quieres,quiere,queremos,quieren")
NEED, BARE_NEED = _both("need", "necesito,necesitas,necesita,necesitamos,necesitan")
HAVE, BARE_HAVE = _both("have", "tengo,tienes,tiene,tenemos,tienen", "has")
THINK, BARE_THINK = _both("think", "creo,crees,cree,creemos,creen")
KNOW, BARE_KNOW = _both("know", "sé,sabes,sabe,sabemos,saben")
SAY, BARE_SAY = _both("say", "digo,dices,dice,decimos,dicen")
HOPE, BARE_HOPE = _both("hope", "espero,esperas,espera,esperamos,esperan")
