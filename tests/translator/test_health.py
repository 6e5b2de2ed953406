import math

import numpy as np
import pytest

from tinyattn.translator.health import Health, in_words

NAMES = ("entropy", "entropy_share", "first", "last", "even", "coverage", "repeats", "order")


def numbers(*batches):
    health = Health()
    for batch in batches:
        health.add(*map(np.asarray, batch))
    return health.numbers()


def batch(weights, source=None, steps=None):
    weights = np.asarray(weights, np.float32)[None]
    return weights, [source or weights.shape[2]], [steps or weights.shape[1]]


def assert_is(found, **wanted):
    assert {name: found[f"attention_{name}"] for name in wanted} == pytest.approx(wanted, abs=1e-6)


def test_one_to_one():
    found = numbers(batch(np.eye(4)))
    assert_is(found, entropy=0, entropy_share=0, first=1 / 4, last=1 / 4, even=1 / 4, coverage=1, repeats=0, order=1)
    assert found.keys() == {f"attention_{name}" for name in NAMES}
    assert in_words(found) == "attention: sharp (0.00 of uniform's entropy), covers 100% of the source"


def test_backward():
    assert_is(numbers(batch(np.eye(5)[::-1])), order=-1, coverage=1)


def test_even():
    found = numbers(batch(np.full((3, 4), 1 / 4)))
    assert_is(found, entropy=math.log(4), entropy_share=1, first=1 / 4, last=1 / 4, coverage=0, repeats=1, order=0)
    assert in_words(found) == "attention: nearly even (1.00 of uniform's entropy): it has not learned to choose yet"


def test_stuck_on_an_end():
    last = np.tile([0.0, 0.1, 0.2, 0.7], (3, 1))
    found = numbers(batch(last))
    assert_is(found, first=0, last=0.7, coverage=1 / 4, repeats=1, order=0)
    assert in_words(found) == ("attention: 70% of it on the last source token, where 25% would be even: it has not learned "
                               "to choose yet")
    assert "70% of it on the first source token" in in_words(numbers(batch(last[:, ::-1])))
    # On two tokens, 60% is no sign of anything.
    assert "on the last" not in in_words(numbers(batch([[0.4, 0.6], [0.4, 0.6]])))


def test_in_words():
    assert [in_words({f"attention_{name}": share for name in NAMES}).split(" (")[0] for share in (0.1, 0.4)] == [
        "attention: sharp", "attention: fairly sharp"]
    spread = {f"attention_{name}": 0.3 for name in NAMES} | {"attention_entropy_share": 0.7}
    assert in_words(spread) == "attention: spread (0.70 of uniform's entropy), covers 30% of the source"
    assert in_words({"dev_loss": 1.0}) == ""


def test_padding_counts_for_nothing():
    """Rows after `steps` hold what the end of the sentence and the padding looked at; columns after the source, 0."""
    padded = np.zeros((6, 7), np.float32)
    padded[:4, :4] = np.eye(4)
    padded[4:, 2] = 1
    assert numbers(batch(padded, 4, 4)) == pytest.approx(numbers(batch(np.eye(4))))


def test_batches_add_up():
    random = np.random.default_rng(0)
    weights = random.dirichlet(np.ones(5), (6, 4)).astype(np.float32)
    lengths, steps = np.array([5, 4, 1, 3, 2, 5]), np.array([4, 3, 4, 0, 1, 2])
    weights *= np.arange(5) < lengths[:, None, None]
    weights /= weights.sum(-1, keepdims=True)
    whole = numbers((weights, lengths, steps))
    assert numbers(*((weights[k:k + 2], lengths[k:k + 2], steps[k:k + 2]) for k in (0, 2, 4))) == pytest.approx(whole)
    # The third source is a single token, the fourth target has no word: neither is looked at.
    kept = [0, 1, 4, 5]
    assert numbers((weights[kept], lengths[kept], steps[kept])) == pytest.approx(whole)
    words = [weights[k, t, :lengths[k]] for k in kept for t in range(steps[k])]
    entropies = [-(w * np.log(w)).sum() for w in words]
    assert_is(whole, entropy=np.mean(entropies), first=np.mean([w[0] for w in words]), last=np.mean([w[-1] for w in words]),
              entropy_share=np.mean([e / math.log(len(w)) for e, w in zip(entropies, words)]),
              even=np.mean([1 / len(w) for w in words]))
    centres = [weights[k, :steps[k]] @ np.arange(5) for k in (0, 1)]  # of those with three words or more
    assert_is(whole, order=np.mean([np.corrcoef(c, np.arange(len(c)))[0, 1] for c in centres]))


def test_nothing_to_look_at():
    assert numbers() == {} == numbers(batch(np.ones((3, 1))))
