"""Adam and AdamW: each element of a parameter has a step size of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..kernels.compile import kernel
from ..kernels.vector import EXACT
from ..tensor import Tensor
from .optimizer import Group, Optimizer, fits_kernels, flat


class Adam(Optimizer):
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

    def update(self, parameter: Tensor, group: Group) -> None:
        x, dx, state = parameter.array, parameter.grad.array, self.state[parameter]  # type: ignore[union-attr]
        if not state:
            state["step"] = Tensor(np.zeros((), np.float32))  # its own: without a gradient there is no step
            state.update({name: Tensor(np.zeros_like(x)) for name in self.state_names(group)[1:]})
        state["step"].array += 1
        t, (beta1, beta2), lr, decay = int(state["step"]), group["betas"], group["lr"], group["weight_decay"]
        keep, decay = (1 - lr * decay, 0) if group["decoupled_weight_decay"] else (1, decay)
        numbers = (lr / (1 - beta1**t), beta1, beta2, 1 / math.sqrt(1 - beta2**t), group["eps"], decay, keep,
                   -1 if group["maximize"] else 1)
        largest = state["max_exp_avg_sq"].array if group["amsgrad"] else None
        arrays = x, dx, state["exp_avg"].array, state["exp_avg_sq"].array, largest
        if fits_kernels(group, *arrays):
            adam_kernel(*map(flat, arrays), *map(x.dtype.type, numbers))
        else:
            adam_numpy(*arrays, *map(float, numbers))


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
def adam_kernel(x, dx, m, v, largest, rate, beta1, beta2, root_scale, eps, weight_decay, keep, sign):
    """x, m, v (N,) move on by one step; each element is read and written once. largest (N,), or None, is amsgrad's."""
    one = x.dtype.type(1)
    for n in range(x.size):
        g = sign * dx[n]
        if weight_decay:
            g += weight_decay * x[n]
        m[n] = beta1 * m[n] + (one - beta1) * g
        v[n] = beta2 * v[n] + (one - beta2) * g * g
        square = v[n]
        if largest is not None:
            largest[n] = square = max(largest[n], square)
        x[n] = keep * x[n] - rate * m[n] / (math.sqrt(square) * root_scale + eps)


@np.errstate(all="ignore")
def adam_numpy(x, dx, m, v, largest, rate, beta1, beta2, root_scale, eps, weight_decay, keep, sign):
    """The same in NumPy, for arrays of any shape and layout."""
    g = sign * dx
    if weight_decay:
        g += weight_decay * x
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * (g * g)
    if largest is not None:
        v = np.maximum(largest, v, out=largest)
    x *= keep
    x -= rate * m / (np.sqrt(v) * root_scale + eps)
