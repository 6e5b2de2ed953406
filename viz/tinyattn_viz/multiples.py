"""Attention as training goes: one sentence, looked at again and again, as small heat maps side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyattn.text.batches import make_batch
from tinyattn.text.vocabulary import END, SPECIAL_NAMES
from tinyattn.translator.model import inference
from tinyattn.translator.training import Training, Watcher

from .canvas import Canvas, Rectangle, Text
from .headings import COMPACT, GAP, heading
from .heatmap import MARGIN, add_scale, check
from .labels import right_to_left, text_width, visible
from .picture import Picture
from .style import blue

MOST = 12  # more heat maps than that nobody compares
WIDE = 900.0  # of a row of them
BETWEEN = 22.0  # heat maps
MAP = 220.0  # up to this width of a heat map its columns are as wide as they like
COLUMN, NARROW, TALL = 30.0, 16.0, 18.0  # the width of a cell where there is room, and at least; its height at most

Snapshot = tuple[int, Any]  # training step, attention


def multiples(snapshots: Sequence[Snapshot], source: Sequence[str], target: Sequence[str]) -> Picture:
    """A picture of one sentence's attention at several steps of training, from the first to the last.

    Of more than 12 snapshots it shows 12, evenly chosen. `AttentionWatcher` collects them.

    Shapes: each attention (T, S) for T target and S source words.
    Raises: ValueError for no snapshot, or where words and weights do not fit together.
    """
    if not snapshots:
        raise ValueError("multiples: wanted at least one (step, attention), got none: train for a step or more")
    maps = [(step, np.asarray(attention, dtype=np.float64)) for step, attention in snapshots]
    for _, weights in maps:
        check("multiples", weights, source, target)
    chosen = [maps[k] for k in np.unique(np.linspace(0, len(maps) - 1, min(MOST, len(maps))).round().astype(int))]
    if right_to_left(source):
        source, chosen = source[::-1], [(step, weights[:, ::-1]) for step, weights in chosen]

    columns = heading(source, page=MAP, roomy=COLUMN, least=NARROW)
    height = min(TALL, columns.pitch)
    names = max(text_width(word, COMPACT) for word in target)
    before, after = columns.overhang
    across = max(1, min(len(chosen), int((WIDE + BETWEEN) / (before + columns.width + after + BETWEEN))))
    down = -(-len(chosen) // across)
    across = -(-len(chosen) // down)  # as full as the last row can be
    step_x = before + columns.width + after + BETWEEN
    step_y = 18 + columns.height + height * len(target) + BETWEEN
    left = MARGIN + names + GAP + before
    canvas = Canvas(0, 0, f"Attention as training goes: {' '.join(target)} from {' '.join(source)}")
    for number, (step, weights) in enumerate(chosen):
        x, y = left + step_x * (number % across), MARGIN + step_y * (number // across)
        canvas.texts.append(Text(x, y, f"step {step:,}", 13, "left"))
        top = y + 14 + columns.height
        columns.draw(canvas, x, top)
        for row, word in enumerate(target):
            if number % across == 0:
                canvas.texts.append(Text(left - before - GAP, top + height * (row + 0.5), word, COMPACT, "right"))
            for column, weight in enumerate(weights[row]):
                tip = f"step {step:,}: {visible(word)} from {visible(source[column])}: {weight:.4f}"
                place = (x + columns.pitch * column, top + height * row, columns.pitch, height)
                canvas.rectangles.append(Rectangle(*place, blue(weight), "#ffffff", tip))
    right = left + step_x * across - BETWEEN
    first = MARGIN + 14 + columns.height
    add_scale(canvas, right + 18, first, max(72.0, min(height * len(target), 140.0)))
    canvas.width = max(right + 78, 330.0)
    caption = "Each row of a map: how a target word's attention, 1 in all, is spread over the source words."
    if len(chosen) < len(maps):
        caption += f" Shown are {len(chosen)} of {len(maps)} snapshots."
    below = max(MARGIN + step_y * down, first + 100) + 2
    canvas.height = canvas.add_paragraph(MARGIN, below, caption, canvas.width - 2 * MARGIN) + MARGIN - 6
    return Picture(canvas.dot(), canvas.svg(), program="nop")


class AttentionWatcher(Watcher):
    """Keeps the attention of one pair as training goes: Translator.train(pairs, watcher=AttentionWatcher(pair)).

    The pair is read with teacher forcing, so that the words stay the same while the model changes. It looks after
    steps 1, 2, 4, 8 ... and the last: attention forms early.
    `.snapshots` is the list of (step, attention), `.source` and `.target` are the words, `.picture()` draws them.
    """

    def __init__(self, pair: tuple[str, str]) -> None:
        self.pair = pair
        self.snapshots: list[Snapshot] = []
        self.source: list[str] = []
        self.target: list[str] = []

    def stepped(self, training: Training) -> None:
        """Raises: ValueError for a model without attention."""
        step = training.progress.step
        if step & (step - 1) and training.share_done < 1:
            return
        translator = training.translator
        if not self.source:
            self.source = translator.source.shown(translator.read(self.pair[0])[0])
            self.target = translator.target.shown([*translator.target.tokens(self.pair[1]), SPECIAL_NAMES[END]])
        batch = make_batch([translator.encode(self.pair)], translator.start, translator.config.source_eos)
        with inference(translator.model):
            _, weights = translator.model(batch.source, batch.source_lengths, batch.target_in, batch.target_lengths)
        if weights is None:
            raise ValueError('AttentionWatcher: wanted a model with attention, got attention="none": choose another')
        self.snapshots.append((step, weights.array[0].copy()))

    def picture(self) -> Picture:
        """Raises: ValueError where no step was watched."""
        return multiples(self.snapshots, self.source, self.target)
