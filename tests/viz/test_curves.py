"""The curves of a training run."""

import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from tinyattn_viz import curves
from tinyattn_viz.curves import means

SVG = "{http://www.w3.org/2000/svg}"
LINES = [
    {"step": 10, "epoch": 0, "loss": 5.5, "lr": 0.01, "grad_norm": 0.5, "seconds": 1.0},
    {"step": 20, "epoch": 1, "loss": 0.5, "lr": 0.005, "grad_norm": 0.1, "seconds": 2.0, "dev_loss": 0.4, "dev_exact": 0.25},
    {"step": 30, "epoch": 1, "loss": 0.1, "lr": 0.0, "grad_norm": 0.2, "seconds": 3.0, "dev_loss": 0.2, "dev_exact": 0.75},
]


def drawn(lines, tmp_path, name="loss.svg"):
    curves(lines, tmp_path / name)
    return (tmp_path / name).read_bytes()


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_panel_for_each_thing_that_was_measured(tmp_path):
    found = texts(drawn(LINES, tmp_path))
    assert {"loss, nats per target token (ring: the best)", "scores on dev (ring: the best)", "length of the gradient",
            "learning rate"} <= set(found)
    assert {"training 0.1", "dev 0.2", "exact 75.0%", "0.2"} <= set(found) and not [text for text in found if "BLEU" in text]
    found = texts(drawn([{**line, "dev_bleu": 30.0} for line in LINES], tmp_path))
    assert "BLEU 30.0" in found
    only_loss = [{"step": line["step"], "loss": line["loss"]} for line in LINES]
    assert [text for text in texts(drawn(only_loss, tmp_path)) if " " in text] == ["training 0.1", "loss, nats per target token"]


def test_three_panels_leave_no_hole(tmp_path):
    """Without scores the loss has the whole width."""
    lines = [{key: line[key] for key in ("step", "loss", "lr", "grad_norm")} for line in LINES]
    boxes = [rectangle for rectangle in ElementTree.fromstring(drawn(lines, tmp_path)).iter(f"{SVG}rect")]
    widths = sorted(float(box.get("width")) for box in boxes)
    assert len(widths) == 3 and widths[2] > 1.9 * widths[1]


def heights_of_texts(lines, tmp_path):
    """Where each text stands, from the top downwards, the heights of its panels' titles among them."""
    root = ElementTree.fromstring(drawn(lines, tmp_path))
    parents = {child: parent for parent in root.iter() for child in parent}
    heights = {}
    for element in root.iter(f"{SVG}text"):
        where = element.get("transform") or parents[element].get("transform") or ""
        heights[element.text] = float(element.get("y") or re.findall(r"[-\d.]+", where)[1])
    return heights


def test_names_at_the_ends_keep_clear_of_each_other(tmp_path):
    same = [{**line, "dev_loss": line["loss"], "dev_bleu": 75.0, "dev_chrf": 75.0} for line in LINES]
    heights = heights_of_texts(same, tmp_path)
    assert abs(heights["training 0.1"] - heights["dev 0.1"]) > 10
    assert min(abs(heights["BLEU 75.0"] - heights["chrF 75.0"]), abs(heights["BLEU 75.0"] - heights["exact 75.0%"])) > 10


def test_names_of_high_scores_stay_in_their_panel(tmp_path):
    high = [{**line, "dev_bleu": 99.8, "dev_chrf": 99.9, "dev_exact": 1.0} for line in LINES]
    heights = heights_of_texts(high, tmp_path)
    assert heights["scores on dev (ring: the best)"] + 10 < heights["exact 100.0%"] < heights["chrF 99.9"] - 10 < heights["BLEU 99.8"] - 20


@pytest.mark.parametrize("line", [{"step": 0, "dev_loss": 3.0}, {"step": 5, "loss": 0.0}, {"step": 1, "loss": 1.0, "lr": 0.1}])
def test_few_numbers_and_a_loss_of_nothing_can_be_drawn(line, tmp_path):
    assert [text for text in texts(drawn([line], tmp_path)) if text.startswith("loss, nats per target token")]


def test_a_long_run_has_no_more_points_than_can_be_seen(tmp_path):
    lines = [{"step": k, "loss": 5 / k + k % 2, "lr": 0.01, "grad_norm": 1.0 + k % 2} for k in range(1, 5001)]
    path = drawn(lines, tmp_path)
    assert len(path) < 150_000
    short = drawn(lines[:100], tmp_path)  # the same picture with fewer points of the noise, and its mean over it
    assert short.count(b"stroke-opacity: 0.45") == path.count(b"stroke-opacity: 0.45") == 2
    assert b"stroke-opacity" not in drawn(lines[:50], tmp_path)


def test_means():
    assert means([1.0, 3.0, 5.0, 7.0], 2) == [2.0, 6.0] and means([1.0, 3.0, 5.0], 3) == [1.0, 3.0, 5.0]
    assert means(list(range(10)), 3) == [1.0, 4.5, 8.0]


def test_the_same_lines_give_the_same_bytes_in_every_format(tmp_path, monkeypatch):
    for name, magic in (("a.svg", b"<?xml"), ("a.png", b"\x89PNG"), ("a.pdf", b"%PDF-")):
        first = drawn(LINES, tmp_path, name)
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")  # what matplotlib would take for the date
        assert first.startswith(magic) and drawn(LINES, tmp_path, name) == first
        monkeypatch.delenv("SOURCE_DATE_EPOCH")


def test_nothing_to_draw_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"wanted lines of metrics .* got none: train"):
        curves([{"step": 0, "seconds": 0.1}], tmp_path / "loss.svg")


def test_without_matplotlib_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match="matplotlib"):
        curves(LINES, tmp_path / "loss.svg")
