"""`translate` on a terminal: a sentence a line, its translation below, and a few commands.

Line editing and history are the standard library's `readline`; where Python has none (Windows) lines are read without.
"""

from __future__ import annotations

import os
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from tinyattn.cli.attention import fitting_attention, visible
from tinyattn.translator.search import check_beam
from tinyattn.translator.translator import Hypothesis, Translation, Translator

HISTORY = 1000  # lines that are kept
HELP = """\
  a sentence         its translation; a space before one that begins with a colon and a letter
  :beam N            keep N translations in view at each step; 1 is greedy search
  :attention on|off  show what each target word looked at in the source, or do not
  :help              this
  :quit              leave, as does Ctrl-D; Ctrl-C gives a line up"""


def history_file() -> Path:
    """In the user's state folder: $XDG_STATE_HOME/tinyattn, else ~/.local/state/tinyattn."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tinyattn" / "history"


class History:
    """Lines typed before, in this session and in earlier ones; none where there is no readline, and only those of this
    session where they cannot be kept."""

    def __init__(self) -> None:
        self.file = history_file()
        try:
            self.readline: Any = import_module("readline")
        except ModuleNotFoundError:
            self.readline = None

    def __enter__(self) -> History:
        if self.readline is not None:
            self.readline.parse_and_bind("tab: self-insert")  # else it would complete names of files
            self.readline.set_history_length(HISTORY)
            try:
                self.readline.read_history_file(self.file)
            except OSError:  # the first time
                pass
        return self

    def __exit__(self, *_: Any) -> None:
        if self.readline is not None:
            try:
                self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self.readline.write_history_file(self.file)
            except OSError as error:
                click.echo(f"the history is not kept: {self.file}: {error.strerror}", err=True)


class Prompt:
    """A conversation with a translator."""

    def __init__(self, translator: Translator, run: str, n_best: int | None, beam: int, **search: Any) -> None:
        self.translator, self.name, self.n_best, self.beam, self.search = translator, run, n_best, beam, search
        self.attention = translator.model.attention is not None
        self.coloured = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def run(self) -> None:
        """Until the user leaves."""
        click.echo(f"{self.name}: a sentence a line; :help for help, Ctrl-D to leave")
        with History():
            while True:
                try:
                    answer = self.answer(input("> "))
                except KeyboardInterrupt:
                    click.echo()
                    continue
                except EOFError:
                    click.echo()
                    return
                except UnicodeError:
                    answer = "that is not UTF-8: set the terminal, or LC_ALL, to it"
                if answer is None:
                    return
                if answer:
                    click.echo(answer)

    def answer(self, line: str) -> str | None:
        """What to say to a line; None: nothing more, the user leaves."""
        if line[:1] == ":" and line[1:2].isalpha():
            return self.obey(line.split())
        n_best = min(self.n_best or 1, self.beam)
        found = self.translator.translate(line, beam=self.beam, n_best=n_best, **self.search)
        return "\n".join(self.shown(found, hypothesis) for hypothesis in found.hypotheses if found.source_tokens)

    def shown(self, found: Translation, hypothesis: Hypothesis) -> str:
        """A translation, and below it what it looked at."""
        score = "" if self.n_best is None else f"{hypothesis.score:.4f}\t"
        lines = [score + self.styled(visible(hypothesis.text), bold=True)]
        if self.attention and hypothesis.tokens:
            width = shutil.get_terminal_size().columns
            lines.append(fitting_attention(self.translator, found, hypothesis, width, self.weight))
        return "\n".join(lines)

    def obey(self, words: list[str]) -> str | None:
        """The answer to a command."""
        match words:
            case [":quit"]:
                return None
            case [":help"]:
                return HELP
            case [":beam", number]:
                try:
                    self.beam = check_beam(int(number) if number.isdecimal() else number)
                except ValueError as error:
                    return str(error)
                return f"beam {self.beam}"
            case [":attention", "on"] if self.translator.model.attention is None:
                return "this model has no attention"
            case [":attention", "on" | "off" as word]:
                self.attention = word == "on"
                return f"attention {word}"
        return f"no such command: {visible(' '.join(words))}\n{HELP}"

    def styled(self, text: str, **style: Any) -> str:
        return click.style(text, **style) if self.coloured else text

    def weight(self, text: str, weight: float) -> str:
        """The stronger, the brighter."""
        if weight >= 0.5:
            return self.styled(text, fg="cyan", bold=True)
        return text if weight >= 0.1 else self.styled(text, dim=True)
