"""Parameter: a Tensor that a Module learns."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


class Parameter(Tensor):
    """A Tensor that requires its gradient, and that optimisers find by way of the Module it was assigned to."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data.array if isinstance(data, Tensor) else data)
        if isinstance(data, Tensor):  # the same memory: a change of one is a change of the other
            self._changes = data.changes
        self.requires_grad = requires_grad

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"
