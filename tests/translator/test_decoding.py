"""Decoding in kernels against decoding in Tensors, which is how the model is written."""

import threading

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.storage import CheckpointError
from tinyattn.text.vocabulary import END, PAD, START, UNKNOWN
from tinyattn.translator import decoding, search
from tinyattn.translator.config import ATTENTION_KINDS, Config
from tinyattn.translator.decoding import Decoding, FusedDecoding, is_fused, reader
from tinyattn.translator.decoding_arrays import arrays_of
from tinyattn.translator.decoding_kernels import likeliest
from tinyattn.translator.model import Seq2Seq

SOURCES = [[4, 5, 6, 7], [8], [5, 9], [4, 4, 4], [6, 5]]
LIMITS = np.array([9, 3, 7, 1, 12])
NO_WORDS = np.array([PAD, START, UNKNOWN])
OPTIONS = [
    *({"attention": kind} for kind in ATTENTION_KINDS),
    *({"attention": kind, "layers": 2, "bidirectional": True} for kind in ATTENTION_KINDS),
    {"bidirectional": True},
    {"layers": 3, "attention": "general"},
    *({"attention": kind, "attend": "before", "layers": 2} for kind in ATTENTION_KINDS if kind != "none"),
    {"input_feeding": True},
    {"input_feeding": True, "attend": "before", "layers": 2, "attention": "additive"},
    {"tie_embeddings": True},
    {"tie_embeddings": True, "attention": "none"},
    {"tie_embeddings": True, "input_feeding": True, "attention": "cosine", "layers": 2},
    {"tie_embeddings": True, "input_feeding": True, "attend": "before"},
]


@pytest.fixture(autouse=True)
def in_kernels():
    """Also where there is no compiler: these models are small enough."""
    with ta.kernels("numba"):
        yield


def make(tokens=12, **options):
    """A model that moves from word to word, and sometimes ends."""
    ta.manual_seed(3)
    model = Seq2Seq(10, tokens, Config(**{"embed": 4, "hidden": 6, **options}))
    model.output.weight.array[...] *= 6
    model.encoder.embedding.weight.array[...] *= 10
    model.decoder.embedding.weight.array[...] *= 10
    for parameter in model.decoder.lstm.parameters():
        parameter.array[...] *= 3
    return model


def fused(model, sources, packed=False):
    return FusedDecoding(model, sources, NO_WORDS, *arrays_of(model, packed))


def in_tensors(model, sources):
    return Decoding(model, sources, NO_WORDS)


def check_outputs(found, wanted):
    """ids, log p, weights: the same, but for rounding; `found` may have more columns of padding."""
    T = wanted[0].shape[1]
    assert (found[0][:, :T] == wanted[0]).all() and (found[0][:, T:] == PAD).all()
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-5, atol=1e-6)
    if wanted[2] is None:
        assert found[2] is None
    else:
        real = wanted[0] != PAD
        np.testing.assert_allclose(found[2][:, :T][real], wanted[2][real], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_greedy(options, packed):
    model = make(**options)
    for start in (END, START):
        wanted = in_tensors(model, SOURCES).greedy(start, LIMITS)
        assert len(set(wanted[1])) == len(SOURCES)  # each is another's
        check_outputs(fused(model, SOURCES, packed).greedy(start, LIMITS), wanted)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_one_source_is_read_in_a_kernel(options):
    model = make(**options)
    for source, limit in zip(SOURCES, LIMITS):
        wanted = in_tensors(model, [source]).greedy(END, np.array([limit]))
        check_outputs(fused(model, [source]).greedy(END, np.array([limit])), wanted)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_steps(options, packed):
    """Rows change places, are there twice, and vanish; sources too."""
    model = make(**options)
    one, other = in_tensors(model, SOURCES), fused(model, SOURCES, packed)
    steps = [([0, 1, 2, 3, 4], [1] * 5, [0, 1, 2, 3, 4]), ([4, 4, 1, 0, 2, 2, 2], [4, 5, 6, 7, 8, 9, 10], [4, 4, 1, 0, 2, 2, 2]),
             ([6, 0, 3], [11, 4, 4], [2, 4, 0]), ([1], [5], [4])]
    for parents, previous, read_by in (map(np.array, step) for step in steps):
        wanted, found = (which.step(previous, parents, read_by, 4) for which in (one, other))
        assert (found[0] == wanted[0]).all() and found[0].shape == (len(parents), 4)
        np.testing.assert_allclose(found[1], wanted[1], rtol=1e-5, atol=1e-5)
        assert (found[2] is None) == (wanted[2] is None)
        if wanted[2] is not None:
            np.testing.assert_allclose(found[2], wanted[2], rtol=1e-4, atol=1e-6)


def test_float64():
    model = make(attention="additive").double()
    wanted, found = (which.greedy(END, LIMITS) for which in (in_tensors(model, SOURCES), fused(model, SOURCES, True)))
    assert (found[0][:, : wanted[0].shape[1]] == wanted[0]).all() and found[2].dtype == np.float64
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-13)


def test_longer_than_a_chunk(monkeypatch):
    monkeypatch.setattr(decoding, "CHUNK", 4)
    for sources, limits in ((SOURCES, LIMITS), (SOURCES[:1], LIMITS[:1]), (SOURCES[:1], np.array([8]))):
        model = make()
        model.output.bias.array[END] = -1e9
        check_outputs(fused(model, sources).greedy(END, limits), in_tensors(model, sources).greedy(END, limits))


def test_memory_in_another_order():
    model = make()
    wanted = fused(model, SOURCES).greedy(END, LIMITS)
    for parameter in model.parameters():
        parameter.array = np.asfortranarray(parameter.array)
    check_outputs(fused(model, SOURCES).greedy(END, LIMITS), wanted)
    check_outputs(fused(model, SOURCES, True).greedy(END, LIMITS), wanted)


