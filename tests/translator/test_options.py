"""Every option changes what its help says it changes: a test for each field of Config.

A new field comes with a test here, under `@shows("its_name")`.
"""

import dataclasses
import itertools

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.cli import main
from tinyattn.text.pairs import DataError
from tinyattn.text.vocabulary import END, START, UNKNOWN
from tinyattn.translator import training as module
from tinyattn.translator.checkpoint import Run
from tinyattn.translator.config import ATTENTION_KINDS, Config
from tinyattn.translator.defaults import CHOSEN
from tinyattn.translator.scores import Measured, teacher_forced
from tinyattn.translator.training import Training
from tinyattn.translator.translator import Translator

TINY = {"embed": 4, "hidden": 6, "batch_size": 4, "dropout": 0.0, "lr": 0.01}
SHOWN = {}  # option: the test that shows what it changes


def shows(*options):
    """For the test of these options."""
    def add(test):
        assert not SHOWN.keys() & set(options)
        SHOWN.update(dict.fromkeys(options, test))
        return test
    return add


def translator_for(pairs, **options):
    return Translator.for_pairs(Config(**{**TINY, **options}), pairs)


def begin(pairs, folder=None, watcher=None, **options):
    """A training that has not begun, on all pairs but two, which are for dev."""
    translator = translator_for(pairs, **({} if {"epochs", "steps", "minutes"} & options.keys() else {"steps": 4}), **options)
    run = None if folder is None else Run(folder)
    if run is not None:
        run.begin(translator.config, translator.sides)
    return Training(translator, pairs[2:], pairs[:2], run, watcher)


def trained(pairs, folder=None, watcher=None, **options):
    training = begin(pairs, folder, watcher, **options)
    training.train()
    return training


def command_line(folder, *arguments):
    """The exit code of `tinyattn train` on folder/data.tsv into folder/run."""
    arguments = [folder / "data.tsv", "--out", folder / "run", "--hidden", 4, "--embed", 2, *arguments]
    return main(["train", *map(str, arguments)])


def test_every_option_is_shown_here():
    assert SHOWN.keys() == {field.name for field in dataclasses.fields(Config)}


def test_help_has_every_option_under_its_heading(capsys):
    assert main(["train", "--help"]) == 0
    headings = capsys.readouterr().out.split(" options:\n")
    texts = {before.split()[-1].lower(): text for before, text in itertools.pairwise(headings)}
    for field in dataclasses.fields(Config)[1:]:  # the first is DATA.tsv
        _, _, text = texts[field.metadata["group"]].partition(f"  --{field.name.replace('_', '-')} ")
        assert text
        if field.default is not None and field.name not in CHOSEN and type(field.default) is not bool:
            assert f"[default: {field.default}]" in " ".join(text.split("  --")[0].split())


# --- data ---


@shows("data", "dev")
def test_files_of_pairs(tmp_path, capsys):
    (tmp_path / "data.tsv").write_text("one\tuno\ntwo\tdos\n")
    (tmp_path / "dev.tsv").write_text("two\tdos\nfour\tcuatro\nfive\tcinco\n")
    assert command_line(tmp_path, "--dev", tmp_path / "dev.tsv", "--steps", 0) == 0
    assert "training on 2 pairs, measuring on 3" in capsys.readouterr().err
    source, _ = Run(tmp_path / "run").load()[1]
    assert "one" in source.vocabulary and "four" not in source.vocabulary


@shows("strict")
def test_strict(tmp_path, capsys):
    (tmp_path / "data.tsv").write_text("one\tuno\ntwo\tdos\nthree\n")
    assert command_line(tmp_path, "--strict", "--steps", 0) == 1
    assert "line 3" in capsys.readouterr().err
    assert command_line(tmp_path, "--steps", 0) == 0


# --- text ---


