"""Which of the two lenses is in use: Numba's kernels, or plain NumPy with fused ops run as their reference."""

from __future__ import annotations

import os
from typing import Any

NAMES = ("numba", "numpy")


def checked(name: str, source: str) -> str:
    if name not in NAMES:
        raise ValueError(f"{source}: wanted 'numba' or 'numpy', got {name!r}")
    return name


_mode: str | None = None  # None: nobody has asked yet


def use_numba() -> bool:
    """Do ops run Numba's kernels? Raises: ValueError where TINYATTN_KERNELS is neither "numba" nor "numpy"."""
    global _mode
    if _mode is None:
        _mode = checked(os.environ.get("TINYATTN_KERNELS") or "numba", "TINYATTN_KERNELS")
    return _mode == "numba"


class kernels:
    """`kernels("numpy")` runs every op in plain NumPy, and fused ops as their primitive reference, from now on;
    `with kernels("numpy"): ...` only inside. `kernels("numba")` goes back to Numba's kernels, the default.

    It holds for the whole process. The environment's TINYATTN_KERNELS sets what holds at the start.
    Raises: ValueError for another name.
    """

    def __init__(self, name: str) -> None:
        global _mode
        self.before, _mode = _mode, checked(name, "kernels")

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: Any) -> None:
        global _mode
        _mode = self.before
