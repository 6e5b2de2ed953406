import numpy as np
import pytest

import tinyattn as ta
from tinyattn import streams
from tinyattn.text.batches import make_batch
from tinyattn.text.vocabulary import END
from tinyattn.translator.config import Config
from tinyattn.translator.decoding import NEVER
from tinyattn.translator.model import Seq2Seq, inference
from tinyattn.translator.sampling import share_given, with_own_tokens

random = np.random.default_rng(0)
EXAMPLES = [(random.integers(4, 10, n).tolist(), random.integers(4, 12, n + 2).tolist()) for n in (3, 1, 4, 2, 6, 5) * 4]
WIRINGS = [{}, {"attention": "none"}, {"attend": "before"}, {"input_feeding": True, "tie_embeddings": True}]


def make(**options):
    ta.manual_seed(4)
    model = Seq2Seq(10, 12, Config(**{"embed": 4, "hidden": 6, "dropout": 0.5, **options}))
    for parameter in model.parameters():
        parameter.array[...] *= 4  # so that no two tokens are about as likely
    return model


def sampled(model, batch, share, step=1):
    with streams.using(streams.stream(1, "dropout", step)):
        return with_own_tokens(model, batch, share)


def real_of(batch):
    return np.arange(batch.target_in.shape[1]) < batch.target_lengths[:, None]


@pytest.mark.parametrize("wiring", WIRINGS, ids=str)
def test_own_tokens_are_the_likeliest(wiring):
    """Given all that was read up to there, and without dropout."""
    model, batch = make(**wiring), make_batch(EXAMPLES)
    read = sampled(model, batch, 0.0).target_in
    with inference(model):
        logits, _ = model(batch.source, batch.source_lengths, read, batch.target_lengths)
    logits.array[..., NEVER] = -np.inf
    wanted, real = logits.array.argmax(-1), real_of(batch)
    np.testing.assert_array_equal(read[:, 1:][real[:, 1:]], wanted[:, :-1][real[:, 1:]])
    assert len(set(read[real])) >= 4 and (read != batch.target_in)[:, 1:][real[:, 1:]].mean() > 0.5
    assert model.training


def test_the_share_that_the_reference_has():
    model, batch = make(), make_batch(EXAMPLES)
    model.output.bias.array[END] = 1e4  # its own token is always the end
    real = real_of(batch)
    real[:, 0] = False
    for share in (0.0, 0.3, 0.8):
        read = sampled(model, batch, share)
        assert ((read.target_in == batch.target_in) | ((read.target_in == END) & real)).all()
        assert (read.target_in == batch.target_in)[real].mean() == pytest.approx(share, abs=0.1)
        assert read.target_out is batch.target_out and (read.target_in[:, 0] == batch.target_in[:, 0]).all()
    assert sampled(model, batch, 1.0) is batch


def test_the_stream_of_the_step_decides():
    model, batch = make(), make_batch(EXAMPLES)
    one, same, other = (sampled(model, batch, 0.5, step).target_in for step in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("wiring", WIRINGS, ids=str)
def test_kernels_and_threads_find_the_same(wiring):
    model, batch, before = make(**wiring), make_batch(EXAMPLES), ta.get_num_threads()
    with ta.kernels("numpy"):
        wanted = sampled(model, batch, 0.3).target_in
    try:
        for threads in (1, 3):
            ta.set_num_threads(threads)
            np.testing.assert_array_equal(sampled(model, batch, 0.3).target_in, wanted)
    finally:
        ta.set_num_threads(before)


def test_what_is_no_number_is_left_for_the_loss_to_find():
    model, batch = make(), make_batch(EXAMPLES)
    model.output.bias.array[5] = np.nan
    assert sampled(model, batch, 0.5) is batch and model.training


@pytest.mark.parametrize("way", ["constant", "linear", "exponential", "inverse_sigmoid"])
def test_shares_fall_from_all_to_the_option(way):
    shares = [share_given(Config(teacher_forcing=0.4, teacher_forcing_schedule=way), done) for done in np.linspace(0, 1, 11)]
    assert shares[-1] == pytest.approx(0.4) and shares[0] == (0.4 if way == "constant" else 1)
    middle = {"constant": 0.4, "linear": 0.7, "inverse_sigmoid": 0.7, "exponential": 0.4 + 0.6 * np.exp(-2.5)}[way]
    assert shares[5] == pytest.approx(middle, abs=0.005)
    assert way == "constant" or (np.diff(shares) < 0).all()
    assert share_given(Config(teacher_forcing_schedule=way), 0.5) == 1
    assert share_given(Config(teacher_forcing=0.0, teacher_forcing_schedule=way), 1.0) == 0
