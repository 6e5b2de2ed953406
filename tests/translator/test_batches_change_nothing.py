"""What a source is translated to depends on nothing but the source: not on those that are translated with it, their
order, the number of threads, or whether greedy search finds it or a beam search with beam 1."""

import functools
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyattn as ta
from tinyattn.text.vocabulary import END, START
from tinyattn.translator import search
from tinyattn.translator.config import ATTENTION_KINDS, Config
from tinyattn.translator.model import Seq2Seq
from tinyattn.translator.search import beam_search, greedy

COMPILED = os.environ.get("NUMBA_DISABLE_JIT") != "1"
ALWAYS_THE_SAME = {"deadline": None, "derandomize": True, "database": None}
MODELS = st.fixed_dictionaries({
    "attention": st.sampled_from(ATTENTION_KINDS), "layers": st.sampled_from([1, 2]), "bidirectional": st.booleans(),
    "attend": st.sampled_from(["after", "before"]), "input_feeding": st.booleans(), "tie_embeddings": st.booleans(),
}).filter(lambda options: options["attention"] != "none" or (options["attend"] == "after" and not options["input_feeding"]))
SOURCES = st.lists(st.lists(st.integers(3, 9), min_size=1, max_size=8), min_size=1, max_size=12)
SEARCHES = st.fixed_dictionaries({"start": st.sampled_from([END, START]), "unknown": st.booleans(),
                                  "length_penalty": st.sampled_from([0.0, 0.8])})
BATCHES = given(options=MODELS, sources=SOURCES, how=SEARCHES, batch_size=st.sampled_from([1, 2, 5, 64]),
                threads=st.sampled_from([1, 2, 3]), beam=st.sampled_from([1, 2, 4]))


@functools.cache
def model_of(**options):
    """One that moves from word to word, and sometimes ends."""
    ta.manual_seed(3)
    model = Seq2Seq(10, 12, Config(embed=4, hidden=6, **options))
    if not options["tie_embeddings"]:
        model.output.weight.array[...] *= 6
    model.encoder.embedding.weight.array[...] *= 10
    model.decoder.embedding.weight.array[...] *= 10
    return model


@pytest.fixture(autouse=True, scope="module")
def short():
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(search, "longest", lambda source_length: 5 + source_length)
        monkeypatch.setattr(search, "SENTENCES_PER_THREAD", 2)
        yield


def check_same(found, wanted):
    assert [f.ids for f in found] == [f.ids for f in wanted]
    for f, w in zip(found, wanted):
        assert abs(f.score - w.score) <= 1e-5 * max(1, abs(w.score))
        assert (f.attention is None) == (w.attention is None)
        if w.attention is not None:
            np.testing.assert_allclose(f.attention, w.attention, rtol=1e-4, atol=1e-5)
            assert f.attention.shape == w.attention.shape


def check_the_same_as_alone(options, sources, how, batch_size, threads, beam):
    model, before = model_of(**options), ta.get_num_threads()
    try:
        ta.set_num_threads(threads)
        found = greedy(model, sources, batch_size=batch_size, **how)
        wide = beam_search(model, sources, beam=beam, batch_size=batch_size, **how)
    finally:
        ta.set_num_threads(before)
    check_same(found, [greedy(model, [source], **how)[0] for source in sources])
    for source, hypotheses in zip(sources, wide, strict=True):
        check_same(hypotheses, beam_search(model, [source], beam=beam, **how)[0])
    if beam == 1:
        check_same([hypotheses[0] for hypotheses in wide], found)


@settings(max_examples=25 if COMPILED else 4, **ALWAYS_THE_SAME)
@BATCHES
def test_the_same_as_alone_in_kernels(**drawn):
    check_the_same_as_alone(**drawn)


@settings(max_examples=8, **ALWAYS_THE_SAME)
@BATCHES
def test_the_same_as_alone_in_tensors(**drawn):
    with ta.kernels("numpy"):
        check_the_same_as_alone(**drawn)
