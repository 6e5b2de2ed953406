"""How the cost of training grows: with the number of pairs, and with each size of the model.

    python -m benchmarks.growth [pairs B S T H V] [--threads 1]

pairs: seconds a target token from 1,000 to 1,000,000 pairs over the same vocabulary, an epoch's shuffling and sorting
included. B, S, T, H, V: the exponent p in seconds ~ size^p, measured from the toy size to four times that, beside the
exponent of the model of the work (benchmarks/model.py) over the same range.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.model import Sizes, step_flops
from benchmarks.part import Measurement, Options, run_part
from benchmarks.timing import medians
from benchmarks.training import SIZES, own_loop, own_training, training_step
from tinyattn.text.batches import Examples

TOY = Sizes.of(*SIZES["toy"])
PAIRS = (1_000, 10_000, 100_000, 1_000_000)
GROWS = ("B", "S", "T", "H", "V")
FACTOR = 4


def of_pairs(options: Options) -> list[Measurement]:
    """One training a number of pairs; its examples are put in ready-made, for reading pairs is no training."""
    steps, planning = {}, {}
    for count in PAIRS[:-1] if options.quick else PAIRS:
        training = own_training(TOY, options.threads)
        training.examples = Examples(examples(count))
        start = time.perf_counter()
        training.rest_of_epoch()
        planning[count] = (time.perf_counter() - start) / training.batches_per_epoch
        steps[str(count)] = training_step(training)
    tokens = TOY.B * TOY.T
    found = medians(steps, options.seconds(10))
    return [Measurement(f"{int(count):,} pairs", "a token", (seconds + planning[int(count)]) / tokens,
                        note=f"{planning[int(count)] / seconds:.1%} of it shuffling and sorting")
            for count, seconds in found.items()]


def examples(count: int) -> list[tuple[list[int], list[int]]]:
    """Random ids of the toy size's vocabulary, as lists of Python's numbers, like those that a Translator makes."""
    ids = np.random.default_rng(0).integers(4, TOY.V, (count, TOY.S + TOY.T - 1)).tolist()
    return [(row[: TOY.S], row[TOY.S :]) for row in ids]


def exponent(name: str, options: Options) -> list[Measurement]:
    large = TOY._replace(**{name: FACTOR * getattr(TOY, name)})
    steps = {"small": own_loop(TOY, options.threads), "large": own_loop(large, options.threads)}
    seconds = medians(steps, options.seconds(6))
    measured, modelled = (math.log(large / small, FACTOR) for small, large in (
        (seconds["small"], seconds["large"]), (step_flops(TOY), step_flops(large))))
    return [Measurement(name, "measured", measured, ""), Measurement(name, "model", modelled, "")]


def measure(options: Options) -> Iterator[list[Measurement]]:
    for case in options.chosen(("pairs", *GROWS)):
        yield of_pairs(options) if case == "pairs" else exponent(case, options)


if __name__ == "__main__":
    run_part(measure, __doc__, ("pairs", *GROWS))
