"""The grammar's table of contents: every construction and its share of training, the harder ones a larger
one. In the dev and test splits all have the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tinyattn.text.corpus import clauses, commands, descriptions, pronouns, questions, statements, states
from tinyattn.text.corpus.chooser import Chooser
from tinyattn.text.corpus.lexicon import ADJECTIVES, INTRANSITIVE, NOUNS, TRANSITIVE
from tinyattn.text.corpus.parts import Part, pair

Construction = Callable[[Chooser], Part | None]  # None: these words do not make one, draw again

CONSTRUCTIONS: dict[Construction, float] = {
    commands.command: 3,
    commands.prohibition: 3,
    commands.several_commands: 5,
    pronouns.command_with_pronoun: 3,
    pronouns.command_to_give: 3,
    pronouns.pronoun_as_object: 6,
    pronouns.giving: 4,
    pronouns.liking: 3,
    statements.statement: 3,
    statements.negation: 2,
    statements.progressive: 2,
    statements.past: 4,
    statements.plan: 2,
    statements.wish_or_duty: 2,
    descriptions.words_together: 4,
    descriptions.adjective_before: 5,
    descriptions.possession: 4,
    descriptions.description: 5,
    states.feeling: 2,
    states.location: 2,
    states.existence: 2,
    states.comparison: 3,
    questions.yes_no_question: 5,
    questions.wh_question: 4,
    clauses.relative: 7,
    clauses.two_clauses: 8,
    clauses.condition: 6,
    clauses.opinion: 5,
    clauses.wish: 4,
    clauses.purpose: 3,
    clauses.listing: 6,
}


def single_words() -> Iterator[Part]:
    """The lexicon's words by themselves: `apples → manzanas`, `eat → come`, `eating → comiendo`, `red → rojo`."""
    commands_ = {verb.english for verb in (*TRANSITIVE, *INTRANSITIVE)}
    for noun in NOUNS:
        yield pair(noun.english[0], noun.spanish[0])
        if not noun.is_mass and "single" not in noun.kinds:
            yield pair(noun.english[1], noun.spanish[1])
    for verb in (*TRANSITIVE, *INTRANSITIVE):
        if "c" in verb.can and " " not in verb.english:
            yield verb.command
        if "p" in verb.can and " " not in verb.english:
            yield verb.gerund
    for adjective in ADJECTIVES:
        if adjective.english not in commands_:  # open: abre, not abierto
            yield pair(adjective.english, adjective.spanish[0])
