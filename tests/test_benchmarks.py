"""Benchmarks compare the same work: every peer learns alike, and operations are counted right."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinyattn as ta
from benchmarks import report
from benchmarks.fresh import run
from benchmarks.kill_and_resume import differences
from benchmarks.machine import Peak
from benchmarks.model import Sizes, parameters, product, product_backward, step_flops, token_bytes, training_step
from benchmarks.part import Measurement, Options, compared, lines, shown
from benchmarks.peers.parameters import batch, initial
from benchmarks.training import SIZES, own_training, peer

PEAK = Peak(1, 100e9, 20e9, 10e9)


@pytest.mark.parametrize("name", ["numpy", "autograd", "jax"])
def test_peers_learn_as_the_model_in_modules(name):
    if name != "numpy":
        pytest.importorskip(name)
    V, E, H, layers, B, T = 11, 3, 5, 2, 4, 3
    model = peer(ta).Seq2Seq(V, E, H, layers)
    start = {name: ta.from_numpy(x.copy()) for name, x in initial(V, E, H, layers).items()}
    model.load_state_dict(start)
    adam = ta.optim.Adam(model.parameters(), lr=1e-3)
    source, target, wanted = map(ta.tensor, batch(V, B, T))
    losses = []
    for _ in range(4):
        loss = ta.nn.functional.cross_entropy(model(source, target).reshape(-1, V), wanted.reshape(-1))
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    step = importlib.import_module(f"benchmarks.peers.seq2seq_{name}").make_step(V, E, H, layers, B, T)
    np.testing.assert_allclose([step() for _ in range(4)], losses, rtol=1e-5)
    assert losses[-1] < losses[0]


def test_the_translators_step_is_on_sentences_of_the_sizes():
    training = own_training(Sizes(30, 4, 6, 1, 4, 5, 3), threads=1)
    batch = training.examples.batch(next(training.rest_of_epoch()))
    assert batch.source.shape == (4, 5) and batch.target_out.shape == (4, 3)
    assert len(training.translator.source_vocabulary) == 30


def test_operations_are_those_of_the_issue():
    giga = {name: step_flops(Sizes.of(*size)) / 1e9 for name, size in SIZES.items()}
    assert [round(giga[name], 1) for name in ("toy", "mid", "big")] == [2.7, 13.1, 89.6]
    assert product(2, 3, 4) == (48, 4 * (6 + 12 + 8))
    assert product_backward(2, 3, 4).flops == 96
    assert set(training_step(Sizes.of(*SIZES["tiny"]))) == {"embedding", "lstm", "attention", "projection", "adam"}


@pytest.mark.parametrize("size", SIZES)
def test_parameters_are_counted(size):
    V, E, H, layers, _, T = SIZES[size]
    arrays = initial(V, E, H, layers)
    assert parameters(V, E, H, layers) == sum(x.size for x in arrays.values())
    read = sum(x.size for name, x in arrays.items() if name.startswith(("decoder", "output")))
    assert token_bytes(V, E, H, layers, T) == 4 * (read + E + T * H)


def test_numbers_are_shown_with_three_digits():
    assert [shown(x, "s") for x in (1.2345, 0.03721, 2e-6, 5e-9)] == ["1.23 s", "37.2 ms", "2.00 µs", "5.00 ns"]
    assert shown(123e6, "B") == "123 MB" and shown(1.5, "times") == "1.5 times" and shown(2.5e-7, "") == "2.5e-07"


def measured():
    return [Measurement("toy", "loop", 0.02, "s", 0.01, 1e9), Measurement("toy", "PyTorch", 0.04, "s", 0.01, 1e9)]


def test_ratios_are_to_pytorch():
    case = measured()
    assert compared(case[0], case) == "× 2.00" and compared(case[1], case) == ""
    assert compared(case[0], case[:1]) == ""
    memory = [Measurement("toy", "loop", 30, "B"), Measurement("toy", "PyTorch", 60, "B")]
    assert compared(memory[0], memory) == "0.50 of it"
    first, second = lines(case, PEAK).splitlines()
    assert "20.0 ms  × 2.00" in first and "50 GFLOP/s,  50% of peak  floor 10.0 ms" in first and "25%" in second


def test_what_is_missing_is_said_once(capsys):
    options = Options([], 1, False, None, PEAK)
    for _ in range(2):
        with options.optional("JAX"):
            raise ModuleNotFoundError("No module named 'jax'")
    assert capsys.readouterr().err == "JAX is left out: No module named 'jax'\n"
    assert options.missing == {"JAX": "No module named 'jax'"}
    assert options.seconds(8) == 8 and Options([], 1, True, None, PEAK).seconds(8) == 1


def test_tables(tmp_path, monkeypatch):
    kernels = [Measurement("kernel", name, 1.0) for name in ("pack", "pack", "exp")]
    parts = [report.Part("training", 1, measured(), {"JAX": "not installed"}), report.Part("compiling", 1, kernels, {})]
    text = report.markdown(["a CPU"], [PEAK], parts)
    for line in ("| 1 | 100 GFLOP/s | 20.0 GB/s | 10.0 GB/s |", "|  | loop | PyTorch | loop's share of peak | floor |",
                 "| toy | 20.0 ms (× 2.00) | 40.0 ms | 50% | 10.0 ms |", "Left out: JAX (not installed).",
                 "| pack | 2 | 2.00 s |"):
        assert line in text.splitlines()
    monkeypatch.setattr(report, "DOCS", tmp_path)
    page = tmp_path / "speed.md"
    page.write_text(f"before\n{report.BEGIN}old{report.END}\nafter\n")
    (tmp_path / "images").mkdir()
    pytest.importorskip("matplotlib")
    report.write(text, parts)
    assert page.read_text() == f"before\n{report.BEGIN}\n{text}\n{report.END}\nafter\n"
    assert "loop" in (tmp_path / "images" / "speed.svg").read_text()
    page.write_text("no markers")
    with pytest.raises(ValueError, match="the lines are gone"):
        report.write(text, parts)


def test_the_most_memory_a_process_held():
    """In a small process: one that once held much does not show when it holds a little more."""
    code = "from benchmarks.memory import most; before = most(); kept = b'x' * 50_000_000; print(most() - before)"
    assert 45e6 < run(code).said < 60e6


def test_kill_and_resume():
    """Some kills at random moments, in a process of its own: it forks."""
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "TINYATTN_KERNELS": "numpy"}
    found = subprocess.run([sys.executable, "-m", "benchmarks.kill_and_resume", "average", "--kills", "3"], cwd=root,
                           env=environment, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stdout + found.stderr
    assert re.search(r"^average +[3-9]  yes ", found.stdout, re.MULTILINE)


def test_what_differs_after_a_resume_is_named():
    one = {"parameters": {"w": np.zeros(2)}, "metrics": "[1]"}
    assert differences(one, {"parameters": {"w": np.zeros(2)}, "metrics": "[1]"}) == []
    assert differences(one, {"parameters": {"w": np.array([0, 1e-9])}, "metrics": "[1]"}) == ["parameters"]
