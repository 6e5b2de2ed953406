"""What `forgetting.py` and `score_kinds.py` share: several seeds of every variant, and shares with intervals.

A share is measured on some sentences by some seeds, and another choice of either would have given another share. The
interval says how far: 95% of the shares that resampled seeds and resampled sentences give lie in it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import tinyattn as ta

RESAMPLED = 1_000
COLOURS = ("#1f5f99", "#b2431e", "#00785a", "#7a5ea8", "#8a6d00")
Pairs = Sequence[tuple[str, str]]


def trained(folder: Path, train: Pairs, dev: Pairs, **options: Any) -> ta.Translator:
    """The translator of a folder, trained now unless it was trained before with these options."""
    done = folder / "options.json"
    if done.exists() and json.loads(done.read_text()) == options:
        return ta.Translator.load(folder)
    translator = ta.Translator.train(train, dev=dev, **options)
    translator.save(folder)
    done.write_text(json.dumps(options))
    return translator


def texts(translator: ta.Translator, sources: Sequence[str]) -> list[str]:
    return [found.text for found in translator.translate(list(sources))]


def share(right: np.ndarray) -> tuple[float, float, float]:
    """The mean, and the ends of its 95% interval.

    Shapes: right (seeds, sentences), True or False
    Source: the percentile bootstrap of Efron (1979), over both dimensions
    """
    seeds, sentences = right.shape
    random = np.random.default_rng(0)
    of_seeds = random.multinomial(seeds, np.full(seeds, 1 / seeds), RESAMPLED) / seeds
    of_sentences = random.multinomial(sentences, np.full(sentences, 1 / sentences), RESAMPLED) / sentences
    means = ((of_seeds @ right) * of_sentences).sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(right.mean()), float(low), float(high)


def shown(right: np.ndarray) -> str:
    """A share for people: "98.2% (97.5-98.8)"."""
    mean, low, high = share(right)
    return f"{mean:6.1%} ({100 * low:.1f}-{100 * high:.1f})"


def by_length(lengths: Sequence[int], groups: Sequence[tuple[int, int]], least: int = 8) -> dict[str, np.ndarray]:
    """Which sentences are of which length, from and to; groups of fewer than `least` are left out."""
    of = np.array(lengths)
    rows = {f"{low}-{high}" if low < high else str(low): np.flatnonzero((of >= low) & (of <= high))
            for low, high in groups}
    return {name: chosen for name, chosen in rows.items() if len(chosen) >= least}


def draw_lines(panel: Any, lines: dict[str, np.ndarray], groups: dict[str, np.ndarray], title: str) -> None:
    """Share against length, a line for each of `lines` (seeds, sentences), with its interval as a band."""
    x = np.arange(len(groups))
    for (name, right), colour in zip(lines.items(), COLOURS):
        mean, low, high = 100 * np.array([share(right[:, rows]) for rows in groups.values()]).reshape(-1, 3).T
        panel.plot(x, mean, "o-", color=colour, label=name, markersize=4, linewidth=1.8)
        panel.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    panel.set(title=title, ylim=(-3, 103), xticks=x, xticklabels=list(groups))
    panel.grid(axis="y", color="#e3e7ea")
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
