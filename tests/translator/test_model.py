from itertools import product

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
BOTH = (False, True)
WIRED = [{"attention": kind, "attend": attend, "input_feeding": feeding, "tie_embeddings": tied}  # all there are
         for kind, attend, feeding, tied in product(ATTENTION_KINDS, ("after", "before"), BOTH, BOTH)
         if kind != "none" or (attend == "after" and not feeding)]
STEPWISE = [options for options in WIRED if options["attend"] == "before" or options["input_feeding"]]


def make(**options):
    ta.manual_seed(1)
    return Seq2Seq(10, 9, Config(**{"embed": 3, "hidden": 4, "dropout": 0.0, **options}))


def run(model, batch):
    return model(batch.source, batch.source_lengths, batch.target_in, batch.target_lengths)


def loss_of(model, batch):
    logits, _ = run(model, batch)
    return cross_entropy(logits.reshape(-1, 9), batch.target_out.reshape(-1), ignore_index=PAD)


@pytest.mark.parametrize("wiring", WIRED, ids=str)
@pytest.mark.parametrize("more", [{}, {"layers": 2, "bidirectional": True, "dropout": 0.1}])
def test_every_parameter_gets_a_gradient(wiring, more):
    model = make(**wiring, **more)
    model.loss(make_batch(EXAMPLES)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and np.abs(parameter.grad.array).sum() > 0, name


@pytest.mark.parametrize("wiring", WIRED, ids=str)
def test_gradients_are_finite_differences(wiring):
    """In a random direction through all parameters at once."""
    model, batch, eps = make(**wiring, layers=2, bidirectional=True).double(), make_batch(EXAMPLES), 1e-6
    model.loss(batch).backward()
    random = np.random.default_rng(0)
    directions = [(p, random.standard_normal(p.shape)) for p in model.parameters()]
    expected = sum((p.grad.array * d).sum() for p, d in directions)

    def moved(by):
        with ta.no_grad():
            for p, d in directions:
                p.array[...] += by * d
            return model.loss(batch).item()

    difference = (moved(eps) - moved(-2 * eps)) / (2 * eps)
    assert abs(expected) > 1e-4 and difference == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("wiring", [{"attention": "none"}, {"attention": "general"}, {"attention": "additive"},
                                    *STEPWISE], ids=str)
def test_the_loss_is_that_of_the_logits(wiring):
    model, batch = make(**wiring), make_batch(EXAMPLES)
    losses = model.loss(batch), loss_of(model, batch)
    gradients = [ta.autograd.grad(loss, list(model.parameters())) for loss in losses]
    np.testing.assert_allclose(*(loss.item() for loss in losses), rtol=1e-6)
    for blocks, logits in zip(*gradients):
        np.testing.assert_allclose(blocks.array, logits.array, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ATTENDING)
@pytest.mark.parametrize("attend", ["after", "before"])
def test_weights_are_shares_of_the_real_source(kind, attend):
    batch = make_batch(EXAMPLES)
    _, weights = run(make(attention=kind, attend=attend), batch)
    weights = weights.array
    assert weights.shape == (3, 5, 4)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)
    padding = np.arange(4) >= batch.source_lengths[:, None]
    assert (weights.transpose(0, 2, 1)[padding] == 0).all()


