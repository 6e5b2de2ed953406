"""A few samples of LSTM, GRU and attention; their own tests go further."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.samples import Sample, Wrong, moved, numbers, register
from tests.ops.samples_networks import rows, shares
from tests.ops.samples_products import lined, product
from tinyattn.ops.attention import additive_attention, attention
from tinyattn.ops.gru import gru, gru_cell
from tinyattn.ops.lstm import lstm, lstm_cell


def sigmoid(v: float) -> float:
    return 1 / (1 + math.exp(-v))


Arrays = tuple[np.ndarray, ...]


def lstm_step(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Arrays:
    gates = lined(x, w_ih, b_ih) + lined(h, w_hh, b_hh)
    H = h.shape[1]

    def gate(k: int, b: int, j: int) -> float:
        return gates[b, k * H + j]

    cell = moved(
        h.shape, lambda b, j: sigmoid(gate(1, b, j)) * c[b, j] + sigmoid(gate(0, b, j)) * math.tanh(gate(2, b, j))
    )
    return moved(h.shape, lambda b, j: sigmoid(gate(3, b, j)) * math.tanh(cell[b, j])), cell


def gru_step(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> np.ndarray:
    from_x, from_h = lined(x, w_ih, b_ih), lined(h, w_hh, b_hh)
    H = h.shape[1]

    def one(b: int, j: int) -> float:
        r, z = (sigmoid(from_x[b, k * H + j] + from_h[b, k * H + j]) for k in (0, 1))
        n = math.tanh(from_x[b, 2 * H + j] + r * from_h[b, 2 * H + j])
        return (1 - z) * n + z * h[b, j]

    return moved(h.shape, one)


def all_steps(step: Callable[..., Arrays], carried: int) -> Callable[..., Arrays]:
    """hs and the last states of a step that carries so many states."""

    def reference(x: Any, *inputs: Any, lengths: Any = None, reverse: bool = False) -> Arrays:
        states, weights = [state[0].copy() for state in inputs[:carried]], inputs[carried:]
        B, T, _ = x.shape
        hs = np.zeros((B, T, states[0].shape[1]))
        for b in range(B):  # each row by itself, for as long as it is
            steps = range(T if lengths is None else int(lengths[b]))
            for t in reversed(steps) if reverse else steps:
                after = step(x[b : b + 1, t], *(state[b : b + 1] for state in states), *weights)
                for state, new in zip(states, after, strict=True):
                    state[b] = new[0]
                hs[b, t] = states[0][b]
        return hs, *(state[None] for state in states)

    return reference


def inputs_of(gates: int, B: int, E: int, H: int, *, T: int | None = None, bias: bool = True) -> tuple[Any, ...]:
    """x, h, for the LSTM's four gates also c, then the weights and biases."""
    state = (B, H) if T is None else (1, B, H)
    return (
        numbers(B, E) if T is None else numbers(B, T, E),
        numbers(*state),
        *((numbers(*state) + 0.1,) if gates == 4 else ()),
        numbers(gates * H, E),
        numbers(gates * H, H),
        *((numbers(gates * H), numbers(gates * H) + 0.1) if bias else (None, None)),
    )


def wrong_state(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*inputs[:1], np.ones((5, 7)), *inputs[2:])


for name, gates, cell, sequence, step, steps in (
    ("lstm", 4, lstm_cell, lstm, lstm_step, all_steps(lstm_step, 2)),
    ("gru", 3, gru_cell, gru, gru_step, all_steps(lambda *inputs: (gru_step(*inputs),), 1)),
):
    register(
        f"{name}.{name}_cell",
        cell,
        step,
        [Sample(inputs_of(gates, 2, 3, 2)), Sample(inputs_of(gates, 1, 1, 1, bias=False))],
        [
            Wrong(
                ValueError,
                rf"{name}_cell: h must be \(B, H\) = \(2, 2\), got \(5, 7\)",
                wrong_state(inputs_of(gates, 2, 3, 2)),
            )
        ],
        single=False,
    )
    register(
        f"{name}.{name}",
        sequence,
        steps,
        [
            Sample(inputs_of(gates, 2, 1, 2, T=3)),
            Sample(inputs_of(gates, 2, 2, 1, T=3), {"lengths": np.array([1, 3])}),
            Sample(inputs_of(gates, 2, 2, 1, T=3, bias=False), {"lengths": np.array([2, 0]), "reverse": True}),
        ],
        [
            Wrong(
                ValueError,
                rf"{name}: h0 must be \(1, B, H\) = \(1, 2, 2\), got \(5, 7\)",
                wrong_state(inputs_of(gates, 2, 3, 2, T=1)),
            ),
            Wrong(
                ValueError,
                rf"{name}: lengths must be 0 \.\.\. T = 1, got 1 \.\.\. 2",
                inputs_of(gates, 2, 3, 2, T=1),
                {"lengths": np.array([1, 2])},
            ),
        ],
        single=False,
    )


def looked_up(scores: np.ndarray, values: np.ndarray, mask: Any) -> tuple[np.ndarray, np.ndarray]:
    weights = scores if mask is None else rows(shares)(scores, mask[:, None, :])
    weights = rows(shares)(scores) if mask is None else weights
    return product(weights, values), weights


def by_product(
    queries: Any, keys: Any, values: Any, mask: Any = None, scale: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    return looked_up(scale * product(queries, np.swapaxes(keys, 1, 2)), values, mask)


def by_network(queries: Any, keys: Any, values: Any, v: Any, mask: Any = None) -> tuple[np.ndarray, np.ndarray]:
    scores = moved(
        (*queries.shape[:2], keys.shape[1]),
        lambda b, t, s: math.fsum(factor * math.tanh(q + k) for factor, q, k in zip(v, queries[b, t], keys[b, s])),
    )
    return looked_up(scores, values, mask)


QKV = (numbers(2, 2, 3), numbers(2, 3, 3), numbers(2, 3, 1))
REAL = np.array([[True, False, True], [False] * 3])  # of the second row nothing is real
WRONG_MASK = r"mask must be \(B, S\) = \(2, 3\), got \(2, 4\): pad source and mask together"
register(
    "attention.attention",
    attention,
    by_product,
    [
        Sample(QKV),
        Sample(QKV, {"mask": REAL, "scale": 0.5}),
        Sample((numbers(1, 1, 1), numbers(1, 1, 1), numbers(1, 1, 1))),
    ],
    [
        Wrong(ValueError, f"attention: {WRONG_MASK}", QKV, {"mask": np.ones((2, 4), bool)}),
        Wrong(TypeError, "attention: mask must be bool", QKV, {"mask": np.ones((2, 3))}),
    ],
    single=False,
)
register(
    "attention.additive_attention",
    additive_attention,
    by_network,
    [Sample((*QKV, numbers(3))), Sample((*QKV, numbers(3)), {"mask": REAL})],
    [
        Wrong(ValueError, f"additive_attention: {WRONG_MASK}", (*QKV, numbers(3)), {"mask": np.ones((2, 4), bool)}),
        Wrong(ValueError, r"additive_attention: v must be \(A,\) = \(3,\), got \(2,\)", (*QKV, numbers(2))),
    ],
    single=False,
)
