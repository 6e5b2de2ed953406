"""Edges: straight with round corners, or S-shaped."""

import re

import pytest

from tinyattn_viz.routes import ARROW, ROUND, Route


def points(pos):
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", pos)]


def test_an_arrow_s_head_begins_before_its_tip():
    tip, *curve = points(Route(0, 0).to(0, 60).pos())
    assert tip == (0, 60) and curve[0] == (0, 0) and curve[-1] == (0, 60 - ARROW)


def test_without_an_arrow_it_goes_to_the_end():
    pos = Route(0, 0, arrow=False).to(0, 60).pos()
    assert not pos.startswith("e") and points(pos)[-1] == (0, 60)


def test_corners_are_round():
    curve = points(Route(0, 0, arrow=False).to(0, 50).to(50, 50).pos())
    assert (0, 50) not in curve and (0, 50 - ROUND) in curve and (ROUND, 50) in curve


def test_close_corners_share_what_room_there_is():
    curve = points(Route(0, 0, arrow=False).to(0, 50).to(4, 50).to(4, 100).pos())
    assert (2, 50) in curve and all(0 <= x <= 4 and 0 <= y <= 100 for x, y in curve)


def test_a_swing_begins_and_ends_upright():
    curve = points(Route(0, 0, arrow=False).swing(80, 40).pos())
    assert curve[1][0] == 0 and curve[2][0] == 80 and curve[-1] == (80, 40)


@pytest.mark.parametrize("route", [
    Route(0, 0).to(0, 9).to(9, 9),
    Route(0, 0).to(0, 9).swing(9, 30).to(9, 40).to(20, 40),
    Route(0, 0).to(0, 0).to(0, 5),
])  # fmt: skip
def test_graphviz_gets_one_point_and_three_for_each_piece(route):
    curve = points(route.pos())[1:]
    assert len(curve) % 3 == 1 and len(curve) >= 4
