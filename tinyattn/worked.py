"""An explanation as text: every number of a decoder step worked out from those before it, as on paper.

Vectors and sums that are long show their first terms and say how many more there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyattn.text.side import Side
from tinyattn.text.vocabulary import END
from tinyattn.translator.decoding import NEVER

if TYPE_CHECKING:
    from tinyattn.explain import Explanation
    from tinyattn.translator.model import Attention
    from tinyattn.translator.translator import Translator

FEW = 4  # numbers shown of a vector, terms of a sum, and target tokens


class Page:
    """Numbered sections of lines that begin with a token, and the ways to write numbers with so many digits.

    s: what the decoder's output that asks is called.
    """

    def __init__(self, digits: int, labels: Iterable[str], s: str) -> None:
        self.digits, self.width, self.s = digits, max(map(len, labels)), s
        self.lines: list[str] = []
        self.sections = 0

    def section(self, title: str) -> None:
        self.sections += 1
        self.lines += ["", f"{self.sections}. {title}"]

    def line(self, label: str, text: str) -> None:
        self.lines.append(f"   {label:<{self.width}}  {text}".rstrip())

    def number(self, x: Any) -> str:
        return f"{float(x):z.{self.digits}f}"  # z: no minus before a zero

    def vector(self, xs: np.ndarray) -> str:
        return f"[{' '.join(few(map(self.number, xs)))}]"

    def products(self, xs: np.ndarray, ys: np.ndarray) -> str:
        """x1 x y1 + x2 x y2 + ..."""
        return total(f"{self.number(x)} x {self.number(y)}" for x, y in zip(xs, ys))

    def minus(self, x: Any, y: Any) -> str:
        """x - y, with brackets around a negative y."""
        shown = self.number(y)
        return f"{self.number(x)} - {f'({shown})' if shown.startswith('-') else shown}"


def few(parts: Iterable[str], most: int = FEW) -> list[str]:
    """All parts, or the first few and how many more there are."""
    parts = list(parts)
    return parts if len(parts) <= most else [*parts[:most], f"... {len(parts) - most} more"]


def total(terms: Iterable[str], most: int = FEW) -> str:
    return " + ".join(few(terms, most))


def likeliest(logits: np.ndarray) -> np.ndarray:
    """The ids with the highest logits, highest first."""
    return np.argsort(-logits, kind="stable")[:FEW]


def text(e: Explanation, translator: Translator, digits: int) -> str:
    """The explanation e of this translator, from the source's tokens to the token that was written."""
    e = replace(e, source_tokens=translator.source.shown(e.source_tokens),
                target_tokens=translator.target.shown(e.target_tokens))
    target = translator.target
    read = translator.start if e.step == 0 else e.target_ids[e.step - 1]
    top = [target.name(id) for id in likeliest(e.logits)]
    model = translator.model
    page = Page(digits, [*e.source_tokens, target.name(read), *top], "r" if model.attends_before else "s")
    page.lines += [
        f"{' '.join(e.source_tokens)}  ->  {' '.join(e.target_tokens)}",
        f"Step {e.step}: the decoder reads {named(target, read)} and writes token {e.step + 1} of "
        f"{len(e.target_ids)}, {named(target, e.target_ids[e.step])}.",
        f"Numbers are shown with {digits} digits after the point, and calculated with all they have.",
    ]
    source(page, e, translator)
    if model.attends_before:
        asking(page, e)
        attention(page, e, model.attention)
        decoder(page, e, translator, read)
    else:
        decoder(page, e, translator, read)
        attention(page, e, model.attention)
    if model.combine is not None:
        combined(page, e, model.combine.weight.array)
    linear(page, e, translator)
    probabilities(page, e, target)
    output(page, e, target)
    return "\n".join(page.lines)


def named(target: Side, id: int) -> str:
    """A token as it is called in a sentence."""
    return f"{target.name(id)} (EOS)" if id == END else target.name(id)


# --- encoder and decoder ------------------------------------------------


def source(page: Page, e: Explanation, translator: Translator) -> None:
    page.section("Source: tokens, their ids, and the rows of the embedding with these numbers")
    table = translator.model.encoder.embedding.weight.array
    for token, id in zip(e.source_tokens, e.source_ids):
        name = translator.source.name(id)
        known = "" if name == token else f", read as {name}"
        page.line(token, f"id {id}{known}    row {id} = {page.vector(table[id])}")
    page.section("Encoder: an LSTM reads these rows in turn, and has an output h for each")
    for j, (token, h) in enumerate(zip(e.source_tokens, e.encoder_outputs), start=1):
        page.line(token, f"h{j} = {page.vector(h)}")


