"""`explore`: a translation as one page to look around in."""

from __future__ import annotations

from pathlib import Path

import click

from tinyattn.cli.pictures import translated
from tinyattn.cli.places import NEW_FILE
from tinyattn.cli.show import say
from tinyattn.translator.replay import replay
from tinyattn.translator.translator import Translator

BEAM = 4  # hypotheses of the tree


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("sentence", metavar="SENTENCE")
@click.option("-o", "file", metavar="PAGE.html", type=NEW_FILE, required=True, help="File to write.")
def explore(run: str, sentence: str, file: str) -> None:
    """Write a translation as a page to explore: every number of it, forward and backward."""
    from tinyattn_viz import LayoutError, explorer

    if Path(file).suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"{file}: wanted a name that ends in .html, got {Path(file).suffix or 'no ending'!r}")
    translator = Translator.load(run)
    found = translated(translator, sentence)
    passed = replay(translator, found, backward_from=range(len(found.tokens) + 1))
    try:
        page = explorer(passed, beam=translator.search_tree(sentence, beam=BEAM))
    except LayoutError as error:
        raise click.ClickException(str(error)) from None
    page.save(file)
    say(file)
