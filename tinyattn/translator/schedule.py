"""The learning rate of each step.

    rate = lr · min(t / warmup, f)       (without warmup: lr · f)

    constant      f = 1
    linear        f = 1 − d
    cosine        f = (1 + cos π d) / 2
    inverse_sqrt  f = √(w / t),  w = warmup or 1

t is the step, counted from 1, and d the share of the budget (steps, epochs or minutes) that was spent before it. So the
rate rises on a straight line until that meets the schedule's curve, and follows the curve from there.

Source: cosine is Loshchilov and Hutter 2017, eq. 5, without restarts; inverse_sqrt with a warm-up is Vaswani et al.
2017, eq. 3, with `lr` as the highest rate, which is reached at t = warmup
"""

from __future__ import annotations

import math
from collections.abc import Callable

CURVES: dict[str, Callable[[int, float, int], float]] = {
    "constant": lambda t, d, warmup: 1.0,
    "linear": lambda t, d, warmup: 1 - d,
    "cosine": lambda t, d, warmup: (1 + math.cos(math.pi * d)) / 2,
    "inverse_sqrt": lambda t, d, warmup: math.sqrt((warmup or 1) / t),
}


def learning_rate(lr: float, schedule: str, warmup: int, step: int, done: float) -> float:
    """The rate of a step (1, 2, ...), when this share of the budget is spent (0 ... 1)."""
    share = CURVES[schedule](step, done, warmup)
    return lr * min(step / warmup, share) if warmup else lr * share
