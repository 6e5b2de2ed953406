"""A model as a table: what each module is, what it makes, how many parameters it has, what it costs.

Shapes, operations and bytes are read from a recorded run, in which fused ops run as the primitive ops they are made of;
times are taken in runs that are not recorded, by hooks around each module.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from tinyattn.nn.module import Module
from tinyattn.record import Record, record
from tinyattn.recorded import Call
from tinyattn.state import no_grad
from tinyattn.tensor import Tensor

RUNS = 5  # that are timed
COPIES = frozenset(  # ops that move numbers and calculate none
    "reshape permute transpose expand pieces pick concatenate stack take_rows index flip slice pad".split()
)


@dataclass(frozen=True)
class Row:
    """A module, and what a forward pass does in it and in the modules inside it.

    parameters: how many numbers are learned; of a table that two modules share each of them shows all
    shapes: of its outputs, () for one that was not called by itself
    flops: additions, multiplications and functions of single numbers; a product of (M, K) and (K, N) has 2 M K N
    bytes: of all the values that its ops make
    seconds: the median of several passes
    """

    path: str
    kind: str
    parameters: int
    shapes: tuple[tuple[int, ...], ...]
    flops: int
    bytes: int
    seconds: float

    def shown(self) -> tuple[str, ...]:
        """For people: the module's name as deep as it stands, and its numbers with units."""
        name = f"{self.path.rpartition('.')[2]} ({self.kind})" if self.path else self.kind
        indent = "  " * (self.path.count(".") + 1) if self.path else ""
        return (indent + name, f"{self.parameters:,}", " ".join(map(str, self.shapes)),
                counted(self.flops, 1000, ("", " k", " M", " G", " T")),
                counted(self.bytes, 1024, (" B", " KiB", " MiB", " GiB", " TiB")), f"{1e3 * self.seconds:.3f} ms")


@dataclass(frozen=True, repr=False)
class Summary:
    """The rows of a model, outermost module first; print it to see them as a table."""

    rows: tuple[Row, ...]

    def as_dict(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self.rows]

    def __repr__(self) -> str:
        table = [("module", "parameters", "output", "FLOP", "made", "time"), *(row.shown() for row in self.rows)]
        ran = bool(self.rows[0].shapes)
        shown = [line if ran else line[:2] for line in table]
        widths = [max(map(len, column)) for column in zip(*shown)]
        return "\n".join("  ".join(text.ljust(width) if k in (0, 2) else text.rjust(width)
                                   for k, (text, width) in enumerate(zip(line, widths))).rstrip() for line in shown)


def summary(model: Module, *inputs: Any, **options: Any) -> Summary:
    """The modules of a model with their parameters; with inputs, `model(*inputs, **options)` is run and each module
    has the shapes of its outputs, FLOP, bytes and seconds as well. Neither random numbers nor gradients of the model
    are touched: it runs as after `eval()`, under `no_grad()`.

        print(ta.summary(model, ta.zeros(32, 10)))

    Raises: TypeError for a model that is no Module.
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: wanted a Module and what it is called with, got {type(model).__name__}")
    shapes: dict[str, tuple[tuple[int, ...], ...]] = {}
    kept, seconds = Record(), {}
    if inputs or options:
        modes = [(module, module.training) for module in model.modules()]
        model.eval()
        try:
            with no_grad():
                seconds = timed(model, lambda: model(*inputs, **options))
                with hooked(model, lambda path, _, output: shapes.update({path: shapes_of(output)})), record() as kept:
                    kept.name(model, "")
                    model(*inputs, **options)
        finally:
            for module, mode in modes:
                module.training = mode
    rows = []
    for path, module in model.named_modules():
        calls = [call for call in kept.calls if path == "" or f"{call.path}.".startswith(f"{path}.")]
        rows.append(Row(path, type(module).__name__, sum(p.numel() for p in module.parameters()), shapes.get(path, ()),
                        sum(flops(kept, call) for call in calls),
                        sum(kept.values[k].array.nbytes for call in calls for k in call.outputs),
                        seconds.get(path, 0.0)))
    return Summary(tuple(rows))


def timed(model: Module, run: Callable[[], Any]) -> dict[str, float]:
    """The seconds of each module that `run` calls, all its calls together: the median of RUNS runs."""
    seconds: dict[str, list[float]] = {}
    for number in range(RUNS + 1):
        spent: dict[str, float] = defaultdict(float)

        def add(path: str, s: float, _: Any, spent: dict[str, float] = spent) -> None:
            spent[path] += s

        with hooked(model, add):
            run()
        if number:  # the first run may have compiled
            for path, s in spent.items():
                seconds.setdefault(path, []).append(s)
    return {path: median(runs) for path, runs in seconds.items()}


class hooked:
    """Inside, `tell(path, seconds, output)` is called after every forward of a module of `model`."""

    def __init__(self, model: Module, tell: Callable[[str, float, Any], None]) -> None:
        self.model, self.tell = model, tell
        self.handles: list[Any] = []
        self.began: list[float] = []  # of the modules that are running, innermost last

    def __enter__(self) -> None:
        for path, module in self.model.named_modules():
            self.handles.append(module.register_forward_pre_hook(lambda *_: self.began.append(time.perf_counter())))
            self.handles.append(module.register_forward_hook(
                lambda module, inputs, output, path=path: self.tell(path, time.perf_counter() - self.began.pop(),
                                                                    output)))

    def __exit__(self, *_: Any) -> None:
        for handle in self.handles:
            handle.remove()


def flops(kept: Record, call: Call) -> int:
    """Of one op, from the shapes of what it was given and what it made."""
    given = dict(call.inputs)
    made = sum(kept.values[k].array.size for k in call.outputs)
    if call.op in COPIES:
        return 0
    if call.op in ("matmul", "linear"):
        K = kept.values[given["x" if call.op == "linear" else "a"]].array.shape[-1]
        return 2 * made * K
    return max([made, *(kept.values[k].array.size for k in given.values())])


def shapes_of(output: Any) -> tuple[tuple[int, ...], ...]:
    """The shapes of all arrays in an output, however it is nested."""
    if isinstance(output, (Tensor, np.ndarray)):
        return (tuple(output.shape),)
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else ()
    return tuple(shape for part in parts for shape in shapes_of(part))


def counted(number: float, step: int, units: tuple[str, ...]) -> str:
    """Three digits and a unit: 1234567 is "1.23 M"."""
    power = 0
    while number >= step and power + 1 < len(units):
        number, power = number / step, power + 1
    return f"{number:.0f}{units[power]}" if power == 0 else f"{number:.3g}{units[power]}"
