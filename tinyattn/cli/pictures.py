"""`draw` and `attend`: the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinyattn.cli.places import NEW_FILE
from tinyattn.cli.show import say
from tinyattn.translator.replay import replay
from tinyattn.translator.translator import Translation, Translator

# What FILE ends in, and the format that it then has.
HEAT_MAP_FORMATS = {"svg": "svg", "png": "png", "pdf": "pdf"}
GRAPH_FORMATS = HEAT_MAP_FORMATS | {"dot": "dot", "mmd": "mermaid"}


def format_of(file: str, chosen: str | None, formats: dict[str, str]) -> str:
    """The format that was asked for, by name or by the file's ending."""
    ending = Path(file).suffix.removeprefix(".").lower()
    if chosen is None and ending not in formats:
        wanted = ", .".join(formats)
        raise click.UsageError(f"{file}: wanted a name that ends in .{wanted}, got {ending or 'no ending'!r}")
    return chosen or formats[ending]


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("sentence", metavar="SENTENCE")
@click.option("-o", "file", metavar="FILE", type=NEW_FILE, required=True, help="File to write.")
@click.option("--detail", type=click.Choice(["layer", "step", "op"]),
              help="layer: the model's parts; step: a column for each word; op: every primitive operation.  "
                   "[default: layer; with --path step]")
@click.option("--rolled", is_flag=True, help="Draw once what runs at every time step, as layer always does.")
@click.option("--backward", is_flag=True, help="With gradients; the loss is -log p of the words that came out.")
@click.option("--path", metavar="TARGET:SOURCE", help="Only the ways from one source word to one word that came out; "
              "words are as the picture has them, a repeated one is the#2.")
@click.option("--format", "chosen", type=click.Choice(list(GRAPH_FORMATS.values())),
              help="Default: what FILE ends in; mermaid is .mmd.")
def draw(run: str, sentence: str, file: str, detail: str | None, rolled: bool, backward: bool, path: str | None,
         chosen: str | None) -> None:
    """Draw the computation graph of a translation."""
    wanted = format_of(file, chosen, GRAPH_FORMATS)
    look: dict[str, Any] = {"detail": detail or ("step" if path else "layer")}
    if path is None:
        look |= {"rolled": True} if rolled else {}
        look |= {"backward": True} if backward else {}
    elif rolled or backward or detail == "layer":
        raise click.UsageError("--path: wanted neither --rolled nor --backward nor --detail layer: a path has all time "
                               "steps, and gradients of its own")
    else:
        look["path"] = path
    translator = Translator.load(run)
    draw_graph(translator, translated(translator, sentence), file, wanted, **look)
    say(file)


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("sentence", metavar="SENTENCE")
@click.option("-o", "file", metavar="FILE", type=NEW_FILE, required=True, help="File to write: svg, png or pdf.")
def attend(run: str, sentence: str, file: str) -> None:
    """Draw the attention of a translation as a heat map: a row for each target token."""
    wanted = format_of(file, None, HEAT_MAP_FORMATS)
    translator = Translator.load(run)
    draw_attention(translator, translated(translator, sentence), file, wanted)
    say(file)


def translated(translator: Translator, sentence: str) -> Translation:
    found = translator.translate(sentence)
    if not found.source_tokens:
        raise click.UsageError("SENTENCE: wanted at least one token, got nothing")
    return found


def draw_attention(translator: Translator, found: Translation, file: str, format: str) -> None:
    from tinyattn_viz import LayoutError, heatmap

    if found.attention is None:
        raise click.UsageError("RUN: its model has no attention (--attention none): there is nothing to draw")
    if not found.tokens:
        raise click.UsageError("SENTENCE: its translation is empty: there is nothing to draw")
    try:
        source, target = translator.source.shown(found.source_tokens), translator.target.shown(found.tokens)
        heatmap(found.attention, source, target).save(file, format=format)
    except LayoutError as error:
        raise click.ClickException(str(error)) from None


def draw_graph(translator: Translator, found: Translation, file: str, format: str, **look: Any) -> None:
    """look: what `tinyattn_viz.draw` is told; with backward=True the record has gradients.

    Raises: UsageError for a path whose words are not there, with those that are.
    """
    from tinyattn_viz import LayoutError, draw

    record = replay(translator, found, range(len(found.tokens) + 1) if look.get("backward") else ())
    try:
        picture = draw(record, **look)
    except ValueError as error:
        if "path" not in look:
            raise
        raise click.UsageError(str(error)) from None
    try:
        picture.save(file, format=format)
    except LayoutError as error:
        raise click.ClickException(str(error)) from None
