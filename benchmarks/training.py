"""One training step of the video's model: this project, in two ways, and its peers.

    python -m benchmarks.training [size ...] [--threads 1] [--seconds 10]

`loop` is the Translator's own step, batching and clipping included; `modules` is the peer's program with tinyattn as
its torch: embedding, LSTMs, attention, linear layer, cross-entropy and Adam, as one writes them for PyTorch. The
peers do neither batching nor clipping.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.model import Sizes, step_floor, step_flops
from benchmarks.part import Measurement, Options, run_part
from benchmarks.timing import medians

PEER = Path(__file__).parent / "peers" / "seq2seq_torch.py"
SIZES = {  # V, E, H, layers, B, T: the peer's own
    "tiny": (30, 4, 4, 1, 4, 4),
    "toy": (2000, 64, 128, 1, 64, 10),
    "mid": (4000, 128, 256, 1, 64, 12),
    "big": (8000, 256, 512, 2, 64, 15),
}
SLOW = {"autograd": ("tiny", "toy")}  # at others it takes seconds a step

Step = Callable[[], object]


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


def modules(size: str, threads: int) -> Step:
    import tinyattn as ta

    return peer(ta).make_step(size, threads)


def loop(size: str, threads: int) -> Step:
    return own_loop(Sizes.of(*SIZES[size]), threads)


def own_loop(sizes: Sizes, threads: int) -> Step:
    return training_step(own_training(sizes, threads))


def own_training(sizes: Sizes, threads: int) -> Any:
    """A Translator's training on pairs of S words and of T - 1: the target's end makes them T."""
    import tinyattn as ta
    from tinyattn.text.side import Side
    from tinyattn.text.vocabulary import SPECIAL_NAMES, Vocabulary
    from tinyattn.translator.config import Config
    from tinyattn.translator.training import Training
    from tinyattn.translator.translator import Translator

    V, E, H, layers, B, S, T = sizes
    ta.set_num_threads(threads)
    words = np.array([f"w{k}" for k in range(V - len(SPECIAL_NAMES))])
    known = Side("word", Vocabulary.build([words.tolist()]))
    assert len(known.vocabulary) == V
    config = Config.from_options(dict(embed=E, hidden=H, layers=layers, batch_size=B, steps=10**9, dropout=0.0))
    random = np.random.default_rng(0)
    sides = (words[random.integers(0, len(words), (10 * B, n))].tolist() for n in (S, T - 1))
    pairs = [(" ".join(source), " ".join(target)) for source, target in zip(*sides)]
    return Training(Translator(config, (known, known)), pairs, [])


def training_step(training: Any) -> Step:
    """One step of it, epoch after epoch, as its own loop takes them: choosing examples and padding are included."""
    batches: Iterator[np.ndarray] = iter(())

    def step() -> None:
        nonlocal batches
        chosen = next(batches, None)
        if chosen is None:
            batches = training.rest_of_epoch()
            chosen = next(batches)
        training.step(training.examples.batch(chosen))

    return step


def torch_eager(size: str, threads: int) -> Step:
    import torch

    return peer(torch).make_step(size, threads)


def torch_compiled(size: str, threads: int) -> Step:
    """The model through torch.compile, which leaves nn.LSTM to PyTorch's own kernels; needs a C++ compiler."""
    import torch

    program = peer(torch)
    eager = program.Seq2Seq
    program.Seq2Seq = lambda *sizes: torch.compile(eager(*sizes))
    step = program.make_step(size, threads)
    step()
    return step


def jax_jit(size: str, threads: int) -> Step:
    from benchmarks.peers.seq2seq_jax import make_step

    return make_step(*SIZES[size])


def numpy_by_hand(size: str, threads: int) -> Step:
    from benchmarks.peers.seq2seq_numpy import make_step

    return with_blas_threads(make_step(*SIZES[size]), threads)


def hips_autograd(size: str, threads: int) -> Step:
    from benchmarks.peers.seq2seq_autograd import make_step

    return with_blas_threads(make_step(*SIZES[size]), threads)


def with_blas_threads(step: Step, threads: int) -> Step:
    """NumPy's BLAS with so many threads, only meanwhile: tinyattn tells it to use one."""
    from threadpoolctl import ThreadpoolController

    blas = ThreadpoolController()

    def limited() -> object:
        with blas.limit(limits=threads, user_api="blas"):
            return step()

    return limited


CONTENDERS: dict[str, Callable[[str, int], Step]] = {
    "loop": loop, "modules": modules, "PyTorch": torch_eager, "torch.compile": torch_compiled, "JAX": jax_jit,
    "NumPy": numpy_by_hand, "autograd": hips_autograd,
}


def measure(options: Options) -> Iterator[list[Measurement]]:
    for size in options.chosen(SIZES):
        steps = {}
        for name, make in CONTENDERS.items():
            if size in SLOW.get(name, SIZES) and not (options.quick and name == "torch.compile"):
                with options.optional(name):
                    steps[name] = make(size, options.threads)
        sizes = Sizes.of(*SIZES[size])
        seconds = medians(steps, options.seconds(10))
        floor, flops = step_floor(sizes, options.peak), step_flops(sizes)
        yield [Measurement(size, name, found, "s", floor, flops) for name, found in seconds.items()]


if __name__ == "__main__":
    run_part(measure, __doc__, SIZES)
