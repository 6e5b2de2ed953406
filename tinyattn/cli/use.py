"""`eval` and `explain`: what a translator is worth, and how it does it."""

from __future__ import annotations

import json
from typing import Any

import click

from tinyattn.cli.search_options import as_json_option, search_options
from tinyattn.cli.show import say, scores_table
from tinyattn.text.pairs import read_pairs
from tinyattn.translator.translator import Translator


@click.command(name="eval")
@click.argument("run", metavar="RUN")
@click.argument("test", metavar="TEST.tsv")
@search_options
@click.option("--any-reference", is_flag=True, help="Take each source once, and count all its references, which stand "
                                                    "on lines of their own.")
@as_json_option
def evaluate(run: str, test: str, any_reference: bool, as_json: bool, **search: Any) -> None:
    """Score translations of TEST.tsv, line by line, against the line's reference, in all and by the source's length,
    with 95% intervals (resampling lines).

    A third column with gold word alignments (0-0 1-2) adds the attention's alignment error rate,
    each target word being linked to the source word it looks at most."""
    from tinyattn.translator.scores import evaluate

    translator = Translator.load(run)
    read = read_pairs(test, alignments=True)
    say(read.report)
    scores = evaluate(translator, read.pairs, read.alignments, any_reference, **search)
    click.echo(json.dumps(scores) if as_json else scores_table(scores))


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("sentence", metavar="SENTENCE")
@click.option("--step", type=int, default=0, show_default=True, help="Which step of the decoder, the first being 0.")
@click.option("--digits", type=int, default=2, show_default=True, help="Digits after the point.")
@as_json_option
def explain(run: str, sentence: str, step: int, digits: int, as_json: bool) -> None:
    """Every number of one decoder step, formula = value."""
    from tinyattn.explain import explain

    explanation = explain(Translator.load(run), sentence, step=step, digits=digits)
    click.echo(json.dumps(explanation.as_dict(), ensure_ascii=False) if as_json else explanation.text)
