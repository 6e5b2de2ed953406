"""Gradient descent, with momentum where wanted."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.compile import kernel
from ..kernels.vector import EXACT
from ..tensor import Tensor
from .optimizer import Group, Optimizer, fits_kernels, flat


class SGD(Optimizer):
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

    def update(self, parameter: Tensor, group: Group) -> None:
        x, dx = parameter.array, parameter.grad.array  # type: ignore[union-attr]
        v, new = None, 1 - group["dampening"]
        if group["momentum"]:
            state = self.state[parameter]
            if not state:
                state["momentum_buffer"], new = Tensor(np.zeros_like(x)), 1  # so that the first v is g
            v = state["momentum_buffer"].array
        numbers = (group["lr"], group["momentum"], new, group["weight_decay"], -1 if group["maximize"] else 1)
        if fits_kernels(group, x, dx, v):
            sgd_kernel(flat(x), flat(dx), flat(v), bool(group["nesterov"]), *map(x.dtype.type, numbers))
        else:
            sgd_numpy(x, dx, v, group["nesterov"], *map(float, numbers))


@kernel(fastmath=EXACT)
def sgd_kernel(x, dx, v, nesterov, lr, momentum, new, weight_decay, sign):
    """x, v (N,) move on by one step; v is None where there is no momentum."""
    for n in range(x.size):
        g = sign * dx[n]
        if weight_decay:
            g += weight_decay * x[n]
        if v is not None:
            v[n] = momentum * v[n] + new * g
            g = g + momentum * v[n] if nesterov else v[n]
        x[n] -= lr * g


@np.errstate(all="ignore")
def sgd_numpy(x, dx, v, nesterov, lr, momentum, new, weight_decay, sign):
    """The same in NumPy, for arrays of any shape and layout."""
    g = sign * dx
    if weight_decay:
        g += weight_decay * x
    if v is not None:
        v *= momentum
        v += new * g
        g = g + momentum * v if nesterov else v
    x -= lr * g
