"""A translation once more, word by word, with everything written down: what the pictures of it are drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyattn.ops.joining import stack
from tinyattn.ops.softmax import softmax
from tinyattn.record import Record, record
from tinyattn.state import time_step
from tinyattn.tensor import Tensor
from tinyattn.text.vocabulary import END
from tinyattn.translator.model import Seq2Seq, State
from tinyattn.translator.translator import Translation, Translator


def replay(translator: Translator, found: Translation, backward_from: Sequence[int] = ()) -> Record:
    """The record of the pass that made `found`: the encoder over the source, then the decoder step by step, from its
    first input to the end token, each step with the probabilities it chose from. Its words are tokens as people are
    shown them.

    backward_from: steps of the decoder. The pass then goes backward as well, through loss = -Σ log p of the words
    chosen there, and leaves dloss/dvalue at every value; `.grad` of the model's own parameters stays as it was.
    Raises: IndexError for a step that there is not.
    """
    model, target = translator.model, translator.target
    source = np.array([translator.read(found.source)[1]])
    ids = [translator.start, *target.vocabulary.encode(found.tokens)]
    chosen = [*ids[1:], END]
    for t in backward_from:
        if not 0 <= t < len(chosen):
            raise IndexError(f"backward_from: wanted steps from 0 to {len(chosen) - 1}, got {t}")
    was_training = model.training
    model.eval()
    with record() as run:
        run.name(model, "")
        run.tokens(source=translator.source.shown(found.source_tokens), target=[target.name(id) for id in ids],
                   output=[*target.shown(found.tokens), target.name(END)])
        encoded = model.encode(source, np.array([source.shape[1]]))
        run.name(encoded.h, "h")
        state, words = named(run, encoded.state), []
        for t, id in enumerate(ids):
            with time_step(t):
                logits, _, state = model.decode(np.array([[id]]), state, encoded)
                state = named(run, state)
                probabilities = softmax(logits, -1)
                run.name(probabilities, "probabilities")
            if t in backward_from:
                words.append(probabilities[0, 0, chosen[t]])
        if words:
            loss = -stack(words, 0).log().sum()
            run.name(loss, "loss")
            backward(loss, model)
    model.train(was_training)
    return run


def named(run: Record, state: State) -> State:
    for x, name in zip(state, ("h", "c", "fed")):
        run.name(x, name)
    return state


def backward(loss: Tensor, model: Seq2Seq) -> None:
    """Go backward for the record's sake alone: the parameters' own gradients are put back."""
    before = [(parameter, parameter.grad) for parameter in model.parameters()]
    model.zero_grad()
    loss.backward()
    for parameter, gradient in before:
        parameter.grad = gradient
