"""Programs that were written for PyTorch run unchanged with tinyattn as their torch, and give PyTorch's losses."""

from __future__ import annotations

import contextlib
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import tinyattn as ta
from tests.pytorch.bound import load, torch_is_tinyattn

torch = pytest.importorskip("torch")

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"


@pytest.fixture(autouse=True)
def threads():
    before = ta.get_num_threads(), torch.get_num_threads()
    yield
    ta.set_num_threads(before[0])
    torch.set_num_threads(before[1])


class Watch:
    """Sees to it that a program starts from given weights, forgets nothing by chance, and leaves its losses behind."""

    def __init__(self, library, monkeypatch, weights):
        self.library, self.weights, self.losses = library, weights, []
        functional, optim = library.nn.functional, library.optim
        cross_entropy, adam, dropout = functional.cross_entropy, optim.Adam, library.nn.Dropout

        def watched(*args, **options):
            loss = cross_entropy(*args, **options)
            self.losses.append(loss.item())
            return loss

        def from_the_same_weights(parameters, *args, **options):
            parameters = list(parameters)
            if not self.weights:
                self.weights += [p.detach().numpy().copy() for p in parameters]
            for p, array in zip(parameters, self.weights, strict=True):
                with library.no_grad():
                    p.copy_(library.from_numpy(array))
            return adam(parameters, *args, **options)

        monkeypatch.setattr(functional, "cross_entropy", watched)
        monkeypatch.setattr(optim, "Adam", from_the_same_weights)
        monkeypatch.setattr(library.nn, "Dropout", lambda p: dropout(0.0))


@pytest.mark.parametrize("size", ["tiny", "toy"])
def test_the_speed_peer_learns_as_under_pytorch(size, monkeypatch):
    weights, losses = [], []
    for library in (torch, ta):
        with monkeypatch.context() as patch:
            watch = Watch(library, patch, weights)
            peer = load(PEERS / "seq2seq_torch.py", bound=library is ta)
            V, *_, B, T = peer.SIZES[size]
            ids = [np.random.default_rng(0).integers(0, V, shape) for shape in ((B, T), (B, T + 1))]
            patch.setattr(library, "randint", lambda *_, library=library, ids=ids: library.from_numpy(ids.pop(0)))
            step = peer.make_step(size, threads=2)
            assert not ids
            returned = [step().item() for _ in range(5)]
            assert returned == watch.losses
            losses.append(returned)
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    assert losses[0][-1] < losses[0][0]


def test_the_speed_peer_translates_as_under_pytorch(monkeypatch):
    words = []
    arrays = {}
    for library in (torch, ta):
        with monkeypatch.context() as patch:
            peer = load(PEERS / "seq2seq_torch.py", bound=library is ta)
            ids = np.random.default_rng(1).integers(0, 30, (1, 4))
            patch.setattr(library, "randint", lambda *_, library=library, ids=ids: library.from_numpy(ids))

            class Seq2Seq(peer.Seq2Seq):
                def __init__(self, *sizes):
                    super().__init__(*sizes)
                    for name, p in self.named_parameters():
                        random = np.random.default_rng(len(name)).standard_normal(p.shape).astype(np.float32)
                        with library.no_grad():  # noqa: B023
                            p.copy_(library.from_numpy(arrays.setdefault(name, random)))  # noqa: B023

            patch.setattr(peer, "Seq2Seq", Seq2Seq)
            words.append(peer.make_greedy("tiny")())
    assert words[0] == words[1] and len(words[0]) == 4


def write_pairs(folder: Path) -> None:
    random = np.random.default_rng(0)
    table = dict(zip("one two three four five six seven eight".split(), "uno dos tres cuatro cinco seis siete ocho".split()))
    lines = []
    for _ in range(90):
        words = random.choice(list(table), random.integers(1, 7))
        lines.append(" ".join(words) + ".\t" + " ".join(table[word] for word in words) + ".")
    (folder / "train.tsv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "dev.tsv").write_text("\n".join(lines[:5]), encoding="utf-8")


def test_the_quality_peer_learns_as_under_pytorch(monkeypatch, tmp_path, capsys):
    """Its whole program: packed padding, masked attention, clipping, greedy search, scores."""
    write_pairs(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tatoeba_torch.py", "--minutes", "1"])
    weights, losses, printed = [], [], []
    for library in (torch, ta):
        with monkeypatch.context() as patch, torch_is_tinyattn() if library is ta else contextlib.nullcontext():
            watch = Watch(library, patch, weights)
            peer = load(PEERS / "tatoeba_torch.py", bound=library is ta)
            patch.setattr(peer, "DATA", tmp_path)
            clock = iter(range(10**6))  # a step takes ten seconds by this clock
            patch.setattr(peer, "time", types.SimpleNamespace(perf_counter=lambda clock=clock: 10 * next(clock)))
            peer.main()
            losses.append(watch.losses)
            printed.append(capsys.readouterr().out)
    assert len(losses[0]) == 6
    np.testing.assert_allclose(losses[1], losses[0], rtol=2e-5)
    assert losses[0][-1] < losses[0][0] and printed[0] == printed[1] and printed[0].startswith("6 60 s")
