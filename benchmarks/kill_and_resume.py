"""Is a run that was killed with `kill -9` and resumed the run that was never killed, bit for bit?

    python -m benchmarks.kill_and_resume [case ...] [--kills 20] [--seed 1]

For each option of `tinyattn train`, and for all of them together: one run to the end, and others that are killed at
random moments and resumed. A moment is an event of a run (the folder is made, a step begins, a measurement, a
save, the mean of parameters at the end: each kind as often as the others) and a random wait after it, up to the next
event. In half of the trials the resumed run is killed once more. In the end parameters, optimizer, the best parameters,
metrics (but for seconds and speeds) and samples have to be equal.

A budget of minutes is not among them: where the clock decides when to stop, no two runs are equal.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from tinyattn.cli import main as command_line
from tinyattn.text.corpus import phrase_corpus
from tinyattn.text.pairs import write_pairs
from tinyattn.translator import training as training_module
from tinyattn.translator.checkpoint import Run

BASE = "--steps 40 --hidden 8 --embed 6 --batch-size 8 --lr 0.02 --dropout 0.1 --threads 1 --quiet --resume"
CASES = {
    "nothing else": "",
    "dropout": "--dropout 0.4",
    "epochs": "--epochs 3",
    "bidirectional": "--bidirectional",
    "layers": "--layers 2 --dropout 0.3",
    **{f"attention {kind}": f"--attention {kind}" for kind in ("none", "scaled", "general", "additive", "cosine")},
    "attend": "--attend before",
    "input_feeding": "--input-feeding",
    "tie_embeddings": "--tie-embeddings",
    "source_eos, start": "--source-eos --start sos",
    "bpe": "--tokens bpe --vocab-size 60",
    "char": "--tokens char",
    "min_count, vocab_size": "--min-count 2 --vocab-size 40",
    "truecase": "--truecase",
    "max_length": "--max-length 6",
    **{f"teacher_forcing {kind}": f"--teacher-forcing 0.5 --teacher-forcing-schedule {kind}"
       for kind in ("constant", "linear", "exponential", "inverse_sigmoid")},
    "label_smoothing": "--label-smoothing 0.1",
    "weight_decay": "--weight-decay 0.1",
    "clip": "--clip 0.05",
    **{f"schedule {kind}, warmup": f"--schedule {kind} --warmup 12"
       for kind in ("linear", "constant", "cosine", "inverse_sqrt")},
    "accumulate": "--accumulate 3",
    "measure_every": "--measure-every 3",
    "patience": "--patience 2 --measure-every 3 --schedule constant --lr 0.3",
    **{f"best_by {kind}": f"--best-by {kind} --measure-every 5" for kind in ("bleu", "chrf", "exact")},
    "average": "--average 3 --measure-every 5",
    "everything": "--bidirectional --layers 2 --attention general --attend before --input-feeding --tie-embeddings "
                  "--hidden 8 --embed 8 --dropout 0.3 --tokens bpe --vocab-size 60 --truecase --teacher-forcing 0.5 "
                  "--label-smoothing 0.1 --weight-decay 0.1 --schedule cosine --warmup 12 --accumulate 3 "
                  "--measure-every 5 --best-by chrf --average 3 --patience 6",
}
EVENTS = {
    "begin": (Run, "begin"), "step": (training_module.Training, "step"), "measure": (training_module, "measure"),
    "metrics": (Run, "append_metrics"), "best": (Run, "save_best"), "save": (Run, "save_last"),
    "average": (training_module.Training, "try_average"), "end": (Run, "read_metrics"),
}
Event = tuple[str, float]  # what, and at which second it began


def told(event: str, function: Callable, pipe: int) -> Callable:
    """The function, which says when it begins."""
    def telling(*arguments: Any, **options: Any) -> Any:
        os.write(pipe, f"{event}\n".encode())
        return function(*arguments, **options)

    return telling


def child(arguments: list[str], pipe: int, said: Path) -> None:
    """`tinyattn train`, in a process that was forked (so nobody waits for imports), with events told to the parent and
    saves as often as can be."""
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    training_module.SAVE_EVERY, training_module.SAVE_SHARE = 0.005, 1e9
    for event, (owner, name) in EVENTS.items():
        setattr(owner, name, told(event, getattr(owner, name), pipe))
    code = 1
    try:
        code = command_line(arguments)
    finally:
        os._exit(code)


def run(arguments: list[str], said: Path, moment: tuple[int, float] | None = None) -> tuple[bool, list[Event]]:
    """Train, and kill it at a moment (so many seconds after such an event). Was it killed, and what happened when?

    Raises: SystemExit with what it said, when it failed.
    """
    read, write = os.pipe()
    process = os.fork()
    if not process:
        os.close(read)
        child(arguments, write, said)
    os.close(write)
    events: list[Event] = []
    with open(read) as lines:
        for number, line in enumerate(lines):
            events.append((line.strip(), time.perf_counter()))
            if moment is not None and number == moment[0]:
                time.sleep(moment[1])
                os.kill(process, signal.SIGKILL)
                break
    status = os.waitpid(process, 0)[1]
    killed = os.WIFSIGNALED(status)
    if not killed and os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(arguments)} failed: {said.read_text()}")
    return killed, events


def random_moment(events: list[Event], choose: random.Random) -> tuple[int, float]:
    """Each kind of event as likely as the others, each of its kind, and any time until the next event."""
    kind = choose.choice(sorted({what for what, _ in events}))
    number = choose.choice([k for k, (what, _) in enumerate(events) if what == kind])
    until_next = events[number + 1][1] - events[number][1] if number + 1 < len(events) else 0.001
    return number, choose.uniform(0, until_next)


def result(folder: Path) -> dict[str, Any]:
    """All that has to be equal."""
    run = Run(folder)
    last = run.load_last()
    times = ("seconds", "tokens_per_second")
    metrics = [{name: value for name, value in line.items() if name not in times} for line in run.read_metrics()]
    return {"parameters": last.parameters, "optimizer": last.optimizer, "to_average": last.to_average,
            "best": run.parameters(), "metrics": json.dumps(metrics), "samples": run.samples.read_text("utf-8"),
            "leftovers": [file.name for file in folder.iterdir() if file not in run.files]}


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    found = []
    for name in one:
        try:
            np.testing.assert_equal(one[name], other[name])
        except AssertionError:
            found.append(name)
    return found


def try_case(options: str, kills: int, folder: Path, seed: str) -> tuple[Counter, list[str]]:
    """How often it was killed at which kind of event, and what came out differently."""
    choose = random.Random(seed)
    budget = BASE.replace("--steps 40", "") if "--epochs" in options else BASE

    def arguments(name: str) -> list[str]:
        return ["train", str(folder / "train.tsv"), "--dev", str(folder / "dev.tsv"), "--out", str(folder / name),
                *budget.split(), *options.split()]

    said = folder / "said.txt"
    shutil.rmtree(folder / "whole", ignore_errors=True)
    with redirect_stderr(StringIO()):
        assert command_line(arguments("whole")) == 0  # in this process: those that are forked find all that it imported
    wanted, killed, wrong = result(folder / "whole"), Counter[str](), []
    shutil.rmtree(folder / "killed", ignore_errors=True)
    _, events = run(arguments("killed"), said)
    wrong += differences(wanted, result(folder / "killed"))  # it was saved at other steps
    while killed.total() < kills:
        shutil.rmtree(folder / "killed", ignore_errors=True)
        for _ in range(choose.choice((1, 2))):
            was_killed, seen = run(arguments("killed"), said, random_moment(events, choose))
            if was_killed:
                killed[seen[-1][0]] += 1
        run(arguments("killed"), said)
        wrong += differences(wanted, result(folder / "killed"))
    return killed, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", help=f"of: {'; '.join(CASES)}; all unless told")
    parser.add_argument("--kills", type=int, default=20, help="at least, for each case")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    given = parser.parse_args()
    unknown = set(given.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    failed = False
    sys.modules["tinyattn_viz"] = None  # type: ignore[assignment]  # nothing is drawn
    print(f"{'option':<36}  {'kills':>5}  identical?  killed after the beginning of")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = [(phrase.source, phrase.target) for phrase in phrase_corpus(pairs=90)]
        write_pairs(folder / "train.tsv", pairs[:80])
        write_pairs(folder / "dev.tsv", pairs[80:])
        for case in given.cases or CASES:
            killed, wrong = try_case(CASES[case], given.kills, folder, f"{given.seed} {case}")
            where = ", ".join(f"{event} {killed[event]}" for event in EVENTS if killed[event])
            verdict = "NO: " + ", ".join(sorted(set(wrong))) if wrong else "yes"
            print(f"{case:<36}  {killed.total():>5}  {verdict:<10}  {where}", flush=True)
            failed |= bool(wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
