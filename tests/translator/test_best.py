import numpy as np
import pytest

from tinyattn.translator import best
from tinyattn.translator.best import is_better, mean, require_measurable
from tinyattn.translator.config import Config, ConfigError


@pytest.fixture
def without_sacrebleu(monkeypatch):
    monkeypatch.setattr(best, "find_spec", lambda name: None)


@pytest.mark.parametrize("by, score, than, better", [
    ("loss", 1, 2, True), ("loss", 2, 2, False), ("bleu", 1, 2, False), ("bleu", 2, 2, False), ("exact", 3, 2, True),
    ("chrf", 0, None, True),
])
def test_better(by, score, than, better):
    assert is_better(Config(best_by=by), score, than) == better


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
