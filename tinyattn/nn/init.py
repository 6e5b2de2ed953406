"""How parameters begin. Each function fills a tensor in place, from `ta.manual_seed`'s stream, and returns it.

`fan_in` and `fan_out` are how many numbers a weight of shape (outputs, inputs, ...) reads for one output, and how many
it writes for one input.
"""

from __future__ import annotations

import math

import numpy as np

from ..state import no_grad
from ..streams import generator
from ..tensor import Tensor


@no_grad()
def fill(tensor: Tensor, array: np.ndarray | float) -> Tensor:
    return tensor.copy_(array)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Uniform in [a, b)."""
    return fill(tensor, generator().uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Normal."""
    return fill(tensor, generator().normal(mean, std, tensor.shape))


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Tensor:
    """Normal, and drawn again wherever it falls outside [a, b].

    Raises: ValueError where too little of the distribution lies in [a, b].
    """
    share = (math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))) / 2
    if not share > 1e-3:
        raise ValueError(f"trunc_normal_: too little of the normal distribution of mean {mean} and std {std} lies in "
                         f"{a} ... {b}: draw with uniform_")
    x = generator().normal(mean, std, tensor.shape)
    while (outside := (x < a) | (x > b)).any():
        x[outside] = generator().normal(mean, std, np.count_nonzero(outside))
    return fill(tensor, x)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """All `val`."""
    return fill(tensor, val)


def zeros_(tensor: Tensor) -> Tensor:
    """All 0."""
    return fill(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """All 1."""
    return fill(tensor, 1.0)


def eye_(tensor: Tensor) -> Tensor:
    """1 on the diagonal, 0 elsewhere. Raises: ValueError unless it has two dimensions."""
    if tensor.ndim != 2:
        raise ValueError(f"eye_: wanted a matrix, got shape {tensor.shape}")
    return fill(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def orthogonal_(tensor: Tensor, gain: float = 1) -> Tensor:
    """gain times a matrix with orthogonal rows or columns of length 1, whichever are fewer; every one is as likely.

    Further dimensions count as columns.
    Source: Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks".
    """
    fans("orthogonal_", tensor)  # at least two dimensions
    rows, columns = len(tensor), math.prod(tensor.shape[1:])
    normal = generator().standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(normal)
    q *= np.sign(np.diagonal(r))  # QR prefers some signs; this does not (Mezzadri 2007, section 5)
    return fill(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


# --- with a spread that keeps the size of what passes through -----------


def fans(name: str, tensor: Tensor) -> dict[str, int]:
    """fan_in and fan_out of a weight. Raises: ValueError for fewer than 2 dimensions."""
    if tensor.ndim < 2:
        raise ValueError(f"{name}: wanted a weight of at least 2 dimensions, got shape {tensor.shape}")
    window = math.prod(tensor.shape[2:])
    return {"fan_in": tensor.shape[1] * window, "fan_out": tensor.shape[0] * window}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """What makes up for how much an activation shrinks what passes through it; `param`: leaky_relu's slope.

    Raises: ValueError for an activation that is not known.
    """
    slope = 0.01 if param is None else param
    gains = {"linear": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4,
             "leaky_relu": math.sqrt(2 / (1 + slope**2))}
    if nonlinearity not in gains:
        raise ValueError(f"calculate_gain: nonlinearity must be one of {', '.join(gains)}, got {nonlinearity!r}")
    return gains[nonlinearity]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform, variance 2 gain² / (fan_in + fan_out). Source: Glorot and Bengio 2010, eq. 16."""
    bound = gain * math.sqrt(6 / sum(fans("xavier_uniform_", tensor).values()))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normal, variance 2 gain² / (fan_in + fan_out). Source: Glorot and Bengio 2010, eq. 12."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(fans("xavier_normal_", tensor).values())))


def kaiming_uniform_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Uniform, variance gain² / fan, the gain being `nonlinearity`'s (with the slope a), the fan `mode`'s.

    Source: He et al. 2015, "Delving deep into rectifiers", eq. 14.
    """
    bound = math.sqrt(3) * kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Normal, variance gain² / fan; see kaiming_uniform_."""
    return normal_(tensor, 0.0, kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity))


def kaiming_std(name: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    sizes = fans(name, tensor)
    if mode not in sizes:
        raise ValueError(f"{name}: mode must be fan_in or fan_out, got {mode!r}")
    return calculate_gain(nonlinearity, a) / math.sqrt(max(sizes[mode], 1))