@shows("source_tokens", "target_tokens")
@pytest.mark.parametrize("kind, tokens", [
    ("word", ["Don't", "go", "."]), ("char", list("Don't go.")), ("space", ["Don't", "go."]),
    ("bpe", ["▁Don", "'", "t", "▁go", "."]),
])
@pytest.mark.parametrize("side", ["source", "target"])
def test_tokens(side, kind, tokens):
    translator = translator_for([("Don't go.", "Don't go.")], **{f"{side}_tokens": kind})
    assert set(getattr(translator, f"{side}_vocabulary").tokens) == set(tokens)


@shows("vocab_size")
def test_vocab_size(pairs):
    assert [len(translator_for(pairs).source_vocabulary), len(translator_for(pairs, vocab_size=7).source_vocabulary),
            len(translator_for(pairs, vocab_size=7).target_vocabulary)] == [13, 7, 7]


@shows("min_count")
def test_min_count(pairs):
    assert "eat" in translator_for(pairs).source.vocabulary.tokens  # seen 4 times
    assert "eat" in translator_for(pairs, min_count=4).source.vocabulary.tokens
    assert translator_for(pairs, min_count=5).source.vocabulary.tokens == ("the",)
    for options, learned in (({}, 1), ({"min_count": 1}, 0), ({"source_tokens": "space"}, 0)):
        assert (translator_for(pairs, **options).examples(pairs * 7).source.ids == UNKNOWN).sum() == learned


@shows("max_length")
def test_max_length(pairs):
    pairs = [*pairs[:5], ("eat", "come la pizza ahora"), ("eat the pizza now", "come"), *pairs[5:]]
    assert len(begin(pairs, max_length=3).examples) == 14 and len(begin(pairs).examples) == 16
    with pytest.raises(DataError, match="max_length: wanted pairs of at most 2 tokens a side, got 14 longer ones and no "):
        begin(pairs[:5] + pairs[7:], max_length=2)


@shows("truecase")
@pytest.mark.parametrize("kind, usual", [("word", True), ("bpe", True), ("char", False), ("space", False)])
def test_truecase(kind, usual):
    pairs = [("The cat", "El gato"), ("The dog", "El perro"), ("See the cat", "Ve el gato")]
    tokens = {"source_tokens": kind, "target_tokens": kind}
    for options, lowered in (({}, usual), ({"truecase": True}, True), ({"truecase": False}, False)):
        translator = translator_for(pairs, **tokens, **options)
        assert "".join(translator.source.tokens("The cat")).strip("▁")[0] == ("t" if lowered else "T")
        assert translator.target.text(translator.target.tokens("el gato"))[0] == ("E" if lowered else "e")


def test_truecase_on_the_command_line(tmp_path):
    (tmp_path / "data.tsv").write_text("one\tuno\ntwo\tdos\n")
    for k, (given, wanted) in enumerate([([], None), (["--truecase"], True), (["--no-truecase"], False)]):
        assert command_line(tmp_path, "--steps", 0, "--out", tmp_path / str(k), *given) == 0
        assert Run(tmp_path / str(k)).load()[0].truecase is wanted


@shows("start")
@pytest.mark.parametrize("kind, id", [("eos", END), ("sos", START)])
def test_start(pairs, kind, id):
    training = begin(pairs, start=kind)
    assert set(training.examples.batch(np.arange(5)).target_in[:, 0]) == {id}


@shows("source_eos")
def test_source_eos(pairs):
    assert translator_for(pairs).read("eat")[0] == ["eat"]
    assert translator_for(pairs, source_eos=True).read("eat")[0] == ["eat", "<eos>"]
    assert set(begin(pairs, source_eos=True).examples.batch(np.arange(5)).source[:, -1]) == {END}


# --- model ---


@shows("attention")
def test_attention(pairs):
    losses = {teacher_forced(translator_for(pairs, attention=kind), pairs).loss for kind in ATTENTION_KINDS}
    assert len(losses) == len(ATTENTION_KINDS)
    assert translator_for(pairs, attention="none").translate("eat").attention is None
    names = {kind: translator_for(pairs, attention=kind).parameters().keys() for kind in ("dot", "general", "additive")}
    assert names["general"] - names["dot"] == {"attention.key.weight"} and "attention.v" in names["additive"]


