"""The grammar's table of contents: every construction and its share of the corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tinyattn.text.corpus import clauses, commands, descriptions, pronouns, questions, states, statements
from tinyattn.text.corpus.chooser import Chooser
from tinyattn.text.corpus.lexicon import ADJECTIVES, INTRANSITIVE, NOUNS, TRANSITIVE
from tinyattn.text.corpus.parts import Part, pair

Construction = Callable[[Chooser], Part | None]  # None: these words do not make one, draw again

CONSTRUCTIONS: dict[Construction, float] = {
    commands.command: 4,
    commands.prohibition: 5,
    commands.several_commands: 3,
    pronouns.command_with_pronoun: 5,
    pronouns.command_to_give: 3,
    pronouns.pronoun_as_object: 4,
    pronouns.giving: 4,
    pronouns.liking: 4,
    statements.statement: 4,
    statements.negation: 4,
    statements.progressive: 4,
    statements.past: 4,
    statements.plan: 4,
    statements.wish_or_duty: 4,
    descriptions.words_together: 3,
    descriptions.adjective_before: 3,
    descriptions.possession: 4,
    descriptions.description: 4,
    states.feeling: 3,
    states.location: 3,
    states.existence: 3,
    states.comparison: 3,
    questions.yes_no_question: 5,
    questions.wh_question: 5,
    clauses.relative: 5,
    clauses.two_clauses: 5,
    clauses.condition: 4,
    clauses.opinion: 4,
    clauses.wish: 4,
    clauses.purpose: 3,
    clauses.listing: 4,
}


def single_words() -> Iterator[Part]:
    """The lexicon's words by themselves: `apples → manzanas`, `eat → come`, `eating → comiendo`, `red → rojo`."""
    commands_ = {verb.english for verb in (*TRANSITIVE, *INTRANSITIVE)}
    for noun in NOUNS:
        yield pair(noun.english[0], noun.spanish[0])
        if not noun.is_mass and "single" not in noun.kinds:
            yield pair(noun.english[1], noun.spanish[1])
    for verb in (*TRANSITIVE, *INTRANSITIVE):
        if " " not in verb.english:
            yield verb.command
            yield verb.gerund
    for adjective in ADJECTIVES:
        if adjective.english not in commands_:  # open: abre, not abierto
            yield pair(adjective.english, adjective.spanish[0])
        if adjective.comparative not in (None, "more"):
            yield pair(adjective.comparative, f"más {adjective.spanish[0]}")
