"""`tinyattn translate RUN` on a terminal, on a pseudo-terminal here."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tinyattn.cli import prompt as prompt_module
from tinyattn.cli.prompt import HELP, Prompt
from tinyattn.translator.config import Config
from tinyattn.translator.translator import Translator

ROOT = Path(__file__).parents[2]
WORDS = {"one": "uno", "two": "dos", "three": "tres"}
PAIRS = [(f"{a} {b}", f"{WORDS[a]} {WORDS[b]}") for a in WORDS for b in WORDS]


@pytest.fixture(scope="module")
def translator():
    return Translator.train(PAIRS, dev=PAIRS, epochs=60, embed=8, hidden=16, batch_size=4, dropout=0.0, lr=0.02)


def as_on_a_terminal():
    """In the new process: the terminal is its own, and Ctrl-C is heard. (What a shell starts in the background ignores
    it, and so does what that starts: these tests, perhaps.)"""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A session with `tinyattn translate`, the test being the user."""

    def __init__(self, run, state, *options, **environment):
        self.own, other = pty.openpty()
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TINYATTN_KERNELS": "numpy", "TERM": "xterm", "COLUMNS": "80",
               "XDG_STATE_HOME": str(state), "NO_COLOR": "", **environment}
        self.process = subprocess.Popen([sys.executable, "-m", "tinyattn.cli", "translate", str(run), *options],
                                        stdin=other, stdout=other, stderr=other, env=env, start_new_session=True,
                                        preexec_fn=as_on_a_terminal)
        os.close(other)
        self.seen, self.decode = "", codecs.getincrementaldecoder("utf-8")().decode

    def is_seen(self, text, seconds):
        """Does it come within so many seconds?"""
        deadline = time.monotonic() + seconds
        while text not in self.seen and (left := deadline - time.monotonic()) > 0:
            if select.select([self.own], [], [], left)[0]:
                try:
                    self.seen += self.decode(os.read(self.own, 4096))
                except OSError:  # the other side is closed
                    break
        return text in self.seen

    def read_until(self, text):
        """What comes up to `text`, and with it."""
        assert self.is_seen(text, 60), self.seen
        found, text, self.seen = self.seen.partition(text)
        return found + text

    def send(self, keys):
        os.write(self.own, keys.encode())

    def say(self, line):
        """The answer to a line."""
        self.send(line + "\n")
        self.read_until("\n")  # the terminal's echo
        return self.read_until("> ").replace("\r", "")

    def interrupt(self):
        """Ctrl-C, up to the next prompt. It is typed again where nothing comes of it: Python's readline does not notice
        one between a key and its wait for the next."""
        for _ in range(12):
            self.send("\x03")
            if self.is_seen("> ", 5):
                break
        return self.read_until("> ")

    def end(self):
        assert self.process.wait(timeout=60) == 0
        os.close(self.own)


@pytest.fixture
def start(run, tmp_path):
    sessions = []

    def start(*options, **environment):
        sessions.append(Terminal(run, tmp_path, *options, **environment))
        sessions[-1].read_until("> ")
        return sessions[-1]

    yield start
    for session in sessions:
        session.process.kill()
        session.process.wait()


def uncoloured(text):
    return re.sub(r"\x1b\[[0-9;?]*[a-z]", "", text)


def test_a_conversation(start):
    terminal = start()
    answer = uncoloured(terminal.say("one two")).splitlines()
    assert answer[0] == "uno dos" and answer[1].split() == ["one", "two"]
    assert [line.split()[0] for line in answer[2:4]] == ["uno", "dos"] and answer[2].count("%") == 2
    assert ":beam N" in terminal.say(":help")
    assert "attention off" in terminal.say(":attention off")
    assert uncoloured(terminal.say("two three")) == "dos tres\n> "
    assert "beam 4" in terminal.say(":beam 4")
    assert uncoloured(terminal.say("three one")) == "tres uno\n> "
    assert terminal.say("  ").strip() == ">"
    terminal.send(":quit\n")
    terminal.end()


def test_ctrl_c_gives_a_line_up_and_ctrl_d_leaves(start):
    terminal = start()
    terminal.send("one two")
    terminal.read_until("one two")
    assert "dos" not in terminal.interrupt()
    terminal.send("three\n")
    assert "dos" not in terminal.read_until("tres")  # which may stand after more than one prompt
    terminal.read_until("> ")
    terminal.send("\x04")
    terminal.end()


