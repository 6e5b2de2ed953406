"""The command line. `main` is its door; the libraries it needs are imported behind it, never by `import tinyattn`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command (default: the process's arguments) and return its exit code: 0; 1 the job failed; 2 wrong use;
    130 interrupted."""
    for library in ("click", "rich"):
        try:
            importlib.import_module(library)
        except ModuleNotFoundError:
            print(f"tinyattn: the command line needs {library}: pip install 'tinyattn[cli]'", file=sys.stderr)
            return 1
    from tinyattn.cli.app import run

    return run(arguments)
