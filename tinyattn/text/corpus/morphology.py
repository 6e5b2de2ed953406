"""How English and Spanish words change: plurals, gender, conjugation. Rules where there are rules; the
lexicon names what is irregular."""

from __future__ import annotations

import re
from typing import NamedTuple

ACCENTED = dict(zip("aeiou", "áéíóú"))
PLAIN = str.maketrans("áéíóú", "aeiou")


def english_plural(noun: str) -> str:
    if re.search(r"(ch|sh|s|x|[mt]ato)$", noun):
        return noun + "es"
    return re.sub(r"(?<=[^aeiou])y$", "ie", noun) + "s"


def spanish_plural(word: str) -> str:
    if word[-1] in "aeiouáéó":
        return word + "s"
    if word.endswith("z"):
        return word[:-1] + "ces"
    # The stress stays where it was, and no longer needs its accent: canción, canciones.
    return re.sub(r"[áéíóú](?=[ns]$)", lambda vowel: vowel[0].translate(PLAIN), word) + "es"


def agreeing(word: str) -> tuple[str, str, str, str]:
    """Masculine, feminine, and their plurals: rojo, roja, rojos, rojas; verde, verde, verdes, verdes."""
    feminine = word[:-1] + "a" if word.endswith("o") else word
    return word, feminine, spanish_plural(word), spanish_plural(feminine)


def third_person(verb: str) -> str:
    return english_plural(verb)


def past(verb: str) -> str:
    return re.sub(r"(?<=[^aeiou])y$", "i", _doubled(verb).removesuffix("e")) + "ed"


def ing(verb: str) -> str:
    return re.sub(r"(?<=[^e])e$", "", _doubled(verb)) + "ing"


def _doubled(verb: str) -> str:
    """One short syllable doubles its last consonant: run, running."""
    return verb + verb[-1] if re.fullmatch(r"[^aeiou]*[aeiou][bdgmnprt]", verb) else verb


class Conjugation(NamedTuple):
    """A Spanish verb. Tuples run over yo, tú, él, nosotros, ellos."""

    infinitive: str
    gerund: str
    command: str  # to tú
    present: tuple[str, ...]
    preterite: tuple[str, ...]
    subjunctive: tuple[str, ...]


def conjugate(
    infinitive: str,
    yo: str = "",
    el: str = "",
    we: str = "",
    soft: str = "",
    command: str = "",
    gerund: str = "",
    preterite: str = "",
    subjunctive: str = "",
) -> Conjugation:
    """A verb from its principal parts; those left out are regular. `yo` (cierro) carries the stem that the
    stress changes, `el` the third person where it differs (traigo, trae), `soft` the stem of durmió and
    durmiendo; `preterite` and `subjunctive` are whole."""
    stem, kind = infinitive[:-2], infinitive[-2:]
    our_wish = yo[:-1] if el else soft or stem  # traigamos, durmamos; but cerremos
    yo = yo or stem + "o"
    el = el or yo[:-1] + ("a" if kind == "ar" else "e")
    we = we or stem + {"ar": "amos", "er": "emos", "ir": "imos"}[kind]
    soft = soft or stem
    if kind == "ar":
        before_e = _before_e(stem)
        regular = (before_e + "é", stem + "aste", stem + "ó", stem + "amos", stem + "aron")
        wish, our_wish, vowel = _before_e(yo[:-1]), _before_e(our_wish), "e"
    else:
        regular = (stem + "í", stem + "iste", soft + "ió", stem + "imos", soft + "ieron")
        wish, vowel = yo[:-1], "a"
    it = wish + vowel
    return Conjugation(
        infinitive,
        gerund or soft + ("ando" if kind == "ar" else "iendo"),
        command or el,
        (yo, el + "s", el, we, el + "n"),
        tuple(preterite.split()) or regular,
        tuple(subjunctive.split()) or (it, it + "s", it, our_wish + vowel + "mos", it + "n"),
    )


def _before_e(stem: str) -> str:
    """The same sound, spelt before an e: busco, busqué; juego, jugué; abrazo, abracé."""
    return re.sub(r"[cgz]$", lambda last: {"c": "qu", "g": "gu", "z": "c"}[last[0]], stem)


def with_pronoun(command: str, pronoun: str) -> str:
    """A command and its pronoun are one word, and the stress stays: come, cómelo."""
    nuclei = list(re.finditer(r"[iu]?[aeo]|[iu]", command))
    if len(nuclei) > 1 and not re.search(r"[áéíóú]", command):
        stressed = nuclei[-2].end() - 1
        command = command[:stressed] + ACCENTED[command[stressed]] + command[stressed + 1 :]
    return command + pronoun
