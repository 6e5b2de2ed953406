"""Linear, Embedding, LayerNorm, Dropout, and what only stands in a row."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import gradcheck
from tinyattn.nn import CrossEntropyLoss, Dropout, Embedding, Flatten, Identity, LayerNorm, Linear


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
    with pytest.raises(ValueError, match="Embedding: padding_idx must be one of 3 ids, got 3"):
        Embedding(3, 2, padding_idx=3)
    with pytest.raises(NotImplementedError, match="Embedding: sparse=True is not supported"):
        Embedding(3, 2, sparse=True)
    with pytest.raises(ValueError, match=r"Embedding: embeddings must have 2 dimensions, got shape \(3,\)"):
        Embedding.from_pretrained(ta.ones(3))
    with pytest.raises(ValueError, match=r"Embedding: the table must be \(3, 2\), got \(2, 3\)"):
        Embedding(3, 2, _weight=ta.ones(2, 3))


def test_a_table_that_is_there():
    table = ta.randn(4, 2)
    layer = Embedding.from_pretrained(table, padding_idx=1)
    assert layer.weight.array is table.array and not layer.weight.requires_grad and layer.padding_idx == 1
    assert layer.num_embeddings == 4 and layer.weight[1].tolist() != [0, 0]  # the table is taken as it is
    assert Embedding.from_pretrained(table, freeze=False).weight.requires_grad


def test_options_of_an_embedding_as_in_pytorch():
    torch = pytest.importorskip("torch")
    table, ids = np.random.default_rng(0).standard_normal((4, 3)), np.array([[0, 2, 2], [3, 2, 1]])
    options = {"padding_idx": 1, "max_norm": 0.7, "norm_type": 1.5, "scale_grad_by_freq": True}
    results = []
    for library in (ta, torch):
        layer = library.nn.Embedding.from_pretrained(library.tensor(table.copy()), freeze=False, **options)
        y = layer(library.tensor(ids))
        (y * y).sum().backward()
        results.append([np.asarray(x) for x in (y.detach(), layer.weight.detach(), layer.weight.grad)])
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-12)


def test_dropout_drops_in_training_only():
    layer = Dropout(0.5)
    x = ta.ones(1000)
    y = layer(x)
    assert set(y.tolist()) == {0, 2} and 400 < (y == 0).sum().item() < 600
    assert layer.eval()(x) is x
    with pytest.raises(ValueError, match=r"Dropout: p must be in 0 \.\.\. 1, got 1.5"):
        Dropout(1.5)
    with pytest.raises(NotImplementedError, match="Dropout: inplace=True is not supported: leave it out"):
        Dropout(0.5, inplace=True)


@pytest.mark.parametrize("shape, options, names", [
    (4, {}, ["weight", "bias"]),
    ((3, 4), {"eps": 0.1}, ["weight", "bias"]),
    ([4], {"bias": False}, ["weight"]),
    (4, {"elementwise_affine": False}, []),
])
def test_layer_norm_as_in_pytorch(shape, options, names):
    torch = pytest.importorskip("torch")
    ours, theirs = LayerNorm(shape, **options).double(), torch.nn.LayerNorm(shape, **options).double()
    assert list(ours.state_dict()) == list(theirs.state_dict()) == names and repr(ours).split(", bias")[0] == repr(ours)
    for name, x in ours.state_dict().items():
        np.testing.assert_array_equal(x, theirs.state_dict()[name])  # 1 and 0
        x.copy_(np.random.default_rng(1).standard_normal(x.shape))
    theirs.load_state_dict({name: torch.tensor(x.array) for name, x in ours.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    np.testing.assert_allclose(ours(ta.tensor(x)).detach(), theirs(torch.tensor(x)).detach(), rtol=1e-10)


def test_identity_and_flatten():
    x = ta.randn(2, 3, 4)
    assert Identity(5, anything=True)(x) is x and repr(Identity()) == "Identity()"
    assert Flatten()(x).shape == (2, 12) and Flatten(0, 1)(x).shape == (6, 4)
    assert repr(Flatten()) == "Flatten(start_dim=1, end_dim=-1)"


def test_dtype_and_device():
    for layer in (Linear(2, 3, dtype=ta.float64, device="cpu"), Embedding(2, 3, dtype=ta.float64),
                  LayerNorm(3, dtype=ta.float64)):
        assert all(x.dtype == ta.float64 for x in layer.parameters())
    with pytest.raises(ValueError, match=r'device must be "cpu", got .cuda'):
        Linear(2, 3, device="cuda")
