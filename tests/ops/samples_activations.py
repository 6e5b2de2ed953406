"""Samples of activations. The reference is a function of single numbers."""

from __future__ import annotations

import math

from tests.ops.samples_elementwise import FAR_FROM_0, unary

unary("tanh", math.tanh)
unary("sigmoid", lambda x: 1 / (1 + math.exp(-x)))
unary("relu", lambda x: x if x > 0 else 0.0, **FAR_FROM_0)
unary("softplus", lambda x: math.log(1 + math.exp(x)), "nn.functional.softplus")
