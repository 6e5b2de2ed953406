"""Attention as training goes, as small heat maps."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.translator.training import Watcher
from tinyattn_viz import AttentionWatcher, multiples

SVG = "{http://www.w3.org/2000/svg}"
SOURCE, TARGET = ["let's", "go"], ["vamos", "<eos>"]
PAIRS = [("let's go", "vamos"), ("to go", "ir")] * 8
TINY = {"hidden": 4, "embed": 4, "batch_size": 4, "dev": PAIRS[:2], "epochs": 3}


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def snapshots(count):
    weights = np.array([[0.4, 0.6], [0.02, 0.98]])
    return [(2**k, weights) for k in range(count)]


def test_each_snapshot_is_a_map_with_its_step_and_words():
    found = texts(multiples(snapshots(4), SOURCE, TARGET))
    assert [text for text in found if text.startswith("step")] == ["step 1", "step 2", "step 4", "step 8"]
    assert found.count("let's") == 4 and found.count("vamos") == 1  # once a row of maps
    assert multiples(snapshots(4), SOURCE, TARGET).svg.count("vamos from go: 0.6000") == 4


def test_of_many_snapshots_twelve_are_shown_the_first_and_the_last_among_them():
    found = texts(multiples([(k, np.eye(2)) for k in range(1, 101)], SOURCE, TARGET))
    steps = [text for text in found if text.startswith("step")]
    assert len(steps) == 12 and steps[0] == "step 1" and steps[-1] == "step 100"
    assert "Shown are 12 of 100 snapshots." in " ".join(found)


def test_words_from_right_to_left_take_their_weights_along():
    svg = multiples(snapshots(1), ["مرحبا", "بالعالم"], TARGET).svg
    assert "vamos from بالعالم: 0.6000" in svg
    places = {e.text: float(e.get("x")) for e in ElementTree.fromstring(svg).iter(f"{SVG}text")}
    assert places["مرحبا"] > places["بالعالم"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"at least one \(step, attention\), got none"):
        multiples([], SOURCE, TARGET)
    with pytest.raises(ValueError, match=r"multiples: attention must be \(target, source\) = \(2, 2\), got \(1, 2\)"):
        multiples([(1, np.eye(2)), (2, [[0.5, 0.5]])], SOURCE, TARGET)


def test_a_watcher_collects_them_and_changes_nothing():
    watcher = AttentionWatcher(("let's go", "vamos"))
    watched = ta.Translator.train(PAIRS, watcher=watcher, **TINY)
    alone = ta.Translator.train(PAIRS, watcher=Watcher(), **TINY)
    assert [step for step, _ in watcher.snapshots] == [1, 2, 4, 8, 12]
    assert watcher.source == SOURCE and watcher.target == TARGET
    assert all(weights.shape == (2, 2) and np.allclose(weights.sum(1), 1) for _, weights in watcher.snapshots)
    assert not np.allclose(watcher.snapshots[0][1], watcher.snapshots[-1][1])
    for one, other in zip(watched.model.parameters(), alone.model.parameters()):
        assert np.array_equal(one.array, other.array)
    assert "step 12" in texts(watcher.picture())


def test_a_model_without_attention_cannot_be_watched():
    with pytest.raises(ValueError, match="wanted a model with attention"):
        ta.Translator.train(PAIRS, watcher=AttentionWatcher(PAIRS[0]), attention="none", **TINY)