@pytest.mark.parametrize("wiring", WIRED, ids=str)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_nothing(wiring, bidirectional):
    model = make(**wiring, layers=2, bidirectional=bidirectional)
    together, _ = run(model, make_batch(EXAMPLES))
    for row, example in enumerate(EXAMPLES):
        alone, _ = run(model, make_batch([example]))
        np.testing.assert_allclose(together.array[row, : alone.shape[1]], alone.array[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("wiring", WIRED, ids=str)
def test_step_by_step_is_all_at_once(wiring):
    model = make(**wiring, layers=2)
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
    s, _ = model.decoder(model.decoder.read(batch.target_in), encoded.state)
    context, weights = model.attention(s, encoded)
    h = encoded.h.array[0]
    scores = np.exp(scores_by_hand(model, s.array[0], h))
    wanted = scores / scores.sum(1, keepdims=True)
    np.testing.assert_allclose(weights.array[0], wanted, rtol=1e-5)
    np.testing.assert_allclose(context.array[0], wanted @ h, rtol=1e-4, atol=1e-6)


def lstm_by_hand(lstm, x, h, c):
    """One step of a layer, in plain NumPy: x (E,), h and c (H,)."""
    p = [parameter.array for parameter in lstm.parameters()]
    i, f, g, o = np.split(p[0] @ x + p[2] + p[1] @ h + p[3], 4)
    c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    return np.tanh(c) / (1 + np.exp(-o)), c


@pytest.mark.parametrize("wiring", WIRED, ids=str)
def test_what_a_step_reads_and_decides_on(wiring):
    """The formulas of the options in plain NumPy, for one sentence."""
    model, batch = make(**wiring).double(), make_batch(EXAMPLES[:1])
    logits, looked_at = run(model, batch)
    encoded = model.encode(batch.source, batch.source_lengths)
    hs, (s, c) = encoded.h.array[0], (x.array[0, 0] for x in encoded.state[:2])
    fed = np.zeros(model.output.in_features)
    table = model.decoder.embedding.weight.array

    def look(s):
        scores = np.exp(scores_by_hand(model, s[None], hs)[0])
        return scores / scores.sum() @ hs, scores / scores.sum()

    for t, id in enumerate(batch.target_in[0]):
        x = [table[id]]
        if wiring["attend"] == "before":
            context, weights = look(s)  # s of the step before
            x.append(context)
        if wiring["input_feeding"]:
            x.append(fed)
        s, c = lstm_by_hand(model.decoder.lstm, np.concatenate(x), s, c)
        if wiring["attention"] != "none" and wiring["attend"] == "after":
            context, weights = look(s)
        fed = s if wiring["attention"] == "none" else np.concatenate([context, s])
        if wiring["tie_embeddings"]:
            fed = np.tanh(model.combine.weight.array @ fed)
        weight = table if wiring["tie_embeddings"] else model.output.weight.array
        np.testing.assert_allclose(logits.array[0, t], weight @ fed + model.output.bias.array, rtol=1e-8)
        if looked_at is not None:
            np.testing.assert_allclose(looked_at.array[0, t], weights, rtol=1e-8)


def test_tied_embeddings_are_one_table():
    model = make(tie_embeddings=True)
    assert model.output.weight is model.decoder.embedding.weight
    sizes = [sum(p.array.size for p in make(tie_embeddings=tied).parameters()) for tied in BOTH]
    assert sizes[1] == sizes[0] - 9 * 8 + 8 * 3  # no output weight (V, 2H), but one that combines (E, 2H)
    before, other = model.state_dict(), make(tie_embeddings=True)
    other.load_state_dict({name: x.array * 2 for name, x in before.items()})
    np.testing.assert_array_equal(other.output.weight.array, 2 * before["decoder.embedding.weight"].array)


def test_dropout_reaches_what_is_fed():
    """What goes into the next step is what went into the output layer."""
    model, batch = make(input_feeding=True, dropout=0.5), make_batch(EXAMPLES)
    encoded = model.encode(batch.source, batch.source_lengths)
    features, _, (_, _, fed) = model.features(batch.target_in[:, :1], encoded.state, encoded)
    np.testing.assert_array_equal(fed.array[0], features.array[:, 0])
    assert (fed.array == 0).any()


@pytest.mark.parametrize("option", [{"attend": "before"}, {"input_feeding": True}], ids=str)
def test_what_needs_attention(option):
    (name,) = option
    with pytest.raises(ConfigError, match=rf'{name}: wanted .* with attention = "none", got .*: .*; choose a kind'):
        Config(attention="none", **option)


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
