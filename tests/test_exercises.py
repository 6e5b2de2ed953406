"""What warmup and doctor run: every kernel there is."""

import importlib
import pkgutil

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.cli.exercises import EXERCISES
from tinyattn.cli.machine import largest_difference
from tinyattn.kernels.compile import Kernel
from tinyattn.kernels.matmul import multiply
from tinyattn.kernels.tile import PLAIN, registers


def all_kernels():
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(ta.__path__, "tinyattn.")
               if not found.name.endswith("__main__")]
    return {value for module in modules for value in vars(module).values() if isinstance(value, Kernel)}


def test_no_kernel_is_forgotten(monkeypatch):
    """Who adds a kernel adds an exercise that calls it, itself or through another kernel."""
    reached = set()
    call = Kernel.__call__

    def watched(self, *arguments):
        reached.update(self.used())
        return call(self, *arguments)

    monkeypatch.setattr(Kernel, "__call__", watched)
    with ta.kernels("numba"):
        for exercise in EXERCISES.values():
            exercise(np.float32)
    forgotten = all_kernels() - reached
    if registers() is PLAIN:  # products are then left to NumPy's BLAS
        forgotten.discard(multiply)
    assert sorted(f"{one.__module__}.{one.__name__}" for one in forgotten) == []
    assert len(reached) > 50


@pytest.mark.parametrize("name", EXERCISES)
def test_twins_agree_in_float64(name):
    found = {}
    for mode in ("numba", "numpy"):
        with ta.kernels(mode):
            found[mode] = EXERCISES[name](np.float64)
    assert largest_difference(found["numba"], found["numpy"]) < (1e-4 if found["numpy"][0].dtype == np.float32 else 1e-12)
    assert any(x.any() for x in found["numpy"])


def test_differences():
    x = np.array([1.0, 4.0])
    assert largest_difference([x], [x]) == 0
    assert largest_difference([x, x + 1], [x, x]) == 0.25
    assert largest_difference([np.zeros(2)], [np.zeros(2)]) == 0
    assert largest_difference([np.zeros((0, 2))], [np.zeros((0, 2))]) == 0
    assert largest_difference([x], [np.array([1.0, np.nan])]) == np.inf
    assert largest_difference([x], [x[:1]]) == np.inf
