"""Initialisers: in place, with the spread that their papers ask for, and PyTorch's distribution."""

import inspect
import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import init

ROOT = math.sqrt(2 / 400)  # of a weight (300, 100)
FILLS = {  # how it is filled, mean, deviation, lowest, highest
    "uniform_": (lambda x: init.uniform_(x, -2, 3), 0.5, 5 / math.sqrt(12), -2, 3),
    "normal_": (lambda x: init.normal_(x, 1, 0.5), 1, 0.5, -math.inf, math.inf),
    "trunc_normal_": (lambda x: init.trunc_normal_(x, 0.5, 2.0, a=-1.5, b=2.5), 0.5, 1.07942, -1.5, 2.5),
    "constant_": (lambda x: init.constant_(x, 0.25), 0.25, 0, 0.25, 0.25),
    "zeros_": (init.zeros_, 0, 0, 0, 0),
    "ones_": (init.ones_, 1, 0, 1, 1),
    "eye_": (init.eye_, 1 / 300, 0.0576, 0, 1),
    "xavier_uniform_": (lambda x: init.xavier_uniform_(x, 2.0), 0, 2 * ROOT, -2 * ROOT * 3**0.5, 2 * ROOT * 3**0.5),
    "xavier_normal_": (lambda x: init.xavier_normal_(x, 2.0), 0, 2 * ROOT, -math.inf, math.inf),
    "kaiming_uniform_": (init.kaiming_uniform_, 0, math.sqrt(2 / 100), -math.sqrt(6 / 100), math.sqrt(6 / 100)),
    "kaiming_normal_": (lambda x: init.kaiming_normal_(x, mode="fan_out", nonlinearity="tanh"), 0, 5 / 3 / math.sqrt(300),
                        -math.inf, math.inf),
    "orthogonal_": (lambda x: init.orthogonal_(x, 3.0), 0, 3 / math.sqrt(300), -3, 3),
}


@pytest.mark.parametrize("fill, mean, deviation, low, high", FILLS.values(), ids=FILLS)
@pytest.mark.parametrize("dtype", [ta.float32, ta.float64])
def test_fills_in_place(fill, mean, deviation, low, high, dtype):
    x = ta.nn.Parameter(np.full((300, 100), np.nan, dtype))
    array = x.array
    assert fill(x) is x and x.array is array and x.dtype == dtype and x.requires_grad and x.node is None
    np.testing.assert_allclose([array.mean(), array.std()], [mean, deviation], atol=0.03 * (deviation or 1), rtol=0.02)
    assert low - 1e-6 <= array.min() and array.max() <= high + 1e-6


SAME = ["uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_",
        "orthogonal_", "constant_", "ones_", "zeros_", "eye_"]


@pytest.mark.parametrize("name", SAME)
def test_arguments_as_in_pytorch(name):
    torch = pytest.importorskip("torch")
    ours, theirs = ([(p.name, p.default) for p in inspect.signature(getattr(nn.init, name)).parameters.values()
                     if p.name != "generator"] for nn in (ta.nn, torch.nn))
    assert ours == theirs


@pytest.mark.parametrize("name", SAME)
def test_quantiles_as_in_pytorch(name):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    options = {"val": 0.5} if name == "constant_" else {}
    ours, theirs = (getattr(library.nn.init, name)(library.zeros(200, 150), **options) for library in (ta, torch))
    at = np.linspace(0.02, 0.98, 25)
    ours, theirs = np.quantile(ours, at), np.quantile(theirs.numpy(), at)
    np.testing.assert_allclose(ours, theirs, atol=0.03 * np.ptp(theirs) + 1e-12)


def test_follows_from_the_seed():
    def draw():
        ta.manual_seed(3)
        return init.normal_(ta.zeros(3)).tolist()

    assert draw() == draw()


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (2, 3, 4)])
def test_orthogonal_rows_or_columns(shape):
    x = init.orthogonal_(ta.zeros(*shape, dtype=ta.float64), gain=2.0).numpy().reshape(shape[0], -1)
    square = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x
    np.testing.assert_allclose(square, 4 * np.eye(len(square)), atol=1e-12)


def test_orthogonal_prefers_no_sign():
    assert {init.orthogonal_(ta.zeros(1, 1)).item() for _ in range(50)} == {1.0, -1.0}


def test_far_tails_keep_the_shape_of_the_normal_distribution():
    x = init.trunc_normal_(ta.zeros(20000, dtype=ta.float64), 0.0, 1.0, 2.0, 4.0).numpy()
    np.testing.assert_allclose(x.mean(), 2.3707, atol=0.01)  # (φ(2) − φ(4)) / (Φ(4) − Φ(2))
    with pytest.raises(ValueError, match="trunc_normal_: too little of the normal distribution of mean 0 and std 1 lies in 9 "):
        init.trunc_normal_(ta.zeros(2), 0, 1, 9, 10)


@pytest.mark.parametrize("name, param", [
    ("linear", None), ("sigmoid", None), ("tanh", None), ("relu", None), ("selu", None),
    ("leaky_relu", None), ("leaky_relu", 0.2), ("leaky_relu", 0),
])
def test_gains_as_in_pytorch(name, param):
    torch = pytest.importorskip("torch")
    assert init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


def test_a_weight_with_a_window():
    x = init.kaiming_uniform_(ta.zeros(50, 30, 4, 4), a=1.0)
    np.testing.assert_allclose(np.abs(x.numpy()).max(), math.sqrt(3 / (30 * 16)), rtol=1e-3)
    x = init.xavier_uniform_(ta.zeros(50, 30, 4, 4))
    np.testing.assert_allclose(np.abs(x.numpy()).max(), math.sqrt(6 / (80 * 16)), rtol=1e-3)


@pytest.mark.parametrize("fill", ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_"])
def test_what_is_refused(fill):
    with pytest.raises(ValueError, match=rf"{fill}: wanted a weight of at least 2 dimensions, got shape \(3,\)"):
        getattr(init, fill)(ta.zeros(3))
    with pytest.raises(ValueError, match=r"eye_: wanted a matrix, got shape \(2,\)"):
        init.eye_(ta.zeros(2))
    with pytest.raises(ValueError, match=r"calculate_gain: nonlinearity must be one of linear, .*, got 'gelu'"):
        init.kaiming_normal_(ta.zeros(2, 2), nonlinearity="gelu")
    with pytest.raises(ValueError, match="kaiming_uniform_: mode must be fan_in or fan_out, got 'in'"):
        init.kaiming_uniform_(ta.zeros(2, 2), mode="in")


@pytest.mark.parametrize("name", SAME)
def test_nothing_to_fill(name):
    options = {"val": 0.5} if name == "constant_" else {}
    for shape in ((0, 3), (3, 0)):
        assert getattr(init, name)(ta.zeros(*shape), **options).shape == shape


def test_a_filled_parameter_counts_as_changed():
    x = ta.nn.Parameter(np.ones(2))
    y = (x * x).sum()
    init.zeros_(x)
    with pytest.raises(RuntimeError, match="mul needs its input"):
        y.backward()
