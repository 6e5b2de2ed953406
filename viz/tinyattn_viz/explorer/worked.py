"""An op's formula with the numbers put in: the first few elements of its result, each worked out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from tinyattn.record import Record
from tinyattn.recorded import Call

from ..describe import short
from ..labels import number, shape

DIGITS = 4  # significant ones
FEW = 3  # elements that are worked out
TERMS = 4  # of a sum, before the rest is only counted

# With {a} as the number itself and {-a} as its negative; each element by itself.
BY_ELEMENT = {
    "add": "{a} + {b}", "sub": "{a} − {b}", "mul": "{a} · {b}", "div": "{a} / {b}", "neg": "−{x}",
    "pow": "{a} ^ {exponent}", "abs": "|{x}|", "exp": "e^{x}", "expm1": "e^{x} − 1", "log": "ln {x}",
    "log1p": "ln (1 + {x})", "sqrt": "√{x}", "rsqrt": "1 / √{x}", "sin": "sin {x}", "cos": "cos {x}",
    "tanh": "tanh {x}", "sigmoid": "1 / (1 + e^−{x})", "relu": "max({x}, 0)", "maximum": "max({a}, {b})",
    "minimum": "min({a}, {b})",
}  # fmt: skip


def worked(record: Record, call: Call) -> list[str]:
    """Lines such as "scores[0] = 0.91 · (−0.76) + 0.38 · 0.75 = −0.41"; none where the formula has no numbers."""
    given = [record.values[k].array for _, k in call.inputs]
    names = [name for name, _ in call.inputs]
    results = [record.values[k] for k in call.outputs]
    if not results or results[0].array.size == 0 or any(x.size == 0 for x in given):
        return []
    y = results[0].array
    of_element = expression(call, dict(zip(names, given)), given, y)
    if of_element is None:
        return moved(call, given, y)
    name = results[0].name or "y"
    lines = []
    for place in range(min(y.size, FEW)):
        index = np.unravel_index(place, y.shape)
        lines.append(f"{name}{label(index, y.shape)} = {of_element(index)} = {text(y[index])}")
    return [*lines, f"… {y.size - FEW:,} more"] if y.size > FEW else lines


def expression(
    call: Call, named: dict[str, np.ndarray], given: Sequence[np.ndarray], y: np.ndarray
) -> Callable[[Any], str] | None:
    """What stands between the two equals signs, as a function of the element's index."""
    if call.op in BY_ELEMENT and all(np.broadcast_shapes(x.shape, y.shape) == y.shape for x in given):
        stretched = {name: np.broadcast_to(x, y.shape) for name, x in named.items()}
        return lambda index: BY_ELEMENT[call.op].format(**{name: bracketed(x[index]) for name, x in stretched.items()})
    if call.op == "linear":
        x, weight, bias = named["x"], named["weight"], named.get("bias")
        return lambda index: products(x[index[:-1]], weight[index[-1]], bias if bias is None else bias[index[-1]])
    if call.op == "matmul" and all(x.ndim >= 2 for x in given):
        a, b = (np.broadcast_to(x, (*y.shape[:-2], *x.shape[-2:])) for x in given)
        return lambda index: products(a[index[:-1]], b[(*index[:-2], slice(None), index[-1])])
    if call.op in ("softmax", "masked_softmax"):
        return share(call, given, y)
    if call.op in ("sum", "mean"):
        return total(call, given[0], y)
    return None


def share(call: Call, given: Sequence[np.ndarray], y: np.ndarray) -> Callable[[Any], str]:
    """e^x over the sum of all e^x in its row."""
    dim = call.attributes["dim"]
    x = np.moveaxis(given[0], dim, -1)
    mask = np.moveaxis(np.broadcast_to(given[1] if len(given) > 1 else True, given[0].shape), dim, -1)

    def of_element(index: tuple[int, ...]) -> str:
        row = list(index)
        place = row.pop(dim)
        if not mask[(*row, place)]:
            return "0 (masked)"
        kept = x[tuple(row)][mask[tuple(row)]]
        return f"e^{bracketed(x[(*row, place)])} / ({few((f'e^{bracketed(v)}' for v in kept), len(kept))})"

    return of_element


def total(call: Call, x: np.ndarray, y: np.ndarray) -> Callable[[Any], str] | None:
    """The terms of a sum or mean over some dimensions or all."""
    dim = call.attributes.get("dim")
    dims = tuple(range(x.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    rows = np.moveaxis(x, dims, range(-len(dims), 0)).reshape(y.size, -1)

    def of_element(index: tuple[int, ...]) -> str:
        terms = rows[np.ravel_multi_index(index, y.shape) if y.ndim else 0]
        added = few(map(bracketed, terms), len(terms))
        return added if call.op == "sum" else f"({added}) / {len(terms)}"

    return of_element


def moved(call: Call, given: Sequence[np.ndarray], y: np.ndarray) -> list[str]:
    """Of ops that take numbers from one place to another: from where to where."""
    if call.op == "take_rows" and len(given) > 1:
        ids = given[1].reshape(-1)
        rows = y.reshape(len(ids), -1)
        return [f"row {id} of weight = {vector(row)}" for id, row in list(zip(ids, rows))[:FEW]]
    if call.op == "pick":
        index = call.attributes.get("index")
        return [f"x[{', '.join(map(short, index if isinstance(index, list) else [index]))}] = {vector(y)}"]
    if call.op == "concatenate":
        return [f"{' | '.join(few_parts(map(vector, given), len(given)))} = {vector(y)}"]
    if call.op in ("reshape", "permute"):
        return [f"{shape(given[0])} → {shape(y)}"]
    return []


def products(xs: np.ndarray, ys: np.ndarray, bias: Any = None) -> str:
    added = few((f"{text(x)} · {bracketed(y)}" for x, y in zip(xs, ys)), len(xs))
    return added if bias is None else f"{added} + {bracketed(bias)}"


def few(terms: Iterable[str], n: int) -> str:
    return " + ".join(few_parts(terms, n))


def few_parts(parts: Iterable[str], n: int) -> list[str]:
    """All n parts, or the first ones and how many more there are."""
    return list(parts) if n <= TERMS + 1 else [*islice(parts, TERMS), f"… {n - TERMS:,} more"]


def vector(x: np.ndarray) -> str:
    return f"[{'  '.join(few_parts(map(text, x.reshape(-1)), x.size))}]"


def text(x: Any) -> str:
    """A number as the page shows it."""
    return number(x, DIGITS)


def bracketed(x: Any) -> str:
    shown = text(x)
    return f"({shown})" if shown.startswith("−") else shown


def label(index: Sequence[Any], whole: Sequence[int]) -> str:
    """[1, 2], without the dimensions that have one element; nothing where none is left."""
    told = [str(i) for i, n in zip(index, whole) if n > 1]
    return f"[{', '.join(told)}]" if told and math.prod(whole) > 1 else ""
