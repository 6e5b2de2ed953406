"""Greedy decoding of one sentence at a time: seconds a token, and how much of the memory's bandwidth that is.

    python -m benchmarks.decoding [size ...] [--threads 1]

`translate` is `Translator.translate` from words to words, with the score and the attention of what it found;
`modules` is the peer's program with tinyattn as its torch. T tokens each; reading the source is counted, too.

A token reads all weights of the decoder once. The floor is that many bytes at the measured bandwidth: smaller
models stay in the caches, and may be under it.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.model import token_bytes
from benchmarks.part import Measurement, Options, run_part
from benchmarks.timing import medians
from benchmarks.training import SIZES, Step, peer


def translate(size: str, threads: int) -> Step:
    import tinyattn as ta
    from tinyattn.text.side import Side
    from tinyattn.text.vocabulary import END, SPECIAL_NAMES, Vocabulary
    from tinyattn.translator import search
    from tinyattn.translator.config import Config
    from tinyattn.translator.translator import Translator

    V, E, H, layers, _, T = SIZES[size]
    ta.set_num_threads(threads)
    words = [f"w{k}" for k in range(V - len(SPECIAL_NAMES))]
    known = Side("word", Vocabulary.build([words]))
    translator = Translator(Config(embed=E, hidden=H, layers=layers), (known, known))
    translator.model.output.bias.array[END] = -1e9  # it never ends by itself
    search.longest = lambda source_length: T
    sentence = " ".join(words[:T])

    def step() -> None:
        found = translator.translate(sentence)
        assert len(found.tokens) == T

    return step


def modules(size: str, threads: int) -> Step:
    import tinyattn as ta

    return peer(ta).make_greedy(size, threads)


def torch_eager(size: str, threads: int) -> Step:
    import torch

    return peer(torch).make_greedy(size, threads)


def measure(options: Options) -> Iterator[list[Measurement]]:
    for size in options.chosen(SIZES):
        steps = {}
        for who, make in {"translate": translate, "modules": modules, "PyTorch": torch_eager}.items():
            with options.optional(who):
                steps[who] = make(size, options.threads)
        V, E, H, layers, _, T = SIZES[size]
        read = token_bytes(V, E, H, layers, T)
        found = []
        for who, seconds in medians(steps, options.seconds(4)).items():
            share = read / (seconds / T) / options.peak.read
            found.append(Measurement(size, who, seconds / T, "s", read / options.peak.read,
                                     note=f"{read / 1e6:.2f} MB, {share:.0%} of the bandwidth"))
        yield found


if __name__ == "__main__":
    run_part(measure, __doc__, SIZES)