@shows("attend", "input_feeding", "tie_embeddings")
def test_what_is_read_and_what_is_shared(pairs):
    """How much the LSTM of the decoder reads, and how much the output layer gets; tests/translator/test_model.py says
    what that is."""
    def sizes(**options):
        shapes = {name: x.shape for name, x in translator_for(pairs, **options).parameters().items()}
        return shapes["decoder.lstm.weight_ih_l0"][1], shapes["output.weight"][1]

    assert [sizes(), sizes(attend="before"), sizes(input_feeding=True), sizes(tie_embeddings=True),
            sizes(attend="before", input_feeding=True, tie_embeddings=True)] == [
                (4, 12), (4 + 6, 12), (4 + 12, 12), (4, 4), (4 + 6 + 4, 4)]
    parameters = trained(pairs, tie_embeddings=True).translator.parameters()
    np.testing.assert_array_equal(parameters["output.weight"], parameters["decoder.embedding.weight"])


@shows("layers", "hidden", "embed")
def test_sizes(pairs):
    shapes = {name: x.shape for name, x in translator_for(pairs, layers=3, hidden=5, embed=7).parameters().items()}
    for side in ("encoder", "decoder"):
        assert shapes[f"{side}.embedding.weight"] == (13 if side == "encoder" else 14, 7)
        assert shapes[f"{side}.lstm.weight_ih_l0"] == (4 * 5, 7) and shapes[f"{side}.lstm.weight_ih_l2"] == (4 * 5, 5)
        assert f"{side}.lstm.weight_ih_l3" not in shapes


@shows("bidirectional")
def test_bidirectional(pairs):
    """Then what the encoder says of the first word depends on the last one."""
    def said_of_first(word, bidirectional):
        translator = translator_for(pairs, bidirectional=bidirectional)
        ids = np.array([translator.read(f"eat the {word}")[1]])
        return translator.model.encode(ids, np.array([3])).h.detach().numpy()[0, 0]

    assert np.array_equal(said_of_first("soup", False), said_of_first("rice", False))
    assert not np.array_equal(said_of_first("soup", True), said_of_first("rice", True))


@shows("dropout")
def test_dropout(pairs):
    def losses(dropout):
        training = begin(pairs, dropout=dropout)
        batch = training.examples.batch(np.arange(5))
        return {training.model.loss(batch).item() for _ in range(3)}

    assert len(losses(0.0)) == 1 and len(losses(0.5)) == 3


# --- training ---


@shows("epochs", "steps", "minutes")
def test_budgets(pairs, monkeypatch):
    pairs = pairs[:10]  # two batches an epoch
    assert trained(pairs, steps=3).progress.step == 3
    assert trained(pairs, epochs=3).progress.step == 6
    now = iter(range(10**6))
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(now))  # each look at the clock takes a second
    one, two = (trained(pairs, minutes=minutes).progress for minutes in (1, 2))
    assert 60 <= one.seconds < 70 and 120 <= two.seconds < 130 and one.step < two.step


@shows("batch_size")
def test_batch_size(pairs):
    training = begin(pairs, batch_size=5)  # of 14
    assert sorted(len(chosen) for chosen in training.rest_of_epoch()) == [4, 5, 5]


@shows("lr")
def test_lr(pairs):
    """Adam's first step is ± lr for every parameter that has a gradient worth the name."""
    for lr in (0.01, 0.002):
        training = begin(pairs, lr=lr)
        before = training.translator.parameters()
        training.step(training.examples.batch(np.arange(14)))
        after = training.translator.parameters()
        assert np.abs(after["output.bias"] - before["output.bias"]).max() == pytest.approx(lr, rel=1e-3)


