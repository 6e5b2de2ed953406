import subprocess
import sys
from collections import Counter
from functools import lru_cache
from pathlib import Path
from random import Random

import pytest

from tinyattn.text.corpus import CORPUS_SIZE, Phrase, held_out_combinations, phrase_corpus
from tinyattn.text.corpus.chooser import Chooser, Combinations
from tinyattn.text.corpus.constructions import CONSTRUCTIONS
from tinyattn.text.corpus.corpus import _sentence
from tinyattn.text.corpus.lexicon import NOUNS, TRANSITIVE
from tinyattn.text.corpus.morphology import agreeing, conjugate, english_plural, spanish_plural, with_pronoun
from tinyattn.text.corpus.parts import Part, a_before, build, finish, pair, question
from tinyattn.text.corpus.phrases import PHRASES
from tinyattn.text.pairs import clean_pairs
from tinyattn.text.words import Words

tokenize = lru_cache(None)(Words().cut)
SPLITS = ("train", "dev", "test")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def corpus() -> dict[str, list[Phrase]]:
    return {split: phrase_corpus(split=split) for split in SPLITS}


@pytest.fixture(scope="module")
def everything(corpus) -> list[Phrase]:
    return [phrase for split in SPLITS for phrase in corpus[split]]


def words(text: str) -> list[str]:
    return [token for token in tokenize(text) if token not in (",", "?", "¿")]


def normal(text: str) -> str:
    return " ".join(words(text.lower()))


# What it holds


def test_size_and_splits(corpus, everything):
    assert len(everything) == CORPUS_SIZE >= 30_000
    assert everything == phrase_corpus() == phrase_corpus(split="all", seed=0)
    assert [len(corpus[split]) for split in SPLITS] == [30_000, 1_000, 2_000]
    assert clean_pairs([phrase[:2] for phrase in everything], strict=True).report.kept == CORPUS_SIZE


def test_a_source_stands_once_and_in_one_split(everything):
    assert len({normal(phrase.source) for phrase in everything}) == len(everything)


def test_many_words_on_each_side(everything):
    for side in ("source", "target"):
        assert len({word for phrase in everything for word in words(getattr(phrase, side))}) >= 300


def test_sources_of_1_to_16_words_each_at_least_a_hundredth(everything):
    for count in (words, tokenize):  # punctuation apart, and with it
        lengths = Counter(len(count(phrase.source)) for phrase in everything)
        assert all(lengths[k] >= len(everything) / 100 for k in range(1, 17)), lengths
    assert max(len(words(phrase.source)) for phrase in everything) == 16


def test_the_test_split_has_every_construction_and_no_phrase(corpus):
    found = Counter(phrase.construction for phrase in corpus["test"])
    assert set(found) == {construction.__name__ for construction in CONSTRUCTIONS} | {"word"}
    assert min(found.values()) >= 0.02 * len(corpus["test"])
    assert "phrase" not in {phrase.construction for phrase in corpus["dev"]}


def test_everyday_phrases_come_first_in_training(corpus):
    first = corpus["train"][: len(PHRASES.strip().splitlines())]
    assert len(first) >= 200 and {phrase.construction for phrase in first} == {"phrase"}
    assert first[0] == Phrase("let's go", "vamos", ((0, 0), (1, 0)), "phrase")
    sources = {phrase.source for phrase in first}
    assert "don't eat the delicious looking and smelling pizza" in sources


def test_a_command_and_its_negation_differ_in_the_verb(everything):
    target = {phrase.source: phrase.target for phrase in everything}
    pairs = [(source, "don't " + source) for source in target if "don't " + source in target]
    assert len(pairs) >= 10
    for one, other in pairs:
        assert target[one].split()[0] != target[other].split()[1], (one, other)


def test_text_is_lower_case_and_made_of_its_tokens(everything):
    rejoin = Words().join
    for phrase in everything:
        assert phrase.source == phrase.source.lower() and phrase.target == phrase.target.lower()
        assert rejoin(tokenize(phrase.source)) == phrase.source
        assert rejoin(tokenize(phrase.target)) == phrase.target
        assert phrase.source.endswith("?") == phrase.target.endswith("?") == ("¿" in phrase.target)


# What training shows


def test_every_word_of_dev_and_test_is_often_in_training(corpus):
    for side in ("source", "target"):
        known = Counter(word for phrase in corpus["train"] for word in tokenize(getattr(phrase, side)))
        for split in ("dev", "test"):
            assert min(known[word] for phrase in corpus[split] for word in tokenize(getattr(phrase, side))) >= 8


