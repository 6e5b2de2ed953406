import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.cli import demo as demo_module
from tinyattn.cli import learn, machine, main, pictures
from tinyattn.cli.progress import TrainingBar
from tinyattn.storage import load
from tinyattn.translator.checkpoint import Run
from tinyattn.translator.config import Config
from tinyattn_viz.explorer.insides import laid_out

WORDS = {"one": "uno", "two": "dos", "three": "tres", "four": "cuatro"}
TINY = ["--hidden", "8", "--embed", "4", "--batch-size", "4", "--lr", "0.02"]
HEALTH = {f"attention_{name}" for name in ("entropy", "entropy_share", "first", "last", "even", "coverage", "repeats", "order")}
ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'viz'}", "TINYATTN_KERNELS": "numpy"}  # of processes that tests start


@pytest.fixture(autouse=True, scope="module")
def nothing_in_python_loops():
    """Without a compiler these models would train for minutes: kernels have their own tests, on smaller shapes."""
    with ta.kernels("numpy") if os.environ.get("NUMBA_DISABLE_JIT") == "1" else nullcontext():
        yield


@pytest.fixture(autouse=True)
def same_threads():
    before = ta.get_num_threads()
    yield
    ta.set_num_threads(before)


@pytest.fixture
def data(tmp_path):
    lines = [f"{a} {b}\t{WORDS[a]} {WORDS[b]}\t0-0 1-1\n" for a in WORDS for b in WORDS]
    path = tmp_path / "data.tsv"
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    lines = [f"{a} {b}\t{WORDS[a]} {WORDS[b]}\n" for a in WORDS for b in WORDS]
    (folder / "data.tsv").write_text("".join(lines), encoding="utf-8")
    assert main(["train", str(folder / "data.tsv"), "--out", str(folder / "run"), "--dev", str(folder / "data.tsv"),
                 "--epochs", "40", "--dropout", "0", "--quiet", *TINY, "--hidden", "16"]) == 0
    return str(folder / "run")


def refused(capsys, code, *arguments):
    """The one line that a command fails with."""
    assert main(list(map(str, arguments))) == code
    out, err = capsys.readouterr()
    line = err.splitlines()[-1]
    assert line.startswith("tinyattn: ") and "Traceback" not in err and out == ""
    return line


# --- train ---


def test_train_leaves_a_run(data, tmp_path, capsys):
    out = tmp_path / "new" / "run"
    assert main(["train", str(data), "--out", str(out), "--steps", "6", *TINY]) == 0
    names = {file.name for file in out.iterdir()}
    assert names == {"config.toml", "source.vocabulary.json", "target.vocabulary.json", "source.text.json",
                     "target.text.json", "best.safetensors", "last.safetensors", "metrics.jsonl", "samples.jsonl",
                     "loss.svg"}
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    assert "16 pairs from 16 lines" in stderr and "the columns after the second ignored" in stderr
    assert "training on 15 pairs, measuring on 1" in stderr and "dev loss" in stderr and "6 steps" in stderr
    assert f"tinyattn translate {out} '" in stderr and f"tinyattn eval {out} TEST.tsv" in stderr
    assert (out / "loss.svg").read_text().startswith("<?xml")


def test_train_json_and_quiet(data, tmp_path, capsys):
    assert main(["train", str(data), "--out", str(tmp_path / "r"), "--steps", "2", "--json", "--quiet", *TINY]) == 0
    stdout, stderr = capsys.readouterr()
    assert stderr == ""
    result = json.loads(stdout)
    assert result["step"] == 2 and result["run"] == str(tmp_path / "r") and "dev_loss" in result


def test_every_option_reaches_the_run(data, tmp_path):
    out = tmp_path / "r"
    assert main(["train", str(data), "--out", str(out), "--dev", str(data), "--strict", "--seed", "5", "--steps", "1",
                 "--attention", "general", "--layers", "2", "--hidden", "6", "--embed", "3", "--bidirectional",
                 "--dropout", "0.25", "--tokens", "space", "--target-tokens", "char", "--vocab-size", "9",
                 "--start", "sos", "--source-eos", "--batch-size", "3", "--lr", "0.1", "--threads", "1",
                 "--quiet"]) == 0
    config, _ = Run(out).load()
    wanted = {"data": str(data), "dev": str(data), "strict": True, "seed": 5, "steps": 1, "epochs": None,
              "attention": "general", "layers": 2, "hidden": 6, "embed": 3, "bidirectional": True, "dropout": 0.25,
              "source_tokens": "space", "target_tokens": "char", "vocab_size": 9, "start": "sos", "source_eos": True,
              "batch_size": 3, "lr": 0.1, "threads": 1}
    assert {name: getattr(config, name) for name in wanted} == wanted