@shows("schedule", "warmup")
def test_schedule(pairs):
    def rates(schedule, warmup=0):
        training, found = begin(pairs, schedule=schedule, warmup=warmup), []
        for _ in range(4):
            training.step(training.examples.batch(np.arange(5)))
            found.append(100 * training.optimizer.param_groups[0]["lr"])
        return pytest.approx(found, abs=1e-4)

    assert rates("constant") == [1, 1, 1, 1]
    assert rates("linear") == [1, 0.75, 0.5, 0.25]
    assert rates("cosine") == [1, 0.8536, 0.5, 0.1464]
    assert rates("inverse_sqrt") == [1, 0.7071, 0.5774, 0.5]
    assert rates("constant", 3) == [0.3333, 0.6667, 1, 1]
    assert rates("linear", 3) == [0.3333, 0.6667, 0.5, 0.25]
    assert rates("inverse_sqrt", 2) == [0.5, 1, 0.8165, 0.7071]


@shows("accumulate")
def test_accumulate(pairs):
    assert [trained(pairs, epochs=1, accumulate=n).progress.step for n in (1, 2, 3, 9)] == [4, 2, 2, 1]


@shows("weight_decay")
def test_weight_decay(pairs):
    """Decoupled: of every parameter, lr · weight_decay goes, whatever its gradient."""
    after = {}
    for weight_decay in (0.0, 0.5):
        training = begin(pairs, weight_decay=weight_decay)
        before = training.translator.parameters()
        training.step(training.examples.batch(np.arange(14)))
        after[weight_decay] = training.translator.parameters()
    for name, value in before.items():
        np.testing.assert_allclose(after[0.0][name] - after[0.5][name], 0.01 * 0.5 * value, atol=1e-6)


@shows("label_smoothing")
def test_label_smoothing(pairs):
    """The model's least loss is where it gives the right token 1 − s, and s spread over all V."""
    plain, smooth = begin(pairs), begin(pairs, label_smoothing=0.3)
    for training in (plain, smooth):
        batch = training.examples.batch(np.arange(3))
        training.step(batch)
    logits = begin(pairs).model(batch.source, batch.source_lengths, batch.target_in, batch.target_lengths)[0]
    log_p = logits.log_softmax(-1).detach().numpy()
    wanted = np.take_along_axis(log_p, batch.target_out[..., None], -1)[..., 0]
    assert plain.loss == pytest.approx(-wanted.mean(), rel=1e-5)
    assert smooth.loss == pytest.approx(-(0.7 * wanted + 0.3 * log_p.mean(-1)).mean(), rel=1e-5)


@shows("measure_every")
def test_measure_every(pairs, tmp_path):
    trained(pairs, tmp_path, measure_every=3, steps=8)
    assert [line["step"] for line in Run(tmp_path).read_metrics() if "dev_loss" in line] == [3, 6, 8]


@shows("best_by")
@pytest.mark.parametrize("by, best", [("loss", 2), ("bleu", 3), ("chrf", 1), ("exact", 4)])
def test_best_by(pairs, monkeypatch, by, best):
    scores = {"dev_loss": [2, 1, 3, 4], "dev_bleu": [1, 2, 4, 3], "dev_chrf": [9, 1, 2, 3], "dev_exact": [0, 0, 0, 1]}
    turns = iter([dict(zip(scores, numbers)) for numbers in zip(*scores.values())])
    monkeypatch.setattr(module, "measure", lambda *_: Measured(next(turns), []))
    training = trained(pairs, best_by=by, measure_every=1)
    assert training.progress.best_step == best


@shows("patience")
def test_patience(pairs, monkeypatch):
    losses = [5, 4, 6, 3, 3, 4, 3, 2, 1]
    for patience, last in ((1, 3), (2, 6), (3, 7), (None, 9)):
        turns = iter(losses)
        monkeypatch.setattr(module, "measure", lambda *_: Measured({"dev_loss": next(turns)}, []))  # noqa: B023
        assert trained(pairs, steps=9, measure_every=1, patience=patience).progress.step == last


