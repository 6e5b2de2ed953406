"""The ops of networks under the names and with the argument order of torch.nn.functional."""

from __future__ import annotations

from ..ops.activations import gelu, relu, sigmoid, softplus, tanh
from ..ops.cross_entropy import cross_entropy, nll_loss
from ..ops.dropout import dropout
from ..ops.embedding import embedding
from ..ops.indexing import one_hot
from ..ops.linear_cross_entropy import linear_cross_entropy
from ..ops.losses import binary_cross_entropy_with_logits, mse_loss
from ..ops.losses import log_sigmoid as logsigmoid
from ..ops.matmul import linear
from ..ops.normalization import layer_norm
from ..ops.pad import pad
from ..ops.scaled_dot_product import scaled_dot_product_attention
from ..ops.similarity import cosine_similarity
from ..ops.softmax import log_softmax, softmax

__all__ = [
    "binary_cross_entropy_with_logits",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "layer_norm",
    "linear",
    "linear_cross_entropy",
    "log_softmax",
    "logsigmoid",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "scaled_dot_product_attention",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]
