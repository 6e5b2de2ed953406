"""What holds for the running thread only: whether ops leave Nodes behind, and who watches them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any


class State(threading.local):
    grad_enabled = True  # do ops leave Nodes behind?
    recorder: Any = None  # the Record that watches the ops, see record.py
    anomaly: Any = None  # what watches the gradients, see autograd/anomaly.py


state = State()


class grad_mode:
    """Inside, ops do or do not leave Nodes behind. Also a decorator."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __enter__(self) -> None:
        self.before, state.grad_enabled = state.grad_enabled, self.enabled

    def __exit__(self, *error: Any) -> None:
        state.grad_enabled = self.before

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def inside(*arguments: Any, **named: Any) -> Any:
            with grad_mode(self.enabled):  # each call has its own: a function may call itself
                return function(*arguments, **named)

        return inside


def no_grad(function: Callable | None = None) -> Any:
    """Inside, nothing is remembered for a backward pass: for updates and for inference. Also a decorator."""
    return grad_mode(False) if function is None else grad_mode(False)(function)


def enable_grad(function: Callable | None = None) -> Any:
    """Inside, ops are remembered again, within `no_grad()`. Also a decorator."""
    return grad_mode(True) if function is None else grad_mode(True)(function)


def inference_mode(mode: Any = True) -> Any:
    """As `no_grad()`; with mode=False as nothing."""
    return no_grad(mode) if callable(mode) else grad_mode(state.grad_enabled and not mode)


class set_grad_enabled:
    """From here on ops are remembered, or not; as the head of a `with` block, until its end."""

    def __init__(self, mode: bool) -> None:
        self.before, state.grad_enabled = state.grad_enabled, bool(mode)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        state.grad_enabled = self.before


def is_grad_enabled() -> bool:
    return state.grad_enabled


def time_step(t: int) -> AbstractContextManager:
    """Inside, recorded ops belong to step t of a sequence. Without a record it does nothing."""
    return nullcontext() if state.recorder is None else state.recorder.time_step(t)
