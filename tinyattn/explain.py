"""One step of a translation with all its numbers: as data, and as text in which each is worked out as on paper."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyattn import worked
from tinyattn.ops.softmax import softmax
from tinyattn.record import record
from tinyattn.text.vocabulary import END, SPECIAL_NAMES
from tinyattn.translator.config import ConfigError
from tinyattn.translator.model import inference
from tinyattn.translator.search import longest

if TYPE_CHECKING:
    from tinyattn.translator.translator import Translator

MOST_DIGITS = 17  # more do not tell floating-point numbers apart


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """What decoder step `step` did to write `output`. `target_tokens` is the whole translation, with the end token
    unless it was cut off; `asking` is the decoder's output that asks, of this step or (attend = before) of the one
    before; `keys` is what of each encoder output is compared with it. Without attention keys, scores, weights and
    context are empty. `features` is what the output layer gets; `fed`, where there is input feeding, what it got in the
    step before.

    Shapes: encoder_outputs and keys (S, H), decoder_output, asking and context (H,), scores and weights (S,), features
    and fed (D,), logits and probabilities (V,)
    """

    step: int
    source_tokens: list[str]
    target_tokens: list[str]
    source_ids: list[int]
    target_ids: list[int]
    encoder_outputs: np.ndarray
    keys: np.ndarray
    decoder_output: np.ndarray
    asking: np.ndarray
    scores: np.ndarray
    weights: np.ndarray
    context: np.ndarray
    features: np.ndarray
    fed: np.ndarray
    logits: np.ndarray
    probabilities: np.ndarray
    text: str = ""

    @property
    def output(self) -> str:
        return self.target_tokens[self.step]

    def __repr__(self) -> str:
        return self.text

    def as_dict(self) -> dict[str, Any]:
        """The numbers, unrounded, in types that JSON has; and the tokens themselves, pieces with their "▁"."""
        names = ("step", "source_tokens", "target_tokens", "encoder_outputs", "decoder_output", "scores", "weights",
                 "context", "logits", "probabilities", "output")
        values = {name: getattr(self, name) for name in names}
        return {name: x.tolist() if isinstance(x, np.ndarray) else x for name, x in values.items()}


def explain(translator: Translator, sentence: str, step: int = 0, digits: int = 2) -> Explanation:
    """Translate a sentence and keep every number of one decoder step, the first being step 0. Print it to see
    each worked out from those before it, with so many digits after the point.

    Raises: ConfigError (a ValueError) for a blank sentence, a step that the translation does not have, or digits out
    of range.
    """
    if not 0 <= digits <= MOST_DIGITS:
        raise ConfigError(f"digits: wanted 0 ... {MOST_DIGITS} after the point, got {digits}")
    found = translator.translate(sentence)
    tokens, source_ids = translator.read(sentence)
    if not tokens:
        raise ConfigError(f"sentence: wanted at least one token, got {sentence!r}: there is nothing to translate")
    ended = len(found.tokens) < longest(len(tokens))
    target_tokens = [*found.tokens, *[SPECIAL_NAMES[END]] * ended]
    target_ids = [*translator.target_vocabulary.encode(found.tokens), *[END] * ended]
    if not 0 <= step < len(target_ids):
        raise ConfigError(f"step: wanted 0 ... {len(target_ids) - 1}, one for each token of the translation and its "
                          f"end, got {step}")
    numbers = run(translator, source_ids, [translator.start, *target_ids[:step]])
    explanation = Explanation(step, tokens, target_tokens, source_ids, target_ids, **numbers)
    return dataclasses.replace(explanation, text=worked.text(explanation, translator, digits))


def run(translator: Translator, source_ids: list[int], read_ids: list[int]) -> dict[str, Any]:
    """The numbers of the step in which the decoder reads the last of these target ids, taken from its record."""
    model = translator.model
    *before, last = ([[id]] for id in read_ids)
    with inference(model):
        encoded = model.encode(np.array([source_ids]), np.array([len(source_ids)]))
        state = encoded.state
        for id in before:
            _, _, state = model.decode(np.array(id), state, encoded)
        with record() as step:
            step.name(model, "")
            logits, _, after = model.decode(np.array(last), state, encoded)
            softmax(logits, -1)
    calls = {(call.path, call.op): call for call in step.calls}  # the last of each op of a module

    def value(path: str, op: str, input: str | None = None) -> np.ndarray:
        """What an op gave, or got for one of its inputs, for this one sentence and step."""
        call = calls[path, op]
        number = call.outputs[0] if input is None else dict(call.inputs)[input]
        return step.values[number].array[0, 0]

    attends, nothing = encoded.keys is not None, np.zeros(0, np.float32)
    before, s = (states[0].array[-1, 0] for states in (state, after))
    return {
        "encoder_outputs": encoded.h.array[0],
        "keys": nothing if encoded.keys is None else encoded.keys.array[0],
        "decoder_output": s,
        "asking": before if model.attends_before else s,
        "scores": value("attention", "masked_softmax", "scores") if attends else nothing,
        "weights": value("attention", "masked_softmax") if attends else nothing,
        "context": value("attention", "matmul") if attends else nothing,
        "features": value("output", "linear", "x"),
        "fed": state[2].array[0, 0] if model.feeds_input else nothing,
        "logits": value("output", "linear"),
        "probabilities": value("", "softmax"),
    }
