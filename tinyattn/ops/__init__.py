"""Every op, one family a file; and here the ops become Tensor's operators and methods."""

from __future__ import annotations

from ..tensor import Tensor
from . import copies
from .activations import relu, sigmoid, softplus, tanh
from .choices import clamp, masked_fill, maximum, minimum, where
from .comparisons import (
    equal, greater, greater_equal, isinf, isnan, less, less_equal, logical_and, logical_not, logical_or, not_equal,
)
from .elementwise import (
    abs, add, cos, div, exp, expm1, log, log1p, mul, neg, pow, rsqrt, sign, sin, sqrt, sub,
)
from .extremes import amax, amin, argmax, argmin, max, min
from .indexing import gather, getitem, index_select, setitem
from .matmul import bmm, dot, matmul, mm, outer
from .ordering import argsort, sort, topk
from .reductions import all, any, mean, prod, std, sum, var
from .scans import cumsum
from .shapes import (
    cat, chunk, expand, flatten, flip, permute, reshape, split, squeeze, stack, transpose, unsqueeze, view,
)
from .softmax import log_softmax, logsumexp, softmax

# What `tinyattn` offers as functions, and Tensor as methods.
BOTH = [
    abs, add, all, amax, amin, any, argmax, argmin, argsort, bmm, chunk, clamp, cos, cumsum, div, dot, exp, expm1,
    flatten, flip,
    gather, index_select, isinf, isnan, log, log1p, log_softmax, logsumexp, masked_fill, matmul, max, maximum,
    mean, min, minimum, mm, mul, neg, outer, permute, pow, prod, relu, reshape, rsqrt, sigmoid, sign, sin, softmax,
    sort, split, sqrt, squeeze, std, sub, sum, tanh, topk, transpose, unsqueeze, var,
]  # fmt: skip
FUNCTIONS_ONLY = [cat, stack, where]
METHODS_ONLY = [copies.clone, copies.contiguous, copies.copy_, copies.fill_, copies.to, copies.zero_, expand]

OPERATORS = {"add": add, "sub": sub, "mul": mul, "truediv": div, "pow": pow, "matmul": matmul, "and": logical_and,
             "or": logical_or}  # fmt: skip
COMPARISONS = {"eq": equal, "ne": not_equal, "lt": less, "le": less_equal, "gt": greater, "ge": greater_equal}
CASTS = {"float": "float32", "double": "float64", "long": "int64", "bool": "bool"}

__all__ = [function.__name__ for function in BOTH + FUNCTIONS_ONLY]


def reflected(operator):
    """`number - tensor` calls `tensor.__rsub__(number)`: the same op, its inputs the other way round."""
    return lambda x, other: operator(other, x)


for function in BOTH + METHODS_ONLY:
    setattr(Tensor, function.__name__, function)
for name, operator in {**OPERATORS, **COMPARISONS}.items():
    setattr(Tensor, f"__{name}__", operator)
for name, operator in OPERATORS.items():
    setattr(Tensor, f"__r{name}__", reflected(operator))
for name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Tensor, f"__i{name}__", copies.in_place(OPERATORS[name]))
for name, dtype in CASTS.items():
    setattr(Tensor, name, lambda x, dtype=dtype: copies.to(x, dtype))
OTHERS = {
    "__getitem__": getitem,
    "__setitem__": setitem,
    "__neg__": neg,
    "__abs__": abs,
    "__invert__": logical_not,
    "view": view,
    "T": property(lambda x: permute(x, *reversed(range(x.ndim))), doc="x with its dimensions reversed"),
    "mT": property(lambda x: transpose(x, -1, -2), doc="x with its last two dimensions exchanged"),
}
for name, other in OTHERS.items():
    setattr(Tensor, name, other)
