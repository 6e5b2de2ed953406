"""Every op, one family a file; and here the ops become Tensor's operators and methods."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor
from . import copies, elementwise
from .activations import erf, gelu, relu, sigmoid, softplus, tanh
from .arithmetic import add, div, floor_divide, remainder, sub
from .choices import clamp, masked_fill, maximum, minimum, where
from .comparisons import (
    allclose, bitwise_and, bitwise_not, bitwise_or, bitwise_xor, eq, equal, ge, gt, isclose, isfinite, isinf, isnan,
    le, logical_and, logical_not, logical_or, logical_xor, lt, ne,
)
from .copies import clone
from .einsum import einsum
from .elementwise import abs, cos, exp, expm1, log, log1p, mul, neg, pow, rsqrt, sign, sin, sqrt
from .extremes import amax, amin, argmax, argmin, max, min
from .indexing import gather, getitem, index_select, setitem
from .joining import cat, chunk, split, stack
from .matmul import bmm, dot, matmul, mm, outer
from .ordering import argsort, sort, topk
from .reductions import all, any, mean, prod, std, sum, var
from .scans import cumsum
from .shapes import expand, flatten, flip, permute, repeat, reshape, squeeze, t, transpose, unsqueeze, view
from .similarity import cosine_similarity
from .softmax import log_softmax, logsumexp, softmax
from .triangles import tril, triu

# What `tinyattn` offers as functions, and Tensor as methods.
BOTH = [
    abs, add, all, allclose, amax, amin, any, argmax, argmin, argsort, bitwise_and, bitwise_not, bitwise_or,
    bitwise_xor, bmm, chunk, clamp, clone, cos, cumsum, div, dot, eq, equal, erf, exp, expm1, flatten, flip,
    floor_divide, gather, ge, gelu, gt, index_select, isclose, isfinite, isinf, isnan, le, log, log1p, log_softmax,
    logical_and, logical_not, logical_or, logical_xor, logsumexp, lt, masked_fill, matmul, max, maximum, mean, min,
    minimum, mm, mul, ne, neg, outer, permute, pow, prod, relu, remainder, reshape, rsqrt, sigmoid, sign, sin,
    softmax, softplus, sort, split, sqrt, squeeze, std, sub, sum, t, tanh, topk, transpose, tril, triu, unsqueeze, var,
]  # fmt: skip
FUNCTIONS_ONLY = [cat, cosine_similarity, einsum, stack, where]
METHODS_ONLY = [copies.contiguous, copies.copy_, copies.fill_, copies.to, copies.zero_, expand, repeat, view]

OPERATORS = {
    "add": elementwise.add, "sub": elementwise.sub, "mul": mul, "truediv": elementwise.div, "floordiv": floor_divide,
    "mod": remainder, "pow": pow, "and": bitwise_and, "or": bitwise_or, "xor": bitwise_xor, "matmul": matmul,
}  # fmt: skip
COMPARISONS = {"eq": eq, "ne": ne, "lt": lt, "le": le, "gt": gt, "ge": ge}
ALIASES = {"absolute": abs, "clip": clamp, "divide": div, "multiply": mul, "negative": neg, "subtract": sub}
CASTS = {"float": "float32", "double": "float64", "int": "int32", "long": "int64", "bool": "bool"}

__all__ = [function.__name__ for function in BOTH + FUNCTIONS_ONLY] + list(ALIASES)


def reflected(operator):
    """`number - tensor` calls `tensor.__rsub__(number)`: the same op, its inputs the other way round."""
    return lambda x, other: operator(other, x)


def of_numbers(comparison):
    """`x == None` is no question about elements: Python itself answers that, with False."""
    comparable = (Tensor, np.ndarray, np.generic, int, float)
    return lambda x, other: comparison(x, other) if isinstance(other, comparable) else NotImplemented


for function in BOTH + METHODS_ONLY:
    setattr(Tensor, function.__name__, function)
for name, function in ALIASES.items():
    globals()[name] = function
    setattr(Tensor, name, function)
for name, operator in OPERATORS.items():
    setattr(Tensor, f"__{name}__", operator)
for name, comparison in COMPARISONS.items():
    setattr(Tensor, f"__{name}__", of_numbers(comparison))
for name, operator in OPERATORS.items():
    setattr(Tensor, f"__r{name}__", reflected(operator))
for name in OPERATORS.keys() - {"matmul"}:
    setattr(Tensor, f"__i{name}__", copies.in_place(OPERATORS[name]))
for name, dtype in CASTS.items():
    setattr(Tensor, name, lambda input, memory_format=None, dtype=dtype: copies.to(
        input, dtype=dtype, memory_format=memory_format))
OTHERS = {
    "__getitem__": getitem,
    "__setitem__": setitem,
    "__neg__": neg,
    "__abs__": abs,
    "__invert__": bitwise_not,
    "cpu": lambda input: copies.to(input, "cpu"),
    "expand_as": lambda input, other: expand(input, other.shape),
    "type_as": lambda input, other: copies.to(input, other),
    "view_as": lambda input, other: view(input, other.shape),
    "split": lambda input, split_size, dim=0: split(input, split_size, dim),
    "where": lambda input, condition, other: where(condition, input, other),
    "T": property(lambda x: permute(x, *reversed(range(x.ndim))), doc="x with its dimensions reversed"),
    "mT": property(lambda x: transpose(x, -1, -2), doc="x with its last two dimensions exchanged"),
}
for name, other in OTHERS.items():
    setattr(Tensor, name, other)
