"""Changes in place: a derivative may need a value as it was in the forward pass. Is it still?

Everything has an age: Nodes get one when they are made, memory when it is written to. Memory that is younger than a
Node was changed after that Node's op had run.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .arraylike import ArrayLike

clock = itertools.count(1)  # the higher the number, the younger


class Changes:
    """When a piece of memory was last written to in place. Tensors over the same memory share one."""

    __slots__ = ("last",)
    latest = 0  # of all memory: while it is older than a Node, nothing that the Node needs can have changed

    def __init__(self) -> None:
        self.last = 0

    def mark(self) -> None:
        """The memory is written to now."""
        self.last = Changes.latest = next(clock)


class Changeable(ArrayLike):
    """An array whose changes in place are known."""

    __slots__ = ("_changes", "array")
    _changes: Changes | None
    node: Any
    detach: Any

    @property
    def changes(self) -> Changes:
        if self._changes is None:
            self._changes = Changes()
            if self.node is not None:
                self.node.changes = [*self.node.changes, self._changes]
        return self._changes

    def mark_changed(self) -> None:
        """Belongs after every write into `array`: a backward that needs the old values will say so."""
        self.changes.mark()

    @property
    def data(self) -> Any:
        """As `detach()`. What is assigned to it takes the place of the numbers, and the graph does not know."""
        return self.detach()

    @data.setter
    def data(self, numbers: Any) -> None:
        if not isinstance(numbers, Changeable) or numbers.dtype != self.dtype:
            got = numbers.dtype if isinstance(numbers, Changeable) else type(numbers).__name__
            raise TypeError(f"data: wanted a tensor of {self.dtype}, got {got}: use ta.tensor or .to(dtype)")
        self.array, self._changes = numbers.array, numbers.changes
        self.mark_changed()


def mark_all_changed(tensors: Iterable[Changeable]) -> None:
    """`mark_changed()` of each, at one time."""
    now = next(clock)
    for x in tensors:
        x.changes.last = now
    Changes.latest = now


def share_changes(output: Changeable, inputs: Sequence[Any]) -> None:
    """A view of an input's memory changes when that input does."""
    for x in inputs:
        if isinstance(x, Changeable) and (x.array is output.array.base or x.array.base is output.array.base):
            output._changes = x.changes


def stale_values(node: Any) -> Iterator[str]:
    """What a Node's derivatives read, and what was written to since: its inputs by name, its output."""
    names = node.op.inputs or node.op.variadic * len(node.inputs)
    for name, x in zip(names, node.inputs):
        if name in node.op.reads and isinstance(x, Changeable) and x.changes.last > node.age:
            yield f"its input {name}"
    if "y" in node.op.reads and any(changes.last > node.age for changes in node.changes):
        yield "its output"
