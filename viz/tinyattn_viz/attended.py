"""Attention in a record: where a softmax over the steps of one block weighs, in another, what was made in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyattn.recorded import Call, Value

from .cells import Cell, Cells

FEW = 4  # of so many words none is left out
LEAST = 0.03  # of more words, attention below it is not drawn
MOST = 6  # and not more words than these
SOFTMAXES = ("softmax", "masked_softmax")


@dataclass
class Attention:
    """What a cell looks at: for each position the cells that it was made in, its similarity, and its weight."""

    cells: list[list[Cell]]
    scores: np.ndarray
    weights: np.ndarray
    shown: list[int]  # the positions that are drawn
    first_of: int = 1  # so many rows of weights there are: a batch's sentences, or heads


def find_attention(cells: Cells) -> dict[Cell, Attention]:
    """By the cell that takes the weighted sum."""
    users: dict[int, list[Call]] = {}
    for call in cells.record.calls:
        for _, k in call.inputs:
            for origin in cells.origins.of(k):
                users.setdefault(origin, []).append(call)
    found = {}
    for call in cells.record.calls:
        if call.op not in SOFTMAXES or call.step is None:
            continue
        weights = cells.record.values[call.outputs[0]]
        scores = cells.record.values[call.inputs[0][1]]
        for user in users.get(weights.number, []):
            head = cells.made_in.get(user.outputs[0])
            weighed = looked_at(cells, weights, user)
            if head and weighed and head.row.block is not weighed[0][0].row.block:
                found[head] = attention(weighed, scores.array, weights.array)
    return found


def looked_at(cells: Cells, weights: Value, user: Call) -> list[list[Cell]]:
    """Of what `user` weighs: the cells that each position along the weights' last dimension was made in."""
    size = weights.array.shape[-1]
    for _, k in user.inputs:
        origins = cells.origins.array(k)
        if weights.number in cells.origins.of(k):
            continue
        for axis in range(origins.ndim):
            if origins.shape[axis] != size:
                continue
            made = [cells.cells_of(np.unique(np.take(origins, i, axis)).tolist()) for i in range(size)]
            steps = [{cell.step for cell in position} for position in made]
            if all(len(step) == 1 and None not in step for step in steps) and len(set.union(*steps)) == size:
                return made
    return []


def attention(cells: list[list[Cell]], scores: np.ndarray, weights: np.ndarray) -> Attention:
    """The first row of weights, and which of them are worth drawing."""
    size = len(cells)
    rows = weights.size // size
    weights, scores = weights.reshape(-1, size)[0], scores.reshape(-1, size)[0]
    best = np.argsort(-weights, kind="stable")[:MOST].tolist()
    shown = [k for k in best if size <= FEW or weights[k] >= LEAST] or best[:1]
    return Attention(cells, scores, weights, sorted(shown), rows)
