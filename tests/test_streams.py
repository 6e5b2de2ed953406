import numpy as np
import pytest

from tinyattn.streams import generator, manual_seed, stream, using


def test_a_stream_is_its_arguments():
    assert stream(1, "dropout", 7).random() == stream(1, "dropout", 7).random()


def test_streams_that_differ_in_anything_differ():
    arguments = [(1, "dropout", 7), (2, "dropout", 7), (1, "batches", 7), (1, "dropout", 8), (1, "dropout"),
                 (1, "dropout", 0), (1, "dropout", 7, 0), (1, "dropout", 0, 7), (1, "dropout", 2**32),
                 (1, "dropout", 0, 1), (1, "dropout", 1, 0)]
    first = [stream(*a).random() for a in arguments]
    assert len(set(first)) == len(arguments)


def test_numbers_are_the_same_in_every_version():
    # A checkpoint of today resumes tomorrow only if these stay.
    assert stream(1, "dropout", 812).integers(0, 1000, 5).tolist() == [464, 591, 253, 615, 165]


def test_numpy_integers_are_integers():
    assert stream(np.int64(3), "x", np.uint8(1)).random() == stream(3, "x", 1).random()


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_numbers_out_of_range(seed):
    with pytest.raises(ValueError, match=r"stream: .* 0 \.\.\. 2\*\*64 - 1, got"):
        stream(seed, "x")
    with pytest.raises(ValueError, match=r"stream: .* got"):
        stream(0, "x", seed)


def test_a_float_is_no_number():
    with pytest.raises(TypeError, match="float"):
        stream(1.0, "x")


def test_using_is_for_the_inside_only():
    manual_seed(3)
    expected = generator().random(2)
    manual_seed(3)
    first = generator().random()
    with using(stream(1, "dropout", 1)):
        inside = generator().random()
    assert inside == stream(1, "dropout", 1).random()
    assert [first, generator().random()] == expected.tolist()


def test_using_ends_with_an_error_too():
    outside = generator()
    with pytest.raises(ZeroDivisionError), using(stream(1, "x")):
        raise ZeroDivisionError
    assert generator() is outside


def test_a_stream_may_be_made_when_it_is_wanted():
    made = []

    def make():
        made.append(stream(1, "dropout", 1))
        return made[-1]

    with using(make):
        assert not made
        numbers = [generator().random(), generator().random()]
    assert len(made) == 1 and numbers == stream(1, "dropout", 1).random(2).tolist()
    assert generator() is not made[0]
