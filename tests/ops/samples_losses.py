"""Samples of losses. The references go through the numbers one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.samples import SHAPES, Sample, Wrong, each, numbers, register
from tinyattn.ops.cross_entropy import cross_entropy, nll_loss
from tinyattn.ops.linear_cross_entropy import linear_cross_entropy
from tinyattn.ops.losses import binary_cross_entropy_with_logits, log_sigmoid, mse_loss


def reduced(losses: Any, reduction: str, total: Any = None) -> Any:
    losses = np.asarray(losses)
    if reduction == "none":
        return losses
    y = math.fsum(losses.ravel())
    return np.array(y if reduction == "sum" else y / (losses.size if total is None else total))


# --- cross-entropy ------------------------------------------------------


def log_shares(row: list[float]) -> list[float]:
    total = math.fsum(map(math.exp, row))
    return [v - math.log(total) for v in row]


def surprise(x: np.ndarray, target: np.ndarray, ignore_index: int = -100, reduction: str = "mean",
             weight: Any = None, label_smoothing: float = 0.0, logarithm: Any = log_shares) -> Any:  # fmt: skip
    """−Σ w q log p with q spelled out: 1 − ε more for the target, ε / C for all. Targets are numbers or probabilities."""
    C = x.shape[-1]
    w = np.ones(C) if weight is None else weight
    losses, total = [], 0.0
    for row, t in zip(x.reshape(-1, C).tolist(), target.reshape(-1, *target.shape[x.ndim - 1 :])):
        counts = t.ndim or t != ignore_index
        answer = t if t.ndim else np.eye(C)[t if counts else 0]
        q = answer * (1 - label_smoothing) + label_smoothing / C
        losses.append(math.fsum(-w * q * logarithm(row)) if counts else 0.0)
        total += 1 if t.ndim else w[t] if counts else 0
    return reduced(np.reshape(losses, target.shape[: x.ndim - 1]), reduction, total)


X, TARGET = numbers(3, 4), np.array([1, 3, 0])
WEIGHT = np.array([0.5, 2.0, 1.0, 0.25])
OPTIONS: list[dict] = [{}, {"reduction": "sum"}, {"reduction": "none"}, {"ignore_index": 3},
                       {"ignore_index": 3, "reduction": "none"}]  # fmt: skip
register(
    "cross_entropy.cross_entropy_",
    cross_entropy,
    surprise,
    [Sample((X, TARGET), {**options, "label_smoothing": share}) for options in OPTIONS for share in (0.0, 0.1)]
    + [Sample((numbers(1, 1), np.array([0]))), Sample((numbers(0, 3), np.zeros(0, int)), {"reduction": "sum"})],
    [
        Wrong(IndexError, "cross_entropy: .*4", (np.ones((2, 4)), np.array([0, 4]))),
        Wrong(TypeError, "cross_entropy: .*float64", (np.ones((2, 4)), np.ones(2))),
    ],
    "nn.functional.cross_entropy",
    single=False,
)
register(
    "cross_entropy.cross_entropy_",
    cross_entropy,
    surprise,
    [Sample((X, TARGET), {**options, "label_smoothing": share, "weight": WEIGHT})
     for options in OPTIONS for share in (0.0, 0.1)]
    + [Sample((numbers(1, 1), np.array([0])), {"weight": WEIGHT[:1]}),
       Sample((numbers(0, 4), np.zeros(0, int)), {"weight": WEIGHT, "reduction": "sum"})],
    [
        Wrong(ValueError, r"cross_entropy: weight must be \(C,\) = \(4,\), got \(3,\)", (X, TARGET, np.ones(3))),
        Wrong(TypeError, "cross_entropy: weight must be float64 like input, got float32",
              (X, TARGET, np.ones(4, np.float32))),
        Wrong(ValueError, "cross_entropy: size_average and reduce are not supported: use reduction=",
              (X, TARGET, None, True)),
        Wrong(ValueError, "cross_entropy: size_average and reduce", (X, TARGET), {"reduce": False}),
    ],
    single=False,
)  # fmt: skip


def surprise_of_projection(x: np.ndarray, W: np.ndarray, target: np.ndarray, bias: Any = None, **options: Any) -> Any:
    logits = np.einsum("...k,ck->...c", x, W) + (0 if bias is None else bias)
    return surprise(logits, target, **options)


H, W, BIAS = numbers(3, 2), numbers(4, 2), numbers(4)
register(
    "linear_cross_entropy.linear_cross_entropy_",
    lambda x, W, target, bias=None, **options: linear_cross_entropy(x, W, target, linear_bias=bias, **options),
    surprise_of_projection,
    [Sample((H, W, TARGET, bias), {**options, "label_smoothing": share, "weight": weight}) for options in OPTIONS
     for bias, share, weight in ((None, 0.0, None), (BIAS, 0.1, None), (BIAS, 0.0, WEIGHT), (None, 0.1, WEIGHT))]
    + [Sample((numbers(3, 1, 2), W, TARGET[:, None], BIAS), options) for options in OPTIONS]
    + [Sample((numbers(2), W, np.array(3), BIAS), {"reduction": reduction}) for reduction in ("mean", "none")]
    + [Sample((H, W, numbers(3, 4, low=0.0), BIAS), {"label_smoothing": 0.1, "reduction": "none"}),
       Sample((numbers(1, 1), numbers(1, 1), np.array([0]), numbers(1))),
       Sample((numbers(3, 0), numbers(4, 0), TARGET, BIAS)),
       Sample((numbers(0, 2), W, np.zeros(0, int), BIAS), {"reduction": "sum"})],
    [
        Wrong(ValueError, r"linear_cross_entropy: wanted input \(..., K\) and linear_weight \(C, K\), got \(3, 2\) and "
              r"\(4, 3\)", (H, np.ones((4, 3)), TARGET)),
        Wrong(ValueError, r"wanted input .*got \(3, 2\) and \(4, 1, 2\)", (H, np.ones((4, 1, 2)), TARGET)),
        Wrong(ValueError, r"target must be \(...\) = \(3,\) as in input \(..., K\), or \(..., C\) = \(3, 4\) for .*, got "
              r"\(2,\)", (H, W, TARGET[:2])),
        Wrong(ValueError, r"linear_bias must be \(C,\) = \(4,\), got \(3,\)", (H, W, TARGET, np.ones(3))),
        Wrong(ValueError, r"weight must be \(C,\) = \(4,\), got \(3,\)", (H, W, TARGET), {"weight": np.ones(3)}),
        Wrong(ValueError, "options are not supported", (H, W, TARGET), {"options": 1}),
        Wrong(ValueError, "label_smoothing must be in 0 ... 1, got 2", (H, W, TARGET), {"label_smoothing": 2}),
        Wrong(ValueError, "reduction must be one of", (H, W, TARGET), {"reduction": "max"}),
        Wrong(ValueError, "ignore_index needs class numbers as target, got 1", (H, W, numbers(3, 4)),
              {"ignore_index": 1}),
        Wrong(TypeError, "all inputs must have one dtype, got float64 and float32", (H, W.astype(np.float32), TARGET)),
        Wrong(TypeError, "input must be floating-point, got int64", (np.ones((3, 2), int), np.ones((4, 2), int), TARGET)),
        Wrong(TypeError, "class numbers, integers, got float64", (H, W, np.ones(3))),
        Wrong(IndexError, "linear_cross_entropy: targets must be in 0 ... 3, or ignore_index = -100, got 5",
              (H, W, TARGET + 4)),
    ],
    single=False,
)  # fmt: skip
register(
    "softmax.log_softmax",
    cross_entropy,
    surprise,
    [Sample((X, numbers(3, 4, low=0.0)), {"reduction": reduction, "label_smoothing": share, "weight": weight})
     for reduction in ("mean", "sum", "none") for share in (0.0, 0.1) for weight in (None, WEIGHT)]
    + [Sample((numbers(4), numbers(4, low=0.0))), Sample((numbers(1, 1), numbers(1, 1))),
       Sample((numbers(0, 4), numbers(0, 4)), {"reduction": "sum"})],
    [
        Wrong(ValueError, "cross_entropy: ignore_index needs class numbers as target, got 1", (X, X),
              {"ignore_index": 1}),
        Wrong(TypeError, "cross_entropy: probabilities as target must be floating-point, got int64",
              (np.ones((2, 4)), np.ones((2, 4), int))),
        Wrong(ValueError, r"cross_entropy: weight must be \(C,\) = \(4,\), got \(2,\)", (X, X, np.ones(2))),
    ],
    single=False,
)  # fmt: skip
register(
    "indexing.pick",
    nll_loss,
    lambda *inputs, **options: surprise(*inputs, **options, logarithm=np.array),
    [Sample((X, TARGET), {**options, "weight": weight}) for options in OPTIONS for weight in (None, WEIGHT)]
    + [Sample((numbers(1, 1), np.array([0]))), Sample((numbers(0, 4), np.zeros(0, int)), {"reduction": "sum"})],
    [
        Wrong(IndexError, "nll_loss: targets must be in 0 ... 2, or ignore_index = -100, got 5",
              (np.ones((2, 3)), np.array([0, 5]))),
        Wrong(ValueError, r"nll_loss: weight must be \(C,\) = \(4,\), got \(3,\)", (X, TARGET, np.ones(3))),
        Wrong(ValueError, "nll_loss: size_average and reduce are not supported", (X, TARGET, None, True)),
    ],
    single=False,
)  # fmt: skip


# --- other losses -------------------------------------------------------

REDUCTIONS: list[dict] = [{"reduction": reduction} for reduction in ("mean", "sum", "none")]


def squared(x: np.ndarray, target: np.ndarray, reduction: str = "mean", weight: Any = None) -> Any:
    w = np.ones(x.shape) if weight is None else weight
    return reduced(each(lambda a, b, w: w * (a - b) ** 2)(x, target, w), reduction, math.fsum(w.ravel()))


register(
    "elementwise.mul",
    mse_loss,
    squared,
    [Sample((numbers(2, 3), numbers(3, 2).T), options) for options in REDUCTIONS]
    + [Sample((numbers(2, 3), numbers(3, 2).T), {**options, "weight": numbers(2, 3, low=0.1)}) for options in REDUCTIONS]
    + [Sample((numbers(1), numbers(1) + 1)), Sample((numbers(), numbers(low=1.0))),
       Sample((numbers(0, 2), numbers(0, 2)), {"reduction": "sum"})],
    [
        Wrong(ValueError, r"mse_loss: target must have input's shape \(2, 3\), got \(3,\)", (np.ones((2, 3)), np.ones(3))),
        Wrong(ValueError, r"mse_loss: weight must have input's shape \(3,\), got \(1,\)", (np.ones(3), np.ones(3)),
              {"weight": np.ones(1)}),
        Wrong(ValueError, "mse_loss: reduction must be one of mean, sum, none, got 'avg'", (np.ones(3), np.ones(3)),
              {"reduction": "avg"}),
        Wrong(ValueError, "mse_loss: size_average and reduce are not supported", (np.ones(3), np.ones(3), True)),
        Wrong(TypeError, "mse_loss: .* floating-point, got int64 and int64", (np.ones(3, int), np.ones(3, int))),
    ],
)  # fmt: skip
register(
    "losses.log_sigmoid",
    log_sigmoid,
    each(lambda x: -math.log1p(math.exp(-x))),
    [Sample((numbers(*shape),)) for shape in SHAPES],
    [Wrong(TypeError, r"log_sigmoid: wanted the arguments \(x\)", (), {"y": np.ones(1)})],
    "nn.functional.logsigmoid",
)


def yes_or_no(x: np.ndarray, target: np.ndarray, weight: Any = 1.0, reduction: str = "mean",
              pos_weight: Any = 1.0) -> Any:  # fmt: skip
    def loss(x: float, t: float, w: float, yes: float) -> float:
        p = 1 / (1 + math.exp(-x))
        return -w * (yes * t * math.log(p) + (1 - t) * math.log(1 - p))

    return reduced(each(loss)(x, target, weight, pos_weight), reduction)


register(
    "losses.log_sigmoid",
    binary_cross_entropy_with_logits,
    yes_or_no,
    [Sample((numbers(2, 3), numbers(3, 2, low=0.0, high=1.0).T), {**options, **weights}) for options in REDUCTIONS
     for weights in ({}, {"weight": numbers(3)}, {"pos_weight": numbers(2, 1)},
                     {"weight": numbers(2, 3), "pos_weight": numbers(3)})]
    + [Sample((numbers(2), numbers(2, low=0.0, high=1.0), numbers(1))), Sample((numbers(), numbers(low=0.0))),
       Sample((numbers(0, 2), numbers(0, 2)), {"reduction": "sum"})],
    [
        Wrong(ValueError, r"logits: target must have input's shape \(2, 3\), got \(3,\)", (np.ones((2, 3)), np.ones(3))),
        Wrong(TypeError, "logits: input and target must be floating-point, got float64 and int64",
              (np.ones(3), np.ones(3, int))),
        Wrong(ValueError, r"logits: weights must fit input's shape \(3,\) and dtype float64, got \(2, 3\) and float64",
              (np.ones(3), np.ones(3), np.ones((2, 3)))),
        Wrong(ValueError, "logits: size_average and reduce are not supported", (np.ones(3), np.ones(3), None, True)),
    ],
)  # fmt: skip
