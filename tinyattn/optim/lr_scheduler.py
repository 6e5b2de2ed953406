"""Schedules: what the learning rate of every group of an optimiser is, epoch by epoch.

Most give the next rate from the last one, as PyTorch's do: so two schedules on one optimiser multiply, and a rate
that is set by hand stays set. The formula for epoch t stands in the class's first line.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from .optimizer import Optimizer


class LRScheduler:
    """Base of the schedules. A subclass gives in `get_lr` the rates for `last_epoch`, one for each group.

    Its construction sets the rates of epoch 0; every `step()` after it goes on by one epoch. The optimiser's groups
    keep the rate that they began with as "initial_lr".
    last_epoch: the epoch to go on from, with an optimiser whose state was loaded; −1: from the start.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked(type(self).__name__, optimizer)
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(f"{type(self).__name__}: with last_epoch = {last_epoch} group {number} must have an "
                               "initial_lr: load the optimizer's state first")
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        raise NotImplementedError(f"{type(self).__name__}: a schedule needs a method get_lr(self)")

    def current(self) -> list[float]:
        """The rates in use."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def times(self, factor: float) -> list[float]:
        return [lr * factor for lr in self.current()]

    def step(self) -> None:
        """One epoch on. Belongs after `optimizer.step()`."""
        self._step_count += 1
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._last_lr = self.current()

    def get_last_lr(self) -> list[float]:
        """The rates that the last step set."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where `state_dict()` was called; the rates themselves are in the optimiser's state."""
        vars(self).update(state_dict)


def checked(name: str, optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{name}: wanted an Optimizer, got {type(optimizer).__name__}")
    return optimizer


def one_each(name: str, argument: str, given: Any, optimizer: Optimizer) -> list[Any]:
    """A list with one value for each group, from such a list or from one value for all."""
    count = len(optimizer.param_groups)
    values = list(given) if isinstance(given, (list, tuple)) else [given] * count
    if len(values) != count:
        raise ValueError(f"{name}: wanted one {argument} for each of {count} groups, got {len(values)}")
    return values


class LambdaLR(LRScheduler):
    """lr(t) = initial_lr · lr_lambda(t); one function for all groups or a list with one for each"""

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
                 last_epoch: int = -1) -> None:
        self.lr_lambdas = one_each("LambdaLR", "lr_lambda", lr_lambda, checked("LambdaLR", optimizer))
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * factor(self.last_epoch) for base, factor in zip(self.base_lrs, self.lr_lambdas)]

    def state_dict(self) -> dict[str, Any]:
        """Of the functions only what objects remember; a plain function has nothing to save."""
        saved = [None if isinstance(f, FunctionType) else dict(vars(f)) for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": saved}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "lr_lambdas": self.lr_lambdas})
        for function, saved in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            if saved is not None:
                vars(function).update(saved)


class StepLR(LRScheduler):
    """lr(t) = initial_lr · gamma^⌊t / step_size⌋"""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self.times(self.gamma if self.last_epoch > 0 and self.last_epoch % self.step_size == 0 else 1)


class MultiStepLR(LRScheduler):
    """lr(t) = initial_lr · gamma to the power of how many milestones there are up to t"""

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1,
                 last_epoch: int = -1) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self.times(self.gamma ** self.milestones[self.last_epoch])


class ConstantLR(LRScheduler):
    """lr(t) = initial_lr · factor before total_iters, initial_lr from there on"""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5,
                 last_epoch: int = -1) -> None:
        if not 0 < factor <= 1:  # 0 could not be taken back
            raise ValueError(f"ConstantLR: factor must be in 0 ... 1, 0 excluded, got {factor}")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self.times(self.factor)
        return self.times(1 / self.factor if self.last_epoch == self.total_iters else 1)


class LinearLR(LRScheduler):
    """lr(t) = initial_lr · (start_factor + (end_factor − start_factor) · min(t / total_iters, 1))"""

    def __init__(self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0,
                 total_iters: int = 5, last_epoch: int = -1) -> None:
        if not (0 < start_factor <= 1 and 0 <= end_factor <= 1):
            raise ValueError(f"LinearLR: start_factor and end_factor must be in 0 ... 1, and the first above 0, got "
                             f"{start_factor} and {end_factor}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self.times(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return self.current()
        gain = self.end_factor - self.start_factor  # over all; the factor before was start_factor + gain · (t − 1) / n
        return self.times(1 + gain / (self.total_iters * self.start_factor + (self.last_epoch - 1) * gain))


class ExponentialLR(LRScheduler):
    """lr(t) = initial_lr · gammaᵗ"""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self.times(1 if self._is_initial else self.gamma)


class CosineAnnealingLR(LRScheduler):
    """lr(t) = eta_min + (initial_lr − eta_min) · (1 + cos(π t / T_max)) / 2

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", eq. 5, without restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self._is_initial:
            return self.current()
        after, before = (1 + math.cos(math.pi * t / self.T_max) for t in (self.last_epoch, self.last_epoch - 1))
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # it was at its lowest: there `before` is 0
            return [lr + (base - self.eta_min) * (1 - math.cos(math.pi / self.T_max)) / 2
                    for lr, base in zip(self.current(), self.base_lrs)]
        return [after / before * (lr - self.eta_min) + self.eta_min for lr in self.current()]


class ReduceLROnPlateau(LRScheduler):
    """lr ← lr · factor after more than `patience` epochs in which a measurement did not become better

    mode: is a smaller ("min") or a larger one ("max") better? It has to be better than the best so far by `threshold`,
    as a share of that ("rel") or as such ("abs"). cooldown: epochs to wait after a reduction before counting again.
    min_lr: no rate goes below, for all groups or a list with one for each. eps: smaller reductions are not made.
    """

    def __init__(self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
                 threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0,
                 min_lr: float | list[float] = 0, eps: float = 1e-8) -> None:
        if factor >= 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be below 1, got {factor}")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError("ReduceLROnPlateau: mode must be min or max, threshold_mode rel or abs, got "
                             f"{mode} and {threshold_mode}")
        self.optimizer = checked("ReduceLROnPlateau", optimizer)
        self.min_lrs = one_each("ReduceLROnPlateau", "min_lr", min_lr, optimizer)
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr  # for groups that are added
        self.mode, self.factor, self.patience, self.cooldown, self.eps = mode, factor, patience, cooldown, eps
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._last_lr = self.current()

    def step(self, metrics: Any) -> None:  # type: ignore[override]  # this one needs to see something
        """An epoch ended with this measurement."""
        value = float(metrics)
        self.last_epoch += 1
        self.num_bad_epochs += 1
        if self.is_better(value):
            self.best, self.num_bad_epochs = value, 0
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            given = self.min_lrs if self.default_min_lr is None else self.default_min_lr
            lowest_each = one_each("ReduceLROnPlateau", "min_lr", given, self.optimizer)
            for group, lowest in zip(self.optimizer.param_groups, lowest_each):
                lr = max(group["lr"] * self.factor, lowest)
                if group["lr"] - lr > self.eps:
                    group["lr"] = lr
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self.current()

    def is_better(self, value: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        rel = self.threshold_mode == "rel"
        wanted = self.best * (1 - sign * self.threshold) if rel else self.best - sign * self.threshold
        return value < wanted if self.mode == "min" else value > wanted
