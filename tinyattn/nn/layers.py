"""The layers without memory: linear, embedding, layer norm, dropout, and those that only stand in a row."""

from __future__ import annotations

import math
from typing import Any, Self

from .. import create
from ..ops.shapes import flatten
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class Linear(Module):
    """y = x Wᵀ + b

    Shapes: x (..., in_features), y (..., out_features), weight W (out_features, in_features), bias (out_features,)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features) if in_features else 0.0

        def begun(*shape: int) -> Parameter:
            return Parameter(init.uniform_(create.zeros(*shape, dtype=dtype, device=device), -bound, bound))

        self.weight = begun(out_features, in_features)
        self.register_parameter("bias", begun(out_features) if bias else None)

    def forward(self, input: Any) -> Any:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """y = the rows of a table that the ids name

    The row padding_idx begins as 0 and gets no gradient. The other options are F.embedding's.

    Shapes: ids (...) of integers, y (..., embedding_dim), weight (num_embeddings, embedding_dim)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None,
                 max_norm: float | None = None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
                 sparse: bool = False, _weight: Any = None, _freeze: bool = False, device: Any = None,
                 dtype: Any = None) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        if sparse:
            raise NotImplementedError("Embedding: sparse=True is not supported, gradients are dense: leave it out")
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx must be one of {num_embeddings} ids, got {padding_idx}")
        table = _weight
        if table is not None and table.shape != (num_embeddings, embedding_dim):
            raise ValueError(f"Embedding: the table must be {(num_embeddings, embedding_dim)}, got {table.shape}")
        if table is None:
            table = init.normal_(create.zeros(num_embeddings, embedding_dim, dtype=dtype, device=device))
            if padding_idx is not None:
                table[padding_idx] = 0.0
        self.weight = Parameter(table, requires_grad=not _freeze)

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None,
                        max_norm: float | None = None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
                        sparse: bool = False) -> Self:
        """A layer over a table that is there, in its memory; frozen, it is not learned any more."""
        if embeddings.ndim != 2:
            raise ValueError(f"Embedding: embeddings must have 2 dimensions, got shape {tuple(embeddings.shape)}")
        rows, columns = embeddings.shape
        return cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)

    def forward(self, input: Any) -> Any:
        return F.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type,
                           self.scale_grad_by_freq)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class LayerNorm(Module):
    """y = weight · (x − mean x) / √(var x + eps) + bias, mean and variance over the last dimensions

    elementwise_affine=False: without weight and bias, which begin as 1 and 0; bias=False: without bias.

    Shapes: x (..., *normalized_shape), y the same, weight and bias normalized_shape
    Source: Ba et al. 2016, "Layer normalization", eq. 4.
    """

    def __init__(self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True,
                 device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        weight, shift = (Parameter(create.full(shape, begun, dtype or create.float32, device)) for begun in (1.0, 0.0))
        self.register_parameter("weight", weight if elementwise_affine else None)
        self.register_parameter("bias", shift if elementwise_affine and bias else None)

    def forward(self, input: Any) -> Any:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class Dropout(Module):
    """In training y = x with a share p of it set to 0, the rest divided by 1 − p; in evaluation y = x."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p must be in 0 ... 1, got {p}")
        if inplace:
            raise NotImplementedError("Dropout: inplace=True is not supported: leave it out")
        self.p = p

    def forward(self, input: Any) -> Any:
        return F.dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Identity(Module):
    """y = x, whatever it was made with: where a layer is expected and none is wanted."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Flatten(Module):
    """y = x with the dimensions from start_dim to end_dim made one"""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Any:
        return flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
