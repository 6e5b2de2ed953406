"""Schedules: their formulas, PyTorch's over 50 steps, two at once, saved and loaded, and what is refused."""

import copy
import math

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.nn import Parameter
from tinyattn.optim import SGD, lr_scheduler

MEASURED = [math.sin(t / 3) / (1 + t / 10) + (t % 7) / 20 for t in range(60)]

SCHEDULES = {
    "LambdaLR": {"lr_lambda": lambda t: 0.9**t},
    "LambdaLR, one each": {"lr_lambda": [lambda t: 1 / (1 + t), lambda t: min(1, t / 10)]},
    "StepLR": {"step_size": 7, "gamma": 0.5},
    "MultiStepLR": {"milestones": [3, 10, 10, 31], "gamma": 0.5},
    "ConstantLR": {"factor": 0.25, "total_iters": 9},
    "ConstantLR, default": {},
    "LinearLR": {"start_factor": 0.2, "end_factor": 0.7, "total_iters": 30},
    "LinearLR, default": {},
    "ExponentialLR": {"gamma": 0.97},
    "CosineAnnealingLR": {"T_max": 50, "eta_min": 0.001},
    "CosineAnnealingLR, up and down": {"T_max": 8},
    "ReduceLROnPlateau": {"patience": 2, "factor": 0.5},
    "ReduceLROnPlateau, max": {"mode": "max", "patience": 1, "cooldown": 3, "min_lr": [0.01, 0.002]},
    "ReduceLROnPlateau, abs": {"threshold_mode": "abs", "threshold": 0.2, "patience": 0, "min_lr": 1e-4, "eps": 1e-3},
    "ReduceLROnPlateau, max abs": {"mode": "max", "threshold_mode": "abs", "threshold": 0.01, "patience": 4},
    "ReduceLROnPlateau, max rel": {"mode": "max", "threshold": 0.1, "patience": 3, "cooldown": 1},
}
CLOSED = {  # the factor of the initial rate at epoch t
    "StepLR": lambda t: 0.5 ** (t // 7),
    "MultiStepLR": lambda t: 0.5 ** sum(milestone <= t for milestone in (3, 10, 10, 31)),
    "ConstantLR": lambda t: 0.25 if t < 9 else 1,
    "LinearLR": lambda t: 0.2 + 0.5 * min(t / 30, 1),
    "ExponentialLR": lambda t: 0.97**t,
    "CosineAnnealingLR, up and down": lambda t: (1 + math.cos(math.pi * t / 8)) / 2,
}


def optimizer(library=ta):
    x, y = (Parameter(np.ones(1)), Parameter(np.ones(1))) if library is ta else library.ones(2, 1)
    return library.optim.SGD([{"params": [x]}, {"params": [y], "lr": 0.04}], lr=0.3)


def make(library, name, rates=None, **more):
    scheduler = getattr(library.optim.lr_scheduler, name.split(",")[0])
    return scheduler(rates or optimizer(library), **SCHEDULES[name], **more)


def rates_of(scheduler, first, last):
    """The rates of all groups in epochs first ... last − 1."""
    rates = []
    for t in range(first, last):
        scheduler.optimizer.step()
        scheduler.step(*[MEASURED[t]] * ("Plateau" in type(scheduler).__name__))
        rates.append([group["lr"] for group in scheduler.optimizer.param_groups])
        assert scheduler.get_last_lr() == rates[-1] and scheduler.last_epoch == t + 1
    return np.array(rates)


@pytest.mark.parametrize("name", SCHEDULES)
def test_fifty_steps_as_in_pytorch_also_after_loading(name):
    torch = pytest.importorskip("torch")
    ours, theirs = make(ta, name), make(torch, name)
    assert ours.get_last_lr() == theirs.get_last_lr()
    first, wanted = rates_of(ours, 0, 23), rates_of(theirs, 0, 50)
    again = make(ta, name)
    again.load_state_dict(copy.deepcopy(ours.state_dict()))
    again.optimizer.load_state_dict(ours.optimizer.state_dict())
    np.testing.assert_allclose(np.concatenate([first, rates_of(again, 23, 50)]), wanted, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", SCHEDULES)
def test_pytorchs_state_goes_on_here_and_ours_there(name):
    torch = pytest.importorskip("torch")
    here, there, whole = make(ta, name), make(torch, name), make(torch, name)
    wanted = rates_of(whole, 0, 50)
    rates_of(here, 0, 12)
    there.load_state_dict(here.state_dict())
    there.optimizer.load_state_dict(here.optimizer.state_dict())
    np.testing.assert_allclose(rates_of(there, 12, 30), wanted[12:30], rtol=1e-12)
    here = make(ta, name)
    here.load_state_dict(there.state_dict())
    here.optimizer.load_state_dict(there.optimizer.state_dict())
    np.testing.assert_allclose(rates_of(here, 30, 50), wanted[30:], rtol=1e-12)


@pytest.mark.parametrize("name", CLOSED)
def test_formulas(name):
    scheduler = make(ta, name)
    np.testing.assert_allclose(scheduler.get_last_lr(), [0.3 * CLOSED[name](0), 0.04 * CLOSED[name](0)], rtol=1e-12)
    wanted = [[lr * CLOSED[name](t) for lr in (0.3, 0.04)] for t in range(1, 51)]
    np.testing.assert_allclose(rates_of(scheduler, 0, 50), wanted, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if "Plateau" not in name])
def test_going_on_from_an_epoch_as_in_pytorch(name):
    torch = pytest.importorskip("torch")
    runs = []
    for library in (ta, torch):
        rates = make(library, name, last_epoch=-1).optimizer
        scheduler = make(library, name, rates, last_epoch=10)
        runs.append([scheduler.get_last_lr(), *rates_of(scheduler, 11, 40).tolist()])
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-12)


