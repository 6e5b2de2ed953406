"""A small real model learns here as it does under PyTorch: with every loss, optimiser and schedule, for 20 steps from
the same weights, which come and go as safetensors files.
"""

import json

import numpy as np
import pytest

import tinyattn as ta
from tests.optim.test_lr_scheduler import SCHEDULES
from tests.optim.test_updates import OPTIONS

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

V, E, H, STEPS = 7, 5, 4, 20
RANDOM = np.random.default_rng(0)
IDS, CLASSES = RANDOM.integers(0, V, (3, 6)), RANDOM.integers(0, V, (18,))
NUMBERS, WEIGHT = RANDOM.random((18, V)), RANDOM.random(V) + 0.5

# A loss of logits (18, V), in either library, given its nn and what makes a tensor of an array.
LOSSES = {
    "CrossEntropyLoss": lambda nn, t: lambda y: nn.CrossEntropyLoss(ignore_index=0)(y, t(CLASSES)),
    "CrossEntropyLoss, weighted": lambda nn, t: lambda y: nn.CrossEntropyLoss(t(WEIGHT), label_smoothing=0.1)(y, t(CLASSES)),
    "CrossEntropyLoss, shares": lambda nn, t: lambda y: nn.CrossEntropyLoss(reduction="sum")(y, t(NUMBERS)),
    "NLLLoss": lambda nn, t: lambda y: nn.NLLLoss(t(WEIGHT))(nn.LogSoftmax(dim=1)(y), t(CLASSES)),
    "MSELoss": lambda nn, t: lambda y: nn.MSELoss()(y, t(NUMBERS)),
    "BCEWithLogitsLoss": lambda nn, t: lambda y: nn.BCEWithLogitsLoss(pos_weight=t(WEIGHT))(y, t(NUMBERS)),
    "CosineSimilarity": lambda nn, t: lambda y: -nn.CosineSimilarity(dim=1)(y, t(NUMBERS)).mean(),
}
ACTIVATIONS = ["Tanh", "Sigmoid", "ReLU", "GELU", "Softplus", "Identity"]


def model_of(library, recurrent="LSTM", activation="Tanh"):
    nn = library.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(V, E, padding_idx=0)
            self.encoder = getattr(nn, recurrent)(E, H, num_layers=2, batch_first=True, bidirectional=True)
            self.head = nn.Sequential(nn.Linear(2 * H, E), getattr(nn, activation)(), nn.LayerNorm(E), nn.Linear(E, V))
            self.register_buffer("scale", library.ones(V) * 1.5)

        def forward(self, ids):
            h, _ = self.encoder(self.embedding(ids))
            return (self.head(h) * self.scale).reshape(-1, V)

    return Model().double()


def train(library, model, optimizer, loss="CrossEntropyLoss", schedule=None, steps=STEPS):
    """The losses of all steps."""
    criterion, losses = LOSSES[loss](library.nn, library.tensor), []
    for _ in range(steps):
        optimizer.zero_grad()
        y = criterion(model(library.tensor(IDS)))
        y.backward()
        library.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(y.item())
        if schedule is not None:
            schedule.step(*[losses[-1]] * ("Plateau" in type(schedule).__name__))
    return losses


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = ta.get_num_threads(), torch.get_num_threads()
    ta.set_num_threads(1), torch.set_num_threads(1)
    yield
    ta.set_num_threads(before[0]), torch.set_num_threads(before[1])


@pytest.fixture
def both(tmp_path):
    """Makes a model here and there with the same random weights, which PyTorch writes to a file."""

    def make(*options):
        torch.manual_seed(1)
        ours, theirs = model_of(ta, *options), model_of(torch, *options)
        safetensors.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
        ours.load_state_dict(ta.load(tmp_path / "theirs.safetensors"))
        return ours, theirs

    return make


def assert_same(ours, theirs, losses, wanted, path):
    """The same losses and parameters; and what this library writes, PyTorch reads."""
    np.testing.assert_allclose(losses, wanted, rtol=1e-8)
    assert losses[0] != losses[-1]  # it does learn, or unlearn
    for name, x in ours.state_dict().items():
        np.testing.assert_allclose(x, theirs.state_dict()[name], rtol=1e-7, atol=1e-9, err_msg=name)
    ta.save(ours.state_dict(), path / "ours.safetensors")
    theirs.load_state_dict(safetensors.load_file(path / "ours.safetensors"))
    for name, x in ours.state_dict().items():
        np.testing.assert_array_equal(x, theirs.state_dict()[name])


