"""Sums of products in Einstein's notation: "bij,bjk->bik" is y[b, i, k] = Σⱼ a[b, i, j] · c[b, j, k].

Each dimension has a label, a letter of the equation; what "..." stands for is labelled −1 for the last dimension, −2
for the one before it, and so on. From there on there are only labels. Operands are multiplied one after the other,
from the left, and two of them are brought into the form of a matrix product:

    y (both, rows, columns) = a (both, rows, inner) · b (both, inner, columns)
"""

from __future__ import annotations

import builtins
import math
import re
import string
from typing import Any, NamedTuple

from .elementwise import mul
from .indexing import getitem
from .matmul import check_tensors, matmul
from .reductions import sum
from .shapes import permute_, reshape_

LETTERS = string.ascii_uppercase + string.ascii_lowercase  # what the numbers 0 ... 51 stand for


class Factor(NamedTuple):
    """An operand with a label for each of its dimensions."""

    x: Any
    labels: list


def einsum(equation: Any, *operands: Any) -> Any:
    """y = Σ a · b · ..., over all labels that y does not have

    equation: labels for the dimensions of each operand, and of y: "ij,jk->ik". A label that an operand has twice takes
    its diagonal. "..." stands for any further dimensions, broadcast. Without "->", y has the dimensions of "...",
    then in alphabetical order the labels that appear once.
    Also einsum(a, [0, 1], b, [1, 2], [0, 2]), with numbers for letters.

    Shapes: a label has one size; where an operand has size 1, it is broadcast.
    Raises: ValueError for an equation that cannot be read or does not fit the operands, TypeError as matmul.
    """
    terms, output, operands = read(equation, operands)
    check_tensors("einsum", *operands)
    if len(terms) != len(operands):
        raise ValueError(f"einsum: the equation has {len(terms)} terms, got {len(operands)} operands: one for each")
    factors = [Factor(x, labels_of(x, term)) for x, term in zip(operands, terms)]
    wanted = labels_of_output(output, [label for factor in factors for label in factor.labels])
    factors = [diagonal(factor) for factor in factors]
    sizes = sizes_of_labels(factors)
    first, *rest = [without_broadcast(factor, sizes) for factor in factors]
    while rest:
        second, *rest = rest
        first = multiply(first, second, {*wanted}.union(*(factor.labels for factor in rest)), sizes)
    return in_groups(summed(first, wanted), [[label] for label in wanted], sizes)


# --- reading ------------------------------------------------------------


def read(equation: Any, operands: Any) -> tuple[list[list[str]], list[str] | None, Any]:
    """The labels of each operand, those of y (None: they follow from the others), and the operands."""
    if not isinstance(equation, str):
        given = (equation, *operands)
        paired = len(given) // 2 * 2  # one more is the list for y
        operands = given[:paired:2]
        equation = ",".join(map(letters, given[1:paired:2])) + "".join("->" + letters(y) for y in given[paired:])
    elif len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = operands[0]
    terms, arrow, output = equation.replace(" ", "").partition("->")
    return [split(term) for term in terms.split(",")], split(output) if arrow else None, operands


def letters(dims: Any) -> str:
    if not isinstance(dims, (tuple, list)):
        raise ValueError("einsum: wanted an equation and operands, or operands each with a list of numbers")
    for dim in dims:
        if dim is not Ellipsis and dim not in range(len(LETTERS)):
            raise ValueError(f"einsum: dimensions must be ... or in 0 ... {len(LETTERS) - 1}, got {dim!r}")
    return "".join("..." if dim is Ellipsis else LETTERS[dim] for dim in dims)


def split(term: str) -> list[str]:
    found = re.findall(r"[A-Za-z]|\.\.\.", term)
    if "".join(found) != term or found.count("...") > 1:
        raise ValueError(f"einsum: wanted letters and at most one '...' for each operand, got {term!r}")
    return found


def labels_of(x: Any, term: list[str]) -> list:
    further = x.ndim - len(term) + term.count("...")  # what "..." stands for
    if further < 0 or (further and "..." not in term):
        raise ValueError(f"einsum: {''.join(term)!r} must name the {x.ndim} dimensions of {tuple(x.shape)}")
    return spelled_out(term, further)


