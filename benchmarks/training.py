"""One training step of the video's model, against eager PyTorch: the two in turn, medians, the same threads.

    python benchmarks/training.py [size ...] [--threads 1 2] [--seconds 10]

`loop` is the Translator's own step, batching and clipping included; `modules` is the peer's program with tinyattn as
its torch: embedding, LSTMs, attention, linear layer, cross-entropy and Adam, as one writes them for PyTorch.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np

import tinyattn as ta
from tinyattn.text.vocabulary import SPECIAL_NAMES, Vocabulary
from tinyattn.translator.config import Config
from tinyattn.translator.training import Training, make_batch
from tinyattn.translator.translator import Translator

PEER = Path(__file__).parent / "peers" / "seq2seq_torch.py"


def peer(library: types.ModuleType) -> types.ModuleType:
    """The peer's program, unchanged, with `library` as its torch."""
    kept = {name: sys.modules.get(name) for name in ("torch", "torch.nn", "torch.nn.functional")}
    sys.modules.update({"torch": library, "torch.nn": library.nn, "torch.nn.functional": library.nn.functional})
    module = types.ModuleType("seq2seq_torch")
    try:
        exec(compile(PEER.read_text(encoding="utf-8"), str(PEER), "exec"), module.__dict__)
    finally:
        for name, value in kept.items():
            if value is None:
                del sys.modules[name]
            else:
                sys.modules[name] = value
    return module


def own_loop(V: int, E: int, H: int, layers: int, B: int, T: int) -> Callable[[], object]:
    """A step of the Translator's training on sentences of T words, the target's end counted."""
    words = [f"w{k}" for k in range(V - len(SPECIAL_NAMES))]
    vocabulary = Vocabulary.build([words])
    assert len(vocabulary) == V
    config = Config.from_options(dict(embed=E, hidden=H, layers=layers, batch_size=B, steps=10**9, dropout=0.0))
    random = np.random.default_rng(0)
    pairs = [tuple(" ".join(random.choice(words, n)) for n in (T, T - 1)) for _ in range(10 * B)]
    training = Training(Translator(config, (vocabulary, vocabulary)), pairs, [])
    batches = iter(())

    def step() -> None:
        nonlocal batches
        chosen = next(batches, None)
        if chosen is None:
            batches = training.rest_of_epoch()
            chosen = next(batches)
        training.step(make_batch([training.examples[k] for k in chosen], training.translator.start))

    return step


def medians(steps: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Median seconds of each, run in turn."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        for _ in range(3):
            step()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[next(iter(steps))]) < 5:
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    import torch

    theirs, ours = peer(torch), peer(ta)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sizes", nargs="*", default=[], choices=[[], *theirs.SIZES])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    print("size threads   PyTorch ms   loop ms  ratio   modules ms  ratio")
    for size in options.sizes or theirs.SIZES:
        for threads in options.threads:
            steps = {"PyTorch": theirs.make_step(size, threads), "modules": ours.make_step(size, threads)}
            steps["loop"] = own_loop(*theirs.SIZES[size])
            found = medians(steps, options.seconds)
            them = found["PyTorch"]
            print(f"{size:5}{threads:7}{them * 1e3:13.2f}{found['loop'] * 1e3:10.2f}{them / found['loop']:7.2f}"
                  f"{found['modules'] * 1e3:13.2f}{them / found['modules']:7.2f}", flush=True)


if __name__ == "__main__":
    main()
