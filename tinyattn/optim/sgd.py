"""Gradient descent, with momentum where wanted."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.compile import kernel
from ..kernels.table import array_at
from ..kernels.vector import EXACT
from ..tensor import Tensor
from .fused import Fused, Part
from .optimizer import Group


class SGD(Fused):
    """x ← x − lr · v,  v ← momentum · v + (1 − dampening) · g,  g = dx + weight_decay · x

    The first v is g itself. nesterov: x goes along g + momentum · v, a look ahead. maximize: −dx in place of dx.
    fused: False for NumPy in place of a kernel. foreach, differentiable: not here.
    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", with PyTorch's
    learning rate outside of v.
    """

    def __init__(self, params: Any, lr: float = 1e-3, momentum: float = 0, dampening: float = 0,
                 weight_decay: float = 0, nesterov: bool = False, *, maximize: bool = False,
                 foreach: bool | None = None, differentiable: bool = False, fused: bool | None = None) -> None:
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused})

    def check_group(self, group: Group) -> None:
        super().check_group(group)
        if group["nesterov"] and not (group["momentum"] > 0 and group["dampening"] == 0):
            raise ValueError(f"SGD: nesterov wants momentum above 0 and dampening = 0, got {group['momentum']} and "
                             f"{group['dampening']}")

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def update_together(self, part: Part, at: np.ndarray, group: Group, factor: float, first: bool) -> None:
        table, options = part.table, numbers(group, factor, first)
        flags = bool(group["momentum"]), bool(group["nesterov"])
        table.run(lambda start, stop: sgd_kernel(table.rows[start:stop], at, table.one, *flags, *options))

    def update(self, parameter: Tensor, group: Group, factor: float = 1.0, first: bool = False) -> None:
        v = self.state[parameter]["momentum_buffer"].array if group["momentum"] else None
        sgd_numpy(parameter.array, parameter.grad.array, v, group["nesterov"],  # type: ignore[union-attr]
                  *numbers(group, factor, first))


def numbers(group: Group, factor: float, first: bool) -> list[float]:
    """lr, momentum, the share of g in v, the share of x in g, the sign and size of dx in g"""
    return list(map(float, (group["lr"], group["momentum"], 1 if first else 1 - group["dampening"],
                            group["weight_decay"], -factor if group["maximize"] else factor)))


@kernel(fastmath=EXACT)
def sgd_piece(x, dx, v, nesterov, lr, momentum, new, weight_decay, factor):
    """x, v (N,) move on by one step; v is None where there is no momentum."""
    for n in range(x.size):
        g = factor * dx[n]
        if weight_decay:
            g += weight_decay * x[n]
        if v is not None:
            v[n] = momentum * v[n] + new * g
            g = g + momentum * v[n] if nesterov else v[n]
        x[n] -= lr * g


@kernel(fastmath=EXACT)
def sgd_kernel(rows, at, one, remembers, nesterov, lr, momentum, new, weight_decay, factor):
    """sgd_piece for each of the rows of a table of x, and with momentum v.

    at (P,): where each dx begins; one: 1, in their dtype.
    """
    number = type(one)
    numbers = number(lr), number(momentum), number(new), number(weight_decay), number(factor)
    for r in range(len(rows)):
        owner, offset, N = rows[r, 0], rows[r, 1], rows[r, 2]
        x, dx = array_at(rows[r, 3], N, one), array_at(at[owner] + offset, N, one)
        if remembers:
            sgd_piece(x, dx, array_at(rows[r, 4], N, one), nesterov, *numbers)
        else:
            sgd_piece(x, dx, None, nesterov, *numbers)


@np.errstate(all="ignore")
def sgd_numpy(x, dx, v, nesterov, lr, momentum, new, weight_decay, factor):
    """The same in NumPy, for arrays of any shape and layout."""
    g = factor * dx
    if weight_decay:
        g += weight_decay * x
    if v is not None:
        v *= momentum
        v += new * g
        g = g + momentum * v if nesterov else v
    x -= lr * g
