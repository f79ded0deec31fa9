"""What every optimizer and every schedule promises."""

import dataclasses

import pytest
import torch

from nnlab.core.optimizer import OPTIMIZERS, Optimizer
from nnlab.core.schedule import SCHEDULES, Schedule


@pytest.mark.parametrize("kind", [OPTIMIZERS[i] for i in OPTIMIZERS], ids=list(OPTIMIZERS))
class TestEveryOptimizer:
    def test_explains_itself(self, kind: type[Optimizer]) -> None:
        assert kind.title
        assert kind.__doc__
        assert kind.good_rate > 0
        assert all(p.why for p in kind.params())

    def test_is_a_class_of_torch_that_takes_its_arguments(self, kind: type[Optimizer]) -> None:
        for settings in (kind(), *(changed(kind(), p.name) for p in kind.params())):
            parameter = torch.nn.Parameter(torch.ones(2))
            optimizer = getattr(torch.optim, kind.torch_name)(
                [parameter], lr=0.1, weight_decay=0.0, **settings.arguments()
            )
            parameter.sum().backward()
            optimizer.step()
            assert torch.all(parameter < 1)

    def test_names_only_what_differs_from_torch(self, kind: type[Optimizer]) -> None:
        assert kind().arguments() == {}


def changed(settings: Optimizer, name: str) -> Optimizer:
    """The same with one setting moved inside its range."""
    value = getattr(settings, name)
    return dataclasses.replace(settings, **{name: (not value) if isinstance(value, bool) else (value or 1.0) / 2})


def test_nesterov_without_momentum_means_nothing() -> None:
    assert OPTIMIZERS["sgd"](nesterov=True).arguments() == {}
    assert OPTIMIZERS["sgd"](nesterov=True, momentum=0.5).arguments() == {"nesterov": True, "momentum": 0.5}


@pytest.mark.parametrize("kind", [SCHEDULES[i] for i in SCHEDULES], ids=list(SCHEDULES))
class TestEverySchedule:
    def test_explains_itself(self, kind: type[Schedule]) -> None:
        assert kind.title
        assert kind.__doc__
        assert all(p.why for p in kind.params())

    @pytest.mark.parametrize(("steps", "epochs"), [(1, 1), (3, 1), (1, 9), (7, 20), (20, 120)])
    def test_is_torch_s_own_scheduler(self, kind: type[Schedule], steps: int, epochs: int) -> None:
        for schedule in (kind(), *variants(kind())):
            assert_equals_torch(schedule, steps, epochs)

    def test_stays_between_nothing_and_the_rate_that_is_set_even_beyond_the_end(self, kind: type[Schedule]) -> None:
        for step in range(0, 400, 7):
            assert 0 <= kind().factor(step, 10, 30) <= 1


def variants(schedule: Schedule) -> list[Schedule]:
    """The same with one setting halved."""
    found = []
    for p in schedule.params():
        value = getattr(schedule, p.name)
        half = max(1, value // 4) if isinstance(value, int) else value / 2 or 0.25
        found.append(schedule.with_(**{p.name: half}))
    return found


def assert_equals_torch(schedule: Schedule, steps: int, epochs: int) -> None:
    rate = 0.3
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=rate)
    call = schedule.torch_call(rate, steps, epochs)
    if not call:
        assert {schedule.factor(s, steps, epochs) for s in range(steps * epochs)} == {1.0}
        return
    try:
        scheduler = eval(call, {"torch": torch, "optimizer": optimizer})
    except ZeroDivisionError:
        return  # torch's own refuses runs of a single step
    for epoch in range(epochs):
        for step in range(steps):
            expected = optimizer.param_groups[0]["lr"]
            found = rate * schedule.factor(epoch * steps + step, steps, epochs)
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
            optimizer.step()
            last = epoch == epochs - 1 and step == steps - 1
            if not last and (schedule.per_step or step == steps - 1):
                scheduler.step()
