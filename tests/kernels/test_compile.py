"""The decorator: types that come, kernels that call kernels, options, notices, and no Numba before it is needed."""

import subprocess
import sys
import types

import numpy as np
import pytest

from tinyattn.kernels.compile import FASTMATH, kernel, ready, tell_when_compiling


def test_it_is_compiled_for_the_types_that_come(module):
    double = module("doubling", "@kernel\ndef double(y, x):\n    '''y = 2 x'''\n    for i in range(len(x)):\n"
                                "        y[i] = 2 * x[i]\n").double
    for dtype in (np.float32, np.float64, np.float32):
        x, y = np.arange(3, dtype=dtype), np.empty(3, dtype)
        double(y, x)
        np.testing.assert_array_equal(y, [0, 2, 4])
    assert len(double.compiled.signatures) == 2
    assert double.__name__ == "double" and double.__doc__ == "y = 2 x"


def test_kernels_call_kernels_of_other_modules(module):
    module("inner", "FACTOR = 3\n@kernel\ndef times(x):\n    return FACTOR * x\n")
    outer = module("outer", "from inner import times\nimport inner\n@kernel\ndef f(x):\n"
                            "    return times(x) + inner.times(x)\n").f
    assert outer(2) == 12
    assert [one.__name__ for one in outer.used()][:2] == ["f", "times"]


def test_isnan_keeps_its_meaning_and_division_by_0_is_infinite(module):
    made = module("edges", "import math\n@kernel\ndef nan(x):\n    return math.isnan(x)\n"
                           "@kernel\ndef over(x):\n    return 1.0 / x\n")
    assert made.nan(np.nan) and not made.nan(np.inf)
    assert made.over(0.0) == np.inf


def test_what_is_emitted_runs_in_place_of_the_body(module):
    made = module("emitting", "def other():\n    return lambda x: x + 1\n"
                              "@kernel(emitted=other)\ndef f(x):\n    return x\n"
                              "@kernel(emitted=lambda: None)\ndef g(x):\n    return x\n")
    assert (made.f(1), made.g(1)) == (2, 1)


def test_options():
    assert kernel(lambda x: x).fastmath == FASTMATH
    assert kernel(fastmath=frozenset({"contract"}))(lambda x: x).fastmath == {"contract"}


def test_a_listener_hears_what_is_compiled_not_what_is_loaded(module):
    source, heard = "@kernel\ndef f(x):\n    return x\n", []
    with tell_when_compiling(heard.append):
        module("told", source).f(1)
        module("told", source).f(1)
    assert heard == ["f"]
    module("told", source).f(1.5)
    assert heard == ["f"]


def test_without_the_compiler(monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    infinite = kernel(lambda x: x - x)
    assert np.isnan(infinite(np.float64(np.inf)))  # with no warning, as when it is compiled
    assert isinstance(infinite.compiled, types.FunctionType)


def test_ready_copies_only_what_kernels_cannot_take():
    x = np.arange(12.0).reshape(3, 4)
    assert ready(x) is x
    frozen = x.copy()
    frozen.flags.writeable = False
    for other in (x.T, x[:, ::2], frozen, np.broadcast_to(1.0, (2, 2))):
        assert ready(other).flags.carray
        np.testing.assert_array_equal(ready(other), other)


@pytest.mark.parametrize("first", ["import tinyattn", "import tinyattn.kernels.matmul, tinyattn.kernels.vector"])
def test_importing_does_not_import_numba(first):
    code = f"{first}\nimport sys\nprint(any(name.split('.')[0] in ('numba', 'llvmlite') for name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "False"
