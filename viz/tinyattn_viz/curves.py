"""The curves of a training run, from its lines of metrics: loss, scores on dev, gradient, learning rate."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .style import EDGE, INK, MUTED


class Curve(NamedTuple):
    key: str  # of a line of metrics
    name: str
    colour: str
    measured: bool = False  # now and then: a point each
    times: float = 1.0


class Panel(NamedTuple):
    title: str
    curves: tuple[Curve, ...]
    log: bool = False
    top: float | None = None


PANELS = (
    Panel(
        "loss (nats per target token)",
        (Curve("loss", "training", "#8fa9bd"), Curve("dev_loss", "dev", "#1f5f99", True)),
        log=True,
    ),
    Panel(
        "scores on dev",
        (
            Curve("dev_exact", "exact match, %", "#b2431e", True, times=100.0),
            Curve("dev_bleu", "BLEU", "#00785a", True),
            Curve("dev_chrf", "chrF", "#7a5ea8", True),
        ),
        top=103.0,
    ),
    Panel("length of the gradient", (Curve("grad_norm", "", "#8fa9bd"),), log=True),
    Panel("learning rate", (Curve("lr", "", "#1f5f99"),)),
)
WIDE, HIGH = 5.6, 2.8  # of a panel, in inches
APART = 0.09  # names at the ends of curves, as a share of the panel's height
NO_DATE = {".svg": "Date", ".pdf": "CreationDate"}  # what would make every file another one
LOOK: dict[Any, Any] = {
    "svg.hashsalt": "tinyattn",
    "svg.fonttype": "none",  # text stays text
    "pdf.fonttype": 42,
    "font.size": 10.5,
    "text.color": INK,
    "axes.edgecolor": EDGE,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "savefig.dpi": 144,
    "figure.constrained_layout.w_pad": 0.16,
    "figure.constrained_layout.h_pad": 0.14,
}


def curves(lines: Sequence[dict[str, Any]], path: str | os.PathLike) -> None:
    """Draw the curves of a run into a file, a panel each for loss, scores on dev, gradient and learning rate, as far as
    they were measured. The format is what the file's name ends in: svg, png or pdf.

    lines: those of the run's metrics.jsonl.
    Raises: ValueError for lines without any of these; ModuleNotFoundError without matplotlib.
    """
    import matplotlib

    panels = [panel for panel in PANELS if any(points(lines, curve)[0] for curve in panel.curves)]
    if not panels:
        raise ValueError("curves: wanted lines of metrics with a step and a loss, got none: train for some steps first")
    with matplotlib.rc_context(LOOK):
        from matplotlib.figure import Figure

        across = min(2, len(panels))
        down = -(-len(panels) // across)
        figure = Figure(figsize=(WIDE * across, HIGH * down), layout="constrained")
        for number, panel in enumerate(panels):
            draw(figure.add_subplot(down, across, number + 1), panel, lines)
        undated = NO_DATE.get(Path(path).suffix.lower())
        figure.savefig(path, metadata={undated: None} if undated else {})


def points(lines: Sequence[dict[str, Any]], curve: Curve) -> tuple[list[int], list[float]]:
    """Steps and values of the lines that have the curve's key."""
    there = [line for line in lines if curve.key in line]
    return [line["step"] for line in there], [curve.times * line[curve.key] for line in there]


def draw(axes: Any, panel: Panel, lines: Sequence[dict[str, Any]]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_title(panel.title, loc="left", fontsize=11, pad=8)
    axes.set_xlabel("step")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e6ebef", linewidth=0.8)
    axes.set_axisbelow(True)
    last = max(1, *(line["step"] for line in lines))
    axes.set_xlim(-0.01 * last, 1.01 * last)  # all panels alike
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    ends, every = [], []
    for curve in panel.curves:
        steps, values = points(lines, curve)
        if steps:
            look = {"lw": 1.8, "marker": "o", "ms": 4.5} if curve.measured or len(steps) == 1 else {"lw": 1.1}
            axes.plot(steps, values, color=curve.colour, **look)
            ends.append((curve, steps[-1], values[-1]))
            every += values
    if panel.log and min(every) > 0:
        axes.set_yscale("log")
        wide = max(every) > 30 * min(every)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if wide else (1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.set_ylim(bottom=0, top=panel.top)
    name_at_the_ends(axes, ends)


def name_at_the_ends(axes: Any, ends: list[tuple[Curve, int, float]]) -> None:
    """Write each curve's name beside its end, in its colour; where ends meet, names stand above each other."""
    to_axes = axes.transData + axes.transAxes.inverted()
    placed = sorted((float(to_axes.transform((x, y))[1]), curve) for curve, x, y in ends)
    lowest = -1.0
    for y, curve in placed:
        lowest = max(y, lowest + APART)
        axes.text(1.015, lowest, curve.name, color=curve.colour, transform=axes.transAxes, va="center")
