"""Options of the verbs that translate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tinyattn.translator.search import check_beam, check_length_penalty

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
