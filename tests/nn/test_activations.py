"""Activations as layers: PyTorch's values, text and refusals."""

import numpy as np
import pytest

import tinyattn as ta

LAYERS = [
    ("Tanh", {}), ("Sigmoid", {}), ("ReLU", {}), ("GELU", {}), ("GELU", {"approximate": "tanh"}), ("Softplus", {}),
    ("Softplus", {"beta": 2.0, "threshold": 1.0}), ("Softmax", {"dim": 1}), ("LogSoftmax", {"dim": -2}),
]


@pytest.mark.parametrize("name, options", LAYERS)
def test_as_in_pytorch(name, options):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).standard_normal((3, 4)) * 2
    ours, theirs = getattr(ta.nn, name)(**options), getattr(torch.nn, name)(**options)
    np.testing.assert_allclose(ours(ta.tensor(x)), theirs(torch.tensor(x)), rtol=1e-10)
    assert repr(ours) == repr(theirs)


def test_what_is_refused():
    with pytest.raises(NotImplementedError, match="ReLU: inplace=True is not supported: leave it out"):
        ta.nn.ReLU(inplace=True)
    with pytest.raises(TypeError, match="dim"):
        ta.nn.Softmax()
