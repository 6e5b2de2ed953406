"""The fields of Config as options of the command line, and a `--help` that shows them under headings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import click

from tinyattn.translator.config import GROUPS, Config
from tinyattn.translator.defaults import CHOSEN


class Option(click.Option):
    """An option that `--help` shows under the heading of its group."""

    def __init__(self, *arguments: Any, group: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.group = group


class Command(click.Command):
    """A command whose `--help` has a heading for each group of options; those of no group are "run"."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        options = [parameter for parameter in self.get_params(context) if isinstance(parameter, click.Option)]
        for group in ("run", *GROUPS):
            own = [option for option in options if getattr(option, "group", "run") == group]
            records = [option.get_help_record(context) for option in own]
            with formatter.section(f"{group.capitalize()} options"):
                formatter.write_dl([record for record in records if record is not None])


def config_options(command: Callable) -> Callable:
    """An option for every field of Config but `data`, an argument: its default and its meaning stand there."""
    for field in reversed(dataclasses.fields(Config)):
        if field.name == "data":
            continue
        rules = field.metadata
        help = rules["help"][0].upper() + rules["help"][1:]
        if field.name in CHOSEN:
            help += " [default: what suits the data]"
        elif field.default is not None and field.default is not False:
            help += f" [default: {field.default}]"
        name = "--" + field.name.replace("_", "-")
        kind: dict[str, Any] = {"default": None}
        type_name = str(field.type).split(" ")[0]
        if type_name == "bool":
            name += "/--no-" + name.removeprefix("--")
        else:
            choice = click.Choice(rules["choices"]) if rules["choices"] else str
            kind = {"type": {"int": int, "float": float}.get(type_name, choice)}
        command = click.option(name, cls=Option, group=rules["group"], help=help + ".", **kind)(command)
    return command
