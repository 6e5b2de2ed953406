import json
import math
import re

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.explain import explain
from tinyattn.text.side import Side
from tinyattn.text.vocabulary import END, UNKNOWN, Vocabulary
from tinyattn.translator.config import ATTENTION_KINDS, Config
from tinyattn.translator.model import inference
from tinyattn.translator.search import longest
from tinyattn.translator.statquest import statquest
from tinyattn.translator.translator import Translator

KEYS = ["step", "source_tokens", "target_tokens", "encoder_outputs", "decoder_output", "scores", "weights", "context",
        "logits", "probabilities", "output"]


def untrained(**options):
    """A translator that knows a few words, and nothing of translating them but that one word is not enough."""
    config = Config(**{"embed": 3, "hidden": 2, "seed": 5, **options})
    translator = Translator(config, (Side("word", Vocabulary(["eat", "the", "pizza"])), Side("word", Vocabulary(["come", "la", "pizza"]))))
    with ta.no_grad():
        translator.model.output.bias[END] = -5.0
    return translator


def softmax(x):
    powers = np.exp(x - x.max())
    return powers / powers.sum()


# --- the video's numbers ------------------------------------------------


def test_the_videos_first_step():
    text = explain(statquest(), "let's go").text
    for line in ["let's go  ->  vamos <eos>",
                 "Step 0: the decoder reads <eos> (EOS) and writes token 1 of 2, vamos.",
                 "let's  h1 = [-0.76 0.75]",
                 "go     h2 = [0.01 -0.01]",
                 "s = [0.91 0.38]",
                 "let's  s . h1 = 0.91 x -0.76 + 0.38 x 0.75 = -0.41",
                 "go     s . h2 = 0.91 x 0.01 + 0.38 x -0.01 = 0.01",
                 "cosine = -0.41 / (0.99 x 1.07) = -0.39",
                 "let's  exp(-0.41 - 0.01) = 0.66",
                 "let's  0.66 / 1.66 = 0.40",
                 "go     1.00 / 1.66 = 0.60",
                 "context 1 = 0.40 x -0.76 + 0.60 x 0.01 = -0.29",
                 "vamos  -4.00 x -0.29 + 4.00 x 0.29 + 0.00 x 0.91 + 8.00 x 0.38 + 0.00 = 5.36",
                 "9. Output: vamos, the likeliest: the decoder reads it at step 1"]:
        assert line in [shown.strip() for shown in text.split("\n")]


def test_the_videos_second_step():
    explanation = explain(statquest(), "let's go", step=1)
    assert explanation.output == "<eos>"
    assert "Step 1: the decoder reads vamos and writes token 2 of 2, <eos> (EOS)." in str(explanation)
    assert str(explanation).endswith("Output: <eos> (EOS), the likeliest: the translation ends")


def test_full_numbers():
    numbers = json.loads(json.dumps(explain(statquest(), "let's go").as_dict()))
    assert list(numbers) == KEYS
    assert numbers["source_tokens"] == ["let's", "go"] and numbers["target_tokens"] == ["vamos", "<eos>"]
    assert (numbers["step"], numbers["output"]) == (0, "vamos")
    assert numbers["scores"] == pytest.approx([-0.41057, 0.01001], abs=1e-5)
    assert numbers["weights"] == pytest.approx([0.39638, 0.60362], abs=1e-5)


# --- the numbers agree with each other, whatever the model --------------


def scores_of(model, s, h):
    """The scores of each kind, written down once more."""
    attention, kind = model.attention, model.attention.kind
    if kind in ("dot", "scaled"):
        return h @ s / (math.sqrt(len(s)) if kind == "scaled" else 1)
    if kind == "general":
        return (h @ attention.key.weight.array.T) @ s
    if kind == "additive":
        keys = h @ attention.key.weight.array.T + attention.key.bias.array
        return np.tanh(attention.query.weight.array @ s + keys) @ attention.v.array
    return np.exp(attention.temperature.array) * (h @ s) / np.linalg.norm(h, axis=1) / np.linalg.norm(s)


