"""Which way the edges of a `step` picture take between its cells."""

from __future__ import annotations

from collections.abc import Mapping

from .cells import Block, Cell, Link
from .columns import LANE, TITLE, Columns, Crossing
from .graph import Edge
from .grid import HEIGHTS, Grid
from .routes import Route

STUB = 13.0  # how far an edge goes on before it turns
LOOP = 11.0  # half as high as a loop
INSET = 10.0  # from the corner of a box to where a lane's edge leaves it


class Ways:
    """Asks the columns for lanes when it is made; draws edges on the grid when the cells have their places."""

    def __init__(self, columns: Columns, read_next: list[tuple[Cell, Cell]]) -> None:
        self.columns, self.read_next = columns, read_next
        self.inside = [link for link in columns.cells.links.values() if link.tail.row.block is link.head.row.block]
        for link in self.inside:
            if link.tail.row is not link.head.row and (self.skips(link) or goes_on(link)):
                self.ask(link.tail, link.head.row.level, link.head if link.tail.step is None else link.tail)
        for crossing in columns.crossings:
            if self.covered(crossing.tail) and not self.is_beside(crossing):
                self.ask(crossing.tail, self.highest(crossing.tail.row.block) + 1, crossing.tail)
            for cell in crossing.below:
                self.ask(cell, crossing.tail.row.level + 1, cell)
        for tail, _ in read_next:
            columns.ask_lane("next", tail.row.block, tail.step, 0, tail.row.level)
        for row in columns.cells.loops:
            columns.ask_lane(row, row.block, 0, row.level, row.level)

    def ask(self, tail: Cell, level: int, at: Cell) -> None:
        self.columns.ask_lane(tail, tail.row.block, at.step, tail.row.level, level)

    def highest(self, block: Block) -> int:
        return max(row.level for row in block.rows)

    def skips(self, link: Link) -> bool:
        """Is there a box on the straight way up?"""
        step = link.tail.step if link.head.step is None else link.head.step
        between = range(link.tail.row.level + 1, link.head.row.level)
        return any(row.level in between and (row.bar or step in row.cells) for row in link.tail.row.block.rows)

    def covered(self, tail: Cell) -> bool:
        """Is there a box above it, other than a bar, which edges may pass behind?"""
        return any(row.level > tail.row.level and tail.step in row.cells and not row.bar for row in tail.row.block.rows)

    def is_beside(self, crossing: Crossing) -> bool:
        """Do the ends stand next to each other, with nothing between?"""
        tail, head = crossing.tail, crossing.head
        blocks = self.columns.blocks
        return (
            self.columns.abreast
            and tail.row.level == head.row.level
            and blocks.index(head.row.block) == blocks.index(tail.row.block) + 1
            and tail.step in (None, tail.row.block.columns[-1])
            and head.step in (None, head.row.block.columns[0])
        )

    # --- drawing --------------------------------------------------------

    def draw(self, grid: Grid, numbers: Mapping[Cell, int]) -> None:
        def add(tail: Cell, head: Cell, route: Route, **look) -> None:
            edge = Edge(numbers[tail], numbers[head], **look)
            grid.edges.append(edge)
            grid.routes.append((edge, route))

        for tail, head in self.read_next:
            add(tail, head, self.way_round(tail, head), loop=True)
        for row in self.columns.cells.loops:
            (cell,) = row.cells.values()
            add(cell, cell, self.loop(cell), loop=True)
        for link in self.inside:
            add(link.tail, link.head, self.way(link))
        slots = self.slots()
        for crossing in sorted(self.columns.crossings, key=lambda crossing: crossing.weight or 0.0):
            route = self.way_across(crossing, slots[crossing])
            add(crossing.tail, crossing.head, route, share=crossing.weight)
            for cell in crossing.below:
                add(cell, crossing.head, self.way_to_join(cell, crossing.tail), share=crossing.weight)

    def way(self, link: Link) -> Route:
        """Within a block."""
        tail, head = self.columns.spots[link.tail], self.columns.spots[link.head]
        block = link.tail.row.block
        if link.tail.row is link.head.row:
            forward = head.x > tail.x
            return Route(tail.right if forward else tail.left, tail.y).to(head.left if forward else head.right, head.y)
        at = link.head.step if link.tail.step is None else link.tail.step
        x = self.columns.x(block, at)
        if goes_on(link):
            edge = x + self.columns.widths[block] / 2 - INSET
            lane = self.columns.lane(link.tail, block, link.tail.step)
            start = Route(edge, tail.top).to(edge, tail.top + STUB).to(lane, tail.top + STUB)
            return start.to(lane, head.y).to(head.left, head.y)
        if not self.skips(link):
            x = x if at is not None else tail.x
            return Route(x, tail.top).to(x, head.bottom)
        edge = x + self.columns.widths[block] / 2 - INSET
        lane = self.columns.lane(link.tail, block, at)
        start = Route(edge, tail.top).to(edge, tail.top + STUB).to(lane, tail.top + STUB)
        return start.to(lane, head.bottom - STUB).to(edge, head.bottom - STUB).to(edge, head.bottom)

    def way_round(self, tail: Cell, head: Cell) -> Route:
        """From a word that came out, down to where it is read."""
        start, end = self.columns.spots[tail], self.columns.spots[head]
        lane = self.columns.lane("next", tail.row.block, tail.step)
        side = end.left if end.x > start.x else end.right
        return Route(start.right, start.y).to(lane, start.y).to(lane, end.y).to(side, end.y)

    def loop(self, cell: Cell) -> Route:
        spot = self.columns.spots[cell]
        lane = self.columns.lane(cell.row, cell.row.block, 0)
        start, end = spot.y + LOOP, spot.y - LOOP
        return Route(spot.right, start).to(lane + LOOP, start).to(lane + LOOP, end).to(spot.right, end)

    def entry(self, crossing: Crossing) -> float:
        """The height at which an edge from another block goes into its box."""
        spot = self.columns.spots[crossing.head]
        if crossing.weight is None:
            return spot.y
        tall = self.columns.sizes[crossing.head][1]
        head = spot.y + tall / 2 - 6 - HEIGHTS["title"] - HEIGHTS["cells"]  # below the box's title and the table's head
        return head - HEIGHTS["cells"] * (crossing.line + 0.5)

    def slots(self) -> dict[Crossing, float]:
        """The x at which an edge goes up in its column's gutter: the higher it goes, the farther from the boxes."""
        columns: dict[tuple[Block, int | None], list[Crossing]] = {}
        for crossing in self.columns.crossings:
            columns.setdefault((crossing.head.row.block, crossing.head.step), []).append(crossing)
        found = {}
        for (block, step), crossings in columns.items():
            x = self.columns.x(block, block.columns[0] if step is None else step) - self.columns.widths[block] / 2 - 14
            for k, crossing in enumerate(sorted(crossings, key=self.entry)):
                found[crossing] = x - LANE * k
        return found

    def way_across(self, crossing: Crossing, slot: float) -> Route:
        """From block to block: up to where there are no more boxes, over to the column, and along its gutter."""
        tail, head = self.columns.spots[crossing.tail], self.columns.spots[crossing.head]
        if self.is_beside(crossing):
            return Route(tail.right, tail.y).to(head.left, head.y)
        source, target = crossing.tail.row.block, crossing.head.row.block
        x = self.columns.x(source, crossing.tail.step)
        if crossing.weight is None:
            x += self.columns.widths[source] / 2 - INSET
        route = Route(x, tail.top)
        if self.covered(crossing.tail):
            x = self.columns.lane(crossing.tail, source, crossing.tail.step)
            route.to(route.curve[0][0], tail.top + STUB).to(x, tail.top + STUB)
        end = self.entry(crossing)
        low = self.top(source) + STUB
        if not self.columns.abreast:
            high = min(self.columns.spots[cell].bottom for row in target.rows for cell in row.cells.values()) - 22
        elif crossing.head.row.level > crossing.tail.row.level:
            low = max(self.below(crossing), tail.top + STUB)
            high = head.bottom - 6
        else:
            return route.to(x, low).to(slot, low).to(slot, end).to(head.left, end)
        return route.to(x, low).swing(slot, high).to(slot, end).to(head.left, end)

    def way_to_join(self, cell: Cell, above: Cell) -> Route:
        """To where the edge of a cell above it begins."""
        start, end = self.columns.spots[cell], self.columns.spots[above]
        lane = self.columns.lane(cell, cell.row.block, cell.step)
        edge = start.right - INSET
        route = Route(edge, start.top, arrow=False).to(edge, start.top + STUB).to(lane, start.top + STUB)
        return route.to(lane, end.top + STUB / 2).to(end.x, end.top + STUB / 2)

    def top(self, block: Block) -> float:
        """Where a block ends, with the title of a frame around its highest row."""
        return max(self.columns.spots[cell].top for row in block.rows for cell in row.cells.values()) + TITLE

    def below(self, crossing: Crossing) -> float:
        """The top of the level below the one that an edge goes to, side by side."""
        level = crossing.head.row.level - 1
        cells = (cell for row in self.columns.cells.rows.values() if row.level == level for cell in row.cells.values())
        return max((self.columns.spots[cell].top for cell in cells), default=0.0) + TITLE


def goes_on(link: Link) -> bool:
    """Does it lead into another step?"""
    return None not in (link.tail.step, link.head.step) and link.tail.step != link.head.step
