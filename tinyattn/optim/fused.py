"""What SGD and Adam share: one call of a kernel takes the step of all parameters."""

from __future__ import annotations

from collections import defaultdict
from operator import is_
from typing import Any, NamedTuple

import numpy as np

from ..changes import mark_all_changed
from ..kernels.mode import use_numba
from ..kernels.table import Table, addresses
from ..state import no_grad
from ..tensor import Tensor
from .optimizer import Group, Optimizer

FLOATS = np.dtype(np.float32), np.dtype(np.float64)


class Part(NamedTuple):
    """What a kernel gets of parameters that take their step together, and may get again at the next."""

    arrays: list[np.ndarray]  # theirs and their state's: while these are in use, the rest holds
    table: Table  # of x and of what else is remembered, but for the steps
    steps: np.ndarray  # (P,): how many each parameter has taken


class Fused(Optimizer):
    """An optimiser with a kernel that goes through a table of all arrays, see kernels/table.py.

    A subclass calls its kernel in `update_together`, and does the same in NumPy for a single parameter in `update`: for
    kernels("numpy"), for fused=False, and for arrays whose elements do not lie in order.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self._parts: dict[Any, Part] = {}
        super().__init__(params, defaults)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_parts": {}}  # a copy's arrays lie elsewhere

    def update_all(self, factor: float = 1.0) -> None:
        before, self._parts = self._parts, {}
        with no_grad():
            for number, group in enumerate(self.param_groups):
                for (dtype, first), parameters in self.alike(group).items():
                    if dtype is None:
                        for parameter in parameters:
                            self.update(parameter, group, factor, first)
                    else:
                        key = number, dtype, first
                        part = self._parts[key] = self.part(parameters, self.state_names(group), before.get(key))
                        at = addresses([parameter.grad.array for parameter in parameters])  # type: ignore[union-attr]
                        self.update_together(part, at, group, factor, first)
                    mark_all_changed(parameters)

    def alike(self, group: Group) -> dict[tuple[np.dtype | None, bool], list[Tensor]]:
        """Those that have a gradient, by dtype (None: no kernel can take them), and is it their first step?

        For that they get their state: zeros.
        """
        found: defaultdict[tuple[np.dtype | None, bool], list[Tensor]] = defaultdict(list)
        names, fused = self.state_names(group), group["fused"] is not False and use_numba()
        for parameter in group["params"]:
            if parameter.grad is not None:
                x, dx = parameter.array, parameter.grad.array
                first = bool(names) and not self.state[parameter]
                if first:
                    self.state[parameter] = {name: Tensor(np.zeros_like(x)) for name in names}
                    if "step" in names:
                        self.state[parameter]["step"] = Tensor(np.zeros((), np.float32))
                known = fused and in_order(x, dx)
                found[x.dtype if known else None, first].append(parameter)
        return found

    def part(self, parameters: list[Tensor], names: tuple[str, ...], last: Part | None) -> Part:
        """The last step's, unless there are other parameters now, or another array is in the place of one of theirs.

        In a new one the numbers of steps lie side by side, and the state has views of them.
        """
        states, xs = [self.state[x] for x in parameters] if names else [], [x.array for x in parameters]
        arrays = xs + [state[name].array for name in names for state in states]
        if last is not None and len(arrays) == len(last.arrays) and all(map(is_, arrays, last.arrays)):
            return last
        steps = np.zeros(len(xs), np.float32)
        for k, (x, state) in enumerate(zip(xs, states)):
            for name in names:
                if name == "step":
                    steps[k] = state[name].item()
                    state[name].array = steps[k:k + 1].reshape(())
                elif not in_order(x, state[name].array):
                    state[name].array = np.array(state[name].array, x.dtype, order="C").reshape(x.shape)
        arrays = xs + [state[name].array for name in names for state in states]
        remembered = [[state[name].array for state in states] for name in names if name != "step"]
        return Part(arrays, Table(xs, *remembered), steps)

    def update(self, parameter: Tensor, group: Group, factor: float = 1.0, first: bool = False) -> None:
        raise NotImplementedError

    def update_together(self, part: Part, at: np.ndarray, group: Group, factor: float, first: bool) -> None:
        """Call the kernel. at (P,): where the gradients begin; factor: what they are to be multiplied by."""
        raise NotImplementedError


def in_order(x: np.ndarray, other: np.ndarray) -> bool:
    """Can a kernel take both: alike in shape and in dtype, one that kernels know, their elements side by side?"""
    dtype = x.dtype
    return (dtype is other.dtype and dtype in FLOATS and x.flags.carray and other.flags.carray
            and x.shape == other.shape)
