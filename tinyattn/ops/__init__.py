"""Every op, one family a file; and here the ops become Tensor's operators and methods."""

from __future__ import annotations

from ..tensor import Tensor
from . import copies, elementwise, indexing, reductions, shapes

METHODS = {
    copies: "clone contiguous copy_ fill_ to zero_",
    elementwise: "abs add clamp cos div exp expm1 isinf isnan log log1p masked_fill maximum minimum mul neg pow relu rsqrt"
    " sigmoid sign sin sqrt sub tanh",
    indexing: "gather index_select",
    reductions: "all amax amin any argmax argmin max mean min std sum var",
    shapes: "chunk expand flatten flip permute reshape split squeeze transpose unsqueeze view",
}
OPERATORS = {
    "__add__": elementwise.add,
    "__sub__": elementwise.sub,
    "__mul__": elementwise.mul,
    "__truediv__": elementwise.div,
    "__pow__": elementwise.pow,
    "__and__": elementwise.logical_and,
    "__or__": elementwise.logical_or,
}
COMPARISONS = {
    "__eq__": elementwise.equal,
    "__ne__": elementwise.not_equal,
    "__lt__": elementwise.less,
    "__le__": elementwise.less_equal,
    "__gt__": elementwise.greater,
    "__ge__": elementwise.greater_equal,
}


def reflected(operator):
    """`number - tensor` calls `tensor.__rsub__(number)`: the same op, its inputs the other way round."""

    def reflect(x, other):
        return operator(other, x)

    return reflect


for family, names in METHODS.items():
    for name in names.split():
        setattr(Tensor, name, getattr(family, name))
for name, operator in {**OPERATORS, **COMPARISONS}.items():
    setattr(Tensor, name, operator)
for name, operator in OPERATORS.items():
    setattr(Tensor, f"__r{name[2:]}", reflected(operator))
Tensor.__neg__, Tensor.__invert__ = elementwise.neg, elementwise.logical_not
Tensor.__getitem__, Tensor.__setitem__ = indexing.getitem, indexing.setitem
Tensor.T = property(lambda x: shapes.permute(x, *reversed(range(x.ndim))), doc="x with its dimensions reversed")
Tensor.mT = property(lambda x: shapes.transpose(x, -1, -2), doc="x with its last two dimensions exchanged")
for name, dtype in {"float": "float32", "double": "float64", "long": "int64", "bool": "bool"}.items():
    setattr(Tensor, name, lambda x, dtype=dtype: copies.to(x, dtype))
