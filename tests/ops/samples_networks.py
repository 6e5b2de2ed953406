"""A few samples of softmax, embedding, normalisation, similarity and attention; their own tests go further."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.samples import Sample, Wrong, grouped, moved, numbers, register
from tinyattn.ops.embedding import embedding, put_rows
from tinyattn.ops.normalization import layer_norm
from tinyattn.ops.scaled_dot_product import scaled_dot_product_attention
from tinyattn.ops.similarity import cosine_similarity
from tinyattn.ops.softmax import log_softmax, logsumexp, masked_softmax, softmax

# --- softmax ------------------------------------------------------------


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


# --- embedding ----------------------------------------------------------

register(
    "embedding.take_rows",
    embedding,
    lambda ids, weight: moved((*ids.shape, weight.shape[1]), lambda *at: weight[ids[at[:-1]], at[-1]]),
    [
        Sample((np.array([[3, 0, 3], [1, 1, 1]]), numbers(4, 2))),
        Sample((np.array(0), numbers(1, 2))),
        Sample((np.zeros((0, 2), int), numbers(4, 2))),
    ],
    [
        Wrong(IndexError, r"embedding: ids must be in 0 \.\.\. 3, got 4", (np.array([4]), np.ones((4, 2)))),
        Wrong(TypeError, "embedding: ids must be integers, got float64", (np.ones(2), np.ones((4, 2)))),
    ],
    "nn.functional.embedding",
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


# --- normalisation and similarity ---------------------------------------


def normalised(x: np.ndarray, shape: tuple[int, ...], weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    y = np.empty(x.shape)
    for index in np.ndindex(x.shape[: x.ndim - len(shape)]):
        row = x[index].ravel().tolist()
        m = math.fsum(row) / len(row)
        deviation = math.sqrt(math.fsum((v - m) ** 2 for v in row) / len(row) + eps)
        y[index] = np.reshape([(v - m) / deviation for v in row], shape)
    return (y if weight is None else y * weight) + (0 if bias is None else bias)


register(
    "normalization.layer_norm_",
    layer_norm,
    normalised,
    [
        Sample((numbers(2, 3), (3,))),
        Sample((numbers(2, 3, 4), (3, 4), numbers(3, 4), numbers(3, 4))),
        Sample((numbers(3, 2), (2,), numbers(2)), {"eps": 0.5}),
        Sample((numbers(2, 1, 3), (3,), None, numbers(3))),
        Sample((numbers(1), (1,))),
        Sample((numbers(0, 2), (2,), numbers(2), numbers(2))),
    ],
    [
        Wrong(ValueError, r"layer_norm: input must be .*normalized_shape = \(3,\), got \(2, 2\)", (np.ones((2, 2)), (3,))),
        Wrong(ValueError, r"layer_norm: input must be .*\(2, 2\), got \(2,\)", (np.ones(2), (2, 2))),
        Wrong(ValueError, r"weight must be normalized_shape = \(2,\), got \(1,\)", (np.ones(2), (2,), np.ones(1))),
        Wrong(TypeError, "bias must be float64 like input, got float32", (np.ones(2), (2,), None, np.ones(2, np.float32))),
        Wrong(TypeError, r"layer_norm: input must be floating-point, got int64: use .float\(\)", (np.ones(2, int), (2,))),
        Wrong(TypeError, r"layer_norm: normalized_shape must be a tuple of sizes, .*got 2", (np.ones(2), 2)),
        Wrong(TypeError, r"layer_norm: normalized_shape must be a tuple of sizes, .*got \(\)", (np.ones(2), ())),
    ],
    "nn.functional.layer_norm",
    single=False,
)


def cosine(x1: np.ndarray, x2: np.ndarray, dim: int = 1, eps: float = 1e-8) -> np.ndarray:
    if x1.ndim == x2.ndim == 0:
        return np.array(math.copysign(1.0, x1 * x2))
    x1, x2 = (np.moveaxis(x, dim, -1) for x in np.broadcast_arrays(x1, x2))
    return moved(x1.shape[:-1], lambda *at: math.fsum(x1[at] * x2[at]) / math.prod(
        max(math.sqrt(math.fsum(x[at] ** 2)), eps) for x in (x1, x2)))  # fmt: skip


SIMILAR = [
    Sample((numbers(2, 3), numbers(2, 3) + 0.01)),
    Sample((numbers(2, 1, 3), numbers(2, 3)), {"dim": -1}),
    Sample((numbers(3), numbers(2, 3)), {"dim": 0}),
    Sample((numbers(2, 1), numbers(2, 3)), {"dim": 1}),
    Sample((numbers(), numbers(low=1.0)), {"dim": 0}),
    Sample((numbers(0, 2), numbers(2))),
]
for part in ("norm", "at_least"):
    register(
        f"similarity.{part}",
        cosine_similarity,
        cosine,
        SIMILAR,
        [
            Wrong(ValueError, r"cosine_similarity: .* equal or 1, got \(2, 3\) and \(2,\)", (np.ones((2, 3)), np.ones(2))),
            Wrong(IndexError, r"cosine_similarity: dim must be in -1 \.\.\. 0, got 1", (np.ones(2), np.ones(2))),
            Wrong(TypeError, "cosine_similarity: .* got int64 and int64", (np.ones((2, 2), int), np.ones((2, 2), int))),
        ],
        "nn.functional.cosine_similarity",
    )


# --- attention ----------------------------------------------------------


def attended(query: np.ndarray, key: np.ndarray, value: np.ndarray, mask: Any = None, dropout_p: float = 0.0,
             is_causal: bool = False, scale: Any = None, enable_gqa: bool = False) -> np.ndarray:  # fmt: skip
    """y = Σₛ weight · value, one query and one key after the other"""
    if enable_gqa:
        groups = query.shape[-3] // key.shape[-3]
        key, value = (np.stack([x[..., h // groups, :, :] for h in range(query.shape[-3])], -3) for x in (key, value))
    (T, E), S, D = query.shape[-2:], key.shape[-2], value.shape[-1]
    batch = np.broadcast_shapes(*(x.shape[:-2] for x in (query, key, value)))
    query, key, value = (np.broadcast_to(x, batch + x.shape[-2:]) for x in (query, key, value))
    mask = np.broadcast_to(0.0 if mask is None else np.where(mask, 0.0, -np.inf) if mask.dtype == bool else mask,
                           (*batch, T, S))  # fmt: skip
    y = np.zeros((*batch, T, D))
    for *b, t in np.ndindex(*batch, T):
        at = tuple(b)
        row = [math.fsum(query[at][t] * key[at][s]) * (1 / math.sqrt(E) if scale is None else scale) + mask[at][t, s]
               for s in range(S)]  # fmt: skip
        real = [v > -math.inf and (s <= t or not is_causal) for s, v in enumerate(row)]
        if any(real):
            y[at][t] = np.array(shares([v if r else 0.0 for v, r in zip(row, real)], real)) @ value[at]
    return y


LOOK = np.array([[True, False, True, True], [False] * 4])
HEADS = numbers(2, 2, 3), numbers(2, 4, 3), numbers(2, 4, 2)


def wrong_attention(error: type[Exception], says: str, *shapes: tuple[int, ...], mask: Any = None, **options: Any) -> Wrong:
    return Wrong(error, f"scaled_dot_product_attention: {says}", (*map(np.ones, shapes), mask), options)


register(
    "softmax.masked_softmax",
    scaled_dot_product_attention,
    attended,
    [
        Sample(HEADS, {}),
        Sample(HEADS, {"scale": -2.0}),
        Sample(HEADS, {"is_causal": True}),
        Sample((*HEADS, LOOK)),
        Sample((numbers(3, 1, 2, 3), *HEADS[1:], LOOK[:, :1])),
        Sample((*(x[0] for x in HEADS), numbers(2, 4))),
        Sample((numbers(4, 2, 3), *HEADS[1:]), {"enable_gqa": True, "is_causal": True}),
        Sample((numbers(1, 1), numbers(1, 1), numbers(1, 1))),
        Sample((numbers(2, 3), numbers(0, 3), numbers(0, 2))),
        Sample((numbers(0, 3), numbers(2, 3), numbers(2, 2))),
    ],
    [
        wrong_attention(ValueError, r"wanted query .* got \(3,\) and \(2, 3\) and \(2, 3\)", (3,), (2, 3), (2, 3)),
        wrong_attention(ValueError, "wanted query", (2, 3), (4, 2), (4, 3)),
        wrong_attention(ValueError, "wanted query", (2, 3), (4, 3), (2, 3)),
        wrong_attention(ValueError, r"attn_mask must fit \(\.\.\., T, S\) = \(2, 4\), got \(3, 4\)",
                        (2, 3), (4, 3), (4, 3), mask=np.ones((3, 4), bool)),
        wrong_attention(ValueError, r"attn_mask must fit .* = \(2, 4\), got \(1, 2, 4\)",
                        (2, 3), (4, 3), (4, 3), mask=np.ones((1, 2, 4))),
        wrong_attention(TypeError, "attn_mask must be bool or float64, got int64",
                        (2, 3), (4, 3), (4, 3), mask=np.ones((2, 4), int)),
        wrong_attention(ValueError, "wanted attn_mask or is_causal, got both",
                        (2, 3), (4, 3), (4, 3), mask=LOOK, is_causal=True),
        wrong_attention(ValueError, r"the query's heads must be a multiple .*got \(3, 2, 3\) and \(2, 4, 3\)",
                        (3, 2, 3), (2, 4, 3), (2, 4, 3), enable_gqa=True),
        Wrong(TypeError, "must be floating-point, got int64", tuple(np.ones((2, 2), int) for _ in range(3))),
        Wrong(TypeError, "all inputs must have one dtype, got float64 and float32",
              (np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2), np.float32))),
    ],
    "nn.functional.scaled_dot_product_attention",
    single=False,
)  # fmt: skip
