"""Samples of activations. The reference is a function of single numbers."""

from __future__ import annotations

import math

import numpy as np

from tests.ops.samples import SHAPES, Sample, Wrong, each, numbers, register
from tests.ops.samples_elementwise import FAR_FROM_0, unary
from tinyattn.ops import activations

unary("tanh", math.tanh)
unary("sigmoid", lambda x: 1 / (1 + math.exp(-x)))
unary("relu", lambda x: x if x > 0 else 0.0, **FAR_FROM_0)
unary("softplus", lambda x: math.log(1 + math.exp(x)), "nn.functional.softplus")
unary("erf", math.erf)


def softplus(x: float, beta: float, threshold: float = 20.0) -> float:
    return x if beta * x > threshold else math.log(1 + math.exp(beta * x)) / beta


register(
    "activations.softplus",
    activations.softplus,
    each(softplus),
    [Sample((numbers(*shape, low=-5.0, high=5.0),), {"beta": 3.0, "threshold": 10.0}) for shape in SHAPES]
    + [Sample((numbers(2, 3) * 20,), {"beta": 2})],
    [Wrong(TypeError, "softplus: wanted the arguments", (), {"input": np.ones(2), "alpha": 1})],
    "nn.functional.softplus",
)


def gelu(x: float, approximate: str) -> float:
    if approximate == "none":
        return x * 0.5 * math.erfc(-x / math.sqrt(2))
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


for approximate in ("none", "tanh"):
    register(
        "activations.gelu",
        activations.gelu,
        each(gelu),
        [Sample((numbers(*shape),), {"approximate": approximate}) for shape in SHAPES],
        [Wrong(ValueError, "gelu: approximate must be 'none' or 'tanh', got 'both'", (np.ones(2),), {"approximate": "both"})],
        "nn.functional.gelu",
    )
