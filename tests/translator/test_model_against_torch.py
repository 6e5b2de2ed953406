"""The model with every wiring against the same written in PyTorch, as a loop over steps: losses and all gradients."""

from itertools import product

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.text.batches import make_batch
from tinyattn.text.vocabulary import PAD
from tinyattn.translator.config import Config
from tinyattn.translator.model import Seq2Seq

torch = pytest.importorskip("torch")

BATCH = make_batch([([4, 5, 6, 7], [4, 5]), ([8, 9, 4, 5], [6, 7, 8, 4]), ([5, 5, 6, 9], [5])])
WIRINGS = list(product(["after", "before"], [False, True], [False, True]))


def loss_of_twin(p, config):
    """p: our parameters by name, as tensors. Dot attention, one layer, sources of one length."""
    H, nn = config.hidden, torch.nn.functional

    def lstm(side, x, h, c):
        w_ih, w_hh, b_ih, b_hh = (p[f"{side}.lstm.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        i, f, g, o = (nn.linear(x, w_ih, b_ih) + nn.linear(h, w_hh, b_hh)).split(H, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    source, target, wanted = (torch.from_numpy(x) for x in (BATCH.source, BATCH.target_in, BATCH.target_out))
    table = p["decoder.embedding.weight"]
    s = c = torch.zeros(len(source), H, dtype=table.dtype)
    hs = []
    for ids in source.T:
        s, c = lstm("encoder", nn.embedding(ids, p["encoder.embedding.weight"]), s, c)
        hs.append(s)
    h = torch.stack(hs, 1)

    def look(s):
        return ((h @ s[:, :, None]).softmax(1) * h).sum(1)

    fed, logits = torch.zeros(len(source), p["output.weight"].shape[1], dtype=table.dtype), []
    for ids in target.T:
        context = look(s)
        x = [nn.embedding(ids, table), *[context] * (config.attend == "before"), *[fed] * config.input_feeding]
        s, c = lstm("decoder", torch.cat(x, 1), s, c)
        fed = torch.cat([context if config.attend == "before" else look(s), s], 1)
        fed = nn.linear(fed, p["combine.weight"]).tanh() if config.tie_embeddings else fed
        logits.append(nn.linear(fed, table if config.tie_embeddings else p["output.weight"], p["output.bias"]))
    return nn.cross_entropy(torch.stack(logits, 1).reshape(-1, 9), wanted.reshape(-1), ignore_index=PAD)


@pytest.mark.parametrize(("attend", "feeding", "tied"), WIRINGS)
def test_losses_and_gradients(attend, feeding, tied):
    ta.manual_seed(2)
    config = Config(embed=3, hidden=4, dropout=0.0, attend=attend, input_feeding=feeding, tie_embeddings=tied)
    model = Seq2Seq(10, 9, config).double()
    twins = {name: torch.tensor(x.array, requires_grad=True) for name, x in model.named_parameters()}
    shared = {"output.weight": twins["decoder.embedding.weight"]} if tied else {}
    loss, wanted = model.loss(BATCH), loss_of_twin({**twins, **shared}, config)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-10)
    loss.backward()
    wanted.backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad.array, twins[name].grad.numpy(), rtol=1e-7, atol=1e-10, err_msg=name)
