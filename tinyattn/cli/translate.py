"""`translate`: sentences given, sentences from a file or a pipe, or a prompt on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from io import BufferedReader
from typing import Any, cast

import click

from tinyattn.cli.prompt import Prompt
from tinyattn.cli.search_options import as_json_option, search_options
from tinyattn.cli.show import translation_as_dict, translation_as_text
from tinyattn.text.pairs import DataError
from tinyattn.translator.search import check_n_best
from tinyattn.translator.translator import Translation, Translator


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("sentences", metavar="[SENTENCE ...]", nargs=-1)
@search_options
@click.option("--n-best", metavar="N", type=int,
              help="Print the N best of what --beam found, each behind its score and a tab; a blank line follows the "
                   "last of a sentence.")
@click.option("--attention", is_flag=True, help="Show how much each target token looked at each source token.")
@as_json_option
def translate(run: str, sentences: tuple[str, ...], n_best: int | None, attention: bool, as_json: bool,
              **search: Any) -> None:
    """Translate sentences; without any, one line in, one line out, or a prompt on a terminal. Printed is the best
    translation; --json has all that --beam found."""
    try:
        check_n_best(n_best, search["beam"])
    except ValueError as error:
        raise click.BadParameter(str(error).partition(": ")[2], param_hint="'--n-best'") from None
    translator = Translator.load(run)
    if not (sentences or as_json) and sys.stdout.isatty() and sys.stdin.isatty():
        Prompt(translator, run, n_best, **search).run()
        return
    search["n_best"] = n_best if n_best or as_json else 1
    batches = (translator.translate(lines, **search) for lines in ([list(sentences)] if sentences else waiting_lines()))
    if as_json:
        print_json(translation for batch in batches for translation in batch)
    else:
        for batch in batches:
            texts = (translation_as_text(translator, found, n_best, attention) for found in batch)
            click.echo("".join(f"{text}\n" for text in texts), nl=False)


def print_json(translations: Iterable[Translation]) -> None:
    """A list, item by item: there may be a million."""
    before = "["
    for translation in translations:
        click.echo(before + json.dumps(translation_as_dict(translation), ensure_ascii=False), nl=False)
        before = ", "
    click.echo("[]" if before == "[" else "]")


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