def test_options_from_a_file(data, tmp_path):
    (tmp_path / "c.toml").write_text("hidden = 6\nembed = 5\nepochs = 3\nclip = 0.5\n")
    assert main(["train", str(data), "--out", str(tmp_path / "r"), "--config", str(tmp_path / "c.toml"),
                 "--hidden", "4", "--steps", "1", "--quiet"]) == 0
    config, _ = Run(tmp_path / "r").load()
    assert (config.hidden, config.embed, config.epochs, config.steps, config.clip) == (4, 5, None, 1, 0.5)


def test_resume(data, tmp_path, capsys):
    arguments = ["train", str(data), "--out", str(tmp_path / "r"), "--steps", "4", "--resume", "--quiet", *TINY]
    assert main(arguments) == 0  # without a checkpoint it starts at 0
    before = (tmp_path / "r" / "last.safetensors").read_bytes()
    assert main(arguments) == 0  # on a finished run it has nothing to do
    assert (tmp_path / "r" / "last.safetensors").read_bytes() == before
    assert main(["train", str(data), "--out", str(tmp_path / "r"), "--resume", "--quiet"]) == 0
    assert "hidden was 8, now 9" in refused(capsys, 2, *arguments, "--hidden", "9")
    (tmp_path / "c.toml").write_text("embed = 7\n")
    assert "embed was 4, now 7" in refused(capsys, 2, *arguments[:-6], "--config", tmp_path / "c.toml")


def test_an_existing_run_is_refused(run, data, capsys):
    assert "--resume goes on with it" in refused(capsys, 2, "train", data, "--out", run)


def test_changed_data_is_refused(data, tmp_path, capsys):
    arguments = ["train", str(data), "--out", str(tmp_path / "r"), "--steps", "2", "--resume", "--quiet", *TINY]
    assert main(arguments) == 0
    data.write_text("one\tuno\ntwo\tdos\n")
    assert "made with other pairs" in refused(capsys, 1, *arguments)


@pytest.mark.parametrize("arguments, message", [
    (["--hidden", "0"], "hidden: wanted a whole number at least 1, got 0"),
    (["--hidden", "many"], "'many' is not a valid integer"),
    (["--attention", "soft"], "'soft' is not one of"),
    (["--tokens", "words"], "'words' is not one of"),
    (["--steps", "2", "--minutes", "1"], "wanted one budget"),
    (["--attnd", "before"], "No such option"),
    (["--config", "nowhere.toml"], "nowhere.toml: no such file"),
    (["--hidden", "5", "--bidirectional"], "hidden: wanted an even number"),
])
def test_wrong_options(data, tmp_path, capsys, arguments, message):
    assert message in refused(capsys, 2, "train", data, "--out", tmp_path / "r", *arguments)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("content, arguments, message", [
    (b"", [], "is empty"),
    (b"one\n", [], "line 1: no line is a pair"),
    (b"one\tuno\nni\xf1o\tx\n", [], "line 2, byte 3"),
    (b"one\tuno\nalone\n", ["--strict"], "line 2: some lines are no pair"),
])
def test_wrong_data(data, tmp_path, capsys, content, arguments, message):
    data.write_bytes(content)
    assert message in refused(capsys, 1, "train", data, "--out", tmp_path / "r", *arguments)
    assert not (tmp_path / "r").exists()
    assert "no such file" in refused(capsys, 1, "train", tmp_path / "nowhere", "--out", tmp_path / "r")


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_a_loss_that_is_not_finite(data, tmp_path, capsys):
    line = refused(capsys, 1, "train", data, "--out", tmp_path / "r", "--quiet", "--steps", "50", *TINY, "--lr", "1e38")
    assert "no checkpoint has been saved; try a smaller learning rate than 1e+38" in line


# --- killed, interrupted ---

