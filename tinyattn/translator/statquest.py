"""The video's model: two units, three words a side, every weight set by hand so that its figures come out.

    encoder outputs     let's [-0.76 0.75]    go [0.01 -0.01]
    decoder output      [0.91 0.38], having read <eos>
    scores              -0.41 and 0.01 (as cosines -0.39 and 0.67)
    weights             0.40 and 0.60
    words               vamos <eos>

How it works, and why it needs attention: the encoder's forget gates are shut, so its memory holds the last
word and nothing else, as that of a trained one nearly does after a long sentence. "let's go" and "to go"
leave the decoder with the same output, [0.91 0.38], and without attention it could not tell them apart. But
the outputs of "let's" and "to" are still there to look at, and point in opposite directions: the context
decides between "vamos" and "ir".

What an LSTM computes: c = sigmoid(f) c + sigmoid(i) tanh(g), h = sigmoid(o) tanh(c), where i, f, g and o are
sums of weights times the word's embedding, plus biases. The weights for the h before are 0: nothing here
needs them.
Source: StatQuest with Josh Starmer, "Attention for Neural Networks, Clearly Explained!!!"
"""

from __future__ import annotations

import numpy as np

from tinyattn.text.side import Side
from tinyattn.text.vocabulary import Vocabulary
from tinyattn.translator.config import Config
from tinyattn.translator.translator import Translator

SOURCE = ("let's", "to", "go")
TARGET = ("ir", "vamos", "y")

OPEN, SHUT = 8.0, -8.0  # sums of a gate: sigmoid(8) = 0.9997 and sigmoid(-8) = 0.0003

# --- the encoder --------------------------------------------------------

# "let's" and "to" are opposites on the first axis, "go" has the second one to itself.
SOURCE_EMBEDDING = {"let's": (1, 0), "to": (-1, 0), "go": (0, 1)}

ENCODER = {  # weights for the embedding, a row a unit or one for both, and a bias
    # Every word is written to memory, and the word before it forgotten.
    "i": ((0, 0), OPEN),
    "f": ((0, 0), SHUT),
    # "let's" writes c = [-1.00 0.97]: tanh(-4) and tanh(2.15). It shows h = tanh(c) = [-0.76 0.75], so that 2.15
    # is atanh(atanh(0.75)), rounded. "to" is the opposite, h = [0.76 -0.75].
    # "go" writes c = [1.00 -0.38]: tanh(4) and tanh(-0.4).
    "g": (((-4, 4), (2.15, -0.4)), 0),
    # And "go" keeps it to itself: o = 8 - 12 = -4, sigmoid(-4) = 0.02, and h = 0.02 tanh(c) = [0.01 -0.01].
    "o": ((0, -12), OPEN),
}

# --- the decoder --------------------------------------------------------

# The first axis says whether a word is still to come (<eos>, the first input) or has been (all words); the
# second tells the words apart, which nothing asks for.
TARGET_EMBEDDING = {"<eos>": (1, 0), "ir": (-1, -1), "vamos": (-1, 1), "y": (-1, 0)}

DECODER = {
    "i": ((0, 0), OPEN),
    # The first unit remembers what the encoder wrote until a word has been read: 8 for <eos>, -8 for a word.
    # The second never does.
    "f": (((8, 0), (0, 0)), (0, SHUT)),
    # First unit, after "go" and <eos>: c = 1.00 + tanh(0.6) = 1.54 and tanh(1.54) = 0.91.
    # Second unit: <eos> gives 2.2 - 1.78 = 0.42, c = tanh(0.42) = 0.40 and tanh(0.40) = 0.38.
    #              a word gives -2.2 - 1.78 = -3.98, c = -1.00 and tanh(-1) = -0.76: "a word has been said".
    "g": (((0.6, 0), (2.2, 0)), (0, -1.78)),
    "o": ((0, 0), OPEN),
}

# --- the linear layer ---------------------------------------------------

OUTPUT = {  # weights for the context and for the decoder's output s, and a bias
    # <eos> is wanted once s has turned negative, words before. The margin there, (8 + 8) x 0.76 = 12, is more
    # than what the context can bring, 2 x 4 x 0.76 = 6.
    "<eos>": ((0, 0), (0, -8), 0),
    # The context has the sign of "to" or of "let's"; with neither, as for "go", the bias says "ir".
    "ir": ((4, -4), (0, 8), 0.5),
    "vamos": ((-4, 4), (0, 8), 0),
    # "and" is none of the source's three words, so nothing ever asks for "y".
    "y": ((0, 0), (0, 0), 0),
    # Never part of a translation.
    "<pad>": ((0, 0), (0, 0), SHUT),
    "<sos>": ((0, 0), (0, 0), SHUT),
    "<unk>": ((0, 0), (0, 0), SHUT),
}


def statquest() -> Translator:
    """The video's two-unit model, ready to translate: what `Translator.load("statquest")` gives."""
    source, target = Vocabulary(SOURCE), Vocabulary(TARGET)
    config = Config(attention="dot", hidden=2, embed=2, dropout=0.0, steps=0)
    translator = Translator(config, (Side("word", source), Side("word", target)))
    rows = [OUTPUT[target.name(id)] for id in range(len(target))]
    parameters = {
        "encoder.embedding.weight": embedding(source, SOURCE_EMBEDDING),
        **lstm("encoder.lstm", ENCODER),
        "decoder.embedding.weight": embedding(target, TARGET_EMBEDDING),
        **lstm("decoder.lstm", DECODER),
        "output.weight": np.array([[*context, *s] for context, s, _ in rows]),
        "output.bias": np.array([bias for *_, bias in rows]),
    }
    translator.load_parameters(parameters, "statquest")
    return translator


def embedding(vocabulary: Vocabulary, rows: dict[str, tuple[int, int]]) -> np.ndarray:
    """A row for each id; zeros where none is given, so that an unknown word writes 0 to memory.

    Shapes: (V, 2)
    """
    return np.array([rows.get(vocabulary.name(id), (0, 0)) for id in range(len(vocabulary))])


def lstm(path: str, gates: dict[str, tuple]) -> dict[str, np.ndarray]:
    """The parameters of an LSTM with these gates.

    Shapes: weights (4H, E) and (4H, H), biases (4H,): the gates i, f, g and o, one below the other
    """
    weights, biases = zip(*(gates[gate] for gate in "ifgo"))
    return {
        f"{path}.weight_ih_l0": np.concatenate([np.broadcast_to(w, (2, 2)) for w in weights]),
        f"{path}.weight_hh_l0": np.zeros((8, 2)),
        f"{path}.bias_ih_l0": np.concatenate([np.broadcast_to(b, 2) for b in biases]),
        f"{path}.bias_hh_l0": np.zeros(8),
    }
