"""A translator: a model with its vocabularies and options; made by training or loading, then given sentences."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from tinyattn import streams
from tinyattn.storage import CheckpointError
from tinyattn.text.batches import Example, Examples
from tinyattn.text.pairs import DataError, Pair, clean_pairs, hold_out
from tinyattn.text.side import Side
from tinyattn.text.vocabulary import END, SPECIAL_NAMES, START, UNKNOWN
from tinyattn.translator.checkpoint import Arrays, Run
from tinyattn.translator.config import Config, ConfigError
from tinyattn.translator.defaults import suited
from tinyattn.translator.model import Seq2Seq
from tinyattn.translator.search import Found, beam_search, check_beam, check_length_penalty, check_n_best, greedy
from tinyattn.translator.search_tree import SearchTree, search_tree
from tinyattn.translator.training import Training, Watcher


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One translation. `score` is the log of its probability, unless a length penalty was asked for; `attention` says
    how much each target token looked at each source token.

    Shapes: attention (len(tokens), len(source_tokens)), rows sum to 1; None for a model without attention
    """

    text: str
    tokens: list[str]
    score: float
    attention: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Translation:
    """What came out for one source, best first; `text`, `tokens`, `score` and `attention` are the best one's."""

    source: str
    source_tokens: list[str]
    hypotheses: list[Hypothesis]

    text = property(lambda self: self.hypotheses[0].text)
    tokens = property(lambda self: self.hypotheses[0].tokens)
    score = property(lambda self: self.hypotheses[0].score)
    attention = property(lambda self: self.hypotheses[0].attention)


