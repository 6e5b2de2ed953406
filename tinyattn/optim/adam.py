"""Adam and AdamW: each element of a parameter has a step size of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..kernels.compile import kernel
from ..kernels.table import array_at
from ..kernels.vector import EXACT
from ..tensor import Tensor
from .fused import Fused, Part
from .optimizer import Group


class Adam(Fused):
    """m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  x ← x − lr · m̂ / (√v̂ + eps),  g = dx + weight_decay · x

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) at a parameter's step t make up for the start at 0.
    amsgrad: v̂ from the largest v so far. maximize: −dx in place of dx. decoupled_weight_decay: as AdamW.
    fused: False for NumPy in place of a kernel. foreach, capturable, differentiable: not here.
    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1; amsgrad: Reddi et al. 2018.
    """

    def __init__(self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False, differentiable: bool = False,
                 fused: bool | None = None, decoupled_weight_decay: bool = False) -> None:
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay})

    def check_group(self, group: Group) -> None:
        super().check_group(group)
        if len(group["betas"]) != 2 or not all(0 <= beta < 1 for beta in group["betas"]):
            raise ValueError(f"{self._name}: betas must be two numbers in 0 ... 1, 1 excluded, got {group['betas']}")

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("step", "exp_avg", "exp_avg_sq", *["max_exp_avg_sq"] * bool(group["amsgrad"]))

    def update_together(self, part: Part, at: np.ndarray, group: Group, factor: float, first: bool) -> None:
        (_, table, steps), amsgrad, options = part, bool(group["amsgrad"]), numbers(group, factor)
        steps += 1
        table.run(lambda start, stop: adam_kernel(table.rows[start:stop], at, table.one, steps, amsgrad, *options))

    def update(self, parameter: Tensor, group: Group, factor: float = 1.0, first: bool = False) -> None:
        x, dx, state = parameter.array, parameter.grad.array, self.state[parameter]  # type: ignore[union-attr]
        state["step"].array += 1
        largest = state["max_exp_avg_sq"].array if group["amsgrad"] else None
        adam_numpy(x, dx, state["exp_avg"].array, state["exp_avg_sq"].array, largest, int(state["step"]),
                   *numbers(group, factor))


def numbers(group: Group, factor: float) -> list[float]:
    """lr, β₁, β₂, eps, the share of x in g, the share of x that stays, the sign and size of dx in g"""
    (beta1, beta2), lr, decay = group["betas"], group["lr"], group["weight_decay"]
    keep, decay = (1 - lr * decay, 0) if group["decoupled_weight_decay"] else (1, decay)
    return list(map(float, (lr, beta1, beta2, group["eps"], decay, keep, -factor if group["maximize"] else factor)))


class AdamW(Adam):
    """Adam, but x ← (1 − lr · weight_decay) · x comes first, and g = dx: the decay does not go by way of m and v.

    Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2.
    """

    def __init__(self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False,
                 foreach: bool | None = None, capturable: bool = False, differentiable: bool = False,
                 fused: bool | None = None) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
                         capturable=capturable, differentiable=differentiable, fused=fused,
                         decoupled_weight_decay=True)

    def check_group(self, group: Group) -> None:
        group["decoupled_weight_decay"] = True  # also where the state of an Adam is loaded
        super().check_group(group)


# An approximate √∞ would be NaN, where m / ∞ has to be 0.
@kernel(fastmath=EXACT)
def adam_piece(x, dx, m, v, largest, rate, beta1, new1, beta2, new2, root_scale, eps, weight_decay, keep, factor):
    """x, m, v (N,) move on by one step; each element is read and written once. largest (N,), or None, is amsgrad's."""
    for n in range(x.size):
        g = factor * dx[n]
        if weight_decay:
            g += weight_decay * x[n]
        m[n] = beta1 * m[n] + new1 * g
        v[n] = beta2 * v[n] + new2 * g * g
        square = v[n]
        if largest is not None:
            largest[n] = square = max(largest[n], square)
        x[n] = keep * x[n] - rate * m[n] / (math.sqrt(square) * root_scale + eps)


@kernel(fastmath=EXACT)
def adam_kernel(rows, at, one, steps, amsgrad, lr, beta1, beta2, eps, weight_decay, keep, factor):
    """adam_piece for each of the rows of a table of x, m, v, and with amsgrad `largest`.

    at (P,): where each dx begins; one: 1, in their dtype; steps (P,): how many steps there were, this one counted.
    """
    number = type(one)
    for r in range(len(rows)):
        owner, offset, N = rows[r, 0], rows[r, 1], rows[r, 2]
        x, m, v = array_at(rows[r, 3], N, one), array_at(rows[r, 4], N, one), array_at(rows[r, 5], N, one)
        dx, t = array_at(at[owner] + offset, N, one), np.float64(steps[owner])
        rate, root_scale = number(lr / (1 - beta1**t)), number(1 / math.sqrt(1 - beta2**t))
        numbers = (rate, number(beta1), number(1 - beta1), number(beta2), number(1 - beta2), root_scale, number(eps),
                   number(weight_decay), number(keep), number(factor))
        if amsgrad:
            adam_piece(x, dx, m, v, array_at(rows[r, 6], N, one), *numbers)
        else:
            adam_piece(x, dx, m, v, None, *numbers)


@np.errstate(all="ignore")
def adam_numpy(x, dx, m, v, largest, t, lr, beta1, beta2, eps, weight_decay, keep, factor):
    """The same in NumPy, for arrays of any shape and layout."""
    g = factor * dx
    if weight_decay:
        g += weight_decay * x
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * (g * g)
    if largest is not None:
        v = np.maximum(largest, v, out=largest)
    x *= keep
    x -= lr / (1 - beta1**t) * m / (np.sqrt(v) / math.sqrt(1 - beta2**t) + eps)
