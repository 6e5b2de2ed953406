"""An LSTM's gates over time, read from a record."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.translator.replay import replay
from tinyattn_viz import gates
from tinyattn_viz.gates import PANELS, recorded_lstms
from tinyattn_viz.style import NOT_FINITE

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def recorded(units=3, steps=4, batch=2, **options):
    lstm = ta.nn.LSTM(2, units, batch_first=True, **options)
    x = ta.from_numpy(np.random.default_rng(0).normal(size=(batch, steps, 2)).astype(np.float32))
    with ta.record() as record:
        hs, _ = lstm(x)
    return lstm, x.numpy(), hs.detach().numpy(), record


@pytest.fixture(scope="module")
def video():
    translator = ta.Translator.load("statquest")
    return replay(translator, translator.translate("let's go"))


def test_the_numbers_are_those_of_the_formula():
    lstm, x, hs, record = recorded()
    [steps] = recorded_lstms(record).values()
    w_ih, w_hh, b_ih, b_hh = (p.array for p in lstm.parameters())
    h, c = np.zeros((2, 3)), np.zeros((2, 3))
    for t, step in enumerate(steps):
        i, f, g, o = np.split(x[:, t] @ w_ih.T + b_ih + h @ w_hh.T + b_hh, 4, 1)
        i, f, g, o = (1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), np.tanh(g), 1 / (1 + np.exp(-o)))
        c = f * c + i * g
        h = o * np.tanh(c)
        for part, wanted in zip("ifgoch", (i, f, g, o, c, h)):
            assert np.allclose(step[part], wanted, atol=1e-6)
        assert np.allclose(step["h"], hs[:, t])


def test_six_panels_with_words_and_the_video_s_numbers(video):
    found = texts(gates(video, "encoder.lstm"))
    assert {panel.name for panel in PANELS} <= set(found) and found.count("let's") == 6
    assert {"−0.76", "0.75", "0", "1"} <= set(found)
    assert re.search(r"output of unit 1 at let&#x27;s: 0\.7[45]", gates(video, "encoder.lstm").svg)


def test_the_decoder_s_words_are_those_it_read(video):
    found = texts(gates(video, "decoder.lstm"))
    assert found.count("<eos>") == 6 and found.count("vamos") == 6
    assert "decoder.lstm: a row for each of 2 units" in " ".join(found)
    assert gates(video).svg == gates(video, "encoder.lstm").svg  # the first


def test_layers_and_directions_are_told_apart():
    _, _, hs, record = recorded(num_layers=2, bidirectional=True)
    found = recorded_lstms(record)
    assert list(found) == ["LSTM l0", "LSTM l0 reverse", "LSTM l1", "LSTM l1 reverse"]
    both = [np.concatenate([a["h"], b["h"]], 1) for a, b in zip(found["LSTM l1"], found["LSTM l1 reverse"])]
    assert np.allclose(np.stack(both, 1), hs)


def test_a_cell_called_step_by_step():
    cell = ta.nn.LSTMCell(2, 3)
    with ta.record() as record:
        h, c = cell(ta.ones(1, 2))
        cell(ta.zeros(1, 2), (h, c))
    [steps] = recorded_lstms(record).values()
    assert len(steps) == 2 and np.array_equal(steps[0]["h"], h.detach().numpy())


def test_many_units_are_ordered_by_the_step_at_which_they_are_largest():
    _, _, _, record = recorded(units=30, steps=5, batch=1)
    picture = gates(record)
    state = np.stack([step["c"][0] for step in recorded_lstms(record)["LSTM"]], 1)
    numbers = [int(unit) for unit in re.findall(r"cell state of unit (\d+) at 0:", picture.svg)]
    assert sorted(numbers) == list(range(30))
    assert (np.diff(np.abs(state[numbers]).argmax(1)) >= 0).all()
    assert "in the order in which their cell states" in " ".join(texts(picture))
    assert "in the order" not in " ".join(texts(gates(recorded()[3])))


def test_of_still_more_units_neighbours_share_a_row():
    _, _, _, record = recorded(units=130, steps=2, batch=1)
    picture = gates(record)
    rows = re.findall(r"forget gate of (mean of units ([\d, ]+)) at 0: ([\d.]+)", picture.svg)
    assert len(rows) == 64 and sorted(int(k) for row in rows for k in row[1].split(", ")) == list(range(130))
    gate = recorded_lstms(record)["LSTM"][0]["f"][0]
    for _, units, shown in rows:
        assert float(shown) == pytest.approx(gate[[int(k) for k in units.split(", ")]].mean(), abs=5e-4)
    assert "Each row is the mean of 2 or 3 units." in " ".join(texts(picture)).replace("\n", " ")


def test_rows_of_a_batch_and_words_given():
    _, _, _, record = recorded()
    assert gates(record, row=0).svg != gates(record, row=1).svg
    assert texts(gates(record, words=["a", "b", "c", "<d>"])).count("<d>") == 6


def test_numbers_that_are_none_are_shown_as_such():
    _, _, _, record = recorded(batch=1)
    for value in record.values:
        if value.name == "c":
            value.array[:] = np.nan
    picture = gates(record)
    assert "cell state of unit 0 at 0: nan" in picture.svg and f'fill="{NOT_FINITE}"' in picture.svg


def test_what_is_not_there_is_refused(video):
    with ta.record() as empty:
        ta.ones(2).exp()
    with pytest.raises(ValueError, match=r"wanted a record of an LSTM, got one without"):
        gates(empty)
    with pytest.raises(ValueError, match=r"module must be one of encoder\.lstm, decoder\.lstm, got 'lstm'"):
        gates(video, "lstm")
    with pytest.raises(ValueError, match=r"row must be from 0 to 0, as the batch has 1 rows, got 1"):
        gates(video, row=1)
    with pytest.raises(ValueError, match=r"words must be one for each of 2 steps, got 1"):
        gates(video, words=["a"])
