"""Does a translator without attention forget the first word of a long sentence, and does one with attention keep it?

    python examples/forgetting.py                                       the bundled phrases, about ten minutes
    python examples/forgetting.py --train a.tsv --test b.tsv --twins negated-plain.tsv --seeds 1 2 3

The video's example is "Don't eat the delicious looking and smelling pizza": who forgets "don't" says the opposite. So
each negated sentence has a twin without "don't". Asked of both, for each length of the source:

    exact      is the translation that of the reference, letter by letter?
    kept       does the translation of the negated sentence hold a negation?
    false no   does the translation of its twin, which has none?
    place      of long phrases: does the translation hold the words that the first source word became, the second ...?
               (by the phrases' gold alignments; not with --train)

prints a table for every number of units, and draws forgetting.svg, into forgetting/, where the trained runs stay.
The encoder is the video's, which reads from left to right; --bidirectional tries one that reads both ways.
"""

import argparse
from pathlib import Path

import numpy as np
from trials import by_length, draw_lines, shown, texts, trained

from tinyattn.text.corpus import phrase_corpus
from tinyattn.text.pairs import clean_pairs, hold_out, read_pairs
from tinyattn.text.tokens import usual_tokens

NEGATIONS = "no ni nunca jamás nada nadie tampoco ningún ninguno ninguna sin"
LENGTHS = ((1, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8), (9, 10), (11, 13), (14, 20))
LONG = 10  # source tokens
words = usual_tokens("word").cut


def phrases(pairs, draws):
    """Training, dev and test pairs of the bundled corpus, the test's alignments, and the twins: negated sentences of
    other draws that training has not."""
    splits = [[(phrase.source, phrase.target) for phrase in phrase_corpus(pairs=pairs, split=split)]
              for split in ("train", "dev", "test")]
    alignments = [phrase.alignment for phrase in phrase_corpus(pairs=pairs, split="test")]
    known = {source for source, _ in splits[0]}
    unseen = {phrase.source: None for seed in range(1, 1 + draws) for phrase in phrase_corpus(pairs=pairs, seed=seed)}
    negated = [source for source in unseen if source.startswith("don't ") and source not in known]
    return *splits, alignments, [(source, source.removeprefix("don't ")) for source in negated]


def files(options):
    """The same from files; a line of twins is: negated, tab, plain."""
    train, dev = hold_out(read_pairs(options.train).pairs, seed=1)
    twins = [twin for file in options.twins for twin in read_pairs(file).pairs]
    test = read_pairs(options.test).pairs
    return train, dev, test, [()] * len(test), clean_pairs(twins).pairs


parser = argparse.ArgumentParser()
parser.add_argument("--train", help="pairs to learn from, in place of the bundled phrases")
parser.add_argument("--test", help="pairs to be scored on")
parser.add_argument("--twins", nargs="*", default=[], help="files of lines: negated sentence, tab, the same without")
parser.add_argument("--negations", default=NEGATIONS, help="words of the target that negate")
parser.add_argument("--hidden", type=int, nargs="+", default=[32, 64, 128], help="units to try")
parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
parser.add_argument("--bidirectional", action="store_true")
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--pairs", type=int, help="use only so many pairs of the corpus")
parser.add_argument("--draws", type=int, default=3, help="of the corpus, for twins from the bundled phrases")
parser.add_argument("--out", type=Path, default=Path("forgetting"))
options = parser.parse_args()
if (options.train is None) != (options.test is None):
    parser.error("--train and --test: wanted both or neither")

train, dev, test, alignments, twins = phrases(options.pairs, options.draws) if options.train is None else files(options)
negations = set(options.negations.split())
of_tests = by_length([len(words(source)) for source, _ in test], LENGTHS)
of_twins = by_length([len(words(negated)) for negated, _ in twins], LENGTHS)
links = [(k, i, words(target)[j]) for k, ((source, target), alignment) in enumerate(zip(test, alignments))
         for i, j in alignment if len(words(source)) >= LONG]  # of long phrases: which word i of source k became
of_links = by_length([i + 1 for _, i, _ in links], [(place, place) for place in range(1, LONG + 1)])


def holds_negation(sources, translator):
    return [not negations.isdisjoint(words(text.lower())) for text in texts(translator, sources)]


def measure(attention, hidden):
    """For every seed: exact of each test pair; kept and false no of each pair of twins; place of each link."""
    found = {"exact": [], "kept": [], "false no": [], "place": []}
    for seed in options.seeds:
        translator = trained(options.out / f"{attention}-{hidden}-{seed}", train, dev, attention=attention,
                             hidden=hidden, bidirectional=options.bidirectional, seed=seed, epochs=options.epochs)
        hypotheses = texts(translator, [source for source, _ in test])
        found["place"].append([word in words(hypotheses[k]) for k, _, word in links])
        found["exact"].append([text == target for text, (_, target) in zip(hypotheses, test)])
        found["kept"].append(holds_negation([negated for negated, _ in twins], translator))
        found["false no"].append(holds_negation([plain for _, plain in twins], translator))
    return {name: np.array(values) for name, values in found.items()}


print(f"{len(train):,} pairs to learn from, {len(test):,} to test on, {len(twins):,} pairs of twins")
shown_as = {"exact": ("exact", of_tests), "kept": ("negation kept", of_twins), "false no": ("false negation", of_twins),
            **({"place": (f"words kept, {LONG} tokens or more, by place", of_links)} if links else {})}


def report(hidden, variants):
    """The tables of one number of units."""
    for what, (title, groups) in shown_as.items():
        print(f"\nhidden {hidden}, {title}\n{'':>8} {'of':>6}" + "".join(f"{name:>26}" for name in variants))
        everything = np.arange(next(iter(variants.values()))[what].shape[1])
        for name, rows in [*groups.items(), ("all", everything)]:
            print(f"{name:>8} {len(rows):>6,}" + "".join(
                f"{shown(values[what][:, rows]):>26}" for values in variants.values()))


results = {}
for hidden in options.hidden:
    results[hidden] = {name: measure(attention, hidden)
                       for name, attention in (("with attention", "dot"), ("without", "none"))}
    report(hidden, results[hidden])

import matplotlib  # noqa: E402, only now: who has none has the tables

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "tinyattn", "font.size": 10})
from matplotlib import pyplot  # noqa: E402

figure, panels = pyplot.subplots(len(shown_as), len(results), figsize=(4.4 * len(results), 2.9 * len(shown_as)),
                                 squeeze=False, layout="constrained", sharey=True)
for column, (hidden, variants) in enumerate(results.items()):
    for panel, (what, (title, groups)) in zip(panels[:, column], shown_as.items()):
        draw_lines(panel, {name: values[what] for name, values in variants.items()}, groups, f"{title}, %")
        panel.set_xlabel("place in the source" if what == "place" else "source tokens")
    panels[0, column].set_title(f"{hidden} units\n\nexact, %")
panels[1, 0].legend(frameon=False, loc="center")
figure.savefig(options.out / "forgetting.svg", metadata={"Date": None})
print(f"\n{options.out / 'forgetting.svg'} shows it")
