"""Losses as modules: PyTorch's values and gradients, weights as buffers, and what is refused."""

import numpy as np
import pytest

import tinyattn as ta

RANDOM = np.random.default_rng(0)
X, Y, SHARES = RANDOM.standard_normal((4, 3)), RANDOM.standard_normal((4, 3)), RANDOM.random((4, 3))
CLASSES, WEIGHT = np.array([0, 2, 1, 2]), np.array([0.5, 1.0, 2.0])

LOSSES = [
    ("CrossEntropyLoss", {}, X, CLASSES),
    ("CrossEntropyLoss", {"weight": WEIGHT, "ignore_index": 1, "label_smoothing": 0.1}, X, CLASSES),
    ("CrossEntropyLoss", {"weight": WEIGHT}, X, SHARES),
    ("NLLLoss", {}, X, CLASSES),
    ("NLLLoss", {"weight": WEIGHT, "ignore_index": 2}, X, CLASSES),
    ("MSELoss", {}, X, Y),
    ("BCEWithLogitsLoss", {}, X, SHARES),
    ("BCEWithLogitsLoss", {"weight": WEIGHT, "pos_weight": WEIGHT[::-1].copy()}, X, SHARES),
    ("CosineSimilarity", {}, X, Y),
    ("CosineSimilarity", {"dim": 0, "eps": 10.0}, X, Y),
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name, options, x, target", LOSSES)
def test_as_in_pytorch(name, options, x, target, reduction):
    torch = pytest.importorskip("torch")
    results = []
    for library in (ta, torch):
        given = {key: library.tensor(value) if isinstance(value, np.ndarray) else value for key, value in options.items()}
        if name != "CosineSimilarity":
            given["reduction"] = reduction
        loss, leaf = getattr(library.nn, name)(**given), library.tensor(x, requires_grad=True)
        y = loss(leaf, library.tensor(target))
        (y * y).sum().backward()
        results.append((y.detach(), leaf.grad, list(loss.state_dict())))
    (y, dx, saved), (wanted, wanted_dx, names) = results
    np.testing.assert_allclose(y, wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dx, wanted_dx, rtol=1e-9, atol=1e-12)
    assert saved == names  # weights are buffers: they are saved with the model


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "NLLLoss", "MSELoss", "BCEWithLogitsLoss"])
def test_what_is_refused(name):
    loss = getattr(ta.nn, name)
    with pytest.raises(ValueError, match=f"{name}: reduction must be one of mean, sum, none, got 'max'"):
        loss(reduction="max")
    for option in ("size_average", "reduce"):
        with pytest.raises(ValueError, match=f"{name}: size_average and reduce are not supported: use reduction="):
            loss(**{option: True})
