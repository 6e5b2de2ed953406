import numpy as np
import pytest

from tinyattn.translator import best
from tinyattn.translator.best import mean, rank, require_measurable
from tinyattn.translator.config import Config, ConfigError


@pytest.fixture
def without_sacrebleu(monkeypatch):
    monkeypatch.setattr(best, "find_spec", lambda name: None)


def worth(by, score, loss):
    return rank(Config(best_by=by), {"dev_loss": loss, "dev_chrf": score})


def test_a_lower_loss_or_a_higher_score_is_better():
    assert worth("loss", 0, 1.0) > worth("loss", 100, 2.0)
    assert worth("chrf", 90.0, 2.0) > worth("chrf", 89.0, 1.0)


def test_of_two_that_translate_alike_the_surer_is_better():
    assert worth("chrf", 100.0, 1.0) > worth("chrf", 100.0, 2.0)
    assert worth("chrf", 100.0, 1.0) == worth("chrf", 100.0, 1.0)


@pytest.mark.parametrize("by", ["bleu", "chrf"])
def test_what_is_measured_with_sacrebleu_needs_it(by, pairs, without_sacrebleu):
    with pytest.raises(ConfigError, match=rf"best_by: {by} is measured with sacrebleu, which is not installed: pip install"):
        require_measurable(Config(best_by=by), pairs)
    require_measurable(Config(best_by="exact"), pairs)


@pytest.mark.parametrize("name", ["patience", "average"])
def test_what_needs_dev(name):
    with pytest.raises(ConfigError, match=f"{name}: wanted dev pairs to measure on, got none: leave it out, or give some"):
        require_measurable(Config(**{name: 2}), [])


def test_mean():
    many = [{"w": np.array([1, 2], np.float32), "b": np.float32([k])} for k in (1, 2, 6)]
    found = mean(many)
    assert found["w"].tolist() == [1, 2] and found["b"].tolist() == [3] and found["b"].dtype == np.float32
