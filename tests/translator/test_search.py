import itertools

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.ops.softmax import log_softmax
from tinyattn.storage import CheckpointError
from tinyattn.text.vocabulary import END, PAD, START, UNKNOWN
from tinyattn.translator import search
from tinyattn.translator.config import ATTENTION_KINDS, Config
from tinyattn.translator.decoding import reader
from tinyattn.translator.model import Seq2Seq, inference
from tinyattn.translator.search import beam_search, check_beam, check_length_penalty, check_n_best, greedy, longest

SOURCES = [[4, 5, 6, 7], [8], [5, 9], [4, 4, 4], [6, 5]]


def make(**options):
    ta.manual_seed(3)
    model = Seq2Seq(10, 12, Config(**{"embed": 4, "hidden": 6, **options}))
    # Bold enough to say several words, modest enough to end.
    model.output.weight.array[...] *= 6
    return model


def by_hand(model, source, start=END):
    """One source, one step at a time, no batch."""
    with inference(model):
        encoded = model.encode(np.array([source]), np.array([len(source)]))
        state, previous, ids, score = encoded.state, start, [], 0.0
        while len(ids) < longest(len(source)):
            logits, _, state = model.decode(np.array([[previous]]), state, encoded)
            log_p = log_softmax(logits, -1).array[0, 0]
            log_p[[PAD, START, UNKNOWN]] = -np.inf
            previous = int(log_p.argmax())
            score += log_p[previous]
            if previous == END:
                break
            ids.append(previous)
    return ids, score


@pytest.mark.parametrize("kind", ["none", "dot", "additive"])
@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_it_is_the_likeliest_token_at_each_step(kind, batch_size):
    model = make(attention=kind)
    found = greedy(model, SOURCES, batch_size=batch_size)
    assert len({tuple(f.ids) for f in found}) > 1
    for source, result in zip(SOURCES, found):
        ids, score = by_hand(model, source)
        assert result.ids == ids
        assert result.score == pytest.approx(score, rel=1e-5)
        if kind == "none":
            assert result.attention is None
        else:
            assert result.attention.shape == (len(ids), len(source))
            np.testing.assert_allclose(result.attention.sum(1), 1, rtol=1e-5)


def test_the_first_input_is_the_start():
    model = make()
    assert [f.ids for f in greedy(model, SOURCES, START)] == [by_hand(model, s, START)[0] for s in SOURCES]


def test_what_never_ends_is_cut_off():
    model = make()
    model.output.bias.array[END] = -1e4
    assert [len(f.ids) for f in greedy(model, SOURCES)] == [90, 60, 70, 80, 70]


@pytest.mark.parametrize("id", [PAD, START, UNKNOWN])
def test_some_ids_are_no_words(id):
    model = make()
    wanted = [f.ids for f in greedy(model, SOURCES)]
    assert any(wanted)
    model.output.bias.array[id] = 100
    assert [f.ids for f in greedy(model, SOURCES)] == wanted


@pytest.mark.parametrize("kernels", ["numba", "numpy"])
def test_unknown_where_it_may_be_said(kernels):
    model = make()
    model.output.bias.array[UNKNOWN] += 2
    model.output.bias.array[END] += 2
    with ta.kernels(kernels):
        found = greedy(model, SOURCES, unknown=True)
        wide = beam_search(model, SOURCES, beam=3, unknown=True)
        assert UNKNOWN not in {id for hypotheses in beam_search(model, SOURCES, beam=3) for f in hypotheses for id in f.ids}
    assert sum(UNKNOWN in f.ids for f in found) > 1
    for source, f in [*zip(SOURCES, found), *((source, f) for source, fs in zip(SOURCES, wide) for f in fs)]:
        ended = [END] if len(f.ids) < longest(len(source)) else []
        assert f.score == pytest.approx(log_p_of(model, source, [*f.ids, *ended])[0], rel=1e-5)


def test_an_immediate_end_is_an_empty_translation():
    model = make()
    model.output.bias.array[END] = 1e4
    found = greedy(model, [[4, 5]])[0]
    assert found.ids == [] and found.attention.shape == (0, 2) and found.score == 0


def test_nothing_to_do():
    assert greedy(make(), []) == []


def test_training_goes_on_in_training_mode():
    model = make()
    greedy(model, SOURCES)
    assert model.training


# --- beam search ---


