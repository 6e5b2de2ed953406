import pytest

from tinyattn.text.vocabulary import MANY_WORDS
from tinyattn.translator.config import Config, ConfigError
from tinyattn.translator.defaults import CHOSEN, SIZES, for_data, suited, tokens_for

PAIRS = [("go", "vamos")]


@pytest.mark.parametrize("size", SIZES)
def test_every_row_can_be(size):
    assert Config.from_options({**size[1], "steps": 1, "epochs": None}).hidden == size[1]["hidden"]


@pytest.mark.parametrize("k", range(len(SIZES) - 1))
def test_the_number_of_pairs_decides(k):
    most = int(SIZES[k][0])
    assert suited({}, PAIRS * most).hidden == SIZES[k][1]["hidden"]
    assert suited({}, PAIRS * (most + 1)).hidden == SIZES[k + 1][1]["hidden"]


def test_all_that_is_chosen_is_said_to_be():
    assert set(for_data(PAIRS)) <= CHOSEN
    assert all(hasattr(Config(), name) for name in CHOSEN)


def test_what_is_given_goes_before():
    given = {"hidden": 8, "bidirectional": False, "source_tokens": "char", "minutes": 2}
    config = suited(given, PAIRS)
    assert (config.hidden, config.bidirectional, config.source_tokens, config.minutes) == (8, False, "char", 2.0)
    assert config.epochs is None and config.lr == SIZES[0][1]["lr"]
    with pytest.raises(ConfigError, match="unknown option 'hiden'"):
        suited({"hiden": 7}, PAIRS)


def test_many_words_ask_for_pieces(monkeypatch):
    few = ["The dog", "the Dog"] * 10
    many = [f"word{k}" for k in range(MANY_WORDS + 1)]
    assert tokens_for(few) == "word" and tokens_for(many[:-1]) == "word" and tokens_for(many) == "bpe"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert tokens_for(many) == "word"  # what can be done without the library