def memory(e: Explanation) -> str:
    return "the encoder's last memory" if e.step == 0 else f"its memory of step {e.step - 1}"


def asking(page: Page, e: Explanation) -> None:
    page.section("What asks: the decoder's output of the step before, before the next token is read. Call it r")
    page.line("", f"r = {page.vector(e.asking)}    in {memory(e)}")


def decoder(page: Page, e: Explanation, translator: Translator, read: int) -> None:
    model, token = translator.model, translator.target.name(read)
    beside = [*["the context"] * model.attends_before, *["what was fed"] * model.feeds_input]
    read_now = " and ".join([token, *beside])
    page.section(f"Decoder: an LSTM begins with {memory(e)}, reads {read_now}, and has the output s")
    row = model.decoder.embedding.weight.array[read]
    page.line(token, f"id {read}    row {read} = {page.vector(row)}")
    if model.attends_before:
        page.line("", f"context = {page.vector(e.context)}")
    if model.feeds_input:
        origin = "nothing yet" if e.step == 0 else f"what the output layer got in step {e.step - 1}"
        page.line("", f"fed = {page.vector(e.fed)}    {origin}")
    page.line("", f"s = {page.vector(e.decoder_output)}")


# --- attention ----------------------------------------------------------


def attention(page: Page, e: Explanation, kind: Attention | None) -> None:
    if kind is None:
        page.section("Attention: none. All that the decoder knows of the source is the encoder's last memory")
        return
    SCORES[kind.kind](page, e, kind)
    weights(page, e)
    context(page, e)


def dot(page: Page, e: Explanation, attention: Attention) -> None:
    page.section(f"Scores: how alike {page.s} and each h are, as their dot product")
    for j, (token, h, score) in enumerate(zip(e.source_tokens, e.encoder_outputs, e.scores), start=1):
        page.line(token, f"{page.s} . h{j} = {page.products(e.asking, h)} = {page.number(score)}")
    page.lines.append("   Beside it the cosine: the dot product divided by both lengths, so that it lies in -1 ... 1")
    cosines(page, e)


def scaled(page: Page, e: Explanation, attention: Attention) -> None:
    H = len(e.asking)
    page.section(f"Scores: how alike {page.s} and each h are, as their dot product divided by sqrt(H) = sqrt({H})")
    root = page.number(np.sqrt(H))
    for j, (token, h, score) in enumerate(zip(e.source_tokens, e.encoder_outputs, e.scores), start=1):
        products = page.products(e.asking, h)
        page.line(token, f"{page.s} . h{j} / sqrt({H}) = ({products}) / {root} = {page.number(score)}")


def general(page: Page, e: Explanation, attention: Attention) -> None:
    page.section(f"Scores: how alike {page.s} and each k = W h are, as their dot product")
    for j, (token, k, score) in enumerate(zip(e.source_tokens, e.keys, e.scores), start=1):
        page.line(token, f"k{j} = W h{j} = {page.vector(k)}")
        page.line("", f"{page.s} . k{j} = {page.products(e.asking, k)} = {page.number(score)}")


def additive(page: Page, e: Explanation, attention: Attention) -> None:
    page.section(f"Scores: what a small network says of {page.s} and each h, v . tanh(q + k) with q = W {page.s} and "
                 "k = U h + b")
    assert attention.query is not None
    q = attention.query.weight.array @ e.asking
    v = attention.v.array
    page.line("", f"v = {page.vector(v)}")
    page.line("", f"q = W {page.s} = {page.vector(q)}")
    for j, (token, k, score) in enumerate(zip(e.source_tokens, e.keys, e.scores), start=1):
        terms = (f"{page.number(a)} x tanh({page.number(b)} + {page.number(c)})" for a, b, c in zip(v, q, k))
        page.line(token, f"k{j} = U h{j} + b = {page.vector(k)}")
        page.line("", f"v . tanh(q + k{j}) = {total(terms, FEW // 2)} = {page.number(score)}")


def cosine(page: Page, e: Explanation, attention: Attention) -> None:
    page.section(f"Scores: how alike {page.s} and each h are, as the cosine of the angle between them")
    for j, (token, h) in enumerate(zip(e.source_tokens, e.encoder_outputs), start=1):
        page.line(token, f"{page.s} . h{j} = {page.products(e.asking, h)} = {page.number(e.asking @ h)}")
    found = cosines(page, e)
    factor = np.exp(attention.temperature.array)
    page.lines.append(f"   times a factor that was learned, exp({page.number(attention.temperature.array)}) = "
                      f"{page.number(factor)}")
    for token, c, score in zip(e.source_tokens, found, e.scores):
        page.line(token, f"{page.number(factor)} x {page.number(c)} = {page.number(score)}")


