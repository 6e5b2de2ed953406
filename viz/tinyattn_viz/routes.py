"""The way of an edge over the page: straight pieces with round corners, and S-shaped ones with upright ends."""

from __future__ import annotations

import math

Point = tuple[float, float]
ROUND = 9.0  # points, the radius of a corner
ARROW = 7.0  # the length of its head


class Route:
    """Begins somewhere and goes on with `to` and `swing`. y counts upwards, as it does for Graphviz."""

    def __init__(self, x: float, y: float, arrow: bool = True) -> None:
        self.arrow = arrow  # is there a head at its end?
        self.curve: list[Point] = [(x, y)]  # Bézier points: one, and three more for each piece
        self.corners: list[Point] = []  # of the straight pieces that are not in `curve` yet

    def to(self, x: float, y: float) -> Route:
        """Straight on to a point, where the next piece may take another direction."""
        if (x, y) != (self.corners or self.curve)[-1]:
            self.corners.append((x, y))
        return self

    def swing(self, x: float, y: float) -> Route:
        """Upright away from here, to a point that is reached upright as well."""
        self.straighten()
        x0, y0 = self.curve[-1]
        self.curve += [(x0, y0 + (y - y0) * 0.55), (x, y - (y - y0) * 0.55), (x, y)]
        return self

    def straighten(self) -> None:
        for k, corner in enumerate(self.corners):
            before = self.curve[-1]
            if k + 1 == len(self.corners):
                self.line(corner)
                break
            after = self.corners[k + 1]
            radius = min(ROUND, math.dist(before, corner) / 2, math.dist(corner, after) / 2)
            self.line(towards(corner, before, radius))
            self.curve += [towards(corner, before, radius * 0.4), towards(corner, after, radius * 0.4)]
            self.curve.append(towards(corner, after, radius))
        self.corners = []

    def line(self, end: Point) -> None:
        start = self.curve[-1]
        third = ((end[0] - start[0]) / 3, (end[1] - start[1]) / 3)
        self.curve += [
            (start[0] + third[0], start[1] + third[1]),
            (start[0] + 2 * third[0], start[1] + 2 * third[1]),
            end,
        ]

    def pos(self) -> str:
        """As Graphviz writes it: the arrow's tip, then the curve up to where its head begins."""
        self.straighten()
        if not self.arrow:
            return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.curve)
        *curve, control, tip = self.curve
        end = towards(tip, control, ARROW)
        return f"e,{tip[0]:.1f},{tip[1]:.1f} " + " ".join(f"{x:.1f},{y:.1f}" for x, y in [*curve, control, end])


def towards(start: Point, end: Point, length: float) -> Point:
    """The point so far from start on the way to end."""
    distance = math.dist(start, end) or 1.0
    return (start[0] + (end[0] - start[0]) * length / distance, start[1] + (end[1] - start[1]) * length / distance)
