"""The curves of a training run, from its lines of metrics: loss, scores on dev, gradient, learning rate."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from .style import EDGE, INK, MUTED


class Curve(NamedTuple):
    key: str  # of a line of metrics
    name: str
    colour: str
    kind: str = "smooth"  # "noisy": drawn light, with its mean over it; "measured": now and then, a point each
    shown: str = "{:.3g}"  # how its last value is written
    times: float = 1.0
    best: Callable[[list[float]], float] | None = None  # which of the values gets a ring


class Panel(NamedTuple):
    title: str
    curves: tuple[Curve, ...]
    log: bool = False  # where the values differ enough
    most: float | None = None  # there can be


PANELS = (
    Panel(
        "loss, nats per target token",
        (Curve("loss", "training", "#5f87a6", "noisy"), Curve("dev_loss", "dev", "#174f82", "measured", best=min)),
        log=True,
    ),
    Panel(
        "scores on dev",
        (
            Curve("dev_exact", "exact", "#b2431e", "measured", "{:.1f}%", times=100.0, best=max),
            Curve("dev_bleu", "BLEU", "#00785a", "measured", "{:.1f}", best=max),
            Curve("dev_chrf", "chrF", "#7a5ea8", "measured", "{:.1f}", best=max),
        ),
        most=100.0,
    ),
    Panel("length of the gradient", (Curve("grad_norm", "", "#5f87a6", "noisy", "{:.2g}"),), log=True),
    Panel("learning rate", (Curve("lr", "", "#174f82", "smooth", "{:.2g}"),)),
)
WIDE, HIGH = 5.0, 2.6  # of a panel, in inches
APART = 0.105  # names at the ends of curves, as a share of the panel's height
MOST = 400  # points of a noisy curve, and
GROUPS = 40  # of its mean
WITH_POINTS = 30  # measurements, before their points touch
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
    they were measured; a ring is around the best measurement. The format is what the file's name ends in: svg, png or
    pdf.

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
        alone = len(panels) % across  # the first panel has a row of its own where they are three
        down = (len(panels) + alone) // across
        figure = Figure(figsize=(WIDE * across, HIGH * down), layout="constrained")
        grid = figure.add_gridspec(down, across)
        for number, panel in enumerate(panels):
            row, column = divmod(number + alone * (number > 0), across)
            place = grid[0, :] if alone and number == 0 else grid[row, column]
            draw(figure.add_subplot(place), panel, lines)
        undated = NO_DATE.get(Path(path).suffix.lower())
        figure.savefig(path, metadata={undated: None} if undated else {})


def points(lines: Sequence[dict[str, Any]], curve: Curve) -> tuple[list[float], list[float]]:
    """Steps and values of the lines that have the curve's key."""
    there = [line for line in lines if curve.key in line]
    return [line["step"] for line in there], [curve.times * line[curve.key] for line in there]


def means(values: Sequence[float], groups: int) -> list[float]:
    """The means of so many runs of neighbours, the values themselves where there are no more."""
    if len(values) <= groups:
        return list(values)
    ends = [round(len(values) * k / groups) for k in range(groups + 1)]
    return [sum(values[first:end]) / (end - first) for first, end in pairwise(ends)]


def draw(axes: Any, panel: Panel, lines: Sequence[dict[str, Any]]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e6ebef", linewidth=0.8)
    axes.set_axisbelow(True)
    last = max(1, *(line["step"] for line in lines))
    axes.set_xlim(-0.01 * last, 1.01 * last)  # all panels alike
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("step", loc="right", labelpad=2)
    ends, every = [], []
    for curve in panel.curves:
        steps, values = points(lines, curve)
        if steps:
            add_curve(axes, curve, steps, values)
            ends.append((curve, steps[-1], values[-1]))
            every += values
    ringed = " (ring: the best)" * any(curve.best is not None for curve, _, _ in ends)
    axes.set_title(panel.title + ringed, loc="left", fontsize=11, pad=8)
    set_height(axes, panel, every)
    name_at_the_ends(axes, ends)


def add_curve(axes: Any, curve: Curve, steps: list[float], values: list[float]) -> None:
    colour = curve.colour
    if len(steps) == 1:
        axes.plot(steps, values, "o", color=colour, ms=5, clip_on=False)
    elif curve.kind == "noisy":
        many = len(steps) > 2 * GROUPS
        look = {"lw": 0.8, "alpha": 0.45} if many else {"lw": 1.4}
        axes.plot(means(steps, MOST), means(values, MOST), color=colour, **look)
        if many:
            axes.plot(means(steps, GROUPS), means(values, GROUPS), color=colour, lw=1.8)
    else:
        points = {"marker": "o", "ms": 4} if curve.kind == "measured" and len(steps) <= WITH_POINTS else {}
        axes.plot(steps, values, color=colour, lw=1.8, clip_on=False, **points)
    if curve.best is not None:
        best = values.index(curve.best(values))
        ring = {"ms": 9, "mfc": "none", "mec": colour, "mew": 1.4, "clip_on": False}
        axes.plot(steps[best], values[best], "o", **ring)


def set_height(axes: Any, panel: Panel, values: list[float]) -> None:
    """A logarithmic axis where values differ tenfold, else one from 0."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    low, high = min(values), max(values)
    if panel.log and low > 0 and high > 10 * low:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.15, high * 1.15)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 300 * low else (1.0,)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        top = 1.08 * high or 1.0
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.set_ylim(0, top if panel.most is None else min(top, panel.most))
    axes.yaxis.set_major_formatter("{x:.4g}")


def name_at_the_ends(axes: Any, ends: list[tuple[Curve, float, float]]) -> None:
    """Write each curve's name and last value beside its end, in its colour; where ends meet, above each other."""
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = sorted(ends, key=lambda end: (end[2], end[0].name))
    places = [float(to_axes.transform((x, y))[1]) for _, x, y in ends]
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + APART)
    highest = 1.0
    for k in reversed(range(len(places))):  # those pushed out at the top push the ones below them down
        places[k] = min(places[k], highest)
        highest = places[k] - APART
    for place, (curve, _, y) in zip(places, ends):
        text = f"{curve.name} {curve.shown.format(y)}".strip()
        axes.text(1.03, place, text, color=curve.colour, transform=axes.transAxes, va="center")
