"""Where the boxes of a path stand: a column for each time step, the source's on the left, and a level for each module.

Edges leave boxes at the top and come in at the bottom, each at a place of its own; from step to step they are level.
Where a box is in the way, they go round it on a lane to the right of its column.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from .grid import Spot
from .labels import text_width
from .path_units import Unit
from .routes import Route

GAP, BAND = 44.0, 80.0  # between levels; where edges come over from other columns
APART = 44.0  # between columns: room for a number
LANE = 11.0
STUB = 14.0  # how far an edge goes on before it turns
TIP = 11.0  # the end of an edge, upright
BESIDE = 14.0  # between edges at a box
SPREAD = 30.0  # the same where each has its number between them
Column = tuple[bool, int]  # is it the target's, and the time step


@dataclass(frozen=True, eq=False)
class Line:
    """An edge to be drawn. state: it hands over what the decoder starts from."""

    tail: Unit
    head: Unit
    text: str
    state: bool


class PathLayout:
    """Spots by unit; by line its route, and where the middle of its text is.

    column_of: the column of a unit; what runs once for all steps has one behind them.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        lines: Sequence[Line],
        sizes: Mapping[Unit, tuple[float, float]],
        column_of: Callable[[Unit], Column],
        seen_target: Callable[[Unit], bool],
    ) -> None:
        self.units, self.lines, self.sizes = units, lines, sizes
        self.columns = {unit: column_of(unit) for unit in units}
        self.sides = {unit: seen_target(unit) for unit in units}
        self.levels = self.find_levels()
        self.lanes = self.find_lanes()
        self.spots: dict[Unit, Spot] = {}
        self.place_columns(self.place_levels())
        self.routes: dict[Line, Route] = {}
        self.labels: dict[Line, tuple[float, float]] = {}
        self.leave, self.enter = self.doors(leaving=True), self.doors(leaving=False)
        for line in lines:
            self.draw(line)

    # --- places ---------------------------------------------------------

    def row(self, unit: Unit) -> Hashable:
        """Boxes of one row are the same module at other steps, and stand on one level."""
        return (self.sides[unit], unit.row) if unit.calls and unit.steps else unit

    def find_levels(self) -> dict[Unit, int]:
        rows: dict[Hashable, list[Unit]] = {}
        for unit in self.units:
            rows.setdefault(self.row(unit), []).append(unit)
        order = {row: k for k, row in enumerate(sorted(rows, key=lambda row: self.turn(rows[row])))}
        levels: dict[Unit, int] = {}
        for row in order:
            units = rows[row]
            below = [line for line in self.lines if line.head in units and order[self.row(line.tail)] < order[row]]
            level = max((levels[line.tail] + (not line.state) for line in below), default=0)
            taken = {(levels[other], self.columns[other]) for other in levels}
            while any((level, self.columns[unit]) in taken for unit in units):
                level += 1
            levels |= dict.fromkeys(units, level)
        return levels

    def turn(self, units: Sequence[Unit]) -> tuple[bool, int]:
        """When a row is set: the source's in the order they ran, then the target's as they follow each other in a step;
        in the step that has most of them, for what little goes through is not drawn."""
        side = self.sides[units[0]]
        columns = [[u for u in self.units if self.columns[u] == self.columns[unit]] for unit in units] if side else []
        return side, max((column.index(unit) for column, unit in zip(columns, units)), default=0)

    def is_level(self, line: Line) -> bool:
        if not line.state:
            return self.row(line.tail) == self.row(line.head)
        level = self.levels[line.tail]
        ends = self.columns[line.tail], self.columns[line.head]
        between = [u for u in self.units if self.levels[u] == level and ends[0] < self.columns[u] < ends[1]]
        return self.levels[line.head] == level and not between

    def goes_up(self, line: Line) -> bool:
        return not line.state and self.levels[line.head] > self.levels[line.tail]

    def find_lanes(self) -> dict[Line, int]:
        """The lines that have to go round a box, each with its lane beside the column."""
        lanes: dict[Line, int] = {}
        counts: dict[Column, int] = {}
        for line in self.lines:
            column, low, high = self.columns[line.tail], self.levels[line.tail], self.levels[line.head]
            covered = any(self.columns[unit] == column and low < self.levels[unit] < high for unit in self.units)
            if covered and self.goes_up(line):
                lanes[line] = counts[column] = counts.get(column, -1) + 1
        return lanes

    def place_levels(self) -> dict[int, float]:
        """The y of each level's middle."""
        middles, y = {}, 0.0
        for level in range(max(self.levels.values()) + 1):
            heights = [self.sizes[unit][1] for unit in self.units if self.levels[unit] == level]
            into = [line for line in self.lines if self.levels[line.head] == level and not self.is_level(line)]
            if level:
                y += BAND if any(self.columns[line.tail] != self.columns[line.head] for line in into) else GAP
            middles[level] = y + max(heights, default=0.0) / 2
            y += max(heights, default=0.0)
        return middles

    def place_columns(self, middles: Mapping[int, float]) -> None:
        x, found = 0.0, {}
        columns = sorted(set(self.columns.values()))
        for k, column in enumerate(columns):
            width = max(self.sizes[unit][0] for unit in self.units if self.columns[unit] == column)
            found[column] = x + width / 2
            lanes = sum(self.columns[line.tail] == column for line in self.lanes)
            over = columns[k + 1] if k + 1 < len(columns) else column
            texts = [line.text for line in self.lines if line.state] if over[0] != column[0] else []
            room = max([APART, *(text_width(text, 10) + 40 for text in texts)])
            x += width + max(room, 24 + LANE * lanes)
        for unit in self.units:
            self.spots[unit] = Spot(found[self.columns[unit]], middles[self.levels[unit]], *self.sizes[unit])

    # --- lines ----------------------------------------------------------

    def doors(self, leaving: bool) -> dict[Line, float]:
        """The x at which each line that goes up leaves or enters its box: side by side, none crossing another."""
        found: dict[Line, float] = {}
        for unit in self.units:
            lines = [
                line for line in self.lines if self.goes_up(line) and (line.tail if leaving else line.head) is unit
            ]
            apart = leaving and (len(lines) > 2 or not all(map(self.in_one_column, lines)))

            def other_end(line: Line) -> tuple[bool, float]:
                return line in self.lanes, self.spots[line.head if leaving else line.tail].x

            lines.sort(key=other_end)
            spot, steps = self.spots[unit], len(lines) - 1
            pitch = min(SPREAD if apart else BESIDE, (spot.width - 16) / max(steps, 1))
            found |= {line: spot.x + (k - steps / 2) * pitch for k, line in enumerate(lines)}
        return found

    def in_one_column(self, line: Line) -> bool:
        return self.columns[line.tail] == self.columns[line.head]

    def draw(self, line: Line) -> None:
        if self.is_level(line):
            self.draw_level(line)
        elif self.goes_up(line):
            self.draw_up(line)
        else:
            self.draw_round(line)

    def beside(self, line: Line) -> float:
        """How far from the middle a level line runs, where another one joins the same boxes."""
        pair = [other for other in self.lines if (other.tail, other.head) == (line.tail, line.head)]
        return ((len(pair) - 1) / 2 - pair.index(line)) * BESIDE

    def draw_level(self, line: Line) -> None:
        tail, head, aside = self.spots[line.tail], self.spots[line.head], self.beside(line)
        y = (tail.y + head.y) / 2 + aside
        start, end = (tail.right, head.left) if head.x > tail.x else (tail.left, head.right)
        self.routes[line] = Route(start, y).to(end, y)
        self.labels[line] = (start + end) / 2, y + (10 if aside >= 0 else -10)

    def draw_up(self, line: Line) -> None:
        tail, head = self.spots[line.tail], self.spots[line.head]
        x, end = self.leave[line], self.enter[line]
        route = Route(x, tail.top)
        clear = self.clear_below(line.head)
        if line in self.lanes:
            number = self.lanes[line]
            lane, stub = self.right_of(line.tail) + 10 + LANE * number, max(4.0, STUB - 4 * number)
            route.to(x, tail.top + stub).to(lane, tail.top + stub)
            if self.in_one_column(line):
                route.to(lane, head.bottom - stub).to(end, head.bottom - stub).to(end, head.bottom)
            else:
                route.to(lane, clear).swing(end, head.bottom - TIP).to(end, head.bottom)
            self.labels[line] = lane + 5 + text_width(line.text, 10) / 2, tail.top + STUB + 14
        else:
            if clear > tail.top + 1:
                route.to(x, clear)
            route.swing(end, head.bottom - TIP).to(end, head.bottom)
            near = sorted((x, end)) if self.in_one_column(line) else (x, x)
            on_left = x < tail.x if self.in_one_column(line) else end > x  # where no line is
            room = 6 + text_width(line.text, 10) / 2
            self.labels[line] = near[0] - room if on_left else near[1] + room, tail.top + 11
        self.routes[line] = route

    def draw_round(self, line: Line) -> None:
        """Over the boxes of the tail's level, and down or up beside the head's column, into its left side."""
        tail, head, aside = self.spots[line.tail], self.spots[line.head], self.beside(line)
        corridor = self.top_of(self.levels[line.tail]) + STUB + aside
        gutter = head.left - 16 - aside
        x, y = tail.right - 10 - aside, head.y - 8 + aside
        self.routes[line] = Route(x, tail.top).to(x, corridor).to(gutter, corridor).to(gutter, y).to(head.left, y)
        self.labels[line] = gutter - 6 - text_width(line.text, 10) / 2, corridor + 10

    def top_of(self, level: int) -> float:
        return max(spot.top for unit, spot in self.spots.items() if self.levels[unit] == level)

    def clear_below(self, unit: Unit) -> float:
        """Where nothing stands any more below the level of a unit."""
        return max(self.top_of(level) for level in range(self.levels[unit]))

    def right_of(self, unit: Unit) -> float:
        """The right side of a unit's column."""
        return max(spot.right for other, spot in self.spots.items() if self.columns[other] == self.columns[unit])
