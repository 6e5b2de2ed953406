"""The bends that networks put between their products, each element by itself."""

from __future__ import annotations

import math

import numpy as np

from ..kernels.compile import kernel, ready
from ..kernels.mode import use_numba
from ..tensor import op
from .choices import where
from .dtypes import as_float, floating
from .elementwise import exp


@op(prepare=floating)
def tanh(x, /):
    """y = tanh x"""
    return np.tanh(x)


tanh.gradient(dx=lambda dy, y: dy * (1 - y * y))


@op
@np.errstate(over="ignore")
def sigmoid(x, /):
    """y = 1 / (1 + e⁻ˣ)"""
    return 1 / (1 + np.exp(-as_float(x)))  # where e⁻ˣ overflows, y = 1 / ∞ = 0


sigmoid.gradient(dx=lambda dy, y: dy * (y * (1 - y)))


@op
def relu(x, /):
    """y = max(x, 0)"""
    return np.maximum(x, 0)


relu.gradient(dx=lambda dy, y: dy * (y != 0))


@op
@np.errstate(all="ignore")
def softplus(x, /, beta=1.0, threshold=20.0):
    """y = ln (1 + exp βx) / β, and x itself where βx > threshold"""
    x = as_float(x)
    return np.where(beta * x > threshold, x, np.logaddexp(0, beta * x) / beta)


softplus.gradient(
    dx=lambda dy, x, beta, threshold: dy * where(beta * x > threshold, 1.0, sigmoid(beta * x)),
)


# --- GELU ---------------------------------------------------------------


@kernel
def erf_each(y, x):
    """y (N,) = erf x, x (N,)"""
    for n in range(x.size):
        y[n] = math.erf(x[n])


def erf_numpy(x):
    return np.vectorize(math.erf, [x.dtype])(x)


@op
def erf(x, /):
    """y = 2/√π ∫₀ˣ exp −t² dt"""
    x = ready(as_float(x))
    if not use_numba():
        return erf_numpy(x)
    y = np.empty_like(x)
    erf_each(y.reshape(-1), x.reshape(-1))
    return y


erf.gradient(dx=lambda dy, x: dy * (2 / math.sqrt(math.pi)) * exp(-x * x))


@op
@np.errstate(all="ignore")
def gelu(x, /, approximate="none"):
    """y = x Φ(x), where Φ(x) is the share of a normal distribution below x

    approximate: "none" for Φ(x) = ½ (1 + erf x/√2); "tanh" for ½ (1 + tanh u), u = √(2/π) (x + 0.044715 x³).
    Source: Hendrycks and Gimpel 2016, section 2.
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    x = as_float(x)
    return x * share_below(x, approximate)


gelu.gradient(
    dx=lambda dy, x, approximate: dy * (share_below(x, approximate) + x * density(x, approximate)),
)

SCALE, CUBIC = math.sqrt(2 / math.pi), 0.044715


def share_below(x, approximate):
    """Φ(x)"""
    return 0.5 * (1 + (erf(x * math.sqrt(0.5)) if approximate == "none" else tanh(SCALE * (x + CUBIC * x * x * x))))


def density(x, approximate):
    """Φ'(x)"""
    if approximate == "none":
        return exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    t = tanh(SCALE * (x + CUBIC * x * x * x))
    return 0.5 * (1 - t * t) * SCALE * (1 + 3 * CUBIC * x * x)
