"""Where results go. What cannot be written there is refused at once, not when the work is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class RunFolder(click.ParamType):
    """A folder, which need not exist yet."""

    name = "folder"

    def convert(self, value: str, option: Any, context: Any) -> str:
        if not value:
            self.fail("wanted the name of a folder, got nothing", option, context)
        for place in (Path(value), *Path(value).parents):
            if place.is_file():
                self.fail(f"{place} is a file: wanted a folder: choose another name", option, context)
        return value


class NewFile(click.ParamType):
    """A file, which need not exist yet, in a folder that does."""

    name = "file"

    def convert(self, value: str, option: Any, context: Any) -> str:
        file = Path(value)
        if file.is_dir():
            self.fail(f"{file} is a folder: wanted the name of a file", option, context)
        if not file.parent.is_dir():
            self.fail(f"{file.parent}: no such folder, wanted one for {file.name}: make it first", option, context)
        return value


RUN_FOLDER, NEW_FILE = RunFolder(), NewFile()
