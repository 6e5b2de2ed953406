"""Layers and directions, read off the names of parameters."""

import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.record import record
from tinyattn_viz.rnn import layer_note, layers


def test_every_op_of_an_lstm_belongs_to_a_layer_and_a_direction():
    net = nn.LSTM(3, 2, num_layers=2, bidirectional=True, batch_first=True)
    with record() as run:
        run.name(net, "net")
        net(ta.ones(1, 2, 3))
    found = layers(run)
    linear = [found[call.number] for call in run.calls if call.op == "linear"]
    order = [(0, False)] * 4 + [(0, True)] * 4 + [(1, False)] * 4 + [(1, True)] * 4  # 2 products in each of 2 steps
    assert linear == order


def test_other_modules_have_no_layers():
    net = nn.Linear(2, 2)
    with record() as run:
        net(ta.ones(1, 2))
    assert layers(run) == {}


@pytest.mark.parametrize("which, note", [
    ([], ""),
    ([(0, False)], ""),
    ([(0, False), (1, False)], "2 layers"),
    ([(0, False), (0, True)], "both directions"),
    ([(0, False), (0, True), (1, False), (1, True)], "2 layers, both directions"),
])  # fmt: skip
def test_a_note_says_how_many(which, note):
    assert layer_note(which) == note
