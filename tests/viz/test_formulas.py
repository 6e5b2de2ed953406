"""Formulas put together from one name to the next."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import nn
from tinyattn.record import record
from tinyattn.translator.config import Config
from tinyattn.translator.model import Seq2Seq
from tinyattn_viz.formulas import Formulas


def formulas(run, path=""):
    return Formulas(run).of_calls([call for call in run.calls if call.path == path])


def test_an_lstm_reads_as_in_a_textbook():
    net = nn.LSTM(3, 2, batch_first=True)
    with record() as run:
        run.name(net, "net")
        net(ta.ones(1, 2, 3))
    assert formulas(run, "net")[:4] == [
        "gates = x · weight_ihᵀ + bias_ih + h · weight_hhᵀ + bias_hh",
        "i | f | g | o = gates",
        "c = σ(f) · c + σ(i) · tanh(g)",
        "h = σ(o) · tanh(c)",
    ]


@pytest.mark.parametrize("kind, first", [
    ("dot", ["scores = s · hᵀ"]),
    ("scaled", ["scores = s · hᵀ", "scores = scores · 0.707"]),
    ("additive", ["scores = tanh(queries + keys) · v"]),
    ("cosine", ["queries = queries · exp(temperature)", "scores = queries · keysᵀ"]),
])  # fmt: skip
def test_attention_of_every_kind(kind, first):
    model = Seq2Seq(6, 7, Config(embed=3, hidden=2, attention=kind, dropout=0.0))
    with record() as run:
        run.name(model, "")
        encoded = model.encode(np.array([[4, 5]]), np.array([2]))
        run.name(encoded.h, "h")
        model.decode(np.array([[1]]), encoded.state, encoded)
    assert formulas(run, "attention") == [*first, "weights = softmax(scores)", "context = weights · h"]


def test_sums_stand_in_brackets_where_they_have_to():
    p, q, r = ta.tensor([1.0, 2.0]), ta.tensor([3.0, 4.0]), ta.tensor(2.0)
    with record() as run:
        mixed = (p + q) * 0.5 - (-r)
        joined = ta.cat([p, q])
        joined.sum()
    assert formulas(run) == ["mixed = (p + q) · 0.5 − (−r)"] and mixed is not None
    assert Formulas(run).of(run.calls[-2]) == "joined = [p | q]"


def test_ops_without_names_have_their_own_formulas_each_once():
    with record() as run:
        ta.tensor([1.0]).tanh().tanh().reshape(1, 1)
    assert formulas(run) == ["y = tanh x"]


def test_a_long_chain_without_names_is_no_deep_recursion():
    with record() as run:
        chain = [ta.tensor([1.0])]
        for _ in range(3000):
            chain[0] = chain[0].exp()
        end = chain[0].tanh()
    assert formulas(run) == ["end = tanh(x)"] and end is not None  # all of it would be too long to read
