"""Optimisers: from the gradients of a step to better parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .kernels.compile import kernel
from .kernels.mode import use_numba
from .tensor import Tensor


class Optimizer:
    """What all share: the parameters, one learning rate, and a state of arrays that can be saved."""

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        self.params = list(params)
        self.lr = lr
        self.steps = 0
        self.state: dict[str, list[np.ndarray]] = {}  # name -> one array a parameter
        name = type(self).__name__
        if not self.params:
            raise ValueError(f"{name}: wanted at least one parameter, got none: pass model.parameters()")
        for parameter in self.params:
            if not isinstance(parameter, Tensor) or parameter.node is not None:
                raise TypeError(f"{name}: wanted leaf tensors, got {type(parameter).__name__}: pass model.parameters()")
        if len({id(parameter) for parameter in self.params}) < len(self.params):
            raise ValueError(f"{name}: wanted each parameter once, got one several times: it would be updated as often")
        if not lr >= 0:
            raise ValueError(f"{name}: lr must be at least 0, got {lr}")

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.params:
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad = parameter.grad.detach().zero_()  # without the graph that create_graph left

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        self.steps += 1
        for number, parameter in enumerate(self.params):
            if parameter.grad is not None:
                state = {name: rows[number] for name, rows in self.state.items()}
                self.update(parameter.array, parameter.grad.array, state)
                parameter.mark_changed()

    def update(self, x: np.ndarray, dx: np.ndarray, state: dict[str, np.ndarray]) -> None:
        """Change x, and its state, in place."""
        raise NotImplementedError

    def remember(self, *names: str) -> None:
        self.state = {name: [np.zeros_like(p.array) for p in self.params] for name in names}

    def state_dict(self) -> dict[str, Any]:
        """`steps`, and each array of the state as "name.number"."""
        arrays = {f"{name}.{number}": row for name, rows in self.state.items() for number, row in enumerate(rows)}
        return {"steps": np.array(self.steps), **arrays}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Raises: KeyError, ValueError where it is another model's or optimiser's."""
        mine = self.state_dict()
        if mine.keys() != state_dict.keys():
            odd = sorted(mine.keys() ^ state_dict.keys())
            raise KeyError(f"{type(self).__name__}: wanted the state of {len(self.params)} parameters: "
                           f"missing or unknown: {', '.join(odd[:3])}")
        for name, array in mine.items():
            if np.shape(state_dict[name]) != array.shape:
                raise ValueError(f"{type(self).__name__}: {name} must have shape {array.shape}, "
                                 f"got {np.shape(state_dict[name])}")
        for name, array in mine.items():
            array[...] = state_dict[name]
        self.steps = int(mine["steps"])


class SGD(Optimizer):
    """x ← x − lr · v,  v ← momentum · v + (dx + weight_decay · x)"""

    def __init__(self, params: Iterable[Tensor], lr: float = 1e-3, momentum: float = 0.0,
                 weight_decay: float = 0.0) -> None:
        super().__init__(params, lr)
        self.momentum, self.weight_decay = momentum, weight_decay
        if momentum:
            self.remember("velocity")

    def update(self, x: np.ndarray, dx: np.ndarray, state: dict[str, np.ndarray]) -> None:
        if self.weight_decay:
            dx = dx + self.weight_decay * x
        if self.momentum:
            velocity = state["velocity"]
            velocity *= self.momentum
            velocity += dx
            dx = velocity
        x -= self.lr * dx


class Adam(Optimizer):
    """m ← β₁ m + (1 − β₁) dx,  v ← β₂ v + (1 − β₂) dx²,  x ← x − lr · m̂ / (√v̂ + eps)

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) at a parameter's step t make up for the start at 0.
    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    def __init__(self, params: Iterable[Tensor], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr)
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"Adam: betas must be in 0 ... 1, 1 excluded, got {betas}")
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self.remember("mean", "square")
        self.state["step"] = [np.array(0) for _ in self.params]  # each has its own: without a gradient there is none

    def update(self, x: np.ndarray, dx: np.ndarray, state: dict[str, np.ndarray]) -> None:
        state["step"] += 1
        t, (beta1, beta2) = int(state["step"]), self.betas
        rate, root_scale = self.lr / (1 - beta1**t), 1 / math.sqrt(1 - beta2**t)
        arrays = x, dx, state["mean"], state["square"]
        if use_numba() and all(array.flags.carray for array in arrays):
            numbers = map(x.dtype.type, (rate, beta1, beta2, root_scale, self.eps, self.weight_decay))
            adam_kernel(*(array.reshape(-1) for array in arrays), *numbers)
        else:
            adam_numpy(*arrays, rate, beta1, beta2, root_scale, self.eps, self.weight_decay)


@kernel
def adam_kernel(x, dx, m, v, rate, beta1, beta2, root_scale, eps, weight_decay):
    """x, m, v (N,) move on by one step; each element is read and written once."""
    one = x.dtype.type(1)
    for n in range(x.size):
        g = dx[n] + weight_decay * x[n]
        m[n] = beta1 * m[n] + (one - beta1) * g
        v[n] = beta2 * v[n] + (one - beta2) * g * g
        x[n] -= rate * m[n] / (math.sqrt(v[n]) * root_scale + eps)


def adam_numpy(x, dx, m, v, rate, beta1, beta2, root_scale, eps, weight_decay):
    """The same in NumPy, for arrays of any shape and layout."""
    if weight_decay:
        dx = dx + weight_decay * x
    m *= beta1
    m += (1 - beta1) * dx
    v *= beta2
    v += (1 - beta2) * (dx * dx)
    x -= rate * m / (np.sqrt(v) * root_scale + eps)