def test_two_schedules_on_one_optimiser_as_in_pytorch():
    torch = pytest.importorskip("torch")
    runs = []
    for library in (ta, torch):
        both = optimizer(library)
        schedules = [make(library, name, both) for name in ("LinearLR", "ExponentialLR", "StepLR", "CosineAnnealingLR")]
        assert all(scheduler.base_lrs == [0.3, 0.04] for scheduler in schedules)
        runs.append([])
        for _ in range(50):
            both.step()
            for scheduler in schedules:
                scheduler.step()
            runs[-1].append(schedules[-1].get_last_lr())
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-12)


def test_a_rate_set_by_hand_stays_set():
    scheduler = make(ta, "ExponentialLR")
    scheduler.optimizer.param_groups[0]["lr"] = 1.0
    scheduler.step()
    np.testing.assert_allclose(scheduler.get_last_lr(), [0.97, 0.04 * 0.97])


def test_a_measurement_may_be_a_tensor_and_groups_may_come_later():
    scheduler = make(ta, "ReduceLROnPlateau, abs")
    scheduler.optimizer.add_param_group({"params": [Parameter(np.ones(1))], "lr": 1.0})
    for _ in range(2):
        scheduler.step(ta.tensor(1.0))
    np.testing.assert_allclose(scheduler.get_last_lr(), [0.03, 0.004, 0.1])


def test_the_rates_reach_the_parameters():
    x = Parameter(np.zeros(1))
    rates = SGD([x], lr=1.0)
    scheduler = lr_scheduler.StepLR(rates, step_size=1, gamma=0.5)
    for _ in range(3):
        x.grad = ta.ones(1, dtype=ta.float64)
        rates.step()
        scheduler.step()
    assert x.item() == -1.75


def test_a_users_own_schedule():
    class Warmup(lr_scheduler.LRScheduler):
        def __init__(self, optimizer, steps):
            self.steps = steps
            super().__init__(optimizer)

        def get_lr(self):
            return [lr * min(1, (self.last_epoch + 1) / self.steps) for lr in self.base_lrs]

    scheduler = Warmup(optimizer(), 4)
    np.testing.assert_allclose(rates_of(scheduler, 0, 5)[:, 0], np.minimum(1, np.arange(2, 7) / 4) * 0.3)
    with pytest.raises(NotImplementedError, match=r"LRScheduler: a schedule needs a method get_lr\(self\)"):
        lr_scheduler.LRScheduler(optimizer())


def test_what_the_function_of_a_lambda_schedule_remembers():
    class Halving:
        def __init__(self):
            self.factor = 1.0

        def __call__(self, t):
            self.factor /= 2
            return self.factor

    scheduler = lr_scheduler.LambdaLR(optimizer(), [Halving(), lambda t: 1.0])
    scheduler.step()
    saved = copy.deepcopy(scheduler.state_dict())
    assert saved["lr_lambdas"] == [{"factor": 0.25}, None] and "optimizer" not in saved
    again = lr_scheduler.LambdaLR(optimizer(), [Halving(), lambda t: 1.0])
    again.load_state_dict(saved)
    again.step()
    assert again.last_epoch == 2 and again.get_last_lr() == [0.3 / 8, 0.04]


@pytest.mark.parametrize("wrong, error, text", [
    (lambda o: lr_scheduler.StepLR([o], 3), TypeError, "StepLR: wanted an Optimizer, got list"),
    (lambda o: lr_scheduler.LambdaLR(None, abs), TypeError, "LambdaLR: wanted an Optimizer, got NoneType"),
    (lambda o: lr_scheduler.ReduceLROnPlateau(3), TypeError, "ReduceLROnPlateau: wanted an Optimizer, got int"),
    (lambda o: lr_scheduler.ExponentialLR(o, 0.5, last_epoch=3), KeyError,
     "ExponentialLR: with last_epoch = 3 group 0 must have an initial_lr: load the optimizer's state first"),
    (lambda o: lr_scheduler.LambdaLR(o, [abs]), ValueError, "LambdaLR: wanted one lr_lambda for each of 2 groups, got 1"),
    (lambda o: lr_scheduler.ReduceLROnPlateau(o, min_lr=[0.1] * 3), ValueError,
     "ReduceLROnPlateau: wanted one min_lr for each of 2 groups, got 3"),
    (lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1.0), ValueError, "ReduceLROnPlateau: factor must be below 1, got 1.0"),
    (lambda o: lr_scheduler.ReduceLROnPlateau(o, mode="least"), ValueError, "mode must be min or max, .* got least and rel"),
    (lambda o: lr_scheduler.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold_mode rel or abs, got min and x"),
    (lambda o: lr_scheduler.ConstantLR(o, 0), ValueError, r"ConstantLR: factor must be in 0 \.\.\. 1, 0 excluded, got 0"),
    (lambda o: lr_scheduler.LinearLR(o, 0), ValueError, "LinearLR: start_factor and end_factor .* got 0 and 1.0"),
    (lambda o: lr_scheduler.LinearLR(o, 0.5, 2), ValueError, "LinearLR: start_factor and end_factor .* got 0.5 and 2"),
])
def test_what_is_refused(wrong, error, text):
    with pytest.raises(error, match=text):
        wrong(optimizer())
