"""Linear, Embedding, Dropout and the loss as layers."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import gradcheck
from tinyattn.nn import CrossEntropyLoss, Dropout, Embedding, Linear


def test_linear():
    layer = Linear(3, 2).double()
    x = ta.randn(4, 5, 3, dtype=ta.float64)
    np.testing.assert_allclose(layer(x).detach(), x.numpy() @ layer.weight.array.T + layer.bias.array, rtol=1e-12)
    assert layer(x[0, 0]).shape == (2,) and layer(ta.zeros(0, 3, dtype=ta.float64)).shape == (0, 2)
    assert Linear(3, 2, bias=False).bias is None
    assert gradcheck(lambda x, w, b: layer(x), (x.detach()[0], layer.weight, layer.bias))


def test_linear_begins_within_its_bounds():
    layer = Linear(100, 500)
    for x in (layer.weight, layer.bias):
        assert x.dtype == np.float32 and 0.09 < np.abs(x.array).max() <= 0.1 and abs(x.array.mean()) < 0.01
    assert Linear(0, 2).weight.shape == (2, 0)


def test_layers_as_in_pytorch():
    torch = pytest.importorskip("torch")
    ours, theirs = (
        ta.nn.Sequential(Embedding(6, 3, padding_idx=1), Linear(3, 6)).double(),
        torch.nn.Sequential(torch.nn.Embedding(6, 3, padding_idx=1), torch.nn.Linear(3, 6)).double(),
    )
    theirs.load_state_dict({name: torch.tensor(x.array) for name, x in ours.state_dict().items()})
    ids, targets = np.array([[0, 1, 1], [5, 2, 0]]), np.array([3, 1, 2, 1, 0, 5])
    loss = CrossEntropyLoss(ignore_index=1, label_smoothing=0.1)(ours(ta.tensor(ids)).reshape(6, 6), ta.tensor(targets))
    wanted = torch.nn.CrossEntropyLoss(ignore_index=1, label_smoothing=0.1)(
        theirs(torch.tensor(ids)).reshape(6, 6), torch.tensor(targets)
    )
    loss.backward()
    wanted.backward()
    np.testing.assert_allclose(loss.item(), wanted.item(), rtol=1e-12)
    for x, right in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(x.grad, right.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("padding", [1, -2])
def test_padding_begins_at_zero_and_stays_there(padding):
    layer = Embedding(3, 2, padding_idx=padding)
    assert not layer.weight.array[1].any() and layer.weight.array[0].any()
    layer(ta.tensor([0, 1, 1])).sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1], [0, 0], [0, 0]]
    optimizer = ta.optim.SGD(layer.parameters(), lr=1.0)
    optimizer.step()
    assert not layer.weight.array[1].any()


def test_embedding_errors():
    layer = Embedding(3, 2)
    with pytest.raises(IndexError, match=r"embedding: ids must be in 0 \.\.\. 2, got 3"):
        layer(ta.tensor([3]))
    with pytest.raises(TypeError, match="embedding: ids must be integers, got float32"):
        layer(ta.tensor([1.0]))
    with pytest.raises(IndexError):
        Embedding(3, 2, padding_idx=3)


def test_dropout_drops_in_training_only():
    layer = Dropout(0.5)
    x = ta.ones(1000)
    y = layer(x)
    assert set(y.tolist()) == {0, 2} and 400 < (y == 0).sum().item() < 600
    assert layer.eval()(x) is x
    with pytest.raises(ValueError, match=r"Dropout: p must be in 0 \.\.\. 1, got 1.5"):
        Dropout(1.5)


def test_cross_entropy_loss_keeps_its_options():
    x, target = ta.randn(4, 3), ta.tensor([0, 1, 2, 1])
    for options in ({}, {"reduction": "sum"}, {"reduction": "none", "ignore_index": 1}, {"label_smoothing": 0.2}):
        np.testing.assert_array_equal(
            CrossEntropyLoss(**options)(x, target), ta.nn.functional.cross_entropy(x, target, **options)
        )
