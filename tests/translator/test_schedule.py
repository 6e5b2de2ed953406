import pytest

from tinyattn.translator.config import SCHEDULES
from tinyattn.translator.schedule import CURVES, learning_rate


def test_every_schedule_has_its_curve():
    assert set(CURVES) == set(SCHEDULES)


@pytest.mark.parametrize("schedule, start, middle, end", [
    ("constant", 2, 2, 2), ("linear", 2, 1, 0), ("cosine", 2, 1, 0), ("inverse_sqrt", 2, 2 / 50**0.5, 0.2),
])
def test_curves(schedule, start, middle, end):
    found = [learning_rate(2.0, schedule, 0, step, done) for step, done in ((1, 0.0), (50, 0.5), (100, 1.0))]
    assert found == pytest.approx([start, middle, end])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_warming_up_is_a_straight_line_to_the_curve(schedule):
    rates = [learning_rate(1.0, schedule, 10, step, (step - 1) / 100) for step in range(1, 101)]
    highest = rates.index(max(rates))
    assert rates[:highest] == pytest.approx([step / 10 for step in range(1, highest + 1)])
    assert rates[highest:] == pytest.approx([learning_rate(1.0, schedule, 0, step, (step - 1) / 100)
                                             * (10**0.5 if schedule == "inverse_sqrt" else 1)
                                             for step in range(highest + 1, 101)])