@pytest.mark.parametrize("options", [
    *({"attention": kind, "hidden": 6} for kind in ATTENTION_KINDS),
    {"attention": "dot", "hidden": 6, "layers": 2, "bidirectional": True, "dropout": 0.5},
    {"attention": "none", "hidden": 6, "layers": 2, "source_eos": True, "start": "sos"},
    {"attention": "additive", "source_tokens": "char", "target_tokens": "char"},
    *({"attention": kind, "hidden": 6, "attend": "before"} for kind in ATTENTION_KINDS if kind != "none"),
    {"hidden": 6, "input_feeding": True},
    {"hidden": 6, "tie_embeddings": True, "attention": "none"},
    {"hidden": 6, "attend": "before", "input_feeding": True, "tie_embeddings": True, "layers": 2},
])
def test_numbers_follow_from_each_other(options):
    translator = untrained(**options)
    model, found = translator.model, translator.translate("eat the pizza")
    first = explain(translator, "eat the pizza")
    with inference(model):
        state = model.encode(np.array([first.source_ids]), np.array([len(first.source_ids)])).state
    before, fed = state[0].array[-1, 0], 0
    for step, token in enumerate(first.target_tokens[:3]):
        explanation = explain(translator, "eat the pizza", step)
        e = {name: np.array(value) for name, value in explanation.as_dict().items()}
        assert explanation.source_tokens == found.source_tokens
        h, s = e["encoder_outputs"], e["decoder_output"]
        assert h.shape == (len(found.source_tokens), translator.config.hidden)
        given = s
        if model.attention is None:
            assert e["scores"].size == e["weights"].size == e["context"].size == 0
        else:
            asking = before if translator.config.attend == "before" else s
            np.testing.assert_allclose(explanation.asking, asking, atol=1e-6)
            np.testing.assert_allclose(e["scores"], scores_of(model, asking, h), atol=1e-6)
            np.testing.assert_allclose(e["weights"], softmax(e["scores"]), atol=1e-6)
            np.testing.assert_allclose(e["context"], e["weights"] @ h, atol=1e-6)
            np.testing.assert_allclose(e["weights"], found.attention[step], atol=1e-6)
            given = np.concatenate([e["context"], s])
        if model.combine is not None:
            given = np.tanh(model.combine.weight.array @ given)
        if translator.config.input_feeding:
            np.testing.assert_allclose(explanation.fed, fed, atol=1e-6)
        before, fed = s, explanation.features
        np.testing.assert_allclose(explanation.features, given, atol=1e-6)
        logits = model.output.weight.array @ given + model.output.bias.array
        np.testing.assert_allclose(e["logits"], logits, atol=1e-6)
        np.testing.assert_allclose(e["probabilities"], softmax(e["logits"]), atol=1e-6)
        assert explanation.output == token
        np.testing.assert_allclose(h, first.encoder_outputs)
    assert first.target_tokens == found.tokens


def test_the_probabilities_are_those_of_the_translation():
    translator = statquest()
    p = [explain(translator, "let's go", step).probabilities.max() for step in (0, 1)]
    assert np.log(p).sum() == pytest.approx(translator.translate("let's go").score, abs=1e-6)


WORKED = re.compile(r"(?:^|[ =])((?:sqrt|exp|tanh|[-0-9. x+/()])+) = (-?[0-9.]+)$")


@pytest.mark.parametrize("kind", [*ATTENTION_KINDS, "dot and all before"])
def test_what_is_worked_out_is_right(kind):
    """Every line that ends in "numbers = number" is calculated again."""
    more = {"attend": "before", "input_feeding": True, "tie_embeddings": True} if "before" in kind else {}
    translator = untrained(attention=kind.split()[0], **more)
    checked = 0
    for step in range(2):
        for line in explain(translator, "eat the", step, digits=12).text.split("\n"):
            if (worked := WORKED.search(line)) is not None and "more" not in line:
                formula = worked[1].replace(" x ", " * ").replace("- (-", "+ (").strip()
                value = eval(formula, {"sqrt": math.sqrt, "exp": math.exp, "tanh": math.tanh})
                assert value == pytest.approx(float(worked[2]), abs=2e-6), line
                checked += 1
    assert checked >= {"none": 14, "general": 30, "additive": 30}.get(kind, 34)