def test_lines_of_earlier_sessions_come_back_and_can_be_changed(start, tmp_path):
    terminal = start()
    terminal.say("one two")
    terminal.send("\x04")
    terminal.end()
    file = tmp_path / "tinyattn" / "history"
    assert file.read_text().splitlines()[-1] == "one two" and file.stat().st_mode & 0o077 == 0
    terminal = start()
    terminal.send("\x1b[A")  # up
    terminal.read_until("one two")
    terminal.send("\x01three \x0b\n")  # to the start, a word, and away with the rest
    assert uncoloured(terminal.read_until("%")).split("\n")[1].startswith("tres")
    terminal.read_until("> ")  # before that the terminal is not readline's
    terminal.send("\x04")
    terminal.end()
    assert file.read_text().splitlines()[-1] == "three "


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_no_colours_where_they_are_not_wanted(start, environment):
    assert "\x1b[1m" in start().say("one")
    assert "\x1b[1m" not in start(**environment).say("one")


def test_a_tab_is_text(start):
    assert uncoloured(start().say("one\ttwo")).startswith("uno dos")


# --- answers ---


def test_commands_that_are_none(translator):
    prompt = Prompt(translator, "run", None, beam=2)
    for line in (":beem 3", ":beam", ":attention maybe", ":quit now"):
        assert prompt.answer(line) == f"no such command: {line}\n{HELP}"
    for line in (":beam 0", ":beam x"):
        assert prompt.answer(line).startswith("beam: wanted a whole number from 1")
    assert prompt.beam == 2 and prompt.answer(":quit") is None
    assert prompt.answer(":) one") != HELP and prompt.answer(" :quit") is not None


def test_options_hold_in_the_prompt(translator):
    prompt = Prompt(translator, "run", 2, beam=3, length_penalty=1.0, replace_unknown=False)
    prompt.coloured = prompt.attention = False
    wanted = translator.translate("one two", beam=3, length_penalty=1.0).hypotheses[:2]
    assert prompt.answer("one two") == "\n".join(f"{h.score:.4f}\t{h.text}" for h in wanted)
    assert prompt.answer(":beam 1") == "beam 1" and prompt.answer("one two").count("\n") == 0


def test_a_model_without_attention(pairs=PAIRS):
    prompt = Prompt(Translator.for_pairs(Config(embed=4, hidden=4, attention="none"), pairs), "run", None, beam=1)
    assert prompt.answer(":attention on") == "this model has no attention" and "%" not in prompt.answer("one")


def test_what_is_too_wide_for_the_terminal_is_told_in_words(translator, monkeypatch):
    prompt = Prompt(translator, "run", None, beam=1)
    prompt.coloured = False
    monkeypatch.setenv("COLUMNS", "15")
    found = translator.translate("one two")
    table = prompt.answer("one two").splitlines()
    assert len(table) == 4 and table[1].split() == ["one", "two"] and max(map(len, table)) == 15
    monkeypatch.setenv("COLUMNS", "14")
    words = prompt.answer("one two").splitlines()
    assert len(words) == 3 and words[1].startswith(f"uno  {found.source_tokens[found.attention[0].argmax()]} ")


def test_a_history_that_cannot_be_kept(monkeypatch, capsys, tmp_path):
    (tmp_path / "tinyattn").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with prompt_module.History():
        pass
    assert f"the history is not kept: {tmp_path / 'tinyattn' / 'history'}: " in capsys.readouterr().err


def test_bytes_that_are_no_text(translator, monkeypatch, capsys, tmp_path):
    """Python decodes them as it can, or refuses to."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lines = iter([UnicodeDecodeError("utf-8", b"\xf1", 0, 1, "cut off"), "one \udcf1"])

    def typed(prompt):
        line = next(lines, EOFError())
        if isinstance(line, Exception):
            raise line
        return line

    monkeypatch.setattr("builtins.input", typed)
    Prompt(translator, "my-run", None, beam=1).run()
    out = capsys.readouterr().out
    assert "that is not UTF-8" in out and "�" in out


def test_without_readline(translator, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "readline", None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lines = iter(["one", ":quit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    Prompt(translator, "my-run", None, beam=1).run()
    assert "uno" in capsys.readouterr().out and not list(tmp_path.iterdir())
