"""A translation once more, word by word, with everything written down: what the pictures of it are drawn from."""

from __future__ import annotations

import numpy as np

from tinyattn.ops.softmax import softmax
from tinyattn.record import Record, record
from tinyattn.state import time_step
from tinyattn.text.vocabulary import END
from tinyattn.translator.translator import Translation, Translator


def replay(translator: Translator, found: Translation) -> Record:
    """The record of the pass that made `found`: the encoder over the source, then the decoder step by step, from its
    first input to the end token, each step with the probabilities it chose from."""
    model, vocabulary = translator.model, translator.target_vocabulary
    source = np.array([translator.read(found.source)[1]])
    ids = [translator.start, *vocabulary.encode(found.tokens)]
    was_training = model.training
    model.eval()
    with record() as run:
        run.name(model, "")
        run.tokens(source=found.source_tokens, target=[vocabulary.name(id) for id in ids],
                   output=[*found.tokens, vocabulary.name(END)])
        encoded = model.encode(source, np.array([source.shape[1]]))
        state = encoded.state
        for t, id in enumerate(ids):
            with time_step(t):
                logits, _, state = model.decode(np.array([[id]]), state, encoded)
                softmax(logits, -1)
    model.train(was_training)
    return run
