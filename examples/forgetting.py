"""Does a translator without attention forget the first word of a long sentence, and does one with attention keep it?

    python examples/forgetting.py                                       the bundled phrases, about ten minutes
    python examples/forgetting.py --train a.tsv --test b.tsv --twins negated-plain.tsv --seeds 1 2 3

The video's example is "Don't eat the delicious looking and smelling pizza": who forgets "don't" says the opposite. So
each negated sentence has a twin without "don't". Asked of both, for each length of the source:

    exact      is the translation that of the reference, letter by letter?
    kept       does the translation of the negated sentence hold a negation?
    false no   does the translation of its twin, which has none?

prints a table for every number of units, and draws forgetting.svg, into forgetting/, where the trained runs stay.
"""

import argparse
from pathlib import Path

import numpy as np
from trials import by_length, draw_lines, shown, texts, trained

from tinyattn.text.corpus import phrase_corpus
from tinyattn.text.pairs import clean_pairs, hold_out, read_pairs
from tinyattn.text.tokens import TOKENIZERS

NEGATIONS = "no ni nunca jamás nada nadie tampoco ningún ninguno ninguna sin"
LENGTHS = ((1, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8), (9, 10), (11, 13), (14, 20))
words = TOKENIZERS["word"].tokenize


def phrases(pairs):
    """Training, dev and test pairs of the bundled corpus, and the twins: negated sentences that training has not."""
    splits = [[(phrase.source, phrase.target) for phrase in phrase_corpus(pairs=pairs, split=split)]
              for split in ("train", "dev", "test")]
    known = {source for source, _ in splits[0]}
    unseen = {phrase.source: None for seed in range(1, 4) for phrase in phrase_corpus(pairs=pairs, seed=seed)}
    negated = [source for source in unseen if source.startswith("don't ") and source not in known]
    return *splits, [(source, source.removeprefix("don't ")) for source in negated]


def files(options):
    """The same from files; a line of twins is: negated, tab, plain."""
    train, dev = hold_out(read_pairs(options.train).pairs, seed=1)
    twins = [twin for file in options.twins for twin in read_pairs(file).pairs]
    return train, dev, read_pairs(options.test).pairs, clean_pairs(twins).pairs


parser = argparse.ArgumentParser()
parser.add_argument("--train", help="pairs to learn from, in place of the bundled phrases")
parser.add_argument("--test", help="pairs to be scored on")
parser.add_argument("--twins", nargs="*", default=[], help="files of lines: negated sentence, tab, the same without")
parser.add_argument("--negations", default=NEGATIONS, help="words of the target that negate")
parser.add_argument("--hidden", type=int, nargs="+", default=[32, 64, 128], help="units to try")
parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--pairs", type=int, help="use only so many pairs of the corpus")
parser.add_argument("--out", type=Path, default=Path("forgetting"))
options = parser.parse_args()
if (options.train is None) != (options.test is None):
    parser.error("--train and --test: wanted both or neither")

train, dev, test, twins = phrases(options.pairs) if options.train is None else files(options)
negations = set(options.negations.split())
of_tests = by_length([len(words(source)) for source, _ in test], LENGTHS)
of_twins = by_length([len(words(negated)) for negated, _ in twins], LENGTHS)


def holds_negation(sources, translator):
    return [not negations.isdisjoint(words(text.lower())) for text in texts(translator, sources)]


def measure(attention, hidden):
    """For every seed: exact of each test pair; kept and false no of each pair of twins."""
    found = {"exact": [], "kept": [], "false no": []}
    for seed in options.seeds:
        translator = trained(options.out / f"{attention}-{hidden}-{seed}", train, dev, attention=attention,
                             hidden=hidden, seed=seed, epochs=options.epochs)
        hypotheses = texts(translator, [source for source, _ in test])
        found["exact"].append([text == target for text, (_, target) in zip(hypotheses, test)])
        found["kept"].append(holds_negation([negated for negated, _ in twins], translator))
        found["false no"].append(holds_negation([plain for _, plain in twins], translator))
    return {name: np.array(values) for name, values in found.items()}


def report(hidden, variants):
    """The table of one number of units."""
    for what, groups in (("exact", of_tests), ("kept", of_twins), ("false no", of_twins)):
        print(f"\nhidden {hidden}, {what}\n{'source tokens':>14} {'sentences':>10}" +
              "".join(f"{name:>26}" for name in variants))
        everything = np.arange(len(test if what == "exact" else twins))
        for name, rows in [*groups.items(), ("all", everything)]:
            print(f"{name:>14} {len(rows):>10,}" + "".join(
                f"{shown(values[what][:, rows]):>26}" for values in variants.values()))


print(f"{len(train):,} pairs to learn from, {len(test):,} to test on, {len(twins):,} pairs of twins")
results = {}
for hidden in options.hidden:
    results[hidden] = {name: measure(attention, hidden)
                       for name, attention in (("with attention", "dot"), ("without", "none"))}
    report(hidden, results[hidden])

import matplotlib  # noqa: E402, only now: who has none has the tables

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "tinyattn", "font.size": 10})
from matplotlib import pyplot  # noqa: E402

rows = (("exact", "exact, %", of_tests), ("kept", "negation kept, %", of_twins),
        ("false no", "false negation, %", of_twins))
figure, panels = pyplot.subplots(3, len(results), figsize=(4 * len(results), 8.4), squeeze=False, layout="constrained",
                                 sharey=True)
for column, (hidden, variants) in enumerate(results.items()):
    for row, (what, title, groups) in enumerate(rows):
        lines = {name: values[what] for name, values in variants.items()}
        draw_lines(panels[row, column], lines, groups, title)
    panels[0, column].set_title(f"{hidden} units\n{rows[0][1]}")
    panels[2, column].set_xlabel("source tokens")
panels[0, 0].legend(frameon=False, loc="lower left")
figure.savefig(options.out / "forgetting.svg", metadata={"Date": None})
print(f"\n{options.out / 'forgetting.svg'} shows it")
