import json

import pytest

from tinyattn.text.batches import Examples
from tinyattn.text.pairs import clean_pairs
from tinyattn.text.report import DataReport
from tinyattn.text.side import Side

TRAIN = clean_pairs([("a b", "x"), ("a", "x y z"), ("a b c", "x"), ("a a a a", "y"), ("alone", "")])
DEV = [("a b", "x"), ("a d", "w"), ("a", "x"), ("a b", "y")]


def report(dev=DEV, longest=3, source_end=False):
    sides = tuple(Side.learn([pair[k] for pair in TRAIN.pairs], "word", min_count=1 + (k == 0)) for k in (0, 1))
    pairs = ((sides[0].ids(source), sides[1].ids(target)) for source, target in TRAIN.pairs)
    examples = Examples(pairs, source_end=source_end, longest=longest)
    return DataReport([TRAIN.report], TRAIN.pairs, dev, sides, examples, longest, (source_end, 1))


@pytest.mark.parametrize("source_end", [False, True])
def test_the_numbers(source_end):
    found = report(source_end=source_end).as_dict()
    assert (found["pairs"], found["dev_pairs"], found["longer_than_max_length"]) == (3, 4, 1)
    assert found["dev_sources_in_training"] == {"count": 2, "first": ["a b", "a"]}
    assert found["source"] == {"tokens": "word", "median": 2, "95%": 3, "longest": 3, "vocabulary": 6,
                               "dev_known": pytest.approx(6 / 7), "unknown": 1}
    assert found["target"] == {"tokens": "word", "median": 1, "95%": 3, "longest": 3, "vocabulary": 7,
                               "dev_known": pytest.approx(3 / 4), "unknown": 0}
    assert found["files"][0]["dropped"] == {"a blank side": {"count": 1, "first_lines": [5]}}
    json.dumps(found)


def test_for_people():
    lines = str(report()).split("\n")
    assert lines[0] == "training on 3 pairs, measuring on 4"
    assert lines[1] == "  left out 1 with more than 3 tokens on a side (--max-length)"
    assert lines[2].endswith("2 source sentences of dev also stand in training, which flatters its scores: 'a b', 'a'")
    assert lines[4].split() == ["source,", "word", "2", "3", "3", "6", "85.71%", "1"]
    assert lines[5].split()[-2:] == ["75.00%", "nothing"] and len({len(line) for line in lines[3:]}) == 1
    assert [line.split()[-2] for line in str(report(dev=[], longest=None)).split("\n")[-2:]] == ["-", "-"]
