"""Losses as modules: the functions of nn.functional, with their options kept. size_average and reduce, PyTorch's older
names of `reduction`, are refused.
"""

from __future__ import annotations

from typing import Any

from ..ops.linear_cross_entropy import check_options
from ..ops.losses import check_reduction
from . import functional as F
from .layers import Linear
from .module import Module


class Loss(Module):
    """What losses share: how they are reduced to a number, and weights, which are buffers."""

    def __init__(self, size_average: None, reduce: None, reduction: str, **weights: Any) -> None:
        super().__init__()
        check_reduction(type(self).__name__, reduction, size_average, reduce)
        self.reduction = reduction
        for name, weight in weights.items():
            self.register_buffer(name, weight)


class CrossEntropyLoss(Loss):
    """y = −log softmax(input) at the target, in nats; see F.cross_entropy"""

    def __init__(self, weight: Any = None, size_average: None = None, ignore_index: int = -100, reduce: None = None,
                 reduction: str = "mean", label_smoothing: float = 0.0) -> None:
        super().__init__(size_average, reduce, reduction, weight=weight)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        return F.cross_entropy(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction,
                               label_smoothing=self.label_smoothing)


class LinearCrossEntropyLoss(Loss):
    """y = −log softmax(linear(input)) at the target, in nats, without holding all logits; see F.linear_cross_entropy

    The layer is `linear`, its weight (num_classes, in_features).
    """

    def __init__(self, in_features: int, num_classes: int, *, out_features: tuple[()] = (), bias: bool = False,
                 device: Any = None, dtype: Any = None, reduction: str = "mean", weight: Any = None,
                 ignore_index: int | None = None, label_smoothing: float = 0.0, options: None = None) -> None:
        super().__init__(None, None, reduction, weight=weight)
        if tuple(out_features):
            raise ValueError(f"LinearCrossEntropyLoss: out_features must be (), got {out_features}: one class an input")
        check_options("LinearCrossEntropyLoss", options)
        self.linear = Linear(in_features, num_classes, bias=bias, device=device, dtype=dtype)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        return F.linear_cross_entropy(input, self.linear.weight, target, linear_bias=self.linear.bias,
                                      weight=self.weight, reduction=self.reduction, ignore_index=self.ignore_index,
                                      label_smoothing=self.label_smoothing)


class NLLLoss(Loss):
    """y = −input at the target, input being log-probabilities; see F.nll_loss"""

    def __init__(self, weight: Any = None, size_average: None = None, ignore_index: int = -100, reduce: None = None,
                 reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction, weight=weight)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class MSELoss(Loss):
    """y = (input − target)²"""

    def __init__(self, size_average: None = None, reduce: None = None, reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Any, target: Any) -> Any:
        return F.mse_loss(input, target, reduction=self.reduction)


class BCEWithLogitsLoss(Loss):
    """y = −t log σ(x) − (1 − t) log (1 − σ(x)), in nats; see F.binary_cross_entropy_with_logits"""

    def __init__(self, weight: Any = None, size_average: None = None, reduce: None = None, reduction: str = "mean",
                 pos_weight: Any = None) -> None:
        super().__init__(size_average, reduce, reduction, weight=weight, pos_weight=pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        return F.binary_cross_entropy_with_logits(input, target, self.weight, reduction=self.reduction,
                                                  pos_weight=self.pos_weight)


class CosineSimilarity(Module):
    """y = the cosine of the angle between x1 and x2 along dim; see F.cosine_similarity"""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
