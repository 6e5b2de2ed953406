"""Where the cells of a `step` picture stand: a column for each time step, a level for each row.

Left of a column's boxes runs a gutter for what comes from other blocks, attention above all; right of them run lanes,
for what skips a box on its way up, or goes on to the next column. So no edge has to pass behind a box.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from .cells import Block, Cell, Cells, Row
from .grid import Spot

ABREAST = 6  # up to so many columns, blocks stand side by side
GAP = 30.0  # between levels
BAND = 84.0  # between levels, or blocks, where attention crosses over
APART = 40.0  # between blocks side by side
LANE = 8.0  # between lanes, and between what runs in a gutter
NARROWEST = 104.0
TITLE = 18.0  # the height of a frame's title


@dataclass(frozen=True)
class Crossing:
    """An edge from block to block. Attention has a weight, and goes to a line of its head's box.

    below: cells of the same column that hand numbers over too, as the other direction of an encoder does.
    """

    tail: Cell
    head: Cell
    weight: float | None = None
    line: int = 0
    below: tuple[Cell, ...] = ()


class Columns:
    """Levels are known from the beginning; x and y after `place`."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.crossings: list[Crossing] = []  # given before places are
        self.blocks = [block for block in cells.blocks if block.rows]
        self.abreast = sum(len(block.columns) for block in self.blocks) <= ABREAST
        self.spots: dict[Cell, Spot] = {}
        self.widths: dict[Block, float] = {}
        self.middles: dict[Block, list[float]] = {}  # the x of each column
        self.sizes: Mapping[Cell, tuple[float, float]] = {}
        self.lanes: dict[tuple[Block, int], list[tuple[int, int, object]]] = {}
        self.set_levels()

    # --- levels ---------------------------------------------------------

    def set_levels(self) -> None:
        """A row stands above all that it reads; where blocks stand side by side, of other blocks as well."""
        order = {row: k for k, row in enumerate(self.cells.rows.values()) if row.kind != "input"}
        reads: dict[Row, set[Row]] = {}
        for link in self.cells.links.values():
            tail, head = link.tail.row, link.head.row
            forward = order.get(tail, -1) < order.get(head, -1) and not link.state
            if forward and (self.abreast or tail.block is head.block):
                reads.setdefault(head, set()).add(tail)
        taken: set[tuple[Block, int]] = set()
        for row in sorted(self.cells.rows.values(), key=lambda row: order.get(row, -1)):
            row.level = max((tail.level + 1 for tail in reads.get(row, ())), default=0)
            while (row.block, row.level) in taken:
                row.level += 1
            taken.add((row.block, row.level))

    def frames(self) -> list[tuple[str, list[Row]]]:
        """By the path of an outermost module: those of its rows that stand on top of each other, from two on."""
        found: list[tuple[str, list[Row]]] = []
        for block in self.blocks:
            rows = sorted(block.rows, key=lambda row: row.level)
            for path, group in itertools.groupby(rows, lambda row: row.outermost):
                members = list(group)
                if path and len(members) > 1:
                    found.append((path, members))
        return found

    # --- lanes ----------------------------------------------------------

    def ask_lane(self, key: object, block: Block, step: int | None, low: int, high: int) -> None:
        """Have a lane beside the column of a step, between two levels. A bar's is beside the last column."""
        column = len(block.columns) - 1 if step is None else block.columns.index(step)
        self.lanes.setdefault((block, column), []).append((min(low, high), max(low, high), key))

    def lane(self, key: object, block: Block, step: int | None) -> float:
        """The x of a lane that was asked for."""
        column = len(block.columns) - 1 if step is None else block.columns.index(step)
        x = self.x(block, step) + self.widths[block] / 2
        return x + 8 + LANE * self.lane_numbers(block, column)[key]

    def lane_numbers(self, block: Block, column: int) -> dict[object, int]:
        """Lanes beside a column: those that do not meet share one."""
        ends: list[int] = []
        numbers: dict[object, int] = {}
        asked = self.lanes.get((block, column), [])
        for low, high, key in sorted(asked, key=lambda lane: (lane[1] - lane[0], lane[0])):
            if key in numbers:
                continue
            free = next((k for k, end in enumerate(ends) if end < low), len(ends))
            ends[free:] = [high, *ends[free + 1 :]]
            numbers[key] = free
        return numbers

    # --- places ---------------------------------------------------------

    def place(self, sizes: Mapping[Cell, tuple[float, float]]) -> None:
        """Give every cell its spot. sizes: the width and height that each of them needs."""
        self.sizes = sizes
        y = 0.0
        for blocks in [self.blocks] if self.abreast else [[block] for block in self.blocks]:
            y = self.place_levels([row for block in blocks for row in block.rows], y) + BAND + 24
        for block in self.blocks:
            several = len(block.columns) > 1  # then a bar has more room than one column
            alone = [c for row in block.rows for c in row.cells.values() if c.step is not None or not several]
            self.widths[block] = max([NARROWEST, *(self.sizes[cell][0] for cell in alone)])
        x = 0.0
        for blocks in [[block] for block in self.blocks] if self.abreast else [self.blocks]:
            x = self.place_columns(blocks, x) + APART
        for block in self.blocks:
            for row in block.rows:
                for cell in row.cells.values():
                    self.place_across(block, cell)

    def place_levels(self, rows: list[Row], y: float) -> float:
        """Set rows on top of each other from y on, and give the top of the last."""
        tops = {max(members, key=lambda row: row.level) for _, members in self.frames()}
        heads = {crossing.head.row for crossing in self.crossings if crossing.weight is not None}
        for level in range(max(row.level for row in rows) + 1):
            here = [row for row in rows if row.level == level]
            if level:
                y += BAND if self.abreast and heads.intersection(here) else GAP
            tall = max((self.sizes[cell][1] for row in here for cell in row.cells.values()), default=0.0)
            for cell in (cell for row in here for cell in row.cells.values()):
                self.spots[cell] = Spot(0.0, y + tall / 2, self.sizes[cell][0], tall)
            y += tall + TITLE * bool(tops.intersection(here))
        return y

    def place_columns(self, blocks: list[Block], x: float) -> float:
        """Set columns beside each other from x on, those of several blocks on top of each other; give their end."""
        for block in blocks:
            self.middles[block] = []
        for column in range(max(len(block.columns) for block in blocks)):
            there = [block for block in blocks if column < len(block.columns)]
            x += max(self.gutter(block, column) for block in there) + max(self.widths[block] for block in there) / 2
            for block in there:
                self.middles[block].append(x)
            x += max(self.widths[block] / 2 + self.lane_room(block, column) for block in there)
        return x

    def place_across(self, block: Block, cell: Cell) -> None:
        spot, width = self.spots[cell], self.widths[block]
        if cell.step is None:
            left, right = self.x(block, block.columns[0]) - width / 2, self.x(block, block.columns[-1]) + width / 2
            spot.width = max(spot.width, right - left)
            spot.x = left + spot.width / 2
        else:
            spot.width = width if cell.row.kind in ("module", "op") else max(spot.width, 56.0)
            spot.x = self.x(block, cell.step)

    def x(self, block: Block, step: int | None) -> float:
        """The middle of a column; of the last one, where a bar's edges go up beside it."""
        column = len(block.columns) - 1 if step is None else block.columns.index(step)
        return self.middles[block][column]

    def gutter(self, block: Block, column: int) -> float:
        """How much room a column needs on the left."""
        steps = [crossing.head.step for crossing in self.crossings if crossing.head.row.block is block]
        return 20.0 + LANE * sum(step == block.columns[column] or (step is None and column == 0) for step in steps)

    def lane_room(self, block: Block, column: int) -> float:
        """How much room a column needs on the right."""
        return 12.0 + LANE * len(set(self.lane_numbers(block, column).values()))
