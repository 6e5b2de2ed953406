"""Batches of sequences that are not of one length: padded to the longest, or packed without padding.

    padded (B, T) = (3, 3)        a b c        packed   data         a d f b e c    step by step,
                                  d e ·                 batch_sizes  3 2 1          so many rows have that step
                                  f · ·

Packed rows go from the longest to the shortest; `sorted_indices` says which row of the batch each one is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...ops.joining import cat
from ...ops.packing import to_packed, to_padded
from ...ops.recurrent import check_lengths
from ...ops.shapes import transpose
from ...tensor import Tensor

Places = tuple[np.ndarray, np.ndarray]


class Parts(NamedTuple):
    data: Any  # (N, ...), N real steps
    batch_sizes: Any  # (T,) of int64
    sorted_indices: Any  # (B,) of int64, or None for rows that lie as they were
    unsorted_indices: Any  # the other way round


class PackedSequence(Parts):
    """A packed batch: what pack_padded_sequence makes, and nn.LSTM and nn.GRU take and give."""

    __slots__ = ()

    def __new__(cls, data: Any, batch_sizes: Any, sorted_indices: Any = None,
                unsorted_indices: Any = None) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, dtype: Any) -> PackedSequence:
        """With its data in another dtype."""
        return self._replace(data=self.data.to(dtype))

    def float(self) -> PackedSequence:
        return self.to(np.float32)

    def double(self) -> PackedSequence:
        return self.to(np.float64)


def invert_permutation(permutation: Any) -> Any:
    """The permutation that undoes this one; None for None."""
    return None if permutation is None else Tensor(np.argsort(np.asarray(permutation)))


def numbered(counts: np.ndarray) -> Places:
    """For groups of `counts` things: the group of each thing, and its number in there."""
    group = np.repeat(np.arange(len(counts)), counts)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)


def places_of(sequence: PackedSequence) -> Places:
    """Of each step of the data: its row in the batch, and its time."""
    t, b = numbered(np.asarray(sequence.batch_sizes))
    return (b if sequence.sorted_indices is None else np.asarray(sequence.sorted_indices)[b]), t


# --- packed and padded --------------------------------------------------


def pack_padded_sequence(input: Any, lengths: Any, batch_first: bool = False,
                         enforce_sorted: bool = True) -> PackedSequence:
    """The real steps of a padded batch: `lengths[b]` of row b.

    enforce_sorted: refuse rows that do not go from the longest to the shortest; without it they are sorted here.
    Shapes: input (T, B, ...), or (B, T, ...) with batch_first; lengths (B,), each 1 ... T.
    Raises: ValueError or TypeError for lengths that do not fit, RuntimeError for unsorted ones.
    """
    name = "pack_padded_sequence"
    if input.ndim < 2 or 0 in input.shape[:2]:
        wanted = "(B, T, ...)" if batch_first else "(T, B, ...)"
        raise ValueError(f"{name}: input must be {wanted} with at least one row and one step, got {tuple(input.shape)}")
    B, T = input.shape[:2] if batch_first else input.shape[1::-1]
    lengths = check_lengths(name, lengths, B, T, least=1)
    order = None
    if not enforce_sorted:
        order = np.argsort(-lengths, kind="stable")
    elif (np.diff(lengths) > 0).any():
        raise RuntimeError(f"{name}: lengths must be sorted in decreasing order when enforce_sorted is True, "
                           f"got {lengths.tolist()}: pass enforce_sorted=False")
    batch_sizes = np.sum(lengths[:, None] > np.arange(lengths.max()), 0)
    packed = PackedSequence(None, Tensor(batch_sizes), None if order is None else Tensor(order))
    b, t = places_of(packed)
    return packed._replace(data=to_packed(input, places=(b, t) if batch_first else (t, b)))


def pad_packed_sequence(sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0,
                        total_length: int | None = None) -> tuple[Any, Tensor]:
    """The padded batch, its rows as they lay before packing, and their lengths.

    total_length: pad to this length, not to that of the longest row.
    Shapes: (T, B, ...), or (B, T, ...) with batch_first; lengths (B,).
    Raises: ValueError for a total_length below the longest row's, or batch_sizes that do not fit the data.
    """
    N, T = len(sequence.data), len(sequence.batch_sizes)
    b, t = places_of(sequence)
    if len(b) != N:
        raise ValueError(f"pad_packed_sequence: batch_sizes must add up to the {N} steps of data, got {len(b)}: "
                         "let pack_padded_sequence make them")
    if total_length is not None and total_length < T:
        raise ValueError(f"pad_packed_sequence: total_length must be at least the longest row's {T}, "
                         f"got {total_length}")
    lengths = np.bincount(b)
    shape = len(lengths), total_length or T
    if not batch_first:
        shape, b, t = shape[::-1], t, b
    return to_padded(sequence.data, places=(b, t), shape=shape, value=padding_value), Tensor(lengths)


# --- lists of sequences -------------------------------------------------


def pad_sequence(sequences: Iterable[Any], batch_first: bool = False, padding_value: float = 0.0,
                 padding_side: str = "right") -> Any:
    """Sequences of different lengths as one padded batch; in the dtype of the first.

    Shapes: each (L, ...) -> (T, B, ...), or (B, T, ...) with batch_first, T the largest L.
    Raises: ValueError for no sequence, for shapes that do not fit together, for another padding_side.
    """
    sequences = list(sequences)
    shapes = [tuple(x.shape) for x in sequences]
    if not sequences or () in shapes or len({shape[1:] for shape in shapes}) > 1:
        got = " and ".join(map(str, dict.fromkeys(shapes))) or "none"
        raise ValueError(f"pad_sequence: wanted sequences (L, ...) that differ in L only, got {got}")
    if padding_side not in ("left", "right"):
        raise ValueError(f"pad_sequence: padding_side must be 'left' or 'right', got {padding_side!r}")
    lengths = np.array([shape[0] for shape in shapes])
    b, t = numbered(lengths)
    shape = len(lengths), int(lengths.max())
    if padding_side == "left":
        t += shape[1] - lengths[b]
    if not batch_first:
        shape, b, t = shape[::-1], t, b
    together = cat([x if x.dtype == sequences[0].dtype else x.to(sequences[0].dtype) for x in sequences])
    return to_padded(together, places=(b, t), shape=shape, value=padding_value)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The rows of a padded batch, each without its padding."""
    rows = padded_sequences if batch_first else transpose(padded_sequences, 0, 1)
    lengths = check_lengths("unpad_sequence", lengths, *rows.shape[:2])
    return [row[:length] for row, length in zip(rows, lengths.tolist())]


def pack_sequence(sequences: Iterable[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences (L, ...) of different lengths, packed; see pack_padded_sequence."""
    sequences = list(sequences)
    return pack_padded_sequence(pad_sequence(sequences), [len(x) for x in sequences], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The sequences in a packed batch, in the order they came in."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
