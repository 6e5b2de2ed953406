"""The two ends of a path: a source word and an output word, and the numbers in a record that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tinyattn.record import Record
from tinyattn.recorded import Value

SOFTMAXES = ("softmax", "log_softmax", "masked_softmax")
Marked = dict[int, np.ndarray]  # by the number of a value: 1 for each element that belongs to a word, 0 for the others


@dataclass(frozen=True)
class Word:
    text: str
    place: int  # in its sentence
    name: str  # `the#2` where the sentence has it more than once


@dataclass(frozen=True)
class Output:
    """The number that decides on a word: its score before the softmax, where there is one."""

    value: int  # the number of the value, and which element
    element: int
    chance: float | None  # what the softmax made of it


def words_of(record: Record, name: str) -> list[Word]:
    words = record.words.get(name, [])
    counts = [words[: k + 1].count(word) for k, word in enumerate(words)]
    return [
        Word(word, k, f"{word}#{count}" if words.count(word) > 1 else word)
        for k, (word, count) in enumerate(zip(words, counts, strict=True))
    ]


def find_ends(record: Record, path: str) -> tuple[Word, Word]:
    """The output word and the source word that `TARGET:SOURCE` names; a repeated word alone is its first one.

    Words may hold colons: of all places to divide it, the last one counts at which both sides are known.
    Raises: ValueError naming the words that there are.
    """
    targets, sources = words_of(record, "output"), words_of(record, "source")
    if not targets or not sources:
        missing = "output" if sources else "source"
        raise ValueError(
            f"draw: path: the record has no {missing} words: call record.tokens(source=[...], output=[...]) in it"
        )
    parts = [(path[:k], path[k + 1 :]) for k, sign in enumerate(path) if sign == ":"]
    if not parts:
        example = f"{targets[0].name}:{sources[0].name}"
        raise ValueError(f"draw: path: wanted TARGET:SOURCE, like {example!r}, got {path!r}")
    found = [(named(targets, target), named(sources, source)) for target, source in parts]
    for target, source in reversed(found):
        if target and source:
            return target, source
    # At the likeliest division, where one side is known, say what the other could be.
    best = max(range(len(parts)), key=lambda k: (any(found[k]), k))
    target, source = found[best]
    wrong = [("output", parts[best][0], targets)] * (target is None) + [("source", parts[best][1], sources)] * (
        source is None
    )
    told = "; ".join(f"{side} word must be one of {listed(words)}, got {got!r}" for side, got, words in wrong)
    raise ValueError(f"draw: path: {told}")


def named(words: list[Word], name: str) -> Word | None:
    exact = (word for word in words if name == word.text)
    return next(exact, None) or next((word for word in words if name == word.name), None)


def listed(words: Iterable[Word]) -> str:
    return ", ".join(word.name for word in words)


# --- where words go in ----------------------------------------------------


def places(record: Record, name: str) -> list[Marked]:
    """For each word of `source` or `target` the numbers that it goes in with: what an embedding made of its id, or
    the input itself where that is no id."""
    found: list[Marked] = [{} for _ in record.words.get(name, [])]
    for v, step, outputs in uses(record, name):
        is_id = v.array.dtype.kind in "iu"
        for made in outputs if is_id else [v]:
            shape = v.array.shape if is_id else rows_shape(made, len(found))
            if made.array.dtype.kind != "f" or made.array.shape[: len(shape)] != shape:
                continue
            rows = int(np.prod(shape))
            for k, marked in enumerate(found):
                row = k if rows == len(found) else 0 if rows == 1 and step == k else None
                if row is not None:
                    mark = marked.setdefault(made.number, np.zeros(made.array.shape))
                    mark.reshape(rows, -1)[row] = 1.0
    return found


def uses(record: Record, name: str) -> Iterator[tuple[Value, int | None, list[Value]]]:
    """Each use of an input of this name: its value, the time step, and what was made with it."""
    for call in record.calls:
        for _, k in call.inputs:
            v = record.values[k]
            if v.kind == "input" and v.name == name:
                yield v, call.step, [record.values[output] for output in call.outputs]


def rows_shape(v: Value, words: int) -> tuple[int, ...]:
    """The leading sizes of a value with a row for each word; none where it is all of one word."""
    shape = v.array.shape
    return next((shape[:k] for k in range(1, len(shape) + 1) if np.prod(shape[:k]) == words > 1), ())


# --- where words come out -------------------------------------------------


def output_of(record: Record, word: Word) -> Output:
    """Raises: ValueError where the record holds no row of scores for the word."""
    count = len(record.words["output"])
    for call in reversed(record.calls):
        v = record.values[call.outputs[0]]
        if v.array.dtype.kind != "f" or v.array.ndim == 0 or v.array.shape[-1] < 2:
            continue
        rows = v.array.size // v.array.shape[-1]
        row = (
            word.place if rows == count and call.step is None else 0 if rows == 1 and call.step == word.place else None
        )
        if row is not None:
            break
    else:
        raise ValueError(
            f"draw: path: the record has no scores for output word {word.name!r}: record the whole pass, with "
            "`time_step(t)` around each step of a decoder"
        )
    scores = v.array.reshape(rows, -1)[row]
    element = token(record, word)
    element = int(scores.argmax()) if element is None or element >= len(scores) else element
    chance = None
    if call.op in SOFTMAXES:
        chance = float(np.exp(scores[element]) if call.op == "log_softmax" else scores[element])
        v = record.values[call.inputs[0][1]]
    return Output(v.number, row * len(scores) + element, chance)


def token(record: Record, word: Word) -> int | None:
    """The id of an output word, where it is read next or was read before; else it is the one with the best score."""
    ids: dict[int, int] = {}
    for v, step, _ in uses(record, "target"):
        flat = v.array.reshape(-1)
        first = step if flat.size == 1 and step is not None else 0
        if v.array.dtype.kind in "iu":
            ids |= {first + k: int(id) for k, id in enumerate(flat)}
    read = record.words.get("target", [])
    same = [k for k in range(len(read)) if read[k] == word.text and k in ids]
    return ids[word.place + 1] if word.place + 1 in same else ids[same[0]] if same else None
