"""Changes in place: a derivative may need a value as it was in the forward pass. Is it still?

Everything has an age: Nodes get one when they are made, memory when it is written to. Memory that is younger than a
Node was changed after that Node's op had run.
"""

from __future__ import annotations

import itertools

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