@pytest.mark.parametrize("recurrent", ["LSTM", "GRU"])
@pytest.mark.parametrize("loss", LOSSES)
def test_losses(both, tmp_path, loss, recurrent):
    ours, theirs = both(recurrent)
    losses = train(ta, ours, ta.optim.Adam(ours.parameters(), lr=0.01), loss)
    wanted = train(torch, theirs, torch.optim.Adam(theirs.parameters(), lr=0.01), loss)
    assert_same(ours, theirs, losses, wanted, tmp_path)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(both, tmp_path, activation):
    ours, theirs = both("GRU", activation)
    losses = train(ta, ours, ta.optim.SGD(ours.parameters(), lr=0.3))
    wanted = train(torch, theirs, torch.optim.SGD(theirs.parameters(), lr=0.3))
    assert_same(ours, theirs, losses, wanted, tmp_path)


@pytest.mark.parametrize("name, options", OPTIONS)
def test_optimisers(both, tmp_path, name, options):
    ours, theirs = both()
    losses = train(ta, ours, getattr(ta.optim, name)(ours.parameters(), **options))
    wanted = train(torch, theirs, getattr(torch.optim, name)(theirs.parameters(), **options))
    assert_same(ours, theirs, losses, wanted, tmp_path)


def two_groups(library, model, name, **options):
    head = {"params": list(model.head.parameters()), "lr": 0.1}
    rest = [p for key, p in model.named_parameters() if not key.startswith("head")]
    return getattr(library.optim, name)([{"params": rest}, head], lr=0.03, **options)


def scheduled(library, optimizer, schedule):
    return getattr(library.optim.lr_scheduler, schedule.split(",")[0])(optimizer, **SCHEDULES[schedule])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules(both, tmp_path, schedule):
    runs = []
    for library, model in zip((ta, torch), both()):
        optimizer = two_groups(library, model, "SGD", momentum=0.5)
        runs.append((model, train(library, model, optimizer, schedule=scheduled(library, optimizer, schedule))))
    (ours, losses), (theirs, wanted) = runs
    assert_same(ours, theirs, losses, wanted, tmp_path)


# --- from here to there in the middle of training -----------------------


def leave(model, optimizer, schedule, save, path):
    """Write everything: arrays to safetensors files, numbers to JSON."""
    state = optimizer.state_dict()
    arrays = {f"{number}.{name}": x for number, values in state["state"].items() for name, x in values.items()}
    save(model.state_dict(), path / "model.safetensors")
    save(arrays, path / "optimizer.safetensors")
    (path / "numbers.json").write_text(json.dumps([state["param_groups"], schedule.state_dict()]))


def arrive(model, optimizer, schedule, load, path):
    groups, numbers = json.loads((path / "numbers.json").read_text())
    state = {}
    for key, x in load(path / "optimizer.safetensors").items():
        number, name = key.split(".")
        state.setdefault(int(number), {})[name] = x
    model.load_state_dict(load(path / "model.safetensors"))
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    schedule.load_state_dict(numbers)


LIBRARIES = {"here": (ta, ta.save, ta.load), "there": (torch, safetensors.save_file, safetensors.load_file)}


@pytest.mark.parametrize("first, second", [("here", "there"), ("there", "here"), ("here", "here")])
@pytest.mark.parametrize("schedule", ["CosineAnnealingLR", "ReduceLROnPlateau, max"])
@pytest.mark.parametrize("name, options", [
    ("SGD", {"momentum": 0.9, "nesterov": True}), ("Adam", {"amsgrad": True}), ("AdamW", {"weight_decay": 0.1}),
])
def test_training_moves_in_the_middle(both, tmp_path, first, second, schedule, name, options):
    _, whole = both()
    optimizer = two_groups(torch, whole, name, **options)
    wanted = train(torch, whole, optimizer, schedule=scheduled(torch, optimizer, schedule))
    losses = []
    for number, where in enumerate((first, second)):
        library, save, load = LIBRARIES[where]
        model = both()[0 if library is ta else 1]
        optimizer = two_groups(library, model, name, **options)
        rates = scheduled(library, optimizer, schedule)
        if number:
            arrive(model, optimizer, rates, load, tmp_path)
        losses += train(library, model, optimizer, schedule=rates, steps=STEPS // 2)
        leave(model, optimizer, rates, save, tmp_path)
    np.testing.assert_allclose(losses, wanted, rtol=1e-8)
    for key, x in model.state_dict().items():
        np.testing.assert_allclose(x, whole.state_dict()[key], rtol=1e-7, atol=1e-9)
