"""`translate`, `eval` and `explain`: what a trained translator is for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import Any, cast

import click

from tinyattn.cli.show import say, scores_table, translation_as_dict, translation_as_text
from tinyattn.text.pairs import DataError, read_pairs
from tinyattn.translator.search import check_beam, check_length_penalty
from tinyattn.translator.translator import Translation, Translator

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def checked(check: Callable[[Any], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """An option's callback: what `check` refuses is wrong use."""
    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        try:
            return check(value)
        except ValueError as error:
            raise click.BadParameter(str(error).partition(": ")[2]) from None

    return callback


def search_options(command: Callable[..., None]) -> Callable[..., None]:
    """How to search, by the names that `Translator.translate` has for it."""
    for option in (
        click.option("--replace-unknown", is_flag=True,
                     help="Where the model does not know the word, put the source word it looked at most."),
        click.option("--length-penalty", metavar="A", type=float, default=0.0, show_default=True,
                     callback=checked(check_length_penalty),
                     help="A in score = log p / ((5 + length) / 6)^A: the larger, the longer the translation."),
        click.option("--beam", metavar="N", type=int, default=1, show_default=True, callback=checked(check_beam),
                     help="Translations kept in view at each step; 1 is greedy search."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("sentences", metavar="[SENTENCE ...]", nargs=-1)
@search_options
@click.option("--n-best", metavar="N", type=click.IntRange(min=1),
              help="Print the N best of what --beam found, each behind its score and a tab; a blank line follows the "
                   "last of a sentence.")
@click.option("--attention", is_flag=True, help="Show how much each target token looked at each source token.")
@as_json_option
def translate(run: str, sentences: tuple[str, ...], n_best: int | None, attention: bool, as_json: bool,
              **search: Any) -> None:
    """Translate sentences; without any, one line in, one line out. Printed is the best translation; --json has all that
    --beam found."""
    if n_best is not None and n_best > search["beam"]:
        raise click.UsageError(f"--n-best: wanted at most as many as --beam keeps in view, {search['beam']}, "
                               f"got {n_best}: give --beam {n_best} as well")
    translator = Translator.load(run)
    found: list[Translation] = []
    for lines in [list(sentences)] if sentences else waiting_lines():
        translations = translator.translate(lines, **search)
        if as_json:
            found += translations
            continue
        for translation in translations:
            click.echo(translation_as_text(translation, n_best, attention))
    if as_json:
        click.echo(json.dumps([translation_as_dict(translation) for translation in found], ensure_ascii=False))


def waiting_lines() -> Iterator[list[str]]:
    """The lines of standard input, as many at once as are waiting there: whoever sends one and waits gets an answer,
    and a file is translated in batches. Only a line feed ends a line."""
    source, rest, number = cast(BufferedReader, sys.stdin.buffer), b"", 0
    while True:
        read = source.read1(1 << 16)
        *whole, rest = (rest + read).split(b"\n")
        if not read and rest:
            whole, rest = [rest], b""
        lines = []
        for line in whole:
            number += 1
            try:
                lines.append(line.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\r"))
            except UnicodeDecodeError as error:
                raise DataError(f"standard input, line {number}, byte {error.start + 1}: "
                                f"0x{line[error.start]:02x} is not UTF-8: convert the text to UTF-8") from None
        if lines:
            yield lines
        if not read:
            return


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
