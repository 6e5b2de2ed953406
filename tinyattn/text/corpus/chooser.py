"""The dice of the grammar: which verb with which noun, who, where and when.

Some verbs never meet some nouns in training, though both are known well from other company: the chooser
keeps these combinations apart, so that the test can ask for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeVar

from tinyattn.text.corpus import circumstances as when
from tinyattn.text.corpus.lexicon import FITTING, GO, INTRANSITIVE, NOUNS, TRANSITIVE, Noun, Verb, nouns_of
from tinyattn.text.corpus.noun_phrases import (
    DEFINITE,
    OWNERS,
    PRONOUNS,
    THE,
    THIS,
    WITH_ONE,
    WITH_SEVERAL,
    Nominal,
    Word,
    company,
    nominal,
)
from tinyattn.text.corpus.parts import NOTHING, Part, a_before, build

T = TypeVar("T")

HELD_OUT_ONE_IN = 12  # of a verb's nouns
PEOPLE, PLACES = nouns_of("person"), nouns_of("place")
LASTING = {noun: tuple(adjective for adjective in FITTING[noun] if adjective.ser) for noun in PEOPLE}
WHERE = {kind: nouns_of(kind) for kind in ("home", "outside", "shop", "table", "quiet")}
COMPLETE = tuple(verb for verb in TRANSITIVE if verb.english not in ("give", "show"))  # those want "to someone"
ABLE = {can: tuple(verb for verb in COMPLETE if can in verb.can) for can in ("", "c", "p", "t")}
ABLE_ALONE = {can: tuple(verb for verb in INTRANSITIVE if can in verb.can) for can in ABLE}
NO_HABIT = tuple(verb for verb in TRANSITIVE if verb.can in ("-", "t"))  # to have, to lose
AT = nouns_of("shop", "public", "shore")  # at the market, in the park
PUBLIC = tuple(noun for noun in PLACES if "home" not in noun.kinds)  # nobody's own


class Combinations:
    """Which verb goes with which nouns in training (`familiar`), and which only outside it (`novel`)."""

    def __init__(self, random: Random):
        self.familiar: dict[Verb, tuple[Noun, ...]] = {}
        self.novel: list[tuple[Verb, Noun]] = []
        for verb in TRANSITIVE:
            nouns = sorted(verb.objects, key=lambda noun: random.random())
            count = len(nouns) // HELD_OUT_ONE_IN + (len(nouns) > 5)
            self.novel += [(verb, noun) for noun in nouns[:count]]
            self.familiar[verb] = tuple(nouns[count:])
        self.held_out = frozenset(self.novel)
        self.verbs_of = {noun: tuple(v for v in TRANSITIVE if noun in self.familiar[v]) for noun in NOUNS}


class Action(NamedTuple):
    verb: Verb
    noun: Noun
    thing: Nominal


class Chooser:
    """Draws the parts of one sentence after another. Between `begin` and the next one it notes which verbs
    and nouns it gave out; with `novel` the first action is one that training never shows."""

    def __init__(self, combinations: Combinations, random: Random):
        self._combinations = combinations
        self._random = random.random
        self.begin()

    def begin(self, novel: bool = False) -> None:
        self.verbs: list[Verb] = []
        self.nouns: list[Noun] = []
        self._wants_novel = novel
        self.is_novel = False

    def shows_held_out(self) -> bool:
        """Whether a combination that is kept from training stands in one sentence, however far apart."""
        held_out = self._combinations.held_out
        return any((verb, noun) in held_out for verb in self.verbs for noun in self.nouns)

    def of(self, options: Sequence[T]) -> T:
        return options[int(self._random() * len(options))]

    def chance(self, share: float) -> bool:
        return self._random() < share

    # Nouns

    def noun(self, nouns: Sequence[Noun]) -> Noun:
        noun = self.of(nouns)
        if noun in self.nouns:  # once more: "the doctor helps the doctor" should be rare
            noun = self.of(nouns)
        self.nouns.append(noun)
        return noun

    def phrase(
        self, noun: Noun, determiners: Sequence[Word] | None = None, adjective: float = 0.2, several: float = 0.33
    ) -> Nominal:
        """A noun phrase around the noun; `adjective` and `several` say how often it has one, or is plural."""
        if "person" in noun.kinds:
            return self._person(noun, determiners, adjective, several)
        plural = not noun.is_mass and self.chance(several)
        if noun in PUBLIC and determiners in (None, DEFINITE):
            determiners = (THE, THE, THE, THIS)
        elif determiners is None:
            determiners = DEFINITE if noun.is_mass else WITH_SEVERAL if plural else WITH_ONE
        fitting = FITTING[noun]
        after = self.of(fitting) if fitting and self.chance(adjective) else None
        return nominal(self.of(determiners), noun, plural, after=after)

    def _person(self, noun: Noun, determiners: Sequence[Word] | None, adjective: float, several: float) -> Nominal:
        """One has relatives and friends, and everyone knows the doctor."""
        plural = "single" not in noun.kinds and self.chance(several)
        if determiners in (None, DEFINITE):
            determiners = OWNERS if "kin" in noun.kinds else (THE, THE, THE, THIS)
        after = self.of(LASTING[noun]) if "role" in noun.kinds and self.chance(adjective) else None
        return nominal(self.of(determiners), noun, plural, after=after)

    def person(self, several: float = 0.25) -> Nominal:
        return self.phrase(self.noun(PEOPLE), adjective=0.1, several=several)

    def someone(self) -> Nominal:
        return self.of(PRONOUNS) if self.chance(0.55) else self.person()

    def somebody(self) -> Nominal:
        """Anyone who can be a subject, two people together among them."""
        one = self.someone()
        if one in PRONOUNS or self.chance(0.94):
            return one
        return company(one, self.person(several=0))

    def place(self, nouns: Sequence[Noun] = PLACES) -> tuple[Noun, Part]:
        noun = self.noun(nouns)
        owners = OWNERS if "home" in noun.kinds else (THIS,)
        determiner = THE if self.chance(0.7) else self.of(owners)
        return noun, nominal(determiner, noun).part

    def where(self, nouns: Sequence[Noun] = PLACES) -> Part:
        noun, place = self.place(nouns)
        pattern = "at₁ {place} → en₁ {place}" if noun in AT else "in₁ {place} → en₁ {place}"
        return build(pattern, place=place)

    # Verbs

    def action(
        self,
        can: str = "",
        among: Sequence[Verb] = (),
        determiners: Sequence[Word] | None = None,
        adjective: float = 0.2,
    ) -> Action:
        """A verb, of those that `can` (see the tables) or `among` these, and what it is done to."""
        combinations = self._combinations
        able = among or ABLE[can]
        novel = [pair for pair in combinations.novel if pair[0] in able] if self._wants_novel else ()
        if novel:
            verb, noun = self.of(novel)
            self._wants_novel, self.is_novel = False, True
        else:
            verb = self.of(able)
            noun = self.of(combinations.familiar[verb])
        self.verbs.append(verb)
        self.nouns.append(noun)
        return Action(verb, noun, self.object_phrase(noun, determiners, adjective))

    def more_of(self, verb: Verb) -> Noun:
        """Another noun for the same verb."""
        return self.noun(self._combinations.familiar[verb])

    def object_phrase(self, noun: Noun, determiners: Sequence[Word] | None, adjective: float) -> Nominal:
        """With the "a" that Spanish has before people to whom something is done: visito a mi abuela."""
        thing = self.phrase(noun, determiners, adjective)
        return thing._replace(part=a_before(thing.part)) if "person" in noun.kinds else thing

    def verb(self, among: Sequence[Verb]) -> Verb:
        verb = self.of(among)
        self.verbs.append(verb)
        return verb

    def another_verb(self, action: Action, among: Sequence[Verb]) -> Verb | None:
        """Another verb for the same noun, "buy the apple and eat it", if there is one."""
        known = self._combinations.verbs_of[action.noun]
        verbs = [verb for verb in among if verb in known and verb is not action.verb]
        return self.verb(verbs) if verbs else None

    def doing(self, person: int, can: str = "", times: Sequence[Part] = when.HABIT) -> tuple[Verb, Part]:
        """What the first, second or third person does: a verb, and all that follows it: "eat", "the cold pizza
        in the kitchen"."""
        roll = 0.0 if self._wants_novel else self._random()
        if roll < 0.68:
            action = self.action(can)
            return action.verb, build(
                "{thing} {rest} → {thing} {rest}", thing=action.thing.part, rest=self.rest(action.verb, person, times)
            )
        if roll < 0.9 or can == "p":
            verb = self.of(ABLE_ALONE[can])
            return verb, self.rest(verb, person, times, bare=0.2)
        place, rest = self.place()[1], self.rest(GO, person, times)
        return GO, build("to₁ {place} {when} → a₁ {place} {when}", place=place, when=rest)

    def rest(self, verb: Verb, person: int, times: Sequence[Part], bare: float = 0.55) -> Part:
        """With whom, where and when, or nothing."""
        if self.chance(bare) or (times is when.HABIT and verb in NO_HABIT):
            return NOTHING
        somewhere = verb.where in WHERE and self.chance(0.35)
        someone = "w" in verb.can and self.chance(0.25)
        return build(
            "{with} {there} {then} → {with} {there} {then}",
            **{
                "with": self._company(person) if someone else NOTHING,
                "there": self.where(WHERE[verb.where]) if somewhere else NOTHING,
                "then": self.of(times) if self.chance(0.5) or not (somewhere or someone) else NOTHING,
            },
        )

    def how_often(self, verb: Verb, share: float = 0.3) -> Part:
        return self.of(when.HABIT) if verb not in NO_HABIT and self.chance(share) else NOTHING

    def _company(self, person: int) -> Part:
        if self.chance(0.3):
            return self.of(when.COMPANY[person])
        return build("with₁ {friend} → con₁ {friend}", friend=self.person().part)