@pytest.fixture
def short(monkeypatch):
    """Some translations end, others are soon cut off."""
    monkeypatch.setattr(search, "longest", lambda source_length: 3 + source_length)


def talkative(**options):
    """A model whose hypotheses differ: what it reads moves it more."""
    model = make(**options)
    model.encoder.embedding.weight.array[...] *= 10
    model.decoder.embedding.weight.array[...] *= 10
    model.output.bias.array[END] += 0.5
    return model


def log_p_of(model, source, ids, start=END):
    """log p of a whole translation, END included where it has one, and the attention of its tokens: all at once."""
    with inference(model):
        encoded = model.encode(np.array([source]), np.array([len(source)]))
        logits, weights, _ = model.decode(np.array([[start, *ids[:-1]]]), encoded.state, encoded)
        log_p = log_softmax(logits, -1).array[0].astype(np.float64)
    return log_p[np.arange(len(ids)), ids].sum(), None if weights is None else weights.array[0]


def plain_beam(model, source, beam, penalty, start=END):
    """One source, lists and loops, every continuation sorted: what the batch has to come out as."""
    live, done = [([], 0.0)], []
    words = [id for id in range(12) if id not in (PAD, START, UNKNOWN)]
    while live:
        candidates = []
        for ids, log_p in live:
            with inference(model):
                encoded = model.encode(np.array([source]), np.array([len(source)]))
                logits, _, _ = model.decode(np.array([[start, *ids]]), encoded.state, encoded)
                row = log_softmax(logits, -1).array[0, -1]
            candidates += [([*ids, word], log_p + float(row[word])) for word in words]
        candidates = sorted(candidates, key=lambda c: -c[1])[:beam]
        length = len(candidates[0][0])
        over = [c for c in candidates if c[0][-1] == END or length == search.longest(len(source))]
        live = [c for c in candidates if c not in over]
        done = sorted(done + [(ids, log_p / ((5 + length) / 6) ** penalty) for ids, log_p in over],
                      key=lambda c: -c[1])[:beam]
        if live and len(done) == beam and live[0][1] / ((5 + search.longest(len(source))) / 6) ** penalty <= done[-1][1]:
            break
    return [([id for id in ids if id != END], score) for ids, score in done]


