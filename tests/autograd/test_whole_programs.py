"""Derivatives of something larger: the translator's loss, and attention as a user writes it."""

import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import functional, grad
from tinyattn.nn.functional import cross_entropy
from tinyattn.text.batches import make_batch
from tinyattn.text.vocabulary import PAD
from tinyattn.translator.config import ATTENTION_KINDS, Config
from tinyattn.translator.model import Seq2Seq

EXAMPLES = [([4, 5, 6], [4, 5]), ([8, 9], [6, 7, 8]), ([5], [5])]


@pytest.mark.parametrize("more", [{}, {"layers": 2, "bidirectional": True}])
@pytest.mark.parametrize("kind", ATTENTION_KINDS)
def test_hvp_of_the_translators_loss(kind, more):
    """Hv against (gradient(w + eps v) − gradient(w − eps v)) / 2 eps, over all parameters together."""
    ta.manual_seed(1)
    model = Seq2Seq(10, 9, Config(**{"embed": 3, "hidden": 4, "dropout": 0.0, "attention": kind, **more}))
    model.to(ta.float64)
    batch = make_batch(EXAMPLES)
    parameters = list(model.parameters())

    def loss():
        logits, _ = model(batch.source, batch.source_lengths, batch.target_in, batch.target_lengths)
        return cross_entropy(logits.reshape(-1, 9), batch.target_out.reshape(-1), ignore_index=PAD)

    random = np.random.default_rng(0)
    vs = [ta.tensor(random.standard_normal(p.shape)) for p in parameters]
    gradient = grad(loss(), parameters, create_graph=True)
    products = grad(gradient, parameters, vs)

    def gradient_at(step):
        for p, v in zip(parameters, vs):
            p.array += step * v.array
        found = [g.array for g in grad(loss(), parameters)]
        for p, v in zip(parameters, vs):
            p.array -= step * v.array
        return found

    for name, product, high, low in zip(dict(model.named_parameters()), products, gradient_at(1e-5), gradient_at(-1e-5)):
        np.testing.assert_allclose(product.array, (high - low) / 2e-5, rtol=1e-5, atol=1e-8, err_msg=name)
    assert any(np.abs(product.array).max() > 1e-3 for product in products)


def test_functional_hvp_of_the_translators_loss_by_one_parameter():
    ta.manual_seed(1)
    model = Seq2Seq(10, 9, Config(embed=3, hidden=4, dropout=0.0, attention="general")).to(ta.float64)
    batch = make_batch(EXAMPLES)

    def loss(weight):
        model.attention.key.weight = weight
        logits, _ = model(batch.source, batch.source_lengths, batch.target_in, batch.target_lengths)
        return cross_entropy(logits.reshape(-1, 9), batch.target_out.reshape(-1), ignore_index=PAD)

    weight = model.attention.key.weight.detach()
    del model.attention.key.weight
    v = ta.tensor(np.random.default_rng(0).standard_normal(weight.shape))
    _, product = functional.hvp(loss, weight, v)
    high, low = (functional.jacobian(loss, weight + step * v) for step in (1e-5, -1e-5))
    np.testing.assert_allclose(product.numpy(), ((high - low) / 2e-5).numpy(), rtol=1e-5, atol=1e-9)


def attend(query, key, value, weights, heads):
    """nn.MultiheadAttention in ten lines. Shapes: query (B, T, E), key and value (B, S, E) -> (B, T, E), (B, T, S)"""
    in_weight, in_bias, out_weight, out_bias = weights
    batch, length, size = query.shape
    q, k, v = (
        (x @ w.T + b).view(batch, -1, heads, size // heads).transpose(1, 2)
        for x, w, b in zip((query, key, value), in_weight.chunk(3), in_bias.chunk(3))
    )
    shares = (q @ k.transpose(-2, -1) / math.sqrt(size // heads)).softmax(-1)
    context = (shares @ v).transpose(1, 2).reshape(batch, length, size)
    return context @ out_weight.T + out_bias, shares.mean(1)


def test_multihead_attention_in_ten_lines():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.MultiheadAttention(6, 2, batch_first=True, dtype=torch.float64)
    torch.nn.init.normal_(theirs.in_proj_bias)
    names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    weights = [ta.tensor(theirs.state_dict()[name].numpy().copy(), requires_grad=True) for name in names]
    random = np.random.default_rng(0)
    arrays = [random.standard_normal(shape) for shape in ((2, 3, 6), (2, 5, 6), (2, 5, 6))]
    inputs = [ta.tensor(x, requires_grad=True) for x in arrays]
    their_inputs = [torch.tensor(x, requires_grad=True) for x in arrays]
    y, shares = attend(*inputs, weights, 2)
    right, their_shares = theirs(*their_inputs)
    np.testing.assert_allclose(y.detach().numpy(), right.detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose(shares.detach().numpy(), their_shares.detach().numpy(), rtol=1e-10)
    ((y**2).sum() + (shares**2).sum()).backward()
    ((right**2).sum() + (their_shares**2).sum()).backward()
    parameters = dict(theirs.named_parameters())
    for mine, right in zip([*inputs, *weights], [*their_inputs, *(parameters[name] for name in names)], strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), right.grad.numpy(), rtol=1e-9, atol=1e-12)
