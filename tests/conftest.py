"""What every test can rely on: the same random numbers each time, and nothing left over from the test before."""

import pytest

import tinyattn as ta
from tinyattn.kernels import mode
from tinyattn.state import state


@pytest.fixture(autouse=True)
def as_at_the_start():
    numba = mode.use_numba()
    ta.manual_seed(0)
    yield
    left_over = mode.use_numba() != numba, not state.grad_enabled, state.recorder is not None
    ta.kernels("numba" if numba else "numpy")
    state.grad_enabled, state.recorder = True, None
    assert left_over == (False, False, False), "the test left (kernels, no_grad, record) switched"
