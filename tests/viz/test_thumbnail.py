"""Strips of colours for larger values."""

import numpy as np
import pytest

from tinyattn_viz import style
from tinyattn_viz.graph import table
from tinyattn_viz.thumbnail import TALL, WIDE, averaged, thumbnail

LOW, ZERO, HIGH = style.DIVERGING[0], style.DIVERGING[2], style.DIVERGING[-1]


def cells(array):
    return [line.split(" ") for line in thumbnail(np.asarray(array)).split("\n")]


def test_colours_diverge_around_0_and_the_greatest_is_strongest():
    assert cells([[-2.0, 0.0, 2.0]]) == [[LOW, ZERO, HIGH]]
    assert cells([0.5, 1.0])[0][1] == HIGH and cells([0.0, 1.0])[0][0] == ZERO  # 0 is white, whatever the range


@pytest.mark.parametrize(
    "shape, rows, columns",
    [((3,), 1, 3), ((), 1, 1), ((2, 5), 2, 5), ((2, 3, 4), 4, 4), ((100, 200), TALL, WIDE), ((17,), 1, WIDE)],
)
def test_it_has_the_array_s_shape_as_far_as_that_is_small(shape, rows, columns):
    found = cells(np.ones(shape))
    assert len(found) == rows and {len(row) for row in found} == {columns}


def test_cells_are_means_of_equal_parts():
    rows = np.arange(12.0).reshape(2, 6)
    assert averaged(rows, 1, 3).tolist() == [[0.5, 2.5, 4.5], [6.5, 8.5, 10.5]]
    assert averaged(rows, 0, 1).tolist() == [[3, 4, 5, 6, 7, 8]]
    assert averaged(np.arange(5.0)[None], 1, 2).tolist() == [[0.5, 3.0]]


def test_what_is_not_finite_is_grey_and_does_not_drown_the_rest():
    grey = style.NOT_FINITE
    assert cells([np.nan, np.inf, -np.inf, 1.0, 0.0])[0] == [grey, grey, grey, HIGH, ZERO]
    assert cells(np.r_[np.inf, -np.inf, np.ones(30)])[0] == [grey, *[HIGH] * 15]
    assert cells([np.nan] * 3)[0] == [grey] * 3


def test_bools_are_0_and_1():
    assert cells([True, False]) == [[HIGH, ZERO]]


def test_it_is_a_table_within_the_box():
    text = table([("title", "w"), ("heat", "#111111 #222222\n#333333 #444444")])
    assert [text.count(f'BGCOLOR="#{k}{k}{k}{k}{k}{k}"') for k in (1, 2, 3, 4)] == [1] * 4
    assert text.count("<TABLE") == text.count("</TABLE>") == 2 and text.count("<TR>") == 4
