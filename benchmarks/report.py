"""What was measured as tables and a plot, for docs/speed.md."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import Peak
from benchmarks.part import BASELINE, Measurement, compared, shown

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- measured: written by `python -m benchmarks --write` -->\n", "<!-- end of what was measured -->"
TITLES = {
    "training": "One training step",
    "scaling": "What further cores gain",
    "decoding": "Greedy decoding, one sentence at a time, a token",
    "op_overhead": "An op of an 8 by 8 matrix, forward and backward",
    "products": "Matrix products; last the geometric mean",
    "growth": "How cost grows: a target token over numbers of pairs, and exponents of sizes",
    "memory": "The most memory of a training process",
    "start": "Imports, and the first training step of a process",
    "compiling": "What `tinyattn demo` compiles when nothing is cached",
    "accuracy": "Largest error over largest value, against float64",
}
LARGEST = 12  # kernels that are named; the rest is in the sum


class Part(NamedTuple):
    name: str
    threads: int
    measurements: list[Measurement]
    missing: dict[str, str]  # who was left out, and why


def markdown(machine: list[str], peaks: list[Peak], parts: list[Part]) -> str:
    """All tables, the machine first."""
    lines = [*(f"{line}  " for line in machine), ""]
    lines += table([["threads", "multiply-adds in registers", "read from memory", "copied in memory"],
                    *([f"{peak.threads}", f"{peak.flops / 1e9:.0f} GFLOP/s", f"{peak.read / 1e9:.1f} GB/s",
                       f"{peak.copy / 1e9:.1f} GB/s"] for peak in peaks)])
    of_threads = {peak.threads: peak for peak in peaks}
    for name in dict.fromkeys(part.name for part in parts):
        lines += ["", f"### {TITLES[name]}", ""]
        own = [part for part in parts if part.name == name]
        rows = compiled(own[0]) if name == "compiling" else [row for part in own for row in pivot(part, of_threads)]
        lines += table(tidy(rows)) if rows else []
        for who, reason in {who: reason for part in own for who, reason in part.missing.items()}.items():
            lines += ["", f"Left out: {who} ({reason})."]
    return "\n".join(lines) + "\n"


def pivot(part: Part, peaks: dict[int, Peak]) -> list[dict[str, str]]:
    """A row for each case: its columns are those who were measured, the floor, and the share of peak of the first."""
    rows: dict[str, dict[str, str]] = {}
    for one in part.measurements:
        row = rows.setdefault(one.case, {"": one.case, "threads": str(part.threads)})
        case = [other for other in part.measurements if other.case == one.case]
        ratio = compared(one, case)
        row[one.who] = shown(one.value, one.unit) + (f" ({ratio})" if ratio else "")
        if one is case[-1] and one.floor:
            row["floor"] = shown(one.floor, one.unit)
        if one is case[0] and one.flops:
            row[f"{one.who}'s share of peak"] = f"{one.flops / one.value / peaks[part.threads].flops:.0%}"
    return list(rows.values())


def compiled(part: Part) -> list[dict[str, str]]:
    """The kernels that took longest, all calls of the compiler together, and the sum."""
    totals: dict[str, list[float]] = {}
    for one in part.measurements:
        totals.setdefault(one.who, []).append(one.value)
    order = sorted(totals.items(), key=lambda item: -sum(item[1]))
    return [{"": name, "times": f"{len(own)}", "together": shown(sum(own), "s")} for name, own in order[: LARGEST + 1]]


def tidy(rows: list[dict[str, str]]) -> list[list[str]]:
    """Rows with the same columns, the floor last; no column of threads where all have one."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    columns.sort(key=lambda column: (column == "floor", column.endswith("of peak")))
    if len({row.get("threads") for row in rows}) == 1 and "threads" in columns:
        columns.remove("threads")
    return [columns, *([row.get(column, "") for column in columns] for row in rows)]


def table(rows: list[list[str]]) -> list[str]:
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return [head, "|" + "---|" * len(rows[0]), *body]


def write(text: str, parts: list[Part]) -> None:
    """Put the tables between the markers of docs/speed.md, and draw docs/images/speed.svg."""
    page = DOCS / "speed.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page}: the lines are gone between which the tables stand: {BEGIN.strip()} and {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    training = [part for part in parts if part.name == "training" and part.measurements]
    if training:
        plot(training, DOCS / "images" / "speed.svg")


def plot(parts: list[Part], path: Path) -> None:
    """A training step's speed as a multiple of PyTorch's, by size, a panel for each number of threads."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "tinyattn", "font.family": "sans-serif"}
    from matplotlib import pyplot
    from matplotlib.ticker import FixedLocator, NullLocator

    figure, panels = pyplot.subplots(1, len(parts), figsize=(5.5 * len(parts), 4), sharey=True, squeeze=False,
                                     layout="constrained")
    for part, panel in zip(parts, panels[0]):
        sizes = list(dict.fromkeys(one.case for one in part.measurements))
        names = list(dict.fromkeys(one.who for one in part.measurements))
        base = {one.case: one.value for one in part.measurements if one.who == BASELINE}
        width = 0.8 / len(names)
        for k, name in enumerate(names):
            own = [one for one in part.measurements if one.who == name and one.case in base]
            panel.bar([sizes.index(one.case) + k * width - 0.4 + width / 2 for one in own],
                      [base[one.case] / one.value for one in own], width, label=name,
                      color=f"C{k}" if name != BASELINE else "0.6")
        limits = {one.case: base[one.case] / one.floor for one in part.measurements if one.floor and one.case in base}
        near = {case: limit for case, limit in limits.items() if limit < 50}
        ends = [[sizes.index(case) + side for case in near] for side in (-0.42, 0.42)]
        panel.hlines(list(near.values()), *ends, "black", "dashed", label="the CPU's limit")
        panel.axhline(1, color="0.6", linewidth=0.8)
        panel.set(xticks=range(len(sizes)), xticklabels=sizes, yscale="log",
                  title=f"{part.threads} thread{'s' * (part.threads > 1)}")
        panel.yaxis.set(major_locator=FixedLocator([0.25, 0.5, 1, 2, 4, 8, 16]), minor_locator=NullLocator(),
                        major_formatter="{x:g}×")
    panels[0][0].set_ylabel(f"training steps a second, {BASELINE} = 1")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside right upper", fontsize="small")
    figure.savefig(path, metadata={"Date": None})