SCORES = {"dot": dot, "scaled": scaled, "general": general, "additive": additive, "cosine": cosine}


def cosines(page: Page, e: Explanation) -> list[float]:
    """The cosine of what asks with each h; 0 where one of them has no length."""
    s = e.asking
    page.line("", f"|{page.s}| = sqrt({page.products(s, s)}) = {page.number(np.linalg.norm(s))}")
    found = []
    for j, (token, h) in enumerate(zip(e.source_tokens, e.encoder_outputs), start=1):
        lengths, product = (np.linalg.norm(s), np.linalg.norm(h)), float(s @ h)
        found.append(product / float(np.prod(lengths)) if all(lengths) else 0.0)
        page.line(token, f"|h{j}| = sqrt({page.products(h, h)}) = {page.number(lengths[1])}")
        page.line("", f"cosine = {page.number(product)} / ({' x '.join(map(page.number, lengths))}) = "
                      f"{page.number(found[-1])}")
    return found


def weights(page: Page, e: Explanation) -> None:
    page.section("Weights: the softmax of the scores. The highest is taken off first, so that exp cannot overflow")
    highest = e.scores.max()
    powers = np.exp(e.scores - highest)
    whole = page.number(powers.sum())
    for token, score, power in zip(e.source_tokens, e.scores, powers):
        page.line(token, f"exp({page.minus(score, highest)}) = {page.number(power)}")
    page.line("", f"sum = {total(map(page.number, powers))} = {whole}")
    for token, power, weight in zip(e.source_tokens, powers, e.weights):
        page.line(token, f"{page.number(power)} / {whole} = {page.number(weight)}")


def context(page: Page, e: Explanation) -> None:
    page.section("Context: the outputs h added up, each times its weight")
    for unit, value in enumerate(e.context[:FEW]):
        products = page.products(e.weights, e.encoder_outputs[:, unit])
        page.line("", f"context {unit + 1} = {products} = {page.number(value)}")
    if len(e.context) > FEW:
        page.line("", f"... {len(e.context) - FEW} more")


# --- the output ---------------------------------------------------------


def combined(page: Page, e: Explanation, weight: np.ndarray) -> None:
    parts = joined(e)
    page.section(f"Combined: y = tanh(W {parts}), as wide as an embedding, whose table the output layer shares")
    x = np.concatenate([e.context, e.decoder_output])
    for unit, value in enumerate(e.features[:FEW]):
        page.line("", f"y{unit + 1} = tanh({page.products(weight[unit], x)}) = {page.number(value)}")
    if len(e.features) > FEW:
        page.line("", f"... {len(e.features) - FEW} more")


def joined(e: Explanation) -> str:
    return "[context s]" if len(e.context) else "s"


def linear(page: Page, e: Explanation, translator: Translator) -> None:
    V, layer = len(e.logits), translator.model.output
    given = joined(e) if translator.model.combine is None else "y"
    shown = f"the {FEW} highest of {V}" if V > FEW else f"all {V}"
    page.section(f"Logits: a linear layer, for each target token weights times {given}, and a bias; {shown}")
    for id in likeliest(e.logits):
        products, bias = page.products(layer.weight.array[id], e.features), page.number(layer.bias.array[id])
        page.line(translator.target.name(id), f"{products} + {bias} = {page.number(e.logits[id])}")


def probabilities(page: Page, e: Explanation, target: Side) -> None:
    page.section("Probabilities: the softmax of the logits, again with the highest taken off")
    highest = e.logits.max()
    powers = np.exp(e.logits - highest)
    whole = page.number(powers.sum())
    page.line("", f"exp(logit - {page.number(highest)}), summed over all {len(powers)} tokens = {whole}")
    for id in likeliest(e.logits):
        power, p = page.number(powers[id]), page.number(e.probabilities[id])
        page.line(target.name(id), f"exp({page.minus(e.logits[id], highest)}) / {whole} = {power} / {whole} = {p}")


def output(page: Page, e: Explanation, target: Side) -> None:
    best, written = int(e.probabilities.argmax()), e.target_ids[e.step]
    never = f" but for {target.name(best)}, which no translation has" if best in NEVER else ""
    ends = e.step == len(e.target_ids) - 1
    then = f"the decoder reads it at step {e.step + 1}"
    if ends:
        then = "the translation ends" if written == END else "the translation is cut off here, at the longest allowed"
    page.section(f"Output: {named(target, written)}, the likeliest{never}: {then}")
