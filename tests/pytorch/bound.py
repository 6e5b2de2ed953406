"""Run a file that was written for PyTorch with the name `torch` bound to tinyattn."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tinyattn


@contextmanager
def torch_is_tinyattn() -> Iterator[None]:
    """Inside, `import torch`, `from torch import nn` and `import torch.nn.functional as F` give tinyattn's."""
    theirs = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torch"}
    ours = {f"torch{name.removeprefix('tinyattn')}": module for name, module in sys.modules.items()
            if name.partition(".")[0] == "tinyattn"}
    for name in theirs:
        del sys.modules[name]
    sys.modules.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del sys.modules[name]
        sys.modules.update(theirs)


def load(path: Path, bound: bool) -> types.ModuleType:
    """The file as a module, unchanged; `bound`: with tinyattn as its torch."""
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    if bound:
        with torch_is_tinyattn():
            exec(code, module.__dict__)
        assert module.__dict__.get("torch", tinyattn) is tinyattn
    else:
        exec(code, module.__dict__)
    return module
