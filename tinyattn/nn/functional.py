"""The ops of networks under the names and with the argument order of torch.nn.functional."""

from __future__ import annotations

from typing import Any

from ..ops.activations import relu, sigmoid, softplus, tanh
from ..ops.dropout import dropout
from ..ops.embedding import embedding as rows_of
from ..ops.indexing import one_hot
from ..ops.losses import cross_entropy, mse_loss, nll_loss
from ..ops.matmul import linear
from ..ops.pad import pad
from ..ops.softmax import log_softmax, softmax

__all__ = [
    "cross_entropy",
    "dropout",
    "embedding",
    "linear",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]


def embedding(input: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """y = the rows of `weight` that `input` names; see ops/embedding.py."""
    return rows_of(weight, input, padding_idx=padding_idx)
