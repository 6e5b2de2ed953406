"""Translations and scores as the verbs print them."""

from __future__ import annotations

from typing import Any

import click

from tinyattn.cli.attention import attention_table
from tinyattn.translator.health import in_words
from tinyattn.translator.text_scores import RESAMPLINGS
from tinyattn.translator.translator import Translation, Translator


def say(text: object) -> None:
    """To people, on standard error."""
    click.echo(text, err=True)


def listed(values: Any) -> Any:
    """An array as lists, for JSON."""
    return None if values is None else values.tolist()


def translation_as_dict(found: Translation) -> dict[str, Any]:
    """For JSON: with the tokens themselves, pieces with their "▁", not as people are shown them."""
    hypotheses = [{"text": h.text, "tokens": h.tokens, "score": h.score, "attention": listed(h.attention)}
                  for h in found.hypotheses]
    return {"source": found.source, **hypotheses[0], "source_tokens": found.source_tokens, "hypotheses": hypotheses}


def translation_as_text(translator: Translator, found: Translation, n_best: int | None, attention: bool) -> str:
    """The best translation; or the `n_best`, each behind its score and a tab, and a blank line behind the last. With
    `attention` its table and a blank line follow each."""
    lines = []
    for hypothesis in found.hypotheses[: n_best or 1]:
        lines.append(hypothesis.text if n_best is None else f"{hypothesis.score:.4f}\t{hypothesis.text}")
        if attention:
            lines += [attention_table(translator, found, hypothesis), ""]
    return "\n".join(lines if n_best is None else [*lines, ""])


def scores_table(scores: dict[str, Any]) -> str:
    """What `eval` found, for people."""
    low_high = {name: f"{scored(name, scores)} [{between(name, scores)}]" for name in ("bleu", "chrf", "exact")}
    lines = [
        f"BLEU {low_high['bleu']}   chrF {low_high['chrf']}   exact {low_high['exact']}",
        f"tokens {scores['token_accuracy']:.1%}   loss {scores['loss']:.3f} nats a token",
    ]
    if attention := in_words(scores):
        lines.append(attention)
    if "aer" in scores:
        lines.append(f"alignment error rate {scores['aer']:.3f} on {scores['aer_lines']:,} lines; with one link for "
                     f"each target word it cannot be less than {scores['aer_floor']:.3f}")
    if scores["several_references"]:
        lines.append(f"{scores['several_references']:,} sources have several references")
    names = "".join(f"{name:>8}{'':15}" for name in ("BLEU", "chrF", "exact"))
    lines.append(f"{'source tokens':>13}  {'lines':>6}{names}".rstrip())
    for group in scores["by_length"]:
        cells = (f"{scored(name, group):>8} {f'[{between(name, group)}]':<14}" for name in ("bleu", "chrf", "exact"))
        span = f"{group['from']}-{group['to']}"
        lines.append(f"{span:>13}  {group['lines']:>6,}{''.join(cells)}".rstrip())
    if any(group["interval"]["bleu"][0] == 0 < group["exact"] for group in scores["by_length"]):
        lines.append("BLEU, which counts runs of four words, is 0 where no translation has four")
    lines.append(f"[low, high]: 95% of {RESAMPLINGS:,} resamplings of the lines")
    lines += list(scores["signature"].values())
    return "\n".join(lines)


def scored(name: str, scores: dict[str, Any]) -> str:
    return f"{scores[name]:.1%}" if name == "exact" else f"{scores[name]:.1f}"


def between(name: str, scores: dict[str, Any]) -> str:
    """The ends of a score's interval."""
    return ", ".join(scored(name, {name: end}).rstrip("%") for end in scores["interval"][name])
