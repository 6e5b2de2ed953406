"""Where the first NaN or Inf comes from: `detect_anomaly`.

    with ta.autograd.detect_anomaly():
        loss = model(x)
        loss.backward()

Inside, every op's output and every derivative is looked at, and fused ops run as their primitive reference, so that the
first one that is not finite stops the program with the op's name. The rule:

    NaN is an alarm always. ±Inf is one where it was made of finite numbers, as by log 0.

So the −inf of a mask is none: it is not made, but given, as an input or attribute of masked_fill, where or pad, and
passed on by what follows. A mask made by log 0 is one: use masked_fill. Of a derivative only the result counts.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import FrameType, TracebackType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..callers import Line, calling_frames, line_of
from ..op import Op
from ..state import state
from ..tensor import Node, Tensor


class set_detect_anomaly:
    """Watch for NaN and Inf from now on, or no longer; as a context manager, only inside.

    check_nan: False leaves the numbers alone; then only an error in a derivative is told where its op was called.
    Raises: RuntimeError, inside, at the first NaN or Inf.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = recorder, _ = state.recorder, state.anomaly
        if isinstance(recorder, Watch):
            recorder = recorder.recorder
        watch = Watch(recorder, check_nan, WeakKeyDictionary()) if mode else None
        state.recorder, state.anomaly = watch or recorder, watch

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        watch, (state.recorder, state.anomaly) = state.anomaly, self.before
        node = None
        while trace is not None:
            node, trace = pulled(trace.tb_frame) or node, trace.tb_next
        if error is not None and node is not None and watch is not None:
            note = [f"detect_anomaly: raised by the derivative of {node.op.name}", *called(watch.lines.get(node))]
            error.add_note("\n  ".join(note))


class detect_anomaly:
    """Inside, the first NaN or Inf is an error that names the op, its formula, the line that called it, and its inputs.

    In the forward pass, and in the backward pass of what was made inside. It is slow: for debugging.
    check_nan: as in `set_detect_anomaly`.
    Raises: RuntimeError, inside, at the first NaN or Inf.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan

    def __enter__(self) -> None:
        self.mode = set_detect_anomaly(True, self.check_nan)

    def __exit__(self, *error: Any) -> None:
        self.mode.__exit__(*error)


class Watch:
    """Looks at what ops and derivatives have made; `recorder`, if there is one, is told everything as before."""

    def __init__(self, recorder: Any, check_nan: bool, lines: WeakKeyDictionary[Node, list[Line]]) -> None:
        self.recorder, self.check_nan = recorder, check_nan
        self.lines = lines  # where each Node's op was called: the user's line, and then the one in this package

    def over(self, recorder: Any) -> Watch:
        """The same for another recorder, while that one records."""
        return Watch(recorder, self.check_nan, self.lines)

    def scope(self, module: Any) -> AbstractContextManager:
        return nullcontext() if self.recorder is None else self.recorder.scope(module)

    def time_step(self, t: int) -> AbstractContextManager:
        return nullcontext() if self.recorder is None else self.recorder.time_step(t)

    def add(self, op: Op, arguments: Sequence[Any], attributes: dict[str, Any], outputs: Sequence[Tensor]) -> None:
        """The op rule calls this after every op."""
        if self.recorder is not None:
            self.recorder.add(op, arguments, attributes, outputs)
        inner, user = calling_frames(op.file)
        inner = [frame for frame in inner if frame.f_code.co_filename != __file__]
        lines = [line for frame in (user, *inner[-1:]) if (line := line_of(frame)) is not None]
        self.lines.update({y.node: lines for y in outputs if y.node is not None})
        for y in outputs if self.check_nan else ():
            what = alarm(y.array, [*arguments, *attributes.values()])
            if what is not None and not any(pulled(frame) for frame in frames()):
                raise RuntimeError("\n  ".join([
                    f"detect_anomaly: {op.name} made {what} in the forward pass: {op.formula}",
                    *called(lines),
                    numbers("its output", y),
                    *(numbers(f"its input {name}", x) for name, x in named(op, arguments)),
                ]))

    def check(self, node: Node, parts: dict[int, Any], pairs: Sequence[tuple[Tensor, Any]]) -> None:
        """The backward walk calls this with dL/doutput by slot, and each input with dL/dinput."""
        op, inputs = node.op, named(node.op, node.inputs)
        for x, dx in pairs if self.check_nan else ():
            what = None if dx is None else alarm(dx, [*parts.values(), *node.inputs])
            if what is not None:
                name = next((name for name, other in inputs if other is x), "x")
                raise RuntimeError("\n  ".join([
                    f"detect_anomaly: the derivative of {op.name} by its input {name} made {what}: {op.formula}",
                    *called(self.lines.get(node)),
                    numbers(f"d{name}", dx),
                    *(numbers("dy", dy) for _, dy in sorted(parts.items())),
                    *(numbers(f"its input {name}", x) for name, x in inputs),
                ]))


def alarm(made: Any, given: Iterable[Any]) -> str | None:
    """What is wrong with what was made: "NaN", "Inf" or nothing, by the rule above."""
    if is_finite(made):
        return None
    if np.isnan(array_of(made)).any():
        return "NaN"
    return "Inf" if all(is_finite(x) for x in given) else None


def is_finite(x: Any) -> bool:
    """Has it no NaN and no Inf? What holds no floating-point numbers has none."""
    if not isinstance(x, (Tensor, np.ndarray, np.floating, float)) or array_of(x).dtype.kind != "f":
        return True
    return bool(np.isfinite(array_of(x)).all())


def array_of(x: Any) -> np.ndarray:
    return x.array if isinstance(x, Tensor) else np.asarray(x)


def named(op: Op, arguments: Sequence[Any]) -> list[tuple[str, Any]]:
    return [pair for pair in zip(op.inputs or op.variadic * len(arguments), arguments) if pair[1] is not None]


def numbers(name: str, x: Any) -> str:
    """A line about an array: its shape, what in it is not finite, and the range of the rest."""
    x = array_of(x)
    finite = np.isfinite(x)
    span = f"{x[finite].min():.6g} ... {x[finite].max():.6g}" if finite.any() else "none"
    if finite.all():
        return f"{name} {x.shape} {x.dtype}: finite, {span}"
    counts = [f"{count} {what}" for what, count in (("NaN", np.isnan(x).sum()), ("Inf", np.isinf(x).sum())) if count]
    first = [int(k) for k in np.argwhere(~finite)[0]]
    return f"{name} {x.shape} {x.dtype}: {' and '.join(counts)}, the first at {first}; finite ones: {span}"


def called(lines: Sequence[Line] | None) -> list[str]:
    if lines is None:
        return ["called outside detect_anomaly: put the forward pass inside to see where"]
    return [f"{how} {line.file}:{line.line} in {line.function}: {linecache.getline(line.file, line.line).strip()}"
            for how, line in zip(("called at", "through"), lines)]


def frames() -> Iterator[FrameType]:
    """The running ones, innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def pulled(frame: FrameType) -> Node | None:
    """The Node whose derivative a frame computes, if it does."""
    node = frame.f_locals.get("self") if frame.f_code.co_name == "pull" else None
    return node if isinstance(node, Node) else None
