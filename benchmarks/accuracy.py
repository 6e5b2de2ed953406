"""How exact float32 is: largest error over largest value, against the same model in float64 and primitive ops.

    python -m benchmarks.accuracy [size ...]

The parameters and the batch are the same. `values` are the logits, `gradients` the worst of all parameters.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.part import Measurement, Options, run_part
from benchmarks.peers.parameters import batch, initial
from benchmarks.training import SIZES, peer

GOAL = 2e-5


def results(library: types.ModuleType, size: str, dtype: type) -> dict[str, np.ndarray]:
    """The logits, and every parameter's gradient, of the peer's program with `library` as its torch."""
    V, E, H, layers, B, T = SIZES[size]
    model: Any = peer(library).Seq2Seq(V, E, H, layers)
    if dtype is np.float64:
        model.double()
    model.load_state_dict({name: library.from_numpy(x.astype(dtype)) for name, x in initial(V, E, H, layers).items()})
    source, target, wanted = (library.from_numpy(np.ascontiguousarray(x)) for x in batch(V, B, T))
    logits = model(source, target)
    library.nn.functional.cross_entropy(logits.reshape(-1, V), wanted.reshape(-1)).backward()
    return {"logits": logits.detach().numpy(), **{name: p.grad.numpy() for name, p in model.named_parameters()}}


def apart(found: dict[str, np.ndarray], exact: dict[str, np.ndarray], which: str) -> float:
    errors = {name: np.abs(found[name] - x).max() / np.abs(x).max() for name, x in exact.items()}
    return max(float(error) for name, error in errors.items() if (name == "logits") == (which == "values"))


def measure(options: Options) -> Iterator[list[Measurement]]:
    import tinyattn as ta

    ta.set_num_threads(options.threads)
    for size in options.chosen(SIZES):
        with ta.kernels("numpy"):
            exact = results(ta, size, np.float64)
        found = {"modules": results(ta, size, np.float32)}
        with options.optional("PyTorch"):
            import torch

            found["PyTorch"] = results(torch, size, np.float32)
        for which in ("values", "gradients"):
            yield [Measurement(f"{size} {which}", who, apart(own, exact, which), "", note=f"goal {GOAL}")
                   for who, own in found.items()]


if __name__ == "__main__":
    run_part(measure, __doc__, SIZES)