def spelled_out(term: list[str], further: int) -> list:
    return [label for part in term for label in (range(-further, 0) if part == "..." else [part])]


def labels_of_output(output: list[str] | None, found: list) -> list:
    further = sorted({label for label in found if isinstance(label, int)})
    if output is None:
        return [*further, *sorted(label for label in found if found.count(label) == 1 and label not in further)]
    labels = spelled_out(output, len(further))
    for label in labels:
        if label not in found or labels.count(label) > 1:
            raise ValueError(f"einsum: the output must have each label once, and from the operands, got {label!r} "
                             f"in {''.join(output)!r}")
    return labels


def sizes_of_labels(factors: list[Factor]) -> dict:
    sizes: dict = {}
    for x, labels in factors:
        for label, size in zip(labels, x.shape):
            if sizes.setdefault(label, size) == 1:
                sizes[label] = size
            elif size not in (1, sizes[label]):
                raise ValueError(f"einsum: label {label!r} must have one size, got {sizes[label]} and {size}")
    return sizes


# --- computing ----------------------------------------------------------


def diagonal(factor: Factor) -> Factor:
    """The same with no label twice. In a row, every (n + 1)-th of n x n numbers is on their diagonal."""
    x, labels = factor
    for label in [label for label in dict.fromkeys(labels) if labels.count(label) > 1]:
        axes = [k for k, other in enumerate(labels) if other == label]
        others = [k for k, other in enumerate(labels) if other != label]
        n = x.shape[axes[0]]
        if any(x.shape[k] != n for k in axes):
            raise ValueError(f"einsum: {label!r} is there twice, so its sizes must be equal, got {tuple(x.shape)}")
        row = reshape_(permute_(x, dims=(*others, *axes)), shape=(*(x.shape[k] for k in others), n ** len(axes)))
        step = builtins.sum(n**power for power in range(len(axes)))  # n + 1 for two, n² + n + 1 for three
        x, labels = getitem(row, (..., slice(None, None, step))), [*(labels[k] for k in others), label]
    return Factor(x, labels)


def without_broadcast(factor: Factor, sizes: dict) -> Factor:
    """The same without dimensions that are to be broadcast: a product broadcasts what a factor does not have."""
    x, labels = factor
    kept = [label for label, size in zip(labels, x.shape) if size == sizes[label]]
    return Factor(reshaped(x, tuple(sizes[label] for label in kept)), kept)


def summed(factor: Factor, kept: Any) -> Factor:
    """Σ over all labels but those to be kept"""
    x, labels = factor
    gone = [axis for axis, label in enumerate(labels) if label not in kept]
    return Factor(sum(x, dim=gone), [label for label in labels if label in kept]) if gone else factor


def multiply(a: Factor, b: Factor, kept: set, sizes: dict) -> Factor:
    """a · b, summed over all labels but those to be kept"""
    a, b = summed(a, kept.union(b.labels)), summed(b, kept.union(a.labels))
    rows, columns = ([label for label in x.labels if label not in y.labels] for x, y in ((a, b), (b, a)))
    both = [label for label in a.labels if label in b.labels and label in kept]
    inner = [label for label in a.labels if label in b.labels and label not in kept]
    labels = both + rows + columns
    if not inner:
        x, y = (in_groups(x, [[label] if label in x.labels else [] for label in labels], sizes) for x in (a, b))
        return Factor(mul(x, y), labels)
    batch = [both] if both else []
    y = matmul(in_groups(a, [*batch, rows, inner], sizes), in_groups(b, [*batch, inner, columns], sizes))
    return Factor(reshaped(y, tuple(sizes[label] for label in labels)), labels)


def in_groups(factor: Factor, groups: list[list], sizes: dict) -> Any:
    """x with its dimensions in the order of these labels, those of a group made one, 1 for an empty one"""
    x, labels = factor
    order = [labels.index(label) for group in groups for label in group]
    x = x if order == sorted(order) else permute_(x, dims=tuple(order))
    return reshaped(x, tuple(math.prod(sizes[label] for label in group) for group in groups))


def reshaped(x: Any, shape: tuple) -> Any:
    return x if x.shape == shape else reshape_(x, shape=shape)