OPTIONS = [
    *({"attention": kind} for kind in ATTENTION_KINDS),
    {"layers": 2, "bidirectional": True},
    {"attention": "none", "layers": 2, "bidirectional": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_beam_1_is_greedy(options, short):
    model = talkative(**options)
    for start in (END, START):
        for wanted, found in zip(greedy(model, SOURCES, start), beam_search(model, SOURCES, start, beam=1)):
            assert [f.ids for f in found] == [wanted.ids]
            assert found[0].score == pytest.approx(wanted.score, rel=1e-5)
            if options.get("attention") != "none":
                np.testing.assert_allclose(found[0].attention, wanted.attention, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("penalty", [0.0, 0.7])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_is_beam_search_as_in_lists_and_loops(options, penalty, short):
    model = talkative(**options)
    found = beam_search(model, SOURCES, START, beam=3, length_penalty=penalty)
    for source, hypotheses in zip(SOURCES, found):
        wanted = plain_beam(model, source, 3, penalty, START)
        assert [f.ids for f in hypotheses] == [ids for ids, _ in wanted]
        np.testing.assert_allclose([f.score for f in hypotheses], [score for _, score in wanted], rtol=1e-5)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_hypothesis_has_its_own_score_and_attention(options, short):
    """The states, sources and weights of hypotheses are not mixed up: teacher forcing gives the same numbers."""
    model = talkative(**options)
    found = beam_search(model, SOURCES, beam=4)
    assert len({tuple(f.ids) for hypotheses in found for f in hypotheses}) > 5
    for source, hypotheses in zip(SOURCES, found):
        assert len(hypotheses) == 4 == len({tuple(f.ids) for f in hypotheses})
        assert [f.score for f in hypotheses] == sorted((f.score for f in hypotheses), reverse=True)
        for f in hypotheses:
            ended = [END] if len(f.ids) < search.longest(len(source)) else []
            log_p, weights = log_p_of(model, source, [*f.ids, *ended])
            assert f.score == pytest.approx(log_p, rel=1e-5)
            if weights is None:
                assert f.attention is None
            else:
                assert f.attention.shape == (len(f.ids), len(source))
                np.testing.assert_allclose(f.attention, weights[: len(f.ids)], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("attention", ["none", "dot"])
@pytest.mark.parametrize("penalty", [0.0, 1.0, 3.0])
def test_a_beam_as_wide_as_everything_finds_the_best_there_is(monkeypatch, attention, penalty):
    monkeypatch.setattr(search, "longest", lambda source_length: 4)
    ta.manual_seed(1)
    model = Seq2Seq(10, 7, Config(embed=4, hidden=6, attention=attention))  # three words
    model.output.weight.array[...] *= 6
    every = [[*ids, END] for length in range(4) for ids in itertools.product((4, 5, 6), repeat=length)]
    every += [list(ids) for ids in itertools.product((4, 5, 6), repeat=4)]
    for source in SOURCES:
        scores = {tuple(ids): log_p_of(model, source, ids)[0] / ((5 + len(ids)) / 6) ** penalty for ids in every}
        wanted = sorted(every, key=lambda ids: -scores[tuple(ids)])
        found = beam_search(model, [source], beam=len(every), length_penalty=penalty)[0]
        assert len(found) == len(every) == 121
        assert [f.ids for f in found[:20]] == [[id for id in ids if id != END] for ids in wanted[:20]]
        np.testing.assert_allclose([f.score for f in found], [scores[tuple(ids)] for ids in wanted], rtol=1e-5)


def test_more_in_view_finds_likelier_translations(short):
    model = talkative()
    best = [f.score for f in greedy(model, SOURCES)]
    wider = [hypotheses[0].score for hypotheses in beam_search(model, SOURCES, beam=8)]
    assert all(w >= b - 1e-5 for w, b in zip(wider, best)) and any(w > b + 0.1 for w, b in zip(wider, best))


def test_a_length_penalty_makes_them_longer(short):
    model = make()
    model.output.weight.array[...] = 0
    model.output.bias.array[...] = -200
    model.output.bias.array[[END, 4]] = np.log([0.4, 0.6])
    plain, normal = (beam_search(model, [[4, 5]], beam=2, length_penalty=a)[0][0] for a in (0, 3))
    assert plain.ids == [] and plain.score == pytest.approx(np.log(0.4))
    assert normal.ids == [4] * 5 and normal.score == pytest.approx(5 * np.log(0.6) / (10 / 6) ** 3)


def test_greedy_search_has_the_same_scores():
    model = make()
    model.output.bias.array[END] += 1
    assert {len(f.ids) == longest(len(source)) for source, f in zip(SOURCES, greedy(model, SOURCES))} == {False, True}
    for a in (0.5, 2):
        for source, plain, normal in zip(SOURCES, greedy(model, SOURCES), greedy(model, SOURCES, length_penalty=a)):
            assert normal.ids == plain.ids
            length = len(plain.ids) + (len(plain.ids) < longest(len(source)))  # the end counts
            assert normal.score == pytest.approx(plain.score / ((5 + length) / 6) ** a)


@pytest.mark.parametrize("options", [{}, {"attention": "none"}, {"attention": "additive", "layers": 2}], ids=str)
@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_a_batch_changes_nothing(options, batch_size, short):
    model = talkative(**options)
    sources = SOURCES * 2
    one, other = (beam_search(model, sources, beam=3, batch_size=size) for size in (64, batch_size))
    for a, b in zip(one, other):
        assert [f.ids for f in a] == [f.ids for f in b]
        np.testing.assert_allclose([f.score for f in a], [f.score for f in b], rtol=1e-5)


def test_only_the_best_of_them(short):
    model = talkative()
    for best, all in zip(beam_search(model, SOURCES, beam=4, n_best=2), beam_search(model, SOURCES, beam=4)):
        assert len(all) == 4 and [f.ids for f in best] == [f.ids for f in all[:2]]
        assert [f.score for f in best] == [f.score for f in all[:2]]
        for b, a in zip(best, all):
            np.testing.assert_array_equal(b.attention, a.attention)


def test_long_sources_come_in_small_batches():
    """So that the attention of a batch that never ends fits into memory."""
    assert search.batches_of([5] * 100, 64, 1) == [list(range(64)), list(range(64, 100))]
    assert search.batches_of([3, 9, 5], 2, 1) == [[1, 2], [0]]
    for lengths, beam in ([900] * 70, 1), ([300] * 70, 4), ([5000, 3000, 3000, 800, *[20] * 70], 1):
        batches = search.batches_of(lengths, 64, beam)
        assert sorted(k for batch in batches for k in batch) == list(range(len(lengths)))
        for batch in batches:
            S = max(lengths[k] for k in batch)
            assert len(batch) == 1 or len(batch) * beam * S * longest(S) <= search.WEIGHTS
    assert longest(20) == 250 and longest(5000) == 14_000


def test_a_wide_beam_takes_fewer_sentences_at_once(monkeypatch):
    sizes = []

    class Watched(search.BeamSearch):
        def __init__(self, decoding, *rest):
            sizes.append(len(decoding.lengths))
            super().__init__(decoding, *rest)

    monkeypatch.setattr(search, "BeamSearch", Watched)
    monkeypatch.setattr(search, "ROWS", 6)
    beam_search(make(), SOURCES, beam=3)
    beam_search(make(), SOURCES, beam=7)
    assert sizes == [2, 2, 1, 1, 1, 1, 1, 1]


def test_it_stops_when_none_can_win(monkeypatch):
    """After two that are all but certain nobody looks for the words of a third of log p < -100."""
    model = talkative()
    model.output.weight.array[...] = 0
    model.output.bias.array[...] = -200
    model.output.bias.array[[END, 4]] = 0  # each half
    read = reader(model, 2)
    ran = search.BeamSearch(read([[4, 5]]), END, 2, 0.0)
    assert [f.ids for f in ran.run()[0]] == [[], [4]]
    assert len(ran.steps) == 2  # "4 4" is no likelier than "4 <eos>"
    ran = search.BeamSearch(read([[4, 5]]), END, 2, 1.0)
    ran.run()
    # With a penalty longer ones have a chance: until k log 0.5 by the length of 70 is less than 2 log 0.5 by that of 2.
    assert len(ran.steps) == 22


def test_what_never_ends_is_cut_off_in_every_beam():
    model = talkative()
    model.output.bias.array[END] = -1e4
    assert [[len(f.ids) for f in found] for found in beam_search(model, SOURCES, beam=2)] == [
        [90, 90], [60, 60], [70, 70], [80, 80], [70, 70]]


def test_fewer_words_than_beam():
    ta.manual_seed(0)
    model = Seq2Seq(6, 5, Config(embed=4, hidden=6))  # one word
    model.output.bias.array[END] = 4
    found = beam_search(model, [[4]], beam=10)[0]
    assert [f.ids for f in found] == [[4] * n for n in range(10)]


def test_equals_in_the_order_of_their_ids():
    model = talkative()
    model.output.weight.array[...] = 0
    model.output.bias.array[...] = 0
    assert greedy(model, [[4]])[0].ids == [] and beam_search(model, [[4]], beam=1)[0][0].ids == []
    assert [f.ids for f in beam_search(model, [[4]], beam=3)[0]] == [[], [4], [4, 4]]


def test_no_source_no_hypotheses_and_training_mode():
    model = talkative()
    assert beam_search(model, [], beam=3) == []
    assert beam_search(model, [[4]], beam=3) and model.training


@pytest.mark.parametrize("find", [greedy, beam_search])
def test_probabilities_that_are_none(find):
    model = talkative()
    model.output.bias.array[5] = np.nan
    with pytest.raises(CheckpointError, match="not numbers"):
        find(model, SOURCES)


@pytest.mark.parametrize("beam", [0, -1, 1001, 2.0, True, "4", None])
def test_beams_that_are_none(beam):
    with pytest.raises(ValueError, match=r"beam: wanted a whole number from 1 .* to 1,000, got"):
        check_beam(beam)


@pytest.mark.parametrize("n_best", [0, 4, True, "2", 1.0])
def test_best_ones_that_are_none(n_best):
    with pytest.raises(ValueError, match="n_best: wanted a whole number from 1 to the beam's width, 3, got"):
        check_n_best(n_best, 3)
    assert check_n_best(None, 3) == check_n_best(3, 3) == 3


@pytest.mark.parametrize("penalty", [-0.1, 10.5, float("nan"), float("inf"), "1", None])
def test_penalties_that_are_none(penalty):
    with pytest.raises(ValueError, match="length_penalty: wanted a number from 0"):
        check_length_penalty(penalty)
    assert check_length_penalty(1) == 1.0 and check_beam(np.int64(3)) == 3
