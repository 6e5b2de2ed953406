"""Which score for attention, and attention before the decoder's step or after it?

    python examples/score_kinds.py                                      the bundled phrases, about ten minutes
    python examples/score_kinds.py --train a.tsv --test b.tsv           your own

"before" is Bahdanau et al. 2015: the last state asks, and what it was told goes into the next step. "after" is
Luong et al. 2015, and the video: the step's own output asks. The kinds are those of `tinyattn train --attention`.

prints exact match by length of the source, and alignment error where the phrases' gold alignments are there to compare
with; draws score_kinds.svg; the trained runs stay in score_kinds/.
"""

import argparse
from pathlib import Path

import numpy as np
from trials import by_length, draw_lines, shown, texts, trained

from tinyattn.text.corpus import phrase_corpus
from tinyattn.text.pairs import hold_out, read_pairs
from tinyattn.text.tokens import usual_tokens
from tinyattn.translator.scores import alignment_error, teacher_forced

KINDS = ("dot", "scaled", "general", "additive", "cosine")
LENGTHS = ((1, 4), (5, 6), (7, 8), (9, 10), (11, 13), (14, 20))

parser = argparse.ArgumentParser()
parser.add_argument("--train", help="pairs to learn from, in place of the bundled phrases")
parser.add_argument("--test", help="pairs to be scored on")
parser.add_argument("--kinds", nargs="+", default=KINDS, help="kinds of attention to try")
parser.add_argument("--attend", nargs="+", default=["after", "before"], help="places of attention to try")
parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
parser.add_argument("--hidden", type=int, default=64)
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--pairs", type=int, help="use only so many pairs of the corpus")
parser.add_argument("--out", type=Path, default=Path("score_kinds"))
options = parser.parse_args()
if (options.train is None) != (options.test is None):
    parser.error("--train and --test: wanted both or neither")

gold = None
if options.train is None:
    splits = {split: phrase_corpus(pairs=options.pairs, split=split) for split in ("train", "dev", "test")}
    train, dev, test = ([(phrase.source, phrase.target) for phrase in phrases] for phrases in splits.values())
    gold = [phrase.alignment for phrase in splits["test"]]
else:
    train, dev = hold_out(read_pairs(options.train).pairs, seed=1)
    test = read_pairs(options.test).pairs
groups = by_length([len(usual_tokens("word").cut(source)) for source, _ in test], LENGTHS)

exact, errors = {}, {}
for attend in options.attend:
    for kind in options.kinds:
        right, errors[kind, attend] = [], []
        for seed in options.seeds:
            translator = trained(options.out / f"{kind}-{attend}-{seed}", train, dev, attention=kind, attend=attend,
                                 hidden=options.hidden, seed=seed, epochs=options.epochs)
            hypotheses = texts(translator, [source for source, _ in test])
            right.append([text == target for text, (_, target) in zip(hypotheses, test)])
            if gold is not None:
                looked_at = teacher_forced(translator, test).alignments
                errors[kind, attend].append(alignment_error([looked_at[k] for k in range(len(test))], gold)["aer"])
        exact[kind, attend] = np.array(right)
        print(f"{kind:>9} {attend:>7}  exact {shown(exact[kind, attend])}" +
              "".join(f"  {name} {shown(exact[kind, attend][:, rows])}" for name, rows in list(groups.items())[-2:]) +
              (f"  alignment error {np.mean(errors[kind, attend]):.3f}" if gold is not None else ""))

import matplotlib  # noqa: E402, only now: who has none has the table

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "tinyattn", "font.size": 10})
from matplotlib import pyplot  # noqa: E402

figure, panels = pyplot.subplots(1, len(options.attend), figsize=(5 * len(options.attend), 3.6), squeeze=False,
                                 layout="constrained", sharey=True)
for panel, attend in zip(panels[0], options.attend):
    lines = {kind: exact[kind, attend] for kind in options.kinds}
    draw_lines(panel, lines, groups, f"attention {attend} the step: exact, %")
    panel.set_xlabel("source tokens")
panels[0, 0].legend(frameon=False, loc="lower left")
figure.savefig(options.out / "score_kinds.svg", metadata={"Date": None})
print(f"{options.out / 'score_kinds.svg'} shows it")
