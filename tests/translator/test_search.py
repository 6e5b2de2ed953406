import numpy as np
import pytest

import tinyattn as ta
from tinyattn.ops.softmax import log_softmax
from tinyattn.text.vocabulary import END, PAD, START, UNKNOWN
from tinyattn.translator.config import Config
from tinyattn.translator.model import Seq2Seq, inference
from tinyattn.translator.search import greedy, longest

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
