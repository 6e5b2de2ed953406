"""`corpus` and `train`: from pairs to a run."""

from __future__ import annotations

import json
import tomllib
from contextlib import nullcontext
from typing import Any

import click

from tinyattn.cli.measured import chosen, ending
from tinyattn.cli.options import Command, Option, config_options
from tinyattn.cli.places import NEW_FILE, RUN_FOLDER
from tinyattn.cli.progress import TrainingBar
from tinyattn.cli.show import say
from tinyattn.storage import read_text
from tinyattn.text.pairs import Pair, Report, format_pairs, hold_out, read_pairs, write_pairs
from tinyattn.text.report import DataReport
from tinyattn.text.tokens import KINDS
from tinyattn.translator.checkpoint import Run
from tinyattn.translator.config import BUDGETS, Config, ConfigError
from tinyattn.translator.defaults import suited
from tinyattn.translator.training import Training, Watcher
from tinyattn.translator.translator import Translator


@click.command()
@click.option("--out", metavar="FILE", type=NEW_FILE, help="File to write; else standard output.")
@click.option("--pairs", type=click.IntRange(min=1), help="How many pairs to make in all.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another corpus.")
@click.option("--split", type=click.Choice(["all", "train", "dev", "test"]), default="all", show_default=True)
@click.option("--alignments", is_flag=True, help="Gold word alignments as a third column, Pharaoh i-j.")
def corpus(out: str | None, pairs: int | None, seed: int, split: str, alignments: bool) -> None:
    """Write the bundled English-Spanish phrase corpus: source, tab, target."""
    from tinyattn.text.corpus import phrase_corpus

    try:
        phrases = phrase_corpus(pairs=pairs, seed=seed, split=split)
    except ValueError as error:  # more pairs than the grammar has, a seed too large
        raise click.UsageError(str(error)) from None
    columns = [(phrase.source, phrase.target) for phrase in phrases]
    links = [phrase.alignment for phrase in phrases] if alignments else None
    if out is None:
        click.echo(format_pairs(columns, links), nl=False)
    else:
        write_pairs(out, columns, links)
        say(f"{out}: {len(columns):,} pairs")


@click.command(cls=Command)
@click.argument("data", metavar="DATA.tsv")
@click.option("--out", metavar="RUN", type=RUN_FOLDER, required=True, help="Folder of the run.")
@click.option("--config", "config_file", metavar="F.toml",
              help="Options from a file, such as another run's config.toml; those given here go before it.")
@click.option("--resume", is_flag=True, help="Go on where the run stopped.")
@click.option("--tokens", cls=Option, group="text", type=click.Choice(KINDS),
              help="What both sides are cut into.")
@config_options
@click.option("--quiet", is_flag=True, help="No progress, no reports.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def train(data: str, out: str, config_file: str | None, resume: bool, tokens: str | None, quiet: bool, as_json: bool,
          **given: Any) -> None:
    """Train a translator on the pairs of DATA.tsv (a pair a line: source, tab, target) and leave it in RUN."""
    both = {} if tokens is None else {"source_tokens": tokens, "target_tokens": tokens}
    given = {**both, **{name: value for name, value in given.items() if value is not None}, "data": data}
    options = merged(options_of_file(config_file), given)
    run = Run(out)
    click.get_current_context().with_resource(run.locked())
    if run.exists() and not resume:
        raise click.UsageError(f"{out}: a run is there already: --resume goes on with it; else choose another --out")
    if run.is_saved_translator():
        raise click.UsageError(f"{out}: a translator that was saved, without a checkpoint from which training could go "
                               "on: choose another --out")
    sides = None
    if run.config.exists() or run.last.exists():
        config, sides = run.load()
        config.require_agreement(options)
    else:
        config = Config.from_options(options)
    pairs, dev, files = read_data(config, quiet)
    if sides is None:
        config = suited(options, pairs)
        if not quiet and (line := chosen(config, options, len(pairs))):
            say(line)
    begun = run.last.exists()
    translator = Translator(config, sides) if sides and begun else Translator.for_pairs(config, pairs)
    training = Training(translator, pairs, dev, run)  # what it refuses leaves no run behind
    if not begun:
        run.begin(config, translator.sides)
    about = DataReport(files, pairs, dev, translator.sides, training.examples, config.max_length,
                       (config.source_eos, 1))
    del pairs  # training has them in ids; the text of a million takes 0.4 GiB
    if not quiet:
        say(about)
    train_run(training, run, quiet)
    if as_json:
        last = (run.read_metrics() or [{}])[-1]
        click.echo(json.dumps({"run": out, **last, "data": about.as_dict()}, ensure_ascii=False))
    elif not quiet:
        for line in ending(training, run):
            say(line)


def options_of_file(path: str | None) -> dict[str, Any]:
    """The options of a configuration file, those that are set.

    Raises: ConfigError naming the file.
    """
    if path is None:
        return {}
    Config.load(path)  # says what is wrong, where something is
    return tomllib.loads(read_text(path, "a configuration (TOML)", ConfigError))


def merged(of_file: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The options of a file under those of the command line, whose budget takes the place of the file's."""
    if any(given.get(name) is not None for name in BUDGETS):
        of_file = {name: value for name, value in of_file.items() if name not in BUDGETS}
    return {**of_file, **given}


def read_data(config: Config, quiet: bool) -> tuple[list[Pair], list[Pair], list[Report]]:
    """Pairs to train on, pairs to measure with, and what reading the files came to."""
    assert config.data is not None
    read = read_pairs(config.data, strict=config.strict)
    files = [read.report]
    if not quiet:
        say(read.report)
    if config.dev is None:
        pairs, dev = hold_out(read.pairs, config.seed)
    else:
        read_dev = read_pairs(config.dev, strict=config.strict)
        pairs, dev = read.pairs, read_dev.pairs
        files.append(read_dev.report)
        if not quiet:
            say(read_dev.report)
    return pairs, dev, files


def train_run(training: Training, run: Run, quiet: bool) -> None:
    """Train in a run's folder, from its last checkpoint where it has one, and draw its losses."""
    from tinyattn.kernels.threads import set_num_threads

    if training.config.threads is not None:
        set_num_threads(training.config.threads)
    with nullcontext(Watcher()) if quiet else TrainingBar() as training.watcher:
        if run.last.exists():
            training.resume()
        try:
            training.train()
        finally:
            draw_losses(run)


def draw_losses(run: Run) -> None:
    lines = run.read_metrics()
    if any("loss" in line or "dev_loss" in line for line in lines):
        try:
            from tinyattn_viz import curves

            curves(lines, run.loss_picture)
        except ModuleNotFoundError as error:
            say(f"{run.loss_picture} is not drawn: it needs {error.name}: pip install 'tinyattn[plot]'")
