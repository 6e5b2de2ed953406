"""nn.functional: the ops under PyTorch's names, with PyTorch's order of arguments."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import functional as F

X = np.random.default_rng(0).standard_normal((4, 3))
WEIGHT, BIAS, TABLE = X[:2] * 2, X[0, :2], np.vstack([X, X])
IDS, TARGET = np.array([[0, 7], [2, 2]]), np.array([0, 2, 1, 1])

CALLS = {
    "linear": lambda F, t: F.linear(t(X), t(WEIGHT), t(BIAS)),
    "linear without bias": lambda F, t: F.linear(t(X), t(WEIGHT)),
    "embedding": lambda F, t: F.embedding(t(IDS), t(TABLE)),
    "embedding with padding": lambda F, t: F.embedding(t(IDS), t(TABLE), 2),
    "embedding by name": lambda F, t: F.embedding(input=t(IDS), weight=t(TABLE), padding_idx=-1),
    "dropout, not training": lambda F, t: F.dropout(t(X), 0.5, False),
    "dropout of everything": lambda F, t: F.dropout(t(X), p=1.0),
    "dropout of nothing": lambda F, t: F.dropout(t(X), 0.0, training=True),
    "relu": lambda F, t: F.relu(t(X)),
    "gelu": lambda F, t: F.gelu(t(X)),
    "gelu, tanh": lambda F, t: F.gelu(t(X), approximate="tanh"),
    "sigmoid": lambda F, t: F.sigmoid(t(X)),
    "logsigmoid": lambda F, t: F.logsigmoid(t(X)),
    "tanh": lambda F, t: F.tanh(t(X)),
    "softplus": lambda F, t: F.softplus(t(X), 2, 1),
    "softmax": lambda F, t: F.softmax(t(X), 1),
    "softmax by name": lambda F, t: F.softmax(t(X), dim=-2),
    "softmax of integers": lambda F, t: F.softmax(t(IDS), dim=0, dtype=t(X).dtype) * t(X[0, 0]),
    "log_softmax": lambda F, t: F.log_softmax(t(X), dim=0),
    "log_softmax of integers": lambda F, t: F.log_softmax(t(IDS), 0, dtype=t(X).dtype) * t(X[0, 0]),
    "cross_entropy": lambda F, t: F.cross_entropy(t(X), t(TARGET), ignore_index=2, label_smoothing=0.1),
    "cross_entropy of probabilities": lambda F, t: F.cross_entropy(t(X), t(X * X), t(X[0] ** 2)),
    "linear_cross_entropy": lambda F, t: F.linear_cross_entropy(t(X), t(TABLE), t(TARGET), linear_bias=t(TABLE[:, 0])),
    "linear_cross_entropy of padded rows": lambda F, t: F.linear_cross_entropy(
        t(X), t(TABLE), t(TARGET), weight=t(TABLE[:, 0] ** 2).detach(), ignore_index=1, label_smoothing=0.1),
    "nll_loss": lambda F, t: F.nll_loss(t(X), t(TARGET), reduction="sum"),
    "mse_loss": lambda F, t: F.mse_loss(t(X), t(X * 2), reduction="mean"),
    "binary_cross_entropy_with_logits": lambda F, t: F.binary_cross_entropy_with_logits(t(X), t(X * X), t(TARGET[:3])),
    "cosine_similarity": lambda F, t: F.cosine_similarity(t(X), t(X[1] * X), 0),
    "layer_norm": lambda F, t: F.layer_norm(t(X), (3,), t(X[0]), t(X[1]), 1e-3),
    "scaled_dot_product_attention": lambda F, t: F.scaled_dot_product_attention(t(X), t(X + 1), t(X), is_causal=True),
    "one_hot": lambda F, t: F.one_hot(t(IDS), 8) * t(X[0, 0]),
    "pad": lambda F, t: F.pad(t(X), (1, 2), "constant", 3.0),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_as_in_pytorch(call):
    torch = pytest.importorskip("torch")
    ours, theirs = [], []

    def our_tensor(x):
        ours.append(ta.tensor(x, requires_grad=x.dtype == float))
        return ours[-1]

    def their_tensor(x):
        theirs.append(torch.tensor(x, requires_grad=x.dtype == float))
        return theirs[-1]

    y, wanted = call(F, our_tensor), call(torch.nn.functional, their_tensor)
    np.testing.assert_allclose(y.detach(), wanted.detach().numpy(), rtol=1e-12)
    (y * y).sum().backward()
    (wanted * wanted).sum().backward()
    for x, right in zip(ours, theirs, strict=True):
        if right.grad is not None:
            np.testing.assert_allclose(x.grad, right.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_all_names_are_tried():
    tried = {name.split()[0].strip(",") for name in CALLS}
    assert tried == set(F.__all__)


@pytest.mark.parametrize("call", [
    lambda x: F.linear(x, WEIGHT), lambda x: F.dropout(x), lambda x: F.embedding(IDS, x), lambda x: F.mse_loss(X, x),
    lambda x: F.cross_entropy(X, x), lambda x: F.nll_loss(X, x), lambda x: F.binary_cross_entropy_with_logits(X, x),
    lambda x: F.cosine_similarity(X, x), lambda x: F.layer_norm(x, (2,)),
    lambda x: F.scaled_dot_product_attention(X, x, x),
])
def test_lists_are_no_tensors(call):
    with pytest.raises(TypeError, match=r"wanted tensors or arrays, got list: make one with ta\.tensor"):
        call([1.0, 2.0])


def test_saturated_sigmoid_and_softplus_do_not_overflow():
    x = ta.tensor([-1000.0, 1000.0], requires_grad=True)
    assert F.sigmoid(x).tolist() == [0, 1] and F.softplus(x).tolist() == [0, 1000]
    (F.sigmoid(x) + F.softplus(x) + F.tanh(x)).sum().backward()
    assert x.grad.tolist() == [0, 1]
