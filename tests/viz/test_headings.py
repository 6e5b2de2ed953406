"""Words above narrow columns keep clear of each other."""

import pytest

from tinyattn_viz.canvas import Canvas
from tinyattn_viz.headings import CLEAR, COMPACT, GAP, LARGE, LEAST, LINE, heading
from tinyattn_viz.labels import text_width

SENTENCES = {
    "short": ["let's", "go"],
    "one": ["Donaudampfschifffahrtsgesellschaft"],
    "eight": ["Don't", "eat", "the", "delicious", "looking", "and", "smelling", "pizza"],
    "many": [f"{'w' * (k % 9 + 1)}{k}" for k in range(60)],
    "long words": ["außerordentlich" * (1 + k % 3) for k in range(30)],
    "signs": list("我昨天去市场买了红苹果然后和朋友们一起在公园里吃了很久" * 2),
    "empty": [""] * 40,
}


@pytest.mark.parametrize("words", SENTENCES.values(), ids=SENTENCES)
def test_words_and_ticks_keep_clear_of_each_other(words):
    found = heading(words)
    widths = [text_width(word, found.size) for word in words]
    assert len(found.lines) == len(words) and max(found.lines) <= 2 and found.pitch >= LEAST
    for k, line in enumerate(found.lines):
        for j in range(k):
            distance = found.middle(k) - found.middle(j)
            if found.lines[j] == line:
                assert (widths[j] + widths[k]) / 2 + GAP <= distance + 1e-9
            else:
                assert widths[j if found.lines[j] < line else k] / 2 + CLEAR <= distance


def test_where_there_is_room_words_stand_in_one_line():
    found = heading(SENTENCES["eight"])
    assert found.lines == [0] * 8 and found.size == LARGE
    assert found.pitch == text_width("delicious", LARGE) + 12


def test_a_line_more_is_worth_narrower_columns():
    found = heading(["word"] * 40)
    assert found.size == COMPACT and set(found.lines) == {0, 1} and found.pitch < text_width("word", COMPACT) + GAP
    assert set(heading(["w"] * 40).lines) == {0}


def test_overhang_is_what_sticks_out():
    found = heading(["", *["www"] * 40, "wwwwwwwwww"])
    assert found.overhang == (0.0, pytest.approx(text_width("w" * 10, COMPACT) / 2 - found.pitch / 2))


def test_upper_words_have_a_tick_down_to_their_column():
    found, canvas = heading(["word"] * 40), Canvas(2000, 100, "")
    found.draw(canvas, left=50, edge=80)
    raised = [k for k, line in enumerate(found.lines) if line]
    assert [r.x + r.width / 2 for r in canvas.rectangles] == pytest.approx([50 + found.middle(k) for k in raised])
    assert all(r.y + r.height == 77 for r in canvas.rectangles)
    below = Canvas(2000, 100, "")
    found.draw(below, left=50, edge=80, below=True)
    assert all(80 < r.y < 80 + LINE and t.y > 80 for r, t in zip(below.rectangles, below.texts))
