"""An English-Spanish translator with attention, trained on the bundled phrases.

    python examples/3_phrase_translator.py --minutes 1.5
    python examples/3_phrase_translator.py --steps 300 --attention none      what attention is worth

prints how well phrases it has never seen come out, and leaves the run in phrases/ for `tinyattn translate phrases`.
"""

import argparse

import tinyattn as ta
from tinyattn.text.corpus import phrase_corpus
from tinyattn.translator.training import Watcher


class Progress(Watcher):
    def measured(self, training, line):
        print(f"{line['seconds']:4.0f} s  loss on dev {line['dev_loss']:.3f}, exact {line['dev_exact']:.1%}")


parser = argparse.ArgumentParser()
parser.add_argument("--minutes", type=float, help="how long to train (1.5 unless --steps is given)")
parser.add_argument("--steps", type=int, help="how long to train, in steps")
parser.add_argument("--attention", default="dot", help="none, dot, scaled, general, additive or cosine")
parser.add_argument("--pairs", type=int, help="use only so many pairs of the corpus")
options = parser.parse_args()
budget = {"steps": options.steps} if options.steps is not None else {"minutes": options.minutes or 1.5}

train, dev, test = (
    [(phrase.source, phrase.target) for phrase in phrase_corpus(pairs=options.pairs, split=split)]
    for split in ("train", "dev", "test")
)
translator = ta.Translator.train(train, dev=dev, watcher=Progress(), attention=options.attention, **budget)
translator.save("phrases")

found = translator.translate([source for source, _ in test])
exact = sum(translation.text == target for translation, (_, target) in zip(found, test))
print(f"{len(train):,} pairs learned; of {len(test):,} phrases never seen, {exact / len(test):.1%} come out exactly")
for sentence in ("let's go", "don't eat the pizza", "don't eat the delicious looking and smelling pizza"):
    translation = translator.translate(sentence)
    print(f"\n{sentence}\n  {translation.text}")
    if translation.attention is not None:
        looked = [translation.source_tokens[k] for k in translation.attention.argmax(1)]
        pairs = [f"{word} for {token}" for token, word in zip(translation.tokens, looked)]
        print("  most of all it looked at", ", ".join(pairs))
