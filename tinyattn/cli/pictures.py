"""`draw` and `attend`: the pictures."""

from __future__ import annotations

from pathlib import Path

import click

from tinyattn.cli.show import say
from tinyattn.translator.replay import replay
from tinyattn.translator.translator import Translation, Translator

GRAPH_FORMATS = ("svg", "png", "pdf", "dot")
HEAT_MAP_FORMATS = ("svg", "png", "pdf")


def format_of(file: str, chosen: str | None, formats: tuple[str, ...]) -> str:
    """The format that was asked for, by name or by the file's ending."""
    ending = Path(file).suffix.removeprefix(".").lower()
    if chosen is None and ending not in formats:
        wanted = ", .".join(formats)
        raise click.UsageError(f"{file}: wanted a name that ends in .{wanted}, got {ending or 'no ending'!r}")
    return chosen or ending


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("sentence", metavar="SENTENCE")
@click.option("-o", "file", metavar="FILE", required=True, help="File to write.")
@click.option("--detail", type=click.Choice(["layer", "op"]), default="layer", show_default=True,
              help="layer: the model's parts; op: every primitive operation.")
@click.option("--format", "chosen", type=click.Choice(GRAPH_FORMATS), help="Default: what FILE ends in.")
def draw(run: str, sentence: str, file: str, detail: str, chosen: str | None) -> None:
    """Draw the computation graph of a translation."""
    wanted = format_of(file, chosen, GRAPH_FORMATS)
    translator = Translator.load(run)
    draw_graph(translator, translated(translator, sentence), detail, file, wanted)
    say(file)


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("sentence", metavar="SENTENCE")
@click.option("-o", "file", metavar="FILE", required=True, help="File to write: svg, png or pdf.")
def attend(run: str, sentence: str, file: str) -> None:
    """Draw the attention of a translation as a heat map: a row for each target token."""
    wanted = format_of(file, None, HEAT_MAP_FORMATS)
    draw_attention(translated(Translator.load(run), sentence), file, wanted)
    say(file)


def translated(translator: Translator, sentence: str) -> Translation:
    found = translator.translate(sentence)
    if not found.source_tokens:
        raise click.UsageError("SENTENCE: wanted at least one token, got nothing")
    return found


def draw_attention(found: Translation, file: str, format: str) -> None:
    from tinyattn_viz import LayoutError, heatmap

    if found.attention is None:
        raise click.UsageError("RUN: its model has no attention (--attention none): there is nothing to draw")
    if not found.tokens:
        raise click.UsageError("SENTENCE: its translation is empty: there is nothing to draw")
    try:
        heatmap(found.attention, found.source_tokens, found.tokens).save(file, format=format)
    except LayoutError as error:
        raise click.ClickException(str(error)) from None


def draw_graph(translator: Translator, found: Translation, detail: str, file: str, format: str) -> None:
    from tinyattn_viz import LayoutError, draw

    try:
        draw(replay(translator, found), detail=detail).save(file, format=format)
    except LayoutError as error:
        raise click.ClickException(str(error)) from None
