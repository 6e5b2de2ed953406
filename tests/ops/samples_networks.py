"""A few samples of products, softmax, a loss and embedding; their own tests go further."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.samples import Sample, Wrong, grouped, moved, numbers, register
from tinyattn.ops.embedding import embedding, put_rows
from tinyattn.ops.losses import cross_entropy
from tinyattn.ops.matmul import linear, matmul
from tinyattn.ops.softmax import log_softmax, logsumexp, masked_softmax, softmax

# --- products -----------------------------------------------------------


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
    y = product(x, weight.T)
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


# --- softmax and loss ---------------------------------------------------


def rows(function: Callable) -> Callable:
    """A function of a list of numbers that gives as many, along `dim`."""

    def reference(x: np.ndarray, *others: Any, dim: int = -1) -> np.ndarray:
        lists = [
            np.moveaxis(np.broadcast_to(y, x.shape), dim, -1).reshape(-1, x.shape[dim]).tolist() for y in (x, *others)
        ]
        shape = np.moveaxis(x, dim, -1).shape
        return np.moveaxis(np.array([function(*row) for row in zip(*lists)]).reshape(shape), -1, dim)

    return reference


def shares(row: list[float], mask: Any = None) -> list[float]:
    mask = [True] * len(row) if mask is None else mask
    total = math.fsum(math.exp(v) for v, real in zip(row, mask) if real)
    return [math.exp(v) / total if real else 0.0 for v, real in zip(row, mask)]


ALONG = [
    Sample((numbers(3, 4),), {"dim": -1}),
    Sample((numbers(2, 3, 2),), {"dim": 1}),
    Sample((numbers(1, 1),), {"dim": 0}),
    Sample((numbers(0, 3),), {"dim": 1}),
]
NO_DIM = Wrong(IndexError, r"dim must be in -2 \.\.\. 1, got 2", (np.ones((2, 3)),), {"dim": 2})
register("softmax.softmax", softmax, rows(shares), ALONG, [NO_DIM], "softmax", single=False)
register(
    "softmax.log_softmax",
    log_softmax,
    rows(lambda row: [math.log(share) for share in shares(row)]),
    ALONG,
    [NO_DIM],
    "log_softmax",
    single=False,
)
register(
    "softmax.logsumexp",
    logsumexp,
    grouped(lambda group: math.log(math.fsum(map(math.exp, group)))),
    ALONG,
    [NO_DIM],
    "logsumexp",
    single=False,
)
MASK = np.array([[True, False, True, True], [False] * 4, [True] * 4])
register(
    "softmax.masked_softmax",
    masked_softmax,
    rows(shares),
    [
        Sample((numbers(3, 4), MASK)),
        Sample((numbers(2, 1, 4), MASK[0])),
        Sample((numbers(4, 3), MASK.T), {"dim": 0}),
        Sample((numbers(0, 4), MASK[:1])),
    ],
    [
        Wrong(TypeError, "masked_softmax: mask must be bool", (np.ones(2), np.ones(2))),
        Wrong(ValueError, r"masked_softmax: .* \(2,\), got \(3,\)", (np.ones(2), np.ones(3, bool))),
    ],
    single=False,
)


def surprise(x: np.ndarray, target: np.ndarray, ignore_index: int = -100, reduction: str = "mean") -> Any:
    losses = [0.0 if t == ignore_index else -math.log(shares(row)[t]) for row, t in zip(x.tolist(), target.tolist())]
    if reduction == "none":
        return np.array(losses)
    return np.array(math.fsum(losses) / (1 if reduction == "sum" else sum(t != ignore_index for t in target)))


register(
    "losses.cross_entropy_",
    cross_entropy,
    surprise,
    [
        Sample((numbers(3, 4), np.array([1, 3, 0])), options)
        for options in ({}, {"reduction": "sum"}, {"reduction": "none"}, {"ignore_index": 3})
    ]
    + [Sample((numbers(1, 1), np.array([0]))), Sample((numbers(0, 3), np.zeros(0, int)), {"reduction": "sum"})],
    [
        Wrong(IndexError, "cross_entropy: .*4", (np.ones((2, 4)), np.array([0, 4]))),
        Wrong(TypeError, "cross_entropy: .*float64", (np.ones((2, 4)), np.ones(2))),
    ],
    "nn.functional.cross_entropy",
    single=False,
)


# --- embedding ----------------------------------------------------------

register(
    "embedding.take_rows",
    embedding,
    lambda weight, ids: moved((*ids.shape, weight.shape[1]), lambda *at: weight[ids[at[:-1]], at[-1]]),
    [
        Sample((numbers(4, 2), np.array([[3, 0, 3], [1, 1, 1]]))),
        Sample((numbers(1, 2), np.array(0))),
        Sample((numbers(4, 2), np.zeros((0, 2), int))),
    ],
    [
        Wrong(IndexError, r"embedding: ids must be in 0 \.\.\. 3, got 4", (np.ones((4, 2)), np.array([4]))),
        Wrong(TypeError, "embedding: ids must be integers, got float64", (np.ones((4, 2)), np.ones(2))),
    ],
    single=False,
)


def stacked_up(x: np.ndarray, ids: np.ndarray, rows: int) -> np.ndarray:
    return moved(
        (rows, x.shape[-1]),
        lambda row, column: math.fsum(x[at][column] for at in np.ndindex(ids.shape) if ids[at] == row),
    )


register(
    "embedding.put_rows",
    put_rows,
    stacked_up,
    [
        Sample((numbers(2, 3, 2),), {"ids": np.array([[3, 0, 3], [1, 1, 1]]), "rows": 4}),
        Sample((numbers(1, 2),), {"ids": np.array([1]), "rows": 3}),
        Sample((numbers(0, 2),), {"ids": np.zeros(0, int), "rows": 3}),
    ],
    [Wrong(TypeError, r"put_rows: wanted the arguments \(x, ids, rows\)", (), {"ids": np.zeros(0, int), "rows": 1})],
    single=False,
)
