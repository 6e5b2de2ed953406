"""Samples of products. The reference multiplies number by number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.samples import Sample, Wrong, moved, numbers, register
from tinyattn.ops.einsum import einsum
from tinyattn.ops.matmul import dot, linear, matmul, outer


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Σₖ aₘₖ bₖₙ, batch by batch, number by number."""
    left, right = a.reshape(1, -1) if a.ndim == 1 else a, b.reshape(-1, 1) if b.ndim == 1 else b
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left, right = (np.broadcast_to(x, batch + x.shape[-2:]) for x in (left, right))
    y = moved(
        (*batch, left.shape[-2], right.shape[-1]),
        lambda *at: math.fsum(u * v for u, v in zip(left[at[:-2]][at[-2]], right[at[:-2]][:, at[-1]])),
    )
    return y.reshape([*batch, *a.shape[-2:-1], *(b.shape[-1:] if b.ndim > 1 else ())])


def lined(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    y = product(x, np.swapaxes(weight, 0, -1))
    return y if bias is None else y + bias


register(
    "matmul.matmul_",
    matmul,
    product,
    [
        Sample((numbers(*a), numbers(*b)))
        for a, b in [
            ((2, 3), (3, 4)),
            ((3,), (3, 2)),
            ((2, 3), (3,)),
            ((3,), (3,)),
            ((2, 1, 2, 3), (3, 3, 1)),
            ((2, 2, 3), (3, 2)),
            ((2, 3), (2, 3, 1)),
            ((1, 1), (1, 1)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
        ]
    ],
    [
        Wrong(ValueError, r"matmul: .* got \(2, 3\) and \(2, 3\)", (np.ones((2, 3)), np.ones((2, 3)))),
        Wrong(TypeError, "matmul: .* float64 and float32", (np.ones(2), np.ones(2, np.float32))),
        Wrong(TypeError, "matmul: wanted numbers, got bool", (np.ones(2, bool), np.ones(2, bool))),
    ],
    "matmul",
    single=False,
)
register(
    "matmul.linear_",
    linear,
    lined,
    [
        Sample((numbers(2, 3), numbers(4, 3), numbers(4))),
        Sample((numbers(3), numbers(1, 3))),
        Sample((numbers(2, 1, 3), numbers(4, 3), None)),
        Sample((numbers(0, 3), numbers(4, 3), numbers(4))),
        Sample((numbers(2, 3), numbers(4, 3), numbers())),
        Sample((numbers(2, 3), numbers(3))),
    ],
    [
        Wrong(
            ValueError,
            r"linear: bias must be \(N,\) = \(4,\), got \(3,\)",
            (np.ones((2, 3)), np.ones((4, 3)), np.ones(3)),
        )
    ],
    "nn.functional.linear",
    single=False,
)
register("matmul.matmul_", dot, product, [Sample((numbers(3), numbers(3))), Sample((numbers(1), numbers(1))),
                                          Sample((numbers(0), numbers(0)))],
         [Wrong(ValueError, r"dot: wanted 1 dimensions each, got \(2, 2\) and \(2,\)", (np.ones((2, 2)), np.ones(2)))],
         "dot", single=False)  # fmt: skip
register("elementwise.mul", outer, lambda a, b: moved((len(a), len(b)), lambda i, j: a[i] * b[j]),
         [Sample((numbers(3), numbers(2))), Sample((numbers(1), numbers(0)))],
         [Wrong(ValueError, r"outer: wanted 1 dimensions each, got \(\) and \(2,\)", (np.ones(()), np.ones(2)))],
         "outer", single=False)  # fmt: skip


# --- einsum -------------------------------------------------------------


def from_equation(*operands: Any, equation: str, means: str = "") -> Any:
    return einsum(equation, *operands)


def summed(*operands: np.ndarray, equation: str, means: str = "") -> np.ndarray:
    """Σ of products, number by number. `means` is the equation with every label written out."""
    inputs, output = (means or equation).split("->")
    terms = inputs.split(",")
    sizes: dict[str, int] = {}
    for term, x in zip(terms, operands):
        sizes.update({label: n for label, n in zip(term, x.shape) if n != 1 or label not in sizes})
    y = np.zeros([sizes[label] for label in output])
    for index in np.ndindex(*sizes.values()):
        at = dict(zip(sizes, index))
        places = [tuple(at[label] % n for label, n in zip(term, x.shape)) for term, x in zip(terms, operands)]
        y[tuple(at[label] for label in output)] += math.prod(x[place] for x, place in zip(operands, places))
    return y


EQUATIONS: list[tuple[str, str, list[tuple[int, ...]]]] = [  # what it means where that is not written, shapes
    ("ij,jk->ik", "", [(2, 3), (3, 1)]),
    ("bij,bjk->bik", "", [(2, 1, 3), (2, 3, 2)]),
    ("bij,jk->kbi", "", [(2, 3, 2), (2, 1)]),
    ("ij,ij->", "", [(2, 3), (1, 3)]),
    ("bi,bi->b", "", [(2, 3), (2, 3)]),
    ("ij,jk,kl->il", "", [(2, 3), (3, 1), (1, 2)]),
    ("il,lj,l->j", "", [(2, 3), (3, 2), (1,)]),
    ("ij,jk->i", "", [(2, 0), (0, 1)]),
    ("ii,ij->j", "", [(3, 3), (3, 1)]),
    ("ij, jk", "ij,jk->ik", [(2, 3), (3, 1)]),
    ("...ij,...jk", "bij,abjk->abik", [(2, 1, 3), (2, 1, 3, 2)]),
    ("...ik, ...j -> ij", "aik,aj->ij", [(1, 2, 3), (2, 2)]),
    ("i,j->ji", "", [(2,), (1,)]),
    ("bi,b->bi", "", [(2, 3), (2,)]),
    ("i,j,k->kij", "", [(2,), (0,), (1,)]),
    (",", ",->", [(), ()]),
    ("ij->j", "", [(2, 3)]),
    ("i...->...", "ijk->jk", [(2, 0, 1)]),
    ("ii", "ii->", [(3, 3)]),
    ("jiji->ij", "", [(2, 3, 2, 3)]),
    ("...iii->i...", "abiii->iab", [(2, 0, 1, 1, 1)]),
    ("bA", "bA->Ab", [(1, 2)]),
]

register(
    "matmul.matmul_",
    from_equation,
    summed,
    [
        Sample(tuple(numbers(*shape) for shape in shapes), {"equation": equation, "means": means})
        for equation, means, shapes in EQUATIONS
    ],
    [
        Wrong(ValueError, says, tuple(np.ones(shape) for shape in shapes), {"equation": equation})
        for equation, says, *shapes in [
            ("i,j", "einsum: the equation has 2 terms, got 1 operands", (2,)),
            ("i.j", r"einsum: wanted letters and at most one '...' for each operand, got 'i.j'", (2, 2)),
            ("......", r"at most one '...' for each operand, got '......'", (2, 2)),
            ("ij,j->i->", "at most one '...' for each operand, got 'i->'", (2, 2), (2,)),
            ("ijk", r"einsum: 'ijk' must name the 2 dimensions of \(2, 3\)", (2, 3)),
            ("i", r"einsum: 'i' must name the 2 dimensions of \(2, 3\)", (2, 3)),
            ("ijk...", r"einsum: 'ijk...' must name the 2 dimensions of \(2, 3\)", (2, 3)),
            ("ij->k", "einsum: the output must have each label once, and from the operands, got 'k' in 'k'", (2, 3)),
            ("i->ii", "einsum: the output must have each label once, and from the operands, got 'i' in 'ii'", (2,)),
            ("i,i", "einsum: label 'i' must have one size, got 2 and 3", (2,), (3,)),
            ("ii", r"einsum: 'i' is there twice, so its sizes must be equal, got \(2, 1\)", (2, 1)),
        ]
    ],
)