def test_the_parameters_are_left_alone_and_read_anew():
    model = make()
    before = {name: p.array.copy() for name, p in model.named_parameters()}
    first = search.greedy(model, SOURCES[1:2])
    assert all((p.array == before[name]).all() for name, p in model.named_parameters())
    model.output.bias.array[END] = 1e4
    assert first[0].ids and search.greedy(model, SOURCES[1:2])[0].ids == []
    model.output.bias = ta.nn.Parameter(before["output.bias"])
    assert search.greedy(model, SOURCES[1:2])[0].ids == first[0].ids


# --- the likeliest tokens -----------------------------------------------


@pytest.mark.parametrize("V", [5, 12, 64, 65, 200])
@pytest.mark.parametrize("count", [1, 3, 70])
def test_likeliest(V, count):
    """Many are equal here; the first of them comes first."""
    logits = np.random.default_rng(V).integers(-9, 9, V).astype(np.float32)
    count = min(count, V)
    ids, log_p = np.empty(count, np.int64), np.empty(count, np.float32)
    wanted = logits - np.log(np.exp(logits.astype(np.float64)).sum())
    wanted[[PAD, START, UNKNOWN]] = -np.inf
    order = np.argsort(-wanted, kind="stable")[:count]
    assert likeliest(ids, log_p, logits, NO_WORDS)
    there = wanted[order] > -np.inf
    assert (ids == np.where(there, order, 0)).all()
    np.testing.assert_allclose(log_p, wanted[order], rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_likeliest_of_no_numbers(value):
    logits = np.zeros(9, np.float32)
    logits[7] = value
    assert not likeliest(np.empty(2, np.int64), np.empty(2, np.float32), logits, NO_WORDS)


def test_a_large_logit_does_not_swallow_the_sum():
    logits = np.full(100, 3e7, np.float32)
    ids, log_p = np.empty(1, np.int64), np.empty(1, np.float32)
    assert likeliest(ids, log_p, logits, NO_WORDS) and ids[0] == END
    assert log_p[0] == pytest.approx(-np.log(100))


# --- when, and when not -------------------------------------------------


def test_tensors_where_somebody_looks(monkeypatch):
    model = make()
    assert is_fused(model) and isinstance(reader(model, 1)(SOURCES), FusedDecoding)
    with ta.kernels("numpy"):
        assert not is_fused(model) and type(reader(model, 1)(SOURCES)) is Decoding
    with ta.record():
        assert not is_fused(model)
    seen = []
    with model.attention.register_forward_hook(lambda module, inputs, output: seen.append(module)):
        assert not is_fused(model)
        search.greedy(model, SOURCES[:1])
    assert seen and is_fused(model)


def test_weights_are_packed_for_many_rows():
    def panels(rows):
        return len(reader(make(), rows)(SOURCES).decoder[-2][1])

    assert panels(decoding.PACK_FROM - 1) == 0 < panels(decoding.PACK_FROM)


@pytest.mark.parametrize("find", [search.greedy, search.beam_search])
def test_several_threads_find_the_same(find, monkeypatch):
    monkeypatch.setattr(search, "SENTENCES_PER_THREAD", 2)
    monkeypatch.setattr(search, "longest", lambda source_length: 3 + source_length)
    model, sources, before = make(dropout=0.5), SOURCES * 5, ta.get_num_threads()
    try:
        ta.set_num_threads(1)
        wanted = find(model, sources)
        ta.set_num_threads(3)
        found = find(model, sources, batch_size=3)
    finally:
        ta.set_num_threads(before)
    assert model.training
    for a, b in zip(wanted, found):
        for one, other in zip(*([x] if find is search.greedy else x for x in (a, b))):
            assert one.ids == other.ids and one.score == pytest.approx(other.score, rel=1e-5)
            np.testing.assert_allclose(one.attention, other.attention, rtol=1e-4, atol=1e-6)


def test_every_thread_has_batches_of_its_own(monkeypatch):
    monkeypatch.setattr(search, "SENTENCES_PER_THREAD", 2)
    before, both, sizes = ta.get_num_threads(), threading.Barrier(2), []

    def find(batch):
        sizes.append(len(batch))
        both.wait(timeout=60)  # for the other thread
        return batch

    try:
        ta.set_num_threads(2)
        assert search.in_batches(make(), SOURCES, 64, find) == SOURCES
    finally:
        ta.set_num_threads(before)
    assert sorted(sizes) == [2, 3]


@pytest.mark.parametrize("sources", [SOURCES, SOURCES[:1]])
def test_probabilities_that_are_none(sources):
    model = make()
    model.decoder.lstm.bias_hh_l0.array[2] = np.nan
    with pytest.raises(CheckpointError, match="not numbers"):
        fused(model, sources).greedy(END, LIMITS[: len(sources)])
    with pytest.raises(CheckpointError, match="not numbers"):
        fused(model, sources).step(np.full(len(sources), END), *[np.arange(len(sources))] * 2, 3)


def test_ids_that_are_none():
    """A kernel does not see where an array ends."""
    model = make()
    message = r"search: wanted ids from 0 to {}, got {} to {}: the vocabulary is another model's"
    for source in ([4, 10], [-1, 4]):
        with pytest.raises(IndexError, match=message.format(9, min(source), max(source))):
            fused(model, [source])
    with pytest.raises(IndexError, match=message.format(11, 12, 12)):
        fused(model, SOURCES).greedy(12, LIMITS)
    with pytest.raises(IndexError, match=message.format(11, -1, 4)):
        fused(model, SOURCES).step(np.array([4, -1]), np.arange(2), np.arange(2), 3)