# --- how it reads -------------------------------------------------------


def test_what_is_read_is_named():
    translator = untrained(attend="before", input_feeding=True, tie_embeddings=True)
    texts = [explain(translator, "eat the pizza", step).text for step in (0, 1)]
    for part in ["r = [", "in the encoder's last memory", "how alike r and each h are", "r . h1 = ",
                 "reads <eos> and the context and what was fed, and has the output s", "nothing yet",
                 "Combined: y = tanh(W [context s])", "y1 = tanh(", "weights times y, and a bias"]:
        assert part in texts[0]
    assert "what the output layer got in step 0" in texts[1] and "in its memory of step 0" in texts[1]
    assert texts[0].index("Scores") < texts[0].index("Decoder")
    plain = explain(untrained(), "eat the pizza").text
    assert "Combined" not in plain and "fed" not in plain and plain.index("Decoder") < plain.index("Scores")


def test_digits():
    assert "s = [0.9110 0.3770]" in explain(statquest(), "let's go", digits=4).text
    assert "h2 = [0 0]" in explain(statquest(), "let's go", digits=0).text  # and not [0 -0]


@pytest.mark.parametrize("kind", ATTENTION_KINDS)
def test_long_vectors_are_cut_short(kind):
    text = explain(untrained(attention=kind, hidden=20, embed=15), "eat the pizza").text
    assert "... 16 more" in text and "... 11 more" in text
    assert max(map(len, text.split("\n")[1:])) < 125


def test_unknown_words_and_capitals():
    text = explain(statquest(), "Let's dance").text
    assert "Let's  id 4, read as let's    row 4 = [1.00 0.00]" in text
    assert "dance  id 3, read as <unk>    row 3 = [0.00 0.00]" in text


def test_an_output_without_length_has_the_cosine_0():
    translator = untrained(attention="dot")
    with ta.no_grad():
        for parameter in translator.model.encoder.lstm.parameters():
            parameter.zero_()
    assert re.search(r"cosine = 0.00 / \(0.\d\d x 0.00\) = 0.00", explain(translator, "eat").text)


def test_words_that_no_translation_has():
    translator = statquest()
    with ta.no_grad():
        translator.model.output.bias[UNKNOWN] = 50.0
    explanation = explain(translator, "let's go")
    assert explanation.probabilities.argmax() == UNKNOWN
    assert "Output: vamos, the likeliest but for <unk>, which no translation has: the decoder" in explanation.text


def test_a_translation_that_is_cut_off():
    translator = statquest()
    with ta.no_grad():
        translator.model.output.bias[END] = -50.0
    first = explain(translator, "go")
    assert len(first.target_tokens) == longest(1) and "<eos>" not in first.target_tokens
    last = explain(translator, "go", longest(1) - 1)
    assert last.text.endswith("the translation is cut off here, at the longest allowed")


@pytest.mark.parametrize("kernels", ["numba", "numpy"])
def test_leaves_no_trace(kernels):
    translator = untrained(dropout=0.5)
    translator.model.train()
    with ta.kernels(kernels):
        one, other = explain(translator, "eat the pizza"), explain(translator, "eat the pizza")
    assert one.text == other.text
    assert translator.model.training
    assert all(parameter.grad is None for parameter in translator.model.parameters())


# --- what is refused ----------------------------------------------------


@pytest.mark.parametrize("sentence", ["", " ", "\u3000"])
def test_a_blank_sentence(sentence):
    with pytest.raises(ValueError, match="sentence: wanted at least one token, got"):
        explain(statquest(), sentence)


@pytest.mark.parametrize("step", [-1, 2, 100])
def test_a_step_that_was_never_made(step):
    with pytest.raises(ValueError, match=rf"step: wanted 0 \.\.\. 1, .* got {step}"):
        explain(statquest(), "let's go", step)


@pytest.mark.parametrize("digits", [-1, 18])
def test_too_many_digits_or_too_few(digits):
    with pytest.raises(ValueError, match=f"digits: wanted 0 ... 17 after the point, got {digits}"):
        explain(statquest(), "let's go", digits=digits)
