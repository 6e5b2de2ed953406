"""Ctrl-C and a request to terminate wait until a run can stop without loss."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupted(KeyboardInterrupt):
    """A run stopped because it was asked to. `signal` is what asked: SIGINT (Ctrl-C) or SIGTERM."""

    def __init__(self, signal: int, *said: str) -> None:
        super().__init__(*said)
        self.signal = signal


class StopRequest:
    """Inside `with`, SIGINT and SIGTERM are noted in `signal`, for a loop to look at when it has finished its step; a
    second one takes effect at once.

    Raises: Interrupted for the second.
    """

    def __init__(self) -> None:
        self.signal: int | None = None

    def note(self, number: int, frame: Any) -> None:
        if self.signal is not None:
            raise Interrupted(number)
        self.signal = number

    def __enter__(self) -> StopRequest:
        self.before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():  # Python delivers signals to no other
            self.before = {number: signal.signal(number, self.note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error: Any) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
