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


@pytest.mark.parametrize("options", [{}, {"bias": True, "ignore_index": 1, "label_smoothing": 0.1, "weight": WEIGHT},
                                     {"reduction": "none"}])
def test_linear_cross_entropy_as_in_pytorch(options):
    torch = pytest.importorskip("torch")
    if not hasattr(torch.nn, "LinearCrossEntropyLoss"):
        pytest.skip("this PyTorch has no LinearCrossEntropyLoss")
    results = []
    for library in (ta, torch):
        given = {key: library.tensor(value) if isinstance(value, np.ndarray) else value for key, value in options.items()}
        loss, x = library.nn.LinearCrossEntropyLoss(3, 3, dtype=library.float64, **given), library.tensor(X)
        loss.load_state_dict({name: library.tensor(np.cos(np.arange(value.numel()).reshape(value.shape)))
                              for name, value in loss.state_dict().items()})
        y = loss(x, library.tensor(CLASSES))
        (y * y).sum().backward()
        results.append((y.detach().numpy(), {name: p.grad.numpy() for name, p in loss.named_parameters()}))
    (y, gradients), (wanted, wanted_gradients) = results
    np.testing.assert_allclose(y, wanted, rtol=1e-12)
    assert gradients.keys() == wanted_gradients.keys() and "linear.weight" in gradients
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, wanted_gradients[name], rtol=1e-10, atol=1e-13)


def test_linear_cross_entropy_refuses_what_it_does_not_have():
    with pytest.raises(ValueError, match=r"LinearCrossEntropyLoss: out_features must be \(\), got \(2,\)"):
        ta.nn.LinearCrossEntropyLoss(3, 4, out_features=(2,))
    with pytest.raises(ValueError, match="LinearCrossEntropyLoss: options are not supported"):
        ta.nn.LinearCrossEntropyLoss(3, 4, options=1)
    with pytest.raises(ValueError, match="LinearCrossEntropyLoss: reduction must be one of"):
        ta.nn.LinearCrossEntropyLoss(3, 4, reduction="max")
    with pytest.raises(ValueError, match=r"weight must be \(C,\) = \(4,\), got \(2,\)"):
        ta.nn.LinearCrossEntropyLoss(3, 4, weight=ta.ones(2))(ta.ones(1, 3), ta.tensor([1]))