class Translator:
    """Sentences in, translations out. Make one with `Translator.train` or `Translator.load`."""

    def __init__(self, config: Config, sides: tuple[Side, Side], model: Seq2Seq | None = None) -> None:
        self.config = config
        self.source, self.target = self.sides = sides
        self.source_vocabulary, self.target_vocabulary = self.source.vocabulary, self.target.vocabulary
        self.start = END if config.start == "eos" else START
        if model is None:
            with streams.using(streams.stream(config.seed, "parameters")):
                model = Seq2Seq(len(self.source_vocabulary), len(self.target_vocabulary), config)
        self.model = model

    # --- making one ---

    @classmethod
    def for_pairs(cls, config: Config, pairs: Sequence[Pair]) -> Translator:
        """One that knows the tokens of these pairs, and nothing yet of translating."""
        how: dict[str, Any] = {name: getattr(config, name) for name in ("vocab_size", "min_count", "truecase")}
        source = Side.learn([source for source, _ in pairs], config.source_tokens, **how)
        target = Side.learn([target for _, target in pairs], config.target_tokens, **how)
        return cls(config, (source, target))

    @classmethod
    def train(cls, pairs: Iterable[Sequence[str]], *, dev: Iterable[Sequence[str]] | None = None,
              watcher: Watcher | None = None, **options: Any) -> Translator:
        """Train on (source, target) pairs with the options of `tinyattn train`: attention="dot", hidden=128,
        epochs=10 ..., those not given as suits the pairs (see defaults.py). Without `dev`, 5% of the distinct sources
        are held out; the parameters that do best on dev win.

        Raises: ConfigError for an option that cannot be, DataError for pairs that are none, TrainingError when the
        loss is no longer finite.
        """
        config = Config.from_options(options)
        train = clean_pairs(pairs, strict=config.strict).pairs
        if dev is None:
            train, held_out = hold_out(train, config.seed)
        else:
            held_out = clean_pairs(dev, strict=config.strict, name="dev").pairs
        translator = cls.for_pairs(suited(options, train), train)
        Training(translator, train, held_out, watcher=watcher).train()
        return translator

    @classmethod
    def load(cls, run: str | os.PathLike) -> Translator:
        """From a run's folder, or "statquest", the video's two-unit model.

        Raises: CheckpointError when it is missing or damaged.
        """
        if run == "statquest":
            from tinyattn.translator.statquest import statquest

            return statquest()
        config, sides = Run(run).load()
        translator = cls(config, sides)
        translator.load_parameters(Run(run).parameters(), str(run))
        return translator

    def save(self, run: str | os.PathLike) -> None:
        """Write a folder that `load` and every verb of the command line read; an earlier run there is replaced."""
        folder = Run(run)
        with folder.locked():
            folder.begin(self.config, self.sides)
            folder.save_best(self.parameters())

    def parameters(self) -> Arrays:
        """A copy of the model's parameters."""
        return {name: np.array(value) for name, value in self.model.state_dict().items()}

    def load_parameters(self, parameters: Arrays, origin: str) -> None:
        """Raises: CheckpointError naming `origin` when they are another model's."""
        own = {name: value.shape for name, value in self.parameters().items()}
        given = {name: value.shape for name, value in parameters.items()}
        if own != given:
            name = next(name for name in [*own, *given] if own.get(name) != given.get(name))
            raise CheckpointError(f"{origin}: not this model's parameters: wanted {name} of shape {own.get(name)}, "
                                  f"got {given.get(name)}: config.toml and the parameters are of different runs")
        self.model.load_state_dict(parameters)

    # --- using it ---

    def encode(self, pair: Pair) -> Example:
        """The ids of a pair."""
        source, target = pair
        return self.source.ids(source), self.target.ids(target)

    def examples(self, pairs: Iterable[Pair]) -> Examples:
        """Pairs to train on, in ids, but for those longer than `max_length`. Where no word is unknown (see
        `Vocabulary.of_counts`), a few occurrences of frequent ones are made so (see `Rows.learn_unknown`), unless
        `min_count` is set.

        Raises: DataError when that leaves none
        """
        longest = self.config.max_length
        examples = Examples(map(self.encode, pairs), self.start, self.config.source_eos, longest)
        if examples.left_out and not len(examples):
            raise DataError(f"max_length: wanted pairs of at most {longest} tokens a side, got {examples.left_out:,} "
                            "longer ones and no other: allow more")
        for side, rows in zip(self.sides, (examples.source, examples.target)):
            if side.kind == "word" and self.config.min_count is None:
                rows.learn_unknown()
        return examples

    def read(self, text: str) -> tuple[list[str], list[int]]:
        """The tokens and ids of a source as the encoder gets it; none for a blank one."""
        tokens = self.source.tokens(text)
        ids = self.source_vocabulary.encode(tokens)
        if tokens and self.config.source_eos:
            return [*tokens, SPECIAL_NAMES[END]], [*ids, END]
        return tokens, ids

    @overload
    def translate(self, text: str, beam: int = 1, length_penalty: float = 0.0, replace_unknown: bool = False,
                  n_best: int | None = None) -> Translation: ...
    @overload
    def translate(self, text: list[str], beam: int = 1, length_penalty: float = 0.0, replace_unknown: bool = False,
                  n_best: int | None = None) -> list[Translation]: ...
    def translate(self, text: str | list[str], beam: int = 1, length_penalty: float = 0.0,
                  replace_unknown: bool = False, n_best: int | None = None) -> Translation | list[Translation]:
        """The translation of a text, or a list of them for a list of texts. A blank text has a blank translation.

        beam: 1 is greedy search, the likeliest token at every step. More keeps so many translations in view at every
        step, and returns as many as `hypotheses`, best first.
        length_penalty: A in score = log p / ((5 + length) / 6)^A, where the length counts the end token. 0 scores by
        log p, which favours short translations; the larger, the longer (0.6 ... 1 are usual).
        replace_unknown: the model may say that it does not know the word, and the source word it looked at most then
        stands there, such as a name. Otherwise it has to find one that it knows.
        n_best: how many of them `hypotheses` has; all that the beam has kept unless said.
        Raises: ValueError for a beam, a length penalty or an n_best that cannot be; ConfigError (a ValueError) where
        unknown words cannot be replaced.
        Source: Wu et al. 2016, eq. 14, without the coverage penalty; Luong et al. 2015, section 4.1, for unknown words
        """
        beam, length_penalty = check_beam(beam), check_length_penalty(length_penalty)
        n_best = check_n_best(n_best, beam)
        if replace_unknown:
            self.check_words()
        texts = [text] if isinstance(text, str) else text
        sources = [self.read(sentence) for sentence in texts]
        readable = [ids for _, ids in sources if ids]
        if beam == 1:
            best = greedy(self.model, readable, self.start, length_penalty=length_penalty, unknown=replace_unknown)
            found = iter([[one] for one in best])
        else:
            found = iter(beam_search(self.model, readable, self.start, beam, length_penalty, unknown=replace_unknown,
                                     n_best=n_best))
        translations = []
        for sentence, (tokens, _) in zip(texts, sources):
            hypotheses = [self.written(one, tokens) for one in next(found)] if tokens else [self.blank()]
            translations.append(Translation(sentence, tokens, hypotheses))
        return translations[0] if isinstance(text, str) else translations

    def blank(self) -> Hypothesis:
        """The translation of nothing."""
        return Hypothesis("", [], 0.0, None if self.model.attention is None else np.zeros((0, 0), np.float32))

    def check_words(self) -> None:
        """Raises: ConfigError unless a source word can stand for a target word."""
        kinds = self.config.source_tokens, self.config.target_tokens
        if not set(kinds) <= {"word", "space"}:
            raise ConfigError(f"replace_unknown: wanted a model whose tokens are words on both sides, got {kinds[0]} "
                              f"and {kinds[1]}: translate without it, or train with --tokens word")
        if self.model.attention is None:
            raise ConfigError("replace_unknown: wanted a model with attention, which tells the source word to take, "
                              "got one without: translate without it, or train with --attention dot")

    def written(self, found: Found, source_tokens: Sequence[str]) -> Hypothesis:
        """In tokens and text what was found in ids. For a word that the model does not know stands what it looked at
        most in the source, but for the source's end."""
        tokens = self.target_vocabulary.decode(found.ids)
        if UNKNOWN in found.ids and found.attention is not None:
            words = source_tokens[:-1] if self.config.source_eos else source_tokens
            for t, id in enumerate(found.ids):
                if id == UNKNOWN:
                    tokens[t] = words[int(found.attention[t, : len(words)].argmax())]
        return Hypothesis(self.target.text(tokens), tokens, found.score, found.attention)

    def search_tree(self, text: str, beam: int = 4, length_penalty: float = 0.0) -> SearchTree:
        """How a beam search finds the translations of a text: what it kept at each step, and what it dropped.

        Raises: ValueError for a blank text, or as `translate`.
        """
        return search_tree(self, text, check_beam(beam), check_length_penalty(length_penalty))
