"""tinyattn: a tensor and autograd engine from scratch, and on it the encoder-decoder with attention.

`import tinyattn as ta`: names that PyTorch has too mean the same here. What needs more than NumPy is loaded when
it is first used: importing tinyattn alone imports neither Numba nor anything that draws.
"""

from __future__ import annotations

import importlib
from typing import Any

from . import autograd, nn, ops, optim, utils
from .create import (
    arange,
    bool_,
    eye,
    float32,
    float64,
    from_numpy,
    full,
    full_like,
    int64,
    linspace,
    long,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    tensor,
    zeros,
    zeros_like,
)
from .explain import explain
from .kernels.mode import kernels
from .kernels.threads import get_num_threads, set_num_threads
from .ops import *  # noqa: F403  # every op: ops.__all__ lists them
from .record import record
from .state import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .streams import manual_seed
from .summary import summary
from .tensor import Tensor

bool = bool_
LAZY = {
    "Translator": "translator.translator",
    "load": "storage",
    "save": "storage",
}


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module 'tinyattn' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{LAZY[name]}", __name__), name)