def test_a_sixth_of_the_test_has_a_verb_and_noun_that_training_never_shows_together(corpus):
    combinations = held_out_combinations()
    assert len(combinations) >= 30
    forms = {noun.english[0]: set(noun.english) for noun in NOUNS}
    verbs = {
        verb.english: {form.english[0] for form in (verb.command, verb.gerund, *verb.present)}
        | {form.english[0] for form in verb.past if "t" in verb.can}
        for verb in TRANSITIVE
        # "i have to wash the car" has no car, "the open door" opens none
        if verb.english not in ("want", "need", "have", "open")
    }
    combinations = [(verb, noun) for verb, noun in combinations if verb in verbs]
    novel = Counter()
    for split in SPLITS:
        for phrase in corpus[split]:
            if phrase.construction != "phrase":
                found = set(words(phrase.source.replace("'s ", " ")))
                novel[split] += any(found & verbs[verb] and found & forms[noun] for verb, noun in combinations)
    assert novel["train"] == 0
    assert novel["test"] >= len(corpus["test"]) / 6 and novel["dev"] >= len(corpus["dev"]) / 6


# Alignments


def test_every_pair_has_an_alignment_within_its_tokens(everything):
    unaligned = 0
    for phrase in everything:
        source, target = tokenize(phrase.source), tokenize(phrase.target)
        assert phrase.alignment and list(phrase.alignment) == sorted(set(phrase.alignment))
        assert all(i < len(source) and j < len(target) for i, j in phrase.alignment), phrase
        unaligned += len(target) - len({j for _, j in phrase.alignment})
        unaligned += len(source) - len({i for i, _ in phrase.alignment})
    assert unaligned == 0


@pytest.mark.parametrize(
    ("source", "target"),
    [("pizza", {"pizza"}), ("kitchen", {"cocina"}), ("morning", {"mañana", "buenos", "días"}), ("now", {"ahora"})],
)
def test_words_are_aligned_with_their_translations(everything, source, target):
    found = Counter()
    for phrase in everything:
        english, spanish = tokenize(phrase.source), tokenize(phrase.target)
        found.update(spanish[j] for i, j in phrase.alignment if english[i] == source)
    assert found and set(found) <= target


# Asking for it


def test_the_same_arguments_give_the_same_corpus_in_another_process(corpus):
    # The order of sets and the hashes of strings differ from process to process.
    code = "from tinyattn.text.corpus import phrase_corpus; print(phrase_corpus()[300:303], phrase_corpus()[-3:])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert told == f"{corpus['train'][300:303]} {corpus['test'][-3:]}\n"


def test_another_seed_gives_another_corpus(corpus):
    other = phrase_corpus(seed=1, split="test")
    assert len(other) == len(corpus["test"])
    assert len({phrase.source for phrase in other} & {phrase.source for phrase in corpus["test"]}) < 200
    assert held_out_combinations(1) != held_out_combinations(0)
    sources = {normal(phrase.source) for phrase in phrase_corpus(seed=1)}
    assert len(sources) == CORPUS_SIZE


@pytest.mark.parametrize("pairs", [1, 500, 3_600, CORPUS_SIZE])
def test_a_smaller_corpus_is_the_beginning_of_the_whole(corpus, pairs):
    parts = {split: phrase_corpus(pairs, split=split) for split in SPLITS}
    assert sum(map(len, parts.values())) == pairs
    assert all(parts[split] == corpus[split][: len(parts[split])] for split in SPLITS)
    assert phrase_corpus(pairs) == [phrase for split in SPLITS for phrase in parts[split]]


@pytest.mark.parametrize("pairs", [0, -1, CORPUS_SIZE + 1])
def test_pairs_that_cannot_be_had(pairs):
    with pytest.raises(ValueError, match=rf"pairs must be 1 \.\.\. {CORPUS_SIZE}, got {pairs}"):
        phrase_corpus(pairs)


def test_an_unknown_split():
    with pytest.raises(ValueError, match="split must be one of all, train, dev, test, got 'tset'"):
        phrase_corpus(split="tset")


def test_the_list_is_the_callers_own():
    phrase_corpus(10).clear()
    assert len(phrase_corpus(10)) == 10


# How sentences are built


