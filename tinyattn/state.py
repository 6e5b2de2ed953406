"""What holds for the running thread only: whether ops leave Nodes behind, and who watches them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any


class State(threading.local):
    grad_enabled = True  # do ops leave Nodes behind?
    recorder: Any = None  # the Record that watches the ops, see record.py
    anomaly: Any = None  # what watches the gradients, see autograd/anomaly.py


state = State()


@contextmanager
def grad_mode(enabled: bool) -> Iterator[None]:
    """Inside, ops do or do not leave Nodes behind. Also a decorator."""
    before, state.grad_enabled = state.grad_enabled, enabled
    try:
        yield
    finally:
        state.grad_enabled = before


def no_grad() -> Any:
    """Inside, nothing is remembered for a backward pass: for updates and for inference."""
    return grad_mode(False)


def enable_grad() -> Any:
    """Inside, ops are remembered again, within `no_grad()`."""
    return grad_mode(True)


inference_mode = no_grad


def time_step(t: int) -> AbstractContextManager:
    """Inside, recorded ops belong to step t of a sequence. Without a record it does nothing."""
    return nullcontext() if state.recorder is None else state.recorder.time_step(t)
