import numpy as np
import pytest

from tinyattn.text.batches import Examples, Rows, batch_indices, make_batch, pad
from tinyattn.text.vocabulary import END, PAD, START, UNKNOWN

EXAMPLES = [([5] * (k % 7 + 1), [6] * (k % 5 + 1)) for k in range(1000)]
ALL = Examples(EXAMPLES)


def test_padding():
    rows, lengths = pad([[5, 6], [], [7, 8, 9]])
    np.testing.assert_array_equal(rows, [[5, 6, PAD], [PAD] * 3, [7, 8, 9]])
    np.testing.assert_array_equal(lengths, [2, 0, 3])
    assert rows.dtype == lengths.dtype == np.int64


def test_some_rows_of_many():
    rows = Rows([[5, 6], [], [4], [7, 8, 9]])
    places, lengths = rows.places(np.array([3, 1, 0]))
    np.testing.assert_array_equal(rows.at(places), [[7, 8, 9], [PAD] * 3, [5, 6, PAD]])
    np.testing.assert_array_equal(lengths, [3, 0, 2])
    assert rows.at(places).dtype == lengths.dtype == np.int64
    assert rows.at(rows.places(np.array([1, 1]))[0]).shape == (2, 0)


def test_the_decoder_reads_what_it_was_asked_for():
    batch = make_batch([([5, 6], [7]), ([8], [9, 10])])
    np.testing.assert_array_equal(batch.source, [[5, 6], [8, PAD]])
    np.testing.assert_array_equal(batch.source_lengths, [2, 1])
    np.testing.assert_array_equal(batch.target_in, [[END, 7, PAD], [END, 9, 10]])
    np.testing.assert_array_equal(batch.target_out, [[7, END, PAD], [9, 10, END]])
    np.testing.assert_array_equal(batch.target_lengths, [2, 3])


def test_those_that_are_too_long_are_left_out():
    examples = Examples([([5, 6, 7], [8]), ([5, 6], [7, 8]), ([5], [6, 7, 8])], source_end=True, longest=2)
    assert len(examples) == 1 and examples.left_out == 2
    np.testing.assert_array_equal(examples.batch(np.array([0])).source, [[5, 6, END]])


def test_one_of_each_frequent_token_teaches_what_unknown_is():
    rows = Rows([[5, 6, END], *[[6, 7, 5, END]] * 99, [8]])
    rows.learn_unknown()
    assert [rows.ids[rows.starts[k] :][:4].tolist() for k in (0, 49, 50, 51)] == [
        [5, 6, END, PAD], [6, 7, 5, END], [UNKNOWN, 7, UNKNOWN, END], [6, 7, 5, END]]
    assert (rows.ids == UNKNOWN).sum() == 2
    rows.learn_unknown()
    assert (rows.ids == UNKNOWN).sum() == 2


def test_start_and_source_end():
    batch = make_batch([([5, 6], [7])], start=START, source_end=True)
    np.testing.assert_array_equal(batch.source, [[5, 6, END]])
    np.testing.assert_array_equal(batch.target_in, [[START, 7]])


@pytest.mark.parametrize("options", [{}, {"start": START, "source_end": True}])
def test_some_of_many_are_what_they_are_by_themselves(options):
    random = np.random.default_rng(0)
    examples = [([int(k) for k in random.integers(4, 99, random.integers(1, 9))],
                 [int(k) for k in random.integers(4, 99, random.integers(0, 9))]) for _ in range(50)]
    for _ in range(20):
        chosen = random.permutation(50)[:random.integers(1, 8)]
        batch, wanted = Examples(iter(examples), **options).batch(chosen), make_batch([examples[k] for k in chosen], **options)
        for name in vars(wanted):
            np.testing.assert_array_equal(getattr(batch, name), getattr(wanted, name))
            assert getattr(batch, name).dtype == np.int64
        for k, source, target_in, target_out in zip(chosen, batch.source, batch.target_in, batch.target_out):
            closing, start = [END] * bool(options), options.get("start", END)
            assert source[source != PAD].tolist() == examples[k][0] + closing
            assert target_in[target_in != PAD].tolist() == [start, *examples[k][1]]
            assert target_out[target_out != PAD].tolist() == [*examples[k][1], END]


@pytest.mark.parametrize("examples, message", [
    ([], "got none"),
    ([([5], [6]), ([], [6])], "example 1 has an empty source"),
])
def test_no_batch(examples, message):
    with pytest.raises(ValueError, match=message):
        make_batch(examples)


def test_every_example_once_an_epoch():
    batches = batch_indices(ALL, 64, seed=1, epoch=0)
    assert sorted(np.concatenate(batches)) == list(range(1000))
    assert len(batches) == 16 and sorted(map(len, batches)) == [40] + [64] * 15


def test_epochs_and_seeds_differ_and_repeat():
    def order(**what):
        return np.concatenate(batch_indices(ALL, 64, **what)).tolist()

    assert order(seed=1, epoch=0) == order(seed=1, epoch=0)
    assert order(seed=1, epoch=0) != order(seed=1, epoch=1)
    assert order(seed=1, epoch=0) != order(seed=2, epoch=0)


def test_like_lengths_go_together():
    def padding(batches):
        lengths = [[len(EXAMPLES[k][1]) for k in batch] for batch in batches]
        return sum(max(row) * len(row) - sum(row) for row in lengths)

    chance = np.array_split(np.random.default_rng(0).permutation(1000), 16)
    assert padding(batch_indices(ALL, 64, seed=1, epoch=0)) < padding(chance) / 5


def test_a_batch_of_nothing():
    with pytest.raises(ValueError, match="batch_size: wanted at least 1, got 0"):
        batch_indices(ALL, 0, 1, 0)