def test_a_pattern_orders_and_aligns_both_sides():
    car = build("{red} {car} → {car} {red}", red=pair("red", "rojo"), car=pair("car", "coche"))
    assert car[:2] == (("red", "car"), ("coche", "rojo")) and set(car.links) == {(0, 1), (1, 0)}
    not_ = build("don't₁ sell₂ {car} → no₁ vendas₂ {car}", car=car)
    assert finish(not_) == ("don't sell red car", "no vendas coche rojo", ((0, 0), (1, 1), (2, 3), (3, 2)))


def test_what_spanish_leaves_unsaid_belongs_to_the_verb():
    asked = build("do₁ {who}₁ {eat} → {who} {eat}₁", who=Part(("i",)), eat=pair("eat", "como"))
    assert finish(question(asked)) == ("do i eat?", "¿como?", ((0, 1), (1, 1), (2, 1), (3, 0), (3, 2)))


def test_words_that_change_with_their_neighbour():
    def spanish(text):
        return finish(build(f"x₁ → {text}"))[1]

    assert finish(build("a apple and a pear → x"))[0] == "an apple and a pear"
    assert spanish("a el parque de el museo con él") == "al parque del museo con él"
    assert spanish("agujas y hilo y hielo o otro") == "agujas e hilo y hielo u otro"


def test_contraction_keeps_the_alignment():
    park = build("to₁ the₂ park₃ → a₁ el₂ parque₃")
    assert finish(park) == ("to the park", "al parque", ((0, 0), (1, 0), (2, 1)))


def test_the_a_before_people_belongs_to_the_noun():
    assert a_before(pair("my sister", "hermana")).links == ((1, 0), (0, 1), (1, 1))


@pytest.mark.parametrize(
    ("word", "plural"),
    [("mesa", "mesas"), ("lápiz", "lápices"), ("canción", "canciones"), ("reloj", "relojes"), ("café", "cafés"),
     ("jardín", "jardines"), ("pez", "peces")],
)  # fmt: skip
def test_spanish_plurals(word, plural):
    assert spanish_plural(word) == plural


@pytest.mark.parametrize(
    ("word", "plural"),
    [("box", "boxes"), ("city", "cities"), ("boy", "boys"), ("tomato", "tomatoes"), ("photo", "photos"),
     ("beach", "beaches"), ("dress", "dresses")],
)  # fmt: skip
def test_english_plurals(word, plural):
    assert english_plural(word) == plural


def test_adjectives_agree():
    assert agreeing("rojo") == ("rojo", "roja", "rojos", "rojas")
    assert agreeing("azul") == ("azul", "azul", "azules", "azules")


def test_conjugation():
    cerrar = conjugate("cerrar", yo="cierro")
    assert cerrar.present == ("cierro", "cierras", "cierra", "cerramos", "cierran")
    assert cerrar.subjunctive == ("cierre", "cierres", "cierre", "cerremos", "cierren")
    assert cerrar.preterite == ("cerré", "cerraste", "cerró", "cerramos", "cerraron")
    buscar = conjugate("buscar")
    assert (buscar.preterite[0], buscar.subjunctive[1], buscar.gerund) == ("busqué", "busques", "buscando")
    dormir = conjugate("dormir", yo="duermo", soft="durm")
    assert dormir.preterite == ("dormí", "dormiste", "durmió", "dormimos", "durmieron")
    assert (dormir.gerund, dormir.subjunctive[3], dormir.command) == ("durmiendo", "durmamos", "duerme")


@pytest.mark.parametrize(
    ("command", "joined"),
    [("come", "cómelo"), ("abre", "ábrelo"), ("cierra", "ciérralo"), ("limpia", "límpialo"), ("trae", "tráelo"),
     ("lee", "léelo"), ("envía", "envíalo"), ("da", "dalo"), ("busca", "búscalo"), ("repara", "repáralo")],
)  # fmt: skip
def test_a_pronoun_joins_its_command(command, joined):
    assert with_pronoun(command, "lo") == joined


def test_a_construction_that_has_nothing_new_to_say(monkeypatch):
    def mute(chooser):
        return None

    monkeypatch.setattr("tinyattn.text.corpus.corpus.ATTEMPTS", 3)
    chooser = Chooser(Combinations(Random(0)), Random(0))
    with pytest.raises(RuntimeError, match="mute: no new sentence in 3 attempts: lower its share"):
        _sentence(mute, chooser, set(), None, False)
