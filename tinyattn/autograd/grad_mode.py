"""Whether ops leave Nodes behind, as a switch. `no_grad` and `enable_grad` are in state.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..state import grad_mode, state


class set_grad_enabled:
    """`set_grad_enabled(mode)` holds from now on, `with set_grad_enabled(mode): ...` inside. Also a decorator."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.before, state.grad_enabled = state.grad_enabled, mode

    def __enter__(self) -> None:
        state.grad_enabled = self.mode

    def __exit__(self, *_: Any) -> None:
        state.grad_enabled = self.before

    def __call__(self, function: Callable) -> Callable:
        state.grad_enabled = self.before  # a decorator changes nothing until the function is called
        return grad_mode(self.mode)(function)
