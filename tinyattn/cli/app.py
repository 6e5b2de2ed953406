"""The verbs under one roof, and what becomes of their errors."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tinyattn.cli import demo, explore, learn, machine, pictures, translate, use
from tinyattn.kernels.mode import use_numba
from tinyattn.kernels.threads import get_num_threads
from tinyattn.storage import CheckpointError
from tinyattn.text.pairs import DataError
from tinyattn.translator.config import ConfigError
from tinyattn.translator.stopping import Interrupted
from tinyattn.translator.training import TrainingError

EXTRAS = {"sacrebleu": "scores", "matplotlib": "plot", "sentencepiece": "bpe", "tinyattn_viz": "draw",
          "graphviz": "draw", "pygraphviz": "draw"}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tinyattn")
def tinyattn() -> None:
    """Train a small translator with attention, translate with it, and see how it does it."""


for verb in (demo.demo, learn.corpus, learn.train, translate.translate, use.evaluate, use.explain, pictures.draw,
             pictures.attend, explore.explore, machine.warmup, machine.doctor):
    tinyattn.add_command(verb)


def run(arguments: Sequence[str] | None) -> int:
    """The exit code of a command; a mistake of the user's becomes one line on standard error."""
    try:
        use_numba(), get_num_threads()
    except ValueError as error:  # a variable of the environment that says nothing of use
        return complain(2, error)
    try:
        return tinyattn.main(args=arguments, prog_name="tinyattn", standalone_mode=False) or 0
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "tinyattn"
        return complain(2, f"{error.format_message()} (see: {where} --help)")
    except ConfigError as error:
        return complain(2, error)
    except (click.Abort, KeyboardInterrupt) as error:
        cause = error.__cause__ or error  # click makes an Abort of the interruption
        code = 128 + cause.signal if isinstance(cause, Interrupted) else 130
        return complain(code, f"interrupted: {cause}" if str(cause) else "interrupted")
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in EXTRAS:
            raise
        return complain(1, f"this needs {package}: pip install 'tinyattn[{EXTRAS[package]}]'")
    except OSError as error:
        return complain(1, f"{error.filename or 'standard input or output'}: {error.strerror or error}")
    except (click.ClickException, DataError, CheckpointError, TrainingError) as error:
        return complain(1, error)


def complain(code: int, problem: object) -> int:
    click.echo(f"tinyattn: {problem}", err=True)
    return code
