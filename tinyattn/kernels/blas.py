"""The threads of NumPy's own matrix products, so that `--threads 1` is one thread in all.

NumPy's wheels bring OpenBLAS along, which can be told. Another BLAS, as Conda's or Apple's, keeps to its own settings.
"""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path
from typing import Any

import numpy as np


@functools.cache
def openblas() -> Any:
    """The library that NumPy has loaded, or None."""
    for path in Path(np.__file__).parents[1].glob("numpy.libs/*openblas*"):
        library = ctypes.CDLL(str(path))
        if hasattr(library, "scipy_openblas_set_num_threads64_"):
            return library
    return None


def set_blas_threads(count: int) -> None:
    """NumPy's matrix products use `count` threads from now on."""
    library = openblas()
    if library is not None:
        library.scipy_openblas_set_num_threads64_(count)
