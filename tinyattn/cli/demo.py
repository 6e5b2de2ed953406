"""`demo`: the main job from start to end on the bundled phrases."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

import click

from tinyattn.cli.attention import attention_table
from tinyattn.cli.learn import train_run
from tinyattn.cli.pictures import draw_attention, draw_graph
from tinyattn.cli.places import RUN_FOLDER
from tinyattn.cli.show import say, scores_table
from tinyattn.translator.checkpoint import Run
from tinyattn.translator.config import Config
from tinyattn.translator.defaults import suited
from tinyattn.translator.scores import evaluate
from tinyattn.translator.training import Training
from tinyattn.translator.translator import Translator

SENTENCE = "let's go"


@click.command()
@click.option("--out", metavar="DIR", type=RUN_FOLDER, default="tinyattn-demo", show_default=True,
              help="Folder of the run it makes.")
def demo(out: str) -> None:
    """Train the video's model on the bundled English-Spanish phrases, translate, and draw how it did it."""
    from tinyattn.text.corpus import phrase_corpus

    run = Run(out)
    click.get_current_context().with_resource(run.locked())
    if run.config.exists() and Config.load(run.config).data is not None:
        raise click.UsageError(f"{out}: a run of your own is there, which the demo would replace: choose another --out")
    began = time.perf_counter()
    splits = {split: phrase_corpus(split=split) for split in ("train", "dev", "test")}
    pairs = {split: [(phrase.source, phrase.target) for phrase in phrases] for split, phrases in splits.items()}
    say(f"{len(pairs['train']):,} phrase pairs to learn from, {len(pairs['dev']):,} to watch, "
        f"{len(pairs['test']):,} to test on")
    config = suited({}, pairs["train"])
    translator = Translator.for_pairs(config, pairs["train"])
    run.begin(config, translator.sides)
    train_run(Training(translator, pairs["train"], pairs["dev"], run), run, quiet=False)

    translator = Translator.load(out)
    scores = evaluate(translator, pairs["test"], [phrase.alignment for phrase in splits["test"]])
    say("\nOn phrases it has never seen:")
    click.echo(scores_table(scores))
    right = defaultdict(list)
    for phrase, found in zip(splits["test"], translator.translate([phrase.source for phrase in splits["test"]])):
        right[phrase.construction].append(found.text == phrase.target)
    for construction, exact in sorted(right.items(), key=lambda item: sum(item[1]) / len(item[1])):
        click.echo(f"{construction:>32}  {len(exact):>6,}  exact {sum(exact) / len(exact):>6.1%}")

    found = translator.translate(SENTENCE)
    click.echo(f"\n{SENTENCE} -> {found.text}\n{attention_table(translator, found, found.hypotheses[0])}")
    draw_attention(translator, found, str(Path(out, "attention.svg")), "svg")
    draw_graph(translator, found, str(Path(out, "graph.svg")), "svg", detail="layer")
    say(f"\n{time.perf_counter() - began:.0f} s in all. {out}/ holds the run, loss.svg, attention.svg and graph.svg.\n"
        f"Try:  tinyattn translate {out} \"don't eat the pizza\"")
