import numpy as np
import pytest

from tinyattn.translator.config import Config
from tinyattn.translator.replay import replay
from tinyattn.translator.translator import Translator


@pytest.mark.parametrize("kind", ["none", "dot", "cosine"])
def test_the_record_is_the_translation(pairs, kind):
    translator = Translator.for_pairs(Config(embed=3, hidden=4, attention=kind, dropout=0.5), pairs)
    found = translator.translate("eat the pizza")
    record = replay(translator, found)
    assert translator.model.training
    assert record.words == {"source": ["eat", "the", "pizza"], "target": ["<eos>", *found.tokens],
                            "output": [*found.tokens, "<eos>"]}
    assert {"encoder.lstm", "decoder.lstm", "output"} <= {call.path for call in record.calls}
    assert ("attention" in {call.path for call in record.calls}) == (kind != "none")
    # The last call of each step is the softmax that the word was chosen from.
    last = {call.step: call for call in record.calls if call.path == ""}
    assert last.keys() == set(range(len(found.tokens) + 1))
    probabilities = [record.values[last[t].outputs[0]].array[0, 0] for t in sorted(last)]
    ids = translator.target_vocabulary.encode(found.tokens)
    for p, id in zip(probabilities, ids):
        masked = np.where(np.isin(np.arange(len(p)), [0, 2, 3]), 0, p)
        assert masked.argmax() == id
    if kind != "none":
        weights = [record.values[call.outputs[0]].array for call in record.calls if call.op == "masked_softmax"]
        np.testing.assert_allclose([w[0, 0] for w in weights[: len(ids)]], found.attention, rtol=1e-5)