@shows("average")
def test_average(pairs, monkeypatch):
    """Four measurements, then the mean of the last two."""
    for score_of_mean, translates in ((1, "mean"), (9, "best")):
        turns, seen = iter([4, 2, 5, 3, score_of_mean]), []

        def measured(translator, _, turns=turns, seen=seen):
            seen.append(translator.parameters())
            return Measured({"dev_loss": next(turns)}, [])

        monkeypatch.setattr(module, "measure", measured)
        translator = trained(pairs, measure_every=1, average=2).translator
        wanted = {"best": seen[1], "mean": {name: (x + seen[3][name]) / 2 for name, x in seen[2].items()}}[translates]
        for name, value in translator.parameters().items():
            np.testing.assert_allclose(value, wanted[name], rtol=1e-6)


@shows("teacher_forcing", "teacher_forcing_schedule")
def test_teacher_forcing(pairs):
    """How much of what the decoder reads is the reference, at the begin, in the middle and at the end."""
    def shares(**options):
        training, found = begin(pairs, steps=5, teacher_forcing=0.2, **options), []
        training.model.output.bias.array[END] = 1e3  # what it says itself
        batch, loss = training.examples.batch(np.arange(14)), training.model.loss
        real = np.arange(batch.target_in.shape[1]) < batch.target_lengths[:, None]
        real[:, 0] = False  # the first input is always the same

        def spy(read, label_smoothing):
            assert ((read.target_in == batch.target_in) | ((read.target_in == END) & real)).all()
            found.append((read.target_in == batch.target_in)[real].mean())
            return loss(read, label_smoothing)

        training.model.loss = spy
        for step in (0, 2, 5):
            training.progress.step = step
            training.step(batch)
        return found

    assert shares(teacher_forcing_schedule="constant") == pytest.approx([0.2] * 3, abs=0.2)
    linear, sigmoid, exponential = (shares(teacher_forcing_schedule=way)
                                    for way in ("linear", "inverse_sigmoid", "exponential"))
    for ways in (linear, sigmoid, exponential):
        assert ways[0] == 1 and ways[2] == pytest.approx(0.2, abs=0.2)
    assert linear[1] == pytest.approx(0.68, abs=0.2) and sigmoid[1] > linear[1] > exponential[1]


@shows("clip")
def test_clip(pairs):
    """After one step Adam's average of gradients is a tenth of the clipped gradient."""
    for clip in (0.1, 0.02):
        training = begin(pairs, clip=clip)
        training.step(training.examples.batch(np.arange(14)))
        averages = [state["exp_avg"].numpy() for state in training.optimizer.state_dict()["state"].values()]
        assert training.progress.grad_norm > 0.1
        assert 10 * np.sqrt(sum((x**2).sum() for x in averages)) == pytest.approx(clip, rel=1e-3)


@shows("seed")
def test_seed(pairs):
    def differ(one, other):
        return not np.array_equal(one["output.weight"], other["output.weight"])

    first, again, other = (begin(pairs, seed=seed) for seed in (1, 1, 2))
    assert not differ(first.translator.parameters(), again.translator.parameters())
    assert differ(first.translator.parameters(), other.translator.parameters())
    assert [list(b) for b in first.rest_of_epoch()] == [list(b) for b in again.rest_of_epoch()]
    assert [list(b) for b in first.rest_of_epoch()] != [list(b) for b in other.rest_of_epoch()]


@shows("threads")
def test_threads(tmp_path):
    before = ta.get_num_threads()
    (tmp_path / "data.tsv").write_text("one\tuno\ntwo\tdos\n")
    try:
        for threads in (1, 2):
            assert command_line(tmp_path, "--threads", threads, "--steps", 0, "--out", tmp_path / str(threads)) == 0
            assert ta.get_num_threads() == threads
    finally:
        ta.set_num_threads(before)
