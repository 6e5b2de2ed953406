import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(4, 5)
        self.spare = nn.Linear(2, 2)

    def forward(self, x, twice=False):
        h, _ = self.lstm(x)
        y = self.output(self.dropout(h))
        return {"y": y, "again": (self.output(h), None)} if twice else y


def rows(found):
    return {row.path: row for row in found.rows}


def test_shapes_parameters_and_costs():
    found = rows(ta.summary(Two(), ta.ones(2, 6, 3)))
    assert list(found) == ["", "lstm", "dropout", "output", "spare"]
    assert found["lstm"].parameters == 4 * 4 * (3 + 4 + 2) and found["output"].parameters == 25
    assert found[""].parameters == sum(found[path].parameters for path in ("lstm", "output", "spare"))
    assert found[""].shapes == ((2, 6, 5),) and found["lstm"].shapes == ((2, 6, 4), (1, 2, 4), (1, 2, 4))
    assert found["output"].flops == 2 * 12 * 4 * 5 and found["output"].bytes == 12 * 5 * 4
    gates = 2 * 12 * (3 + 4) * 16  # the products of the LSTM; what else it does is small beside them
    assert gates < found["lstm"].flops < 1.4 * gates
    assert found[""].flops == found["lstm"].flops + found["output"].flops
    assert found["lstm"].seconds > 0 and found[""].seconds > found["output"].seconds
    assert (found["spare"].shapes, found["spare"].flops, found["spare"].seconds) == ((), 0, 0.0)


def test_what_is_called_twice_costs_twice():
    once, twice = ta.summary(Two(), ta.ones(2, 6, 3)), ta.summary(Two(), ta.ones(2, 6, 3), twice=True)
    assert rows(twice)["output"].flops == 2 * rows(once)["output"].flops
    assert rows(twice)[""].shapes == ((2, 6, 5), (2, 6, 5))


def test_the_model_stays_as_it_was():
    model = Two()
    model.output.eval()
    x = ta.ones(2, 6, 3)
    state = {name: np.array(value) for name, value in model.state_dict().items()}
    ta.summary(model, x)
    assert model.training and not model.output.training and not model.lstm._hooks.hooks
    assert all(np.array_equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_without_inputs_it_counts_parameters():
    assert repr(ta.summary(nn.Sequential(nn.Linear(2, 3), nn.Tanh()))) == (
        "module        parameters\n"
        "Sequential             9\n"
        "  0 (Linear)           9\n"
        "  1 (Tanh)             0")


def test_the_table():
    lines = repr(ta.summary(nn.Sequential(nn.Linear(1000, 700)), ta.zeros(2, 1000))).split("\n")
    assert lines[0].split() == ["module", "parameters", "output", "FLOP", "made", "time"]
    assert lines[2].startswith("  0 (Linear)     700,700  (2, 700)  2.8 M  5.47 KiB  ")


def test_as_data():
    (row,) = ta.summary(nn.Linear(2, 3)).as_dict()
    assert row == {"path": "", "kind": "Linear", "parameters": 9, "shapes": (), "flops": 0, "bytes": 0, "seconds": 0.0}


def test_another_thing_than_a_module():
    with pytest.raises(TypeError, match="summary: wanted a Module and what it is called with, got int"):
        ta.summary(3)
