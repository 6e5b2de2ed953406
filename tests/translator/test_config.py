import pytest

from tinyattn.translator.config import DEFAULT_EPOCHS, Config, ConfigError


def test_without_a_budget_it_is_epochs():
    assert Config().epochs == DEFAULT_EPOCHS
    assert Config(steps=5).epochs is None


@pytest.mark.parametrize("options, message", [
    ({"hidden": 0}, "hidden: wanted a whole number at least 1, got 0"),
    ({"hidden": 1.5}, "hidden: wanted a whole number"),
    ({"hidden": True}, "hidden: wanted a whole number"),
    ({"dropout": 1.0}, "dropout: wanted a number at least 0 and below 1, got 1.0"),
    ({"lr": 0}, "lr: wanted a number above 0"),
    ({"lr": float("nan")}, "lr: wanted a number"),
    ({"attention": "softest"}, "attention: wanted one of none, dot, .*, got \"softest\""),
    ({"bidirectional": "yes"}, "bidirectional: wanted true or false"),
    ({"strict": None}, "strict: wanted true or false, got not set"),
    ({"data": 3}, "data: wanted text"),
    ({"steps": 3, "minutes": 1}, "steps and minutes: wanted one budget, got 2"),
    ({"hiden": 3}, "unknown option 'hiden': did you mean 'hidden'"),
    ({"zzz": 3}, "unknown option 'zzz': wanted one of data, dev"),
])
def test_options_that_cannot_be(options, message):
    with pytest.raises(ConfigError, match=message):
        Config.from_options(options)


def test_whole_numbers_are_numbers():
    assert type(Config(minutes=2).minutes) is float


def test_a_new_budget_replaces_the_old_one():
    config = Config(steps=5).with_options({"minutes": 2, "hidden": 8})
    assert (config.steps, config.minutes, config.hidden) == (None, 2.0, 8)
    assert Config(steps=5).with_options({"hidden": 8}).steps == 5


def test_a_file_says_everything_and_is_read_back(tmp_path):
    config = Config(data='a "b"\\\x7fñ.tsv', steps=7, lr=1e-5, bidirectional=True)
    config.save(tmp_path / "config.toml")
    assert Config.load(tmp_path / "config.toml") == config
    text = (tmp_path / "config.toml").read_text()
    assert "bidirectional = true" in text and "# epochs is not set" in text and "seed of every random stream" in text


def test_a_person_may_write_less(tmp_path):
    (tmp_path / "c.toml").write_text("hidden = 16\n")
    assert Config.load(tmp_path / "c.toml") == Config(hidden=16)


@pytest.mark.parametrize("text, message", [
    ("hidden = ", "not valid TOML"),
    ("hidden = 0", "hidden: wanted"),
    ("", "is empty"),
])
def test_files_that_are_none(tmp_path, text, message):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        Config.load(tmp_path / "c.toml")
    assert "c.toml" in str(caught.value)


def test_options_given_again_must_agree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = Config(data="x.tsv", steps=5)
    config.require_agreement({"data": str(tmp_path / "x.tsv"), "steps": 5})
    with pytest.raises(ConfigError, match="hidden was 128, now 8; steps was 5, now 6: leave them out"):
        config.require_agreement({"hidden": 8, "steps": 6})
    with pytest.raises(ConfigError, match=r"minutes was not set, now 2\.0"):
        config.require_agreement({"minutes": 2})
