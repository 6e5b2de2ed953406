"""The examples run as a reader would run them, in a folder of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = {
    "1_one_neuron.py": ((), ["y = -0.2449, wanted 0.9, loss 1.3108",
                             "dloss/db  =  -2.1525   by hand  -2.1525",
                             "dloss/dw1 =  -1.0762   by hand  -1.0762",
                             "dloss/dw2 =   2.1525   by hand   2.1525"]),
    "2_the_videos_numbers.py": ((), ["let's go -> vamos <eos>",
                                     "decoder  output  0.91  0.38",
                                     "let's    output -0.76  0.75   cosine -0.39   dot -0.41   softmax 0.40",
                                     "go       output  0.01 -0.01   cosine  0.67   dot  0.01   softmax 0.60",
                                     "The model itself gave the weights 0.40 and 0.60"]),
    "3_phrase_translator.py": (("--steps", "3", "--pairs", "200", "--attention", "scaled"),
                               ["182 pairs learned; of 12 phrases never seen, 0.0% come out exactly",
                                "don't eat the pizza"]),
    "4_roman_numerals.py": (("--epochs", "5"), ["MMDCCCLXXXVIII is 2888",
                                                "MCMXCIV is 1994"]),
    "score_kinds.py": (("--hidden", "4", "--seeds", "1", "--epochs", "1", "--pairs", "400", "--kinds", "dot", "cosine"),
                       ["score_kinds/score_kinds.svg shows it"]),
    "forgetting.py": (("--hidden", "4", "--seeds", "1", "2", "--epochs", "1", "--pairs", "400", "--draws", "1"),
                      ["364 pairs to learn from, 24 to test on, 1 pairs of twins",
                       "forgetting/forgetting.svg shows it"]),
}
SHARED = ["trials.py"]  # what some of them import


def run(example, *arguments, folder):
    # Plain NumPy, so that nothing is compiled: kernels have tests of their own. One thread: there is no work for more.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "viz"))),
                   "PYTHONUTF8": "1", "TINYATTN_KERNELS": "numpy", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", ROOT / "examples" / example, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_every_example_is_run():
    assert sorted(path.name for path in (ROOT / "examples").glob("*.py")) == sorted([*EXAMPLES, *SHARED])


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example(example, tmp_path):
    arguments, expected = EXAMPLES[example]
    lines = run(example, *arguments, folder=tmp_path).split("\n")
    assert [line for line in expected if line not in lines] == []
    if example.startswith("1"):
        picture = (tmp_path / "neuron.svg").read_text(encoding="utf-8")
        assert all(text in picture for text in ("tanh", "loss", "grad"))
    if example.startswith("3"):
        assert (tmp_path / "phrases" / "best.safetensors").exists()


def test_the_same_file_runs_under_pytorch(tmp_path):
    pytest.importorskip("torch")
    assert "\nMCMXCIV is " in run("4_roman_numerals.py", "--torch", "--epochs", "1", folder=tmp_path)


def test_the_numbered_ones_are_shortest_first():
    numbered = [example for example in EXAMPLES if example[0].isdigit()]
    lengths = [len((ROOT / "examples" / example).read_text(encoding="utf-8").split("\n")) for example in numbered]
    assert lengths == sorted(lengths)
