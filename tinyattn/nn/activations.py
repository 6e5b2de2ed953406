"""Activations as layers, for Sequential; each is the function of nn.functional by the same name."""

from __future__ import annotations

from typing import Any

from . import functional as F
from .module import Module


class Tanh(Module):
    """y = tanh x"""

    def forward(self, input: Any) -> Any:
        return F.tanh(input)


class Sigmoid(Module):
    """y = 1 / (1 + exp −x)"""

    def forward(self, input: Any) -> Any:
        return F.sigmoid(input)


class ReLU(Module):
    """y = max(x, 0); inplace must be False"""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        if inplace:
            raise NotImplementedError("ReLU: inplace=True is not supported: leave it out")

    def forward(self, input: Any) -> Any:
        return F.relu(input)


class GELU(Module):
    """y = x · Φ(x), the share of the normal distribution below x; approximate="tanh" for a formula with tanh"""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """y = log(1 + exp(beta · x)) / beta; where beta · x is above threshold, y = x"""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Any:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    """y = exp x / Σ exp x along dim"""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """y = x − log Σ exp x along dim"""

    def forward(self, input: Any) -> Any:
        return F.log_softmax(input, self.dim)