TRAIN = """
import sys, tinyattn.translator.training as training
import tinyattn as ta
from tinyattn.cli import demo as demo_module
from tinyattn.cli import learn, machine, main, pictures
from tinyattn.cli.progress import TrainingBar
training.SAVE_EVERY = 0.05
sys.exit(main())
"""


def training_process(data, out, *more):
    arguments = [sys.executable, "-c", TRAIN, "train", data, "--out", out, "--quiet", "--resume", "--dropout", "0.3",
                 *TINY, *more]
    return subprocess.Popen(list(map(str, arguments)), env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def finish(process):
    """Wait until it has ended, and ended well."""
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 0, error


def stop_after(process, out, lines, signal_number):
    """Send the signal when the run has written so many lines of metrics."""
    deadline = time.monotonic() + 60
    while len(Run(out).metrics.read_bytes().splitlines() if Run(out).metrics.exists() else []) < lines:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.005)
    process.send_signal(signal_number)
    return process.communicate(timeout=60)[1]


def test_killed_and_resumed_is_never_killed(data, tmp_path):
    budget = ["--steps", "400"]
    finish(training_process(data, tmp_path / "whole", *budget))
    for lines in (20, 60):
        process = training_process(data, tmp_path / "killed", *budget)
        stop_after(process, tmp_path / "killed", lines, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
    assert 0 < Run(tmp_path / "killed").load_last().progress.step < 400
    finish(training_process(data, tmp_path / "killed", *budget))
    whole, killed = (load(tmp_path / name / "last.safetensors") for name in ("whole", "killed"))
    assert whole.keys() == killed.keys()
    for name in whole:
        np.testing.assert_array_equal(whole[name], killed[name])


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asked_to_stop_it_saves_and_says_so(data, tmp_path, number, code):
    process = training_process(data, tmp_path / "r", "--epochs", "100000")
    said = stop_after(process, tmp_path / "r", 3, number).strip()
    assert process.returncode == code
    run = Run(tmp_path / "r")
    step = run.load_last().progress.step
    assert step >= run.read_metrics()[-1]["step"] > 0
    assert said == f"tinyattn: interrupted: step {step} is saved, --resume goes on from there"


def test_two_at_once_are_refused(data, tmp_path, capsys):
    out = tmp_path / "r"
    with Run(out).locked():
        line = refused(capsys, 1, "train", data, "--out", out, "--resume", "--quiet", *TINY)
        assert f"{out}: another process ({os.getpid()}) is training here" in line
        assert "is training here" in refused(capsys, 1, "demo", "--out", out)
    assert not out.exists()


@pytest.mark.parametrize("code, option, value, content", [
    (2, "--average", "1", None),  # refused before the data is read,
    (2, "--average", "2", "one\tuno\n"),  # when nothing is left to measure on,
    (1, "--max-length", "1", None),  # or when no pair is left
])
def test_what_is_refused_leaves_no_folder(data, tmp_path, capsys, code, option, value, content):
    if content:
        data.write_text(content)
    line = refused(capsys, code, "train", data, "--out", tmp_path / "r", option, value)
    assert option[2:].replace("-", "_") + ": wanted" in line
    assert not (tmp_path / "r").exists()


def test_a_checkpoint_without_its_configuration_is_kept(data, tmp_path, capsys):
    arguments = ["train", data, "--out", tmp_path / "r", "--steps", "1", "--quiet", "--resume", *TINY]
    assert main(list(map(str, arguments))) == 0
    (tmp_path / "r" / "config.toml").unlink()
    before = (tmp_path / "r" / "last.safetensors").read_bytes()
    assert "holds no run (no config.toml)" in refused(capsys, 1, *arguments)
    assert (tmp_path / "r" / "last.safetensors").read_bytes() == before


def test_it_says_which_options_it_chose(data, tmp_path, capsys):
    arguments = ["train", str(data), "--out", str(tmp_path / "r"), "--steps", "1", "--no-bidirectional", *TINY]
    chosen = ("options for 15 pairs: source-tokens word, target-tokens word, dropout 0.3, label-smoothing 0.1, best-by chrf; "
              "change them with --source-tokens and so on")
    assert main(arguments) == 0
    assert chosen in capsys.readouterr().err.splitlines()
    assert main([*arguments, "--resume"]) == 0  # with the run's own
    assert "options for" not in capsys.readouterr().err


# --- translate ---


def test_translate(run, capsys):
    assert main(["translate", run, "one two", "three"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "uno dos"


def test_translate_attention(run, capsys):
    assert main(["translate", run, "one two", "--attention"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "uno dos" and lines[1].split() == ["one", "two"]
    assert [line.split()[0] for line in lines[2:4]] == ["uno", "dos"]
    assert sum(float(x.rstrip("%")) for x in lines[2].split()[1:]) == pytest.approx(100, abs=1)


def test_translate_json(run, capsys):
    assert main(["translate", run, "one two", "", "--json"]) == 0
    out, err = capsys.readouterr()
    first, empty = json.loads(out)
    assert err == ""
    assert first.keys() == {"source", "text", "tokens", "score", "attention", "source_tokens", "hypotheses"}
    assert first["text"] == "uno dos" and np.sum(first["attention"]) == pytest.approx(2)
    assert first["hypotheses"] == [{name: first[name] for name in ("text", "tokens", "score", "attention")}]
    assert (empty["text"], empty["tokens"], empty["attention"]) == ("", [], [])


def test_translate_with_a_beam(run, capsys):
    assert main(["translate", run, "one two", "three", "--beam", "3", "--json"]) == 0
    out, err = capsys.readouterr()
    first, second = json.loads(out)
    assert err == "" and len(first["hypotheses"]) == len(second["hypotheses"]) == 3
    assert {name: first[name] for name in ("text", "tokens", "score", "attention")} == first["hypotheses"][0]
    scores = [hypothesis["score"] for hypothesis in first["hypotheses"]]
    assert first["text"] == "uno dos" and scores == sorted(scores, reverse=True)
    for hypothesis in first["hypotheses"]:
        assert np.shape(hypothesis["attention"])[:1] == (len(hypothesis["tokens"]),)

    assert main(["translate", run, "one two", "--beam", "3", "--length-penalty", "1", "--json"]) == 0
    (normal,) = json.loads(capsys.readouterr().out)
    assert normal["score"] == pytest.approx(first["score"] / (8 / 6))
    assert main(["translate", run, "one two", "two one", "--beam", "3"]) == 0  # for people the best of them
    assert capsys.readouterr().out == "uno dos\ndos uno\n"


def piped(run, text, *more):
    """What `translate` makes of standard input."""
    process = subprocess.run([sys.executable, "-m", "tinyattn.cli", "translate", run, *more], input=text, check=False,
                             capture_output=True, env=ENVIRONMENT)
    return process.returncode, process.stdout, process.stderr.decode()


def test_one_line_in_one_line_out(run):
    code, out, _ = piped(run, "\ufeffone two\r\n\nfour\x0cone\u2028two\n  \nthree one".encode())
    lines = out.decode().split("\n")
    assert code == 0 and len(lines) == 6 and lines[5] == ""
    assert (lines[0], lines[1], lines[3], lines[4]) == ("uno dos", "", "", "tres uno")


def test_standard_input_in_pieces(run, monkeypatch, capsys):
    """Lines may arrive cut anywhere."""
    class Pieces(io.BytesIO):
        def read1(self, size=-1):
            return self.read(3)

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Pieces(b"one two\n\ntwo one")))
    assert main(["translate", run]) == 0
    assert capsys.readouterr().out == "uno dos\n\ndos uno\n"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Pieces(b"one\n\xff")))
    assert main(["translate", run]) == 1
    assert "line 2, byte 1: 0xff" in capsys.readouterr().err


def test_an_answer_does_not_wait_for_the_next_line(run):
    process = subprocess.Popen([sys.executable, "-m", "tinyattn.cli", "translate", run], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env=ENVIRONMENT)
    for line, answer in ((b"one two\n", b"uno dos\n"), (b"two one\n", b"dos uno\n")):
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stdout.readline() == answer
    assert process.communicate()[0] == b"" and process.returncode == 0


def test_bad_bytes_on_standard_input(run):
    code, _, err = piped(run, b"one two\nni\xf1o\n")
    assert code == 1 and err.startswith("tinyattn: standard input, line 2, byte 3: 0xf1 is not UTF-8")


@pytest.mark.parametrize("verb, option, message", [
    ("translate", ["--beam", "0"], "'--beam': wanted a whole number from 1 (greedy search) to 1,000, got 0"),
    ("eval", ["--beam", "1001"], "wanted a whole number from 1 (greedy search) to 1,000, got 1001"),
    ("eval", ["--beam", "2.5"], "'2.5' is not a valid integer"),
    ("translate", ["--length-penalty", "-1"], "'--length-penalty': wanted a number from 0"),
    ("translate", ["--length-penalty", "nan"], "wanted a number from 0"),
])
def test_beams_that_are_none(run, data, capsys, verb, option, message):
    assert message in refused(capsys, 2, verb, run, data, *option)


def test_a_run_whose_numbers_are_none(run, tmp_path, capsys):
    translator = ta.Translator.load(run)
    translator.model.output.bias.array[5] = np.nan
    translator.save(tmp_path)
    for beam in ("1", "2"):
        assert "are not numbers (nan): the model's parameters are damaged or far too large: train it anew, with a smaller lr" in refused(capsys, 1, "translate", tmp_path, "one", "--beam", beam)


def test_runs_that_are_none(run, tmp_path, capsys):
    assert "no such run" in refused(capsys, 1, "translate", tmp_path / "nowhere", "one")
    assert "holds no run" in refused(capsys, 1, "translate", tmp_path, "one")
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in Path(run).iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    whole = (copy / "best.safetensors").read_bytes()
    (copy / "best.safetensors").write_bytes(whole[:-7])
    assert "best.safetensors: not a whole safetensors file" in refused(capsys, 1, "translate", copy, "one")
    (copy / "best.safetensors").write_bytes(whole[:-7] + bytes(7))
    assert "does not match its checksum" in refused(capsys, 1, "translate", copy, "one")
    (copy / "config.toml").write_text("hidden = {")
    assert "config.toml: not valid TOML" in refused(capsys, 1, "translate", copy, "one")


# --- eval ---


def test_eval(run, data, capsys):
    assert main(["eval", run, str(data)]) == 0
    out, err = capsys.readouterr()
    assert "16 pairs from 16 lines" in err
    assert "exact" in out and "alignment error rate" in out and "1-3" in out and "nrefs:1" in out
    assert "attention: " in out and "on 16 lines; with one link for each target word it cannot be less than 0.000\n" in out
    assert "BLEU, which counts runs of four words, is 0" in out and "several references" not in out
    row = next(line for line in out.splitlines() if "1-3" in line)
    assert re.search(r" 16     0.0 \[0.0, 0.0\]  +\d+.\d \[\d+.\d, \d+.\d\]  +\d+.\d% \[\d+.\d, 100.0\]$", row)


def test_eval_json(run, data, capsys):
    assert main(["eval", run, str(data), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores.keys() == {"bleu", "chrf", "exact", "token_accuracy", "loss", "lines", "signature", "by_length",
                             "aer", "aer_floor", "aer_lines", "interval", "several_references", *HEALTH}
    assert scores["exact"] > 0.9 and scores["lines"] == 16
    assert main(["eval", run, str(data), "--beam", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["exact"] >= scores["exact"]
    assert scores["by_length"] == [{"from": 1, "to": 3, "lines": 16, **{name: scores[name] for name in ("bleu", "chrf", "exact", "interval")}}]


def test_eval_with_any_reference(run, data, capsys):
    data.write_text(data.read_text().replace("uno uno", "otra cosa") + "one one\tuno uno\n")
    assert main(["eval", run, str(data)]) == 0
    assert "1 sources have several references" in capsys.readouterr().out
    for option, lines in ((), 17), (("--any-reference",), 16):
        assert main(["eval", run, str(data), "--json", *option]) == 0
        scores = json.loads(capsys.readouterr().out)
        assert (scores["lines"], scores["several_references"]) == (lines, 1)


# --- explain, and the built-in model ---


def test_explain(capsys):
    assert main(["explain", "statquest", "let's go"]) == 0
    out = capsys.readouterr().out
    for number in ("-0.76 0.75", "0.91 0.38", "-0.41", "0.01", "-0.39", "0.40", "0.60", "vamos", "EOS"):
        assert number in out
    assert main(["explain", "statquest", "let's go", "--digits", "4", "--step", "1"]) == 0
    assert "0.9110" not in capsys.readouterr().out


def test_explain_json(run, capsys):
    assert main(["explain", run, "one two", "--json"]) == 0
    out, err = capsys.readouterr()
    numbers = json.loads(out)
    assert err == "" and numbers["output"] == "uno" and numbers["target_tokens"] == ["uno", "dos", "<eos>"]
    assert {"source_tokens", "target_tokens", "encoder_outputs", "decoder_output", "scores", "weights", "context",
            "logits", "probabilities", "output"} <= numbers.keys()


@pytest.mark.parametrize("arguments, message", [
    (["let's go", "--step", "2"], "step: wanted 0 ... 1"),
    ([""], "wanted at least one token"),
    (["let's go", "--digits", "99"], "digits: wanted"),
])
def test_what_cannot_be_explained(capsys, arguments, message):
    assert message in refused(capsys, 2, "explain", "statquest", *arguments)


def test_the_built_in_model_is_a_run(tmp_path, capsys):
    assert main(["translate", "statquest", "let's go"]) == 0
    assert capsys.readouterr().out == "vamos\n"
    assert main(["attend", "statquest", "let's go", "-o", str(tmp_path / "a.svg")]) == 0


# --- corpus, pictures, machine ---


def test_corpus(tmp_path, capsys):
    assert main(["corpus", "--pairs", "50", "--alignments", "--out", str(tmp_path / "c.tsv")]) == 0
    lines = (tmp_path / "c.tsv").read_text(encoding="utf-8").splitlines()
    assert all(line.count("\t") == 2 for line in lines)
    capsys.readouterr()
    assert main(["corpus", "--pairs", "50"]) == 0
    assert capsys.readouterr().out.splitlines() == [line.rpartition("\t")[0] for line in lines]


@pytest.mark.parametrize("format", ["svg", "png", "pdf"])
def test_attend(run, tmp_path, format):
    file = tmp_path / f"a.{format}"
    assert main(["attend", run, "one two", "-o", str(file)]) == 0
    assert file.read_bytes()[:4] in (b"<?xm", b"\x89PNG", b"%PDF", b"<svg")


@pytest.mark.parametrize("detail", ["layer", "step", "op"])
def test_draw(run, tmp_path, detail):
    assert main(["draw", run, "one two", "-o", str(tmp_path / "g.dot"), "--detail", detail]) == 0
    assert (tmp_path / "g.dot").read_text().startswith("digraph")
    assert main(["draw", run, "one two", "-o", str(tmp_path / "picture"), "--detail", detail, "--format", "svg"]) == 0
    assert "<svg" in (tmp_path / "picture").read_text()


def test_explore(run, tmp_path):
    file = tmp_path / "page.html"
    assert main(["explore", run, "one two", "-o", str(file)]) == 0
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "one two →" in page and '"backward":true' in page and '"best":[' in page


@pytest.mark.parametrize("detail", ["layer", "step", "op"])
def test_draw_with_gradients(run, tmp_path, detail):
    arguments = ["draw", run, "one two", "-o", str(tmp_path / "g.dot"), "--detail", detail]
    assert main(arguments) == 0
    before = (tmp_path / "g.dot").read_text()
    assert main([*arguments, "--backward"]) == 0
    after = (tmp_path / "g.dot").read_text()
    assert "|grad| " not in before and ("|grad| " in after or "grad " in after) and "loss" in after


def test_draw_rolled(run, tmp_path):
    arguments = ["draw", run, "one two", "-o", str(tmp_path / "g.mmd"), "--detail", "step"]
    assert main(arguments) == 0
    before = (tmp_path / "g.mmd").read_text()
    assert main([*arguments, "--rolled"]) == 0
    after = (tmp_path / "g.mmd").read_text()
    assert before.count("LSTM") > after.count("LSTM") == 3 and "flowchart" in after


def test_draw_a_path(run, tmp_path, capsys):
    first = ta.Translator.load(run).translate("one two one")
    word = [*first.tokens, "<eos>"][0]
    for source in ("two", "one#2"):
        path = f"{word}:{source}"
        assert main(["draw", run, "one two one", "-o", str(tmp_path / "p.dot"), "--path", path]) == 0
        assert (tmp_path / "p.dot").read_text().startswith("digraph")
    capsys.readouterr()
    said = refused(capsys, 2, "draw", run, "one two one", "-o", tmp_path / "p.dot", "--path", f"{word}:three")
    assert "source word must be one of one#1, two, one#2, got 'three'" in said
    for other in ("--rolled", "--backward", "--detail=layer"):
        said = refused(capsys, 2, "draw", run, "one", "-o", tmp_path / "p.dot", "--path", f"{word}:one", other)
        assert "--path: wanted neither" in said


@pytest.mark.parametrize("verb, arguments, message", [
    ("explore", ["one", "-o", "x.svg"], "wanted a name that ends in .html, got '.svg'"),
    ("explore", [" ", "-o", "x.html"], "wanted at least one token"),
    ("draw", ["one", "-o", "x.gif"], "wanted a name that ends in .svg, .png, .pdf, .dot, .mmd, got 'gif'"),
    ("attend", ["one", "-o", "x"], "wanted a name that ends in .svg, .png, .pdf, got 'no ending'"),
    ("draw", [" ", "-o", "x.dot"], "wanted at least one token"),
])
def test_pictures_of_nothing(run, capsys, verb, arguments, message):
    assert message in refused(capsys, 2, verb, run, *arguments)


def test_no_attention_no_heat_map(data, tmp_path, capsys):
    run = tmp_path / "r"
    assert main(["train", str(data), "--out", str(run), "--attention", "none", "--steps", "1", "--quiet", *TINY]) == 0
    assert "no attention" in refused(capsys, 2, "attend", run, "one", "-o", tmp_path / "a.svg")
    assert main(["translate", str(run), "one", "--attention"]) == 0


def test_demo(tmp_path, monkeypatch, capsys):
    from tinyattn.text import corpus

    whole, out = corpus.phrase_corpus, tmp_path / "demo"
    monkeypatch.setattr(corpus, "phrase_corpus", lambda split: whole(pairs=100, split="train")[:60])
    config = Config(steps=80, lr=0.02, hidden=32, embed=16, batch_size=32)
    monkeypatch.setattr(demo_module, "suited", lambda options, pairs: config)
    for _ in range(2):  # always trained anew
        assert main(["demo", "--out", str(out)]) == 0
    stdout, stderr = capsys.readouterr()
    assert {"attention.svg", "graph.svg", "loss.svg", "best.safetensors"} <= {file.name for file in out.iterdir()}
    assert "60 phrase pairs to learn from" in stderr and "alignment error rate" in stdout and "let's go ->" in stdout
    assert main(["translate", str(out), "let's go"]) == 0
    assert capsys.readouterr().out == "vamos\n"


def test_the_demo_replaces_nobodys_run(run, capsys):
    assert "a run of your own" in refused(capsys, 2, "demo", "--out", run)


def test_the_bar_tells_what_is_compiled(capsys):
    training = SimpleNamespace(share_done=1.0, progress=SimpleNamespace(best_step=1, seconds=1.0), samples=[])
    with TrainingBar() as bar:
        for kernel in ("one", "two", "two"):
            bar.compiling(kernel)
        bar.measured(training, {"epoch": 1, "step": 1, "seconds": 1.0})
        bar.compiling("three")
        bar.measured(training, {"epoch": 1, "step": 2, "seconds": 1.0})
    lines = capsys.readouterr().err.splitlines()
    assert [" ".join(line.split(" in ")[0].split()[:3]) for line in lines] == [
        "compiling kernels for", "compiled 3 kernels", "epoch step time", "1 1 1.0", "compiled 1 kernels", "1 2 1.0"]
    assert lines[1].endswith(" s: one, two")


def test_a_translation_of_nothing_has_no_heat_map(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pictures, "translated", lambda translator, sentence: translator.translate(""))
    assert "its translation is empty" in refused(capsys, 2, "attend", run, "one", "-o", tmp_path / "a.svg")


def test_a_page_needs_a_layout_engine(run, tmp_path, monkeypatch, capsys):
    laid_out.cache_clear()
    monkeypatch.setenv("TINYATTN_DOT", "/nowhere/dot")
    assert "TINYATTN_DOT" in refused(capsys, 1, "explore", run, "one two", "-o", tmp_path / "page.html")


@pytest.mark.parametrize("verb", ["draw", "attend"])
def test_without_a_layout_engine(run, tmp_path, monkeypatch, capsys, verb):
    monkeypatch.setenv("TINYATTN_DOT", "/nowhere/dot")
    assert "TINYATTN_DOT" in refused(capsys, 1, verb, run, "one two", "-o", tmp_path / "a.png")
    assert main([verb, run, "one two", "-o", str(tmp_path / "a.svg")]) == (1 if verb == "draw" else 0)
    capsys.readouterr()
    assert main(["doctor"]) == 0
    assert "TINYATTN_DOT" in capsys.readouterr().out


def test_doctor_finds_what_is_wrong(monkeypatch, capsys):
    monkeypatch.setattr(machine, "PACKAGES", ("numpy", "no-such-package"))
    monkeypatch.setattr(machine, "check", lambda name: name != "lstm")
    assert main(["doctor", "--deep"]) == 1
    out, err = capsys.readouterr()
    assert "not installed" in out and "kernels disagree" in err


def test_a_place_where_nothing_can_be_written(tmp_path, capsys):
    file = tmp_path / ("c" * 300)
    assert f"{file}: File name too long" in refused(capsys, 1, "corpus", "--pairs", "9", "--out", file)


def test_a_disk_that_is_full(monkeypatch, capsys):
    def full(text, nl=True):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(learn, "click", SimpleNamespace(echo=full))
    assert refused(capsys, 1, "corpus", "--pairs", "3") == "tinyattn: standard input or output: No space left on device"


def test_doctor(capsys):
    assert main(["doctor", "--deep"]) == 0
    out = capsys.readouterr().out
    for word in ("python", "numpy", "threads", "kernel cache", "layout engine", "attention additive: agrees"):
        assert word in out


def test_warmup(capsys):
    assert main(["warmup"]) == 0
    assert "kernels compiled" in capsys.readouterr().err


# --- the door ---


@pytest.mark.parametrize("verb", ["", "corpus", "train", "translate", "eval", "explain", "draw", "attend",
                                  "explore", "demo", "warmup", "doctor"])
def test_help(verb, capsys):
    assert main([*verb.split(), "--help"]) == 0
    assert "Usage: tinyattn" in capsys.readouterr().out


def test_wrong_verbs(capsys):
    assert "No such command" in refused(capsys, 2, "trian")
    assert "Missing argument" in refused(capsys, 2, "train", "--out", "x")


def test_importing_tinyattn_is_light():
    heavy = ["click", "rich", "numba", "matplotlib", "sacrebleu"]
    code = f"import sys, tinyattn, tinyattn.cli; print([name for name in {heavy} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=ROOT).stdout
    assert out == "[]\n"


def test_without_its_libraries_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "click", None)
    assert main(["doctor"]) == 1
    assert "pip install 'tinyattn[cli]'" in capsys.readouterr().err


def test_without_matplotlib_there_is_no_loss_picture(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["train", str(data), "--out", str(tmp_path / "r"), "--steps", "1", "--quiet", *TINY]) == 0
    assert "pip install 'tinyattn[plot]'" in capsys.readouterr().err and not (tmp_path / "r" / "loss.svg").exists()


def test_pieces_need_their_library(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    message = refused(capsys, 1, "train", data, "--out", str(tmp_path / "r"), "--tokens", "bpe", *TINY)
    assert "pip install 'tinyattn[bpe]'" in message and not (tmp_path / "r").exists()


def test_without_an_extra_it_says_what_to_install(run, data, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    assert "pip install 'tinyattn[scores]'" in refused(capsys, 1, "eval", run, data)


@pytest.mark.parametrize("variable", ["TINYATTN_KERNELS", "TINYATTN_THREADS"])
def test_a_variable_that_says_nothing_of_use(variable):
    done = subprocess.run([sys.executable, "-m", "tinyattn.cli", "translate", "statquest", "go"],
                          env={**ENVIRONMENT, variable: "x"}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tinyattn: {variable}: wanted") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("wrong", [["--pairs", "10000000"], ["--seed", str(2**64)]])
def test_a_corpus_that_cannot_be_had(wrong, capsys):
    assert main(["corpus", *wrong]) == 2
    assert capsys.readouterr().err.startswith("tinyattn: ")
