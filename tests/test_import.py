"""What `import tinyattn` costs and what it needs."""

import importlib
import os
import subprocess
import sys
import textwrap

import pytest

import tinyattn as ta

LATER = [
    "numba",
    "llvmlite",
    "graphviz",
    "pygraphviz",
    "matplotlib",
    "click",
    "rich",
    "sacrebleu",
    "torch",
    "tinyattn_viz",
]


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_needs_nothing_that_only_some_need():
    assert python(f"import sys, tinyattn; print([name for name in {LATER} if name in sys.modules])") == "[]"


def test_training_in_plain_numpy_never_imports_numba():
    code = """
        import sys, tinyattn as ta
        lstm, x = ta.nn.LSTM(2, 3, batch_first=True), ta.randn(2, 4, 2)
        optimizer = ta.optim.Adam(lstm.parameters())
        loss = ta.nn.functional.cross_entropy(lstm(x)[0][:, -1], ta.tensor([0, 2]))
        loss.backward()
        optimizer.step()
        print("numba" in sys.modules)
    """
    assert python(code, TINYATTN_KERNELS="numpy") == "False"


def test_the_environment_may_only_name_what_there_is():
    code = """
        import tinyattn as ta
        try:
            ta.softmax(ta.ones(2), 0)
        except ValueError as error:
            print(error)
    """
    assert python(code, TINYATTN_KERNELS="cuda") == "softmax: TINYATTN_KERNELS: wanted 'numba' or 'numpy', got 'cuda'"


def test_every_public_name_is_there():
    for name in ta.ops.__all__:
        assert callable(getattr(ta, name))
    for name in ta.LAZY:
        assert getattr(ta, name) is not None
    for module in ("nn", "nn.functional", "nn.init", "nn.utils"):
        module = importlib.import_module(f"tinyattn.{module}")
        for name in getattr(module, "__all__", []):
            assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="module 'tinyattn' has no attribute 'Tensro'"):
        ta.Tensro  # noqa: B018


def test_methods_are_the_functions():
    x = ta.tensor([[0.5, 2.0], [1.5, 0.25]])
    assert x.tanh().tolist() == ta.tanh(x).tolist() and x.sum(0).tolist() == ta.sum(x, 0).tolist()
    for function in (*ta.ops.BOTH, *ta.ops.METHODS_ONLY):
        assert getattr(ta.Tensor, function.__name__) is function or function is ta.split
    assert [y.tolist() for y in x.split(split_size=1)] == [y.tolist() for y in ta.split(x, split_size_or_sections=1)]
