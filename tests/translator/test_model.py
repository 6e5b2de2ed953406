import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn.functional import cross_entropy
from tinyattn.text.batches import make_batch
from tinyattn.text.vocabulary import PAD
from tinyattn.translator.config import ATTENTION_KINDS, Config, ConfigError
from tinyattn.translator.model import Seq2Seq, inference

EXAMPLES = [([4, 5, 6, 7], [4, 5]), ([8, 9], [6, 7, 8, 4]), ([5], [5])]
ATTENDING = [kind for kind in ATTENTION_KINDS if kind != "none"]


def make(**options):
    ta.manual_seed(1)
    return Seq2Seq(10, 9, Config(**{"embed": 3, "hidden": 4, "dropout": 0.0, **options}))


def run(model, batch):
    return model(batch.source, batch.source_lengths, batch.target_in, batch.target_lengths)


def loss_of(model, batch):
    logits, _ = run(model, batch)
    return cross_entropy(logits.reshape(-1, 9), batch.target_out.reshape(-1), ignore_index=PAD)


@pytest.mark.parametrize("kind", ATTENTION_KINDS)
@pytest.mark.parametrize("more", [{}, {"layers": 2, "bidirectional": True}])
def test_every_parameter_gets_a_gradient(kind, more):
    model = make(attention=kind, **more)
    model.loss(make_batch(EXAMPLES)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and np.abs(parameter.grad.array).sum() > 0, name


@pytest.mark.parametrize("kind", ATTENTION_KINDS)
def test_the_loss_is_that_of_the_logits(kind):
    model, batch = make(attention=kind), make_batch(EXAMPLES)
    losses = model.loss(batch), loss_of(model, batch)
    gradients = [ta.autograd.grad(loss, list(model.parameters())) for loss in losses]
    np.testing.assert_allclose(*(loss.item() for loss in losses), rtol=1e-6)
    for blocks, logits in zip(*gradients):
        np.testing.assert_allclose(blocks.array, logits.array, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ATTENDING)
def test_weights_are_shares_of_the_real_source(kind):
    batch = make_batch(EXAMPLES)
    _, weights = run(make(attention=kind), batch)
    weights = weights.array
    assert weights.shape == (3, 5, 4)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)
    padding = np.arange(4) >= batch.source_lengths[:, None]
    assert (weights.transpose(0, 2, 1)[padding] == 0).all()


@pytest.mark.parametrize("kind", ATTENTION_KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_nothing(kind, bidirectional):
    model = make(attention=kind, layers=2, bidirectional=bidirectional)
    together, _ = run(model, make_batch(EXAMPLES))
    for row, example in enumerate(EXAMPLES):
        alone, _ = run(model, make_batch([example]))
        np.testing.assert_allclose(together.array[row, : alone.shape[1]], alone.array[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ATTENTION_KINDS)
def test_step_by_step_is_all_at_once(kind):
    model = make(attention=kind, layers=2)
    batch = make_batch(EXAMPLES[:1])
    logits, weights = run(model, batch)
    encoded = model.encode(batch.source, batch.source_lengths)
    state = encoded.state
    for t in range(batch.target_in.shape[1]):
        step, step_weights, state = model.decode(batch.target_in[:, t : t + 1], state, encoded)
        np.testing.assert_allclose(step.array[:, 0], logits.array[:, t], rtol=1e-5, atol=1e-6)
        if weights is not None:
            np.testing.assert_allclose(step_weights.array[:, 0], weights.array[:, t], rtol=1e-5, atol=1e-6)


def scores_by_hand(model, s, h):
    """What the docstring of Attention says, in plain NumPy, for one sentence: s (T, H), h (S, H)."""
    attention = model.attention
    if attention.kind == "general":
        h = h @ attention.key.weight.array.T
    if attention.kind == "additive":
        query = s @ attention.query.weight.array.T
        key = h @ attention.key.weight.array.T + attention.key.bias.array
        return np.tanh(query[:, None] + key[None]) @ attention.v.array
    scores = s @ h.T
    if attention.kind == "scaled":
        scores = scores / np.sqrt(s.shape[1])
    if attention.kind == "cosine":
        scores = scores / np.linalg.norm(s, axis=1)[:, None] / np.linalg.norm(h, axis=1)
        scores = scores * np.exp(attention.temperature.item())
    return scores


@pytest.mark.parametrize("kind", ATTENDING)
def test_each_kind_is_its_formula(kind):
    model = make(attention=kind)
    batch = make_batch(EXAMPLES[:1])
    encoded = model.encode(batch.source, batch.source_lengths)
    s, _ = model.decoder(batch.target_in, encoded.state)
    context, weights = model.attention(s, encoded)
    h = encoded.h.array[0]
    scores = np.exp(scores_by_hand(model, s.array[0], h))
    wanted = scores / scores.sum(1, keepdims=True)
    np.testing.assert_allclose(weights.array[0], wanted, rtol=1e-5)
    np.testing.assert_allclose(context.array[0], wanted @ h, rtol=1e-4, atol=1e-6)


def test_the_decoder_starts_where_the_encoder_ended():
    model = make(bidirectional=True, layers=2)
    batch = make_batch(EXAMPLES[1:2])
    encoded = model.encode(batch.source, batch.source_lengths)
    h_n = encoded.state[0].array
    assert h_n.shape == (2, 1, 4)
    h = encoded.h.array
    np.testing.assert_array_equal(h_n[-1, 0], [*h[0, -1, :2], *h[0, 0, 2:]])  # each direction's own last token


def test_names_for_the_pictures():
    names = dict(make(attention="general").named_modules())
    for name in ("encoder.embedding", "encoder.lstm", "attention.key", "decoder.embedding", "decoder.lstm", "output"):
        assert name in names
    assert make(attention="none").attention is None


def test_dropout_is_for_training():
    model, batch = make(dropout=0.5), make_batch(EXAMPLES)
    assert not np.array_equal(run(model, batch)[0].array, run(model, batch)[0].array)
    with inference(model):
        one, other = run(model, batch)[0], run(model, batch)[0]
    np.testing.assert_array_equal(one.array, other.array)
    assert not one.requires_grad and model.training


def test_two_directions_share_the_width():
    with pytest.raises(ConfigError, match=r"hidden: wanted an even number, .* got 5"):
        make(hidden=5, bidirectional=True)
