"""What the verbs print and draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tinyattn.translator.translator import Translation


def say(text: object) -> None:
    """To people, on standard error."""
    click.echo(text, err=True)


def listed(values: Any) -> Any:
    """An array as lists, for JSON."""
    return None if values is None else values.tolist()


def translation_as_dict(found: Translation) -> dict[str, Any]:
    hypotheses = [{"text": h.text, "tokens": h.tokens, "score": h.score, "attention": listed(h.attention)}
                  for h in found.hypotheses]
    return {"source": found.source, **hypotheses[0], "source_tokens": found.source_tokens, "hypotheses": hypotheses}


def attention_table(found: Translation) -> str:
    """Attention in percent, a line for each target token, a column for each source token."""
    if found.attention is None:
        return "(a model without attention)"
    left = max(map(len, ["", *found.tokens]))
    widths = [max(len(token), 4) for token in found.source_tokens]
    lines = [" " * left + "".join(f"  {token:>{width}}" for token, width in zip(found.source_tokens, widths))]
    for token, row in zip(found.tokens, found.attention):
        lines.append(f"{token:<{left}}" + "".join(f"  {weight:>{width}.0%}" for weight, width in zip(row, widths)))
    return "\n".join(lines)


def scores_table(scores: dict[str, Any]) -> str:
    """What `eval` found, for people."""
    lines = [
        f"BLEU {scores['bleu']:.1f}   chrF {scores['chrf']:.1f}   exact {scores['exact']:.1%}   "
        f"tokens {scores['token_accuracy']:.1%}   loss {scores['loss']:.3f} nats a token",
    ]
    if "aer" in scores:
        lines.append(f"alignment error rate {scores['aer']:.3f}")
    lines.append(f"{'source tokens':>13}  {'lines':>6}  {'BLEU':>6}  {'exact':>6}")
    for group in scores["by_length"]:
        span = f"{group['from']}-{group['to']}"
        lines.append(f"{span:>13}  {group['lines']:>6,}  {group['bleu']:>6.1f}  {group['exact']:>6.1%}")
    lines += list(scores["signature"].values())
    return "\n".join(lines)


def draw_losses(lines: Sequence[dict[str, Any]], path: Path) -> None:
    """loss.svg: loss on training batches and on dev by step, exact match on dev beside them."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "tinyattn", "svg.fonttype": "none", "font.size": 11}):
        from matplotlib.figure import Figure
        from matplotlib.ticker import ScalarFormatter

        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot()
        axes.set(xlabel="step", ylabel="loss (nats per target token)", yscale="log")
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.spines[["top", "right"]].set_visible(False)
        axes.plot(*curve(lines, "loss"), color="#9aa5b1", lw=1, label="training")
        if any("dev_loss" in line for line in lines):
            axes.plot(*curve(lines, "dev_loss"), color="#1f4e79", lw=2, marker="o", ms=4, label="dev")
            right = axes.twinx()
            steps, exact = curve(lines, "dev_exact")
            right.plot(steps, [100 * share for share in exact], color="#c0563b", lw=2, marker="s", ms=4, label="exact")
            right.set(ylabel="exact match on dev (%)", ylim=(0, 102))
            right.spines["top"].set_visible(False)
        figure.legend(loc="outside upper center", ncols=3, frameon=False)
        figure.savefig(path, metadata={"Date": None})


def curve(lines: Sequence[dict[str, Any]], key: str) -> tuple[list[int], list[float]]:
    """Steps and values of the lines that have the key."""
    return [line["step"] for line in lines if key in line], [line[key] for line in lines if key in line]
