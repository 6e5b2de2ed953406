import numpy as np
import pytest

from tinyattn.text.vocabulary import END
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


def test_a_pass_backward_leaves_gradients_in_the_record_alone(pairs):
    translator = Translator.for_pairs(Config(embed=3, hidden=4), pairs)
    found = translator.translate("eat the pizza")
    weight = translator.model.output.weight
    weight.grad = kept = weight.detach() * 2
    record = replay(translator, found, [0])
    (loss,) = [v for v in record.values if v.name == "loss"]
    first = record.words["output"][0]
    id = translator.target_vocabulary.encode([first])[0] if found.tokens else END
    p = next(v.array for v in record.values if v.name == "probabilities")[0, 0, id]
    np.testing.assert_allclose(loss.array, -np.log(p), rtol=1e-6)
    assert weight.grad is kept and translator.model.encoder.embedding.weight.grad is None
    (recorded,) = [v for v in record.values if v.name == "output.weight"]
    assert recorded.gradient is not None and np.any(recorded.gradient)


def test_without_steps_nothing_goes_backward(pairs):
    translator = Translator.for_pairs(Config(embed=3, hidden=4), pairs)
    record = replay(translator, translator.translate("eat"))
    assert all(v.gradient is None for v in record.values) and not any(v.name == "loss" for v in record.values)


def test_a_step_that_there_is_not_is_refused(pairs):
    translator = Translator.for_pairs(Config(embed=3, hidden=4), pairs)
    found = translator.translate("eat")
    with pytest.raises(IndexError, match=f"wanted steps from 0 to {len(found.tokens)}, got {len(found.tokens) + 1}"):
        replay(translator, found, [len(found.tokens) + 1])
