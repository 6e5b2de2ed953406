"""Which of the two lenses is in use, and who decides."""

import os
import subprocess
import sys

import pytest

from tinyattn.kernels.mode import kernels, use_numba


@pytest.fixture(autouse=True)
def restored():
    with kernels("numba"):
        yield


def test_inside_and_from_now_on():
    with kernels("numpy"):
        assert not use_numba()
        with kernels("numba"):
            assert use_numba()
        assert not use_numba()
    assert use_numba()
    kernels("numpy")
    assert not use_numba()


def test_another_name():
    with pytest.raises(ValueError, match="kernels: wanted 'numba' or 'numpy', got 'cuda'"):
        kernels("cuda")
    assert use_numba()


@pytest.mark.parametrize("value, output", [("numpy", "False"), ("", "True"), ("fast", "TINYATTN_KERNELS: wanted")])
def test_from_the_environment(value, output):
    result = subprocess.run([sys.executable, "-c", "from tinyattn.kernels.mode import use_numba; print(use_numba())"],
                            env={**os.environ, "TINYATTN_KERNELS": value}, capture_output=True, text=True, timeout=60)
    assert output in result.stdout + result.stderr
