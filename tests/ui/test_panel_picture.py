"""A panel's picture is made of what the file holds: its curves become the events they came from."""

import numpy as np
import pytest

from nnlab import Project
from nnlab.engine.events import Epochs, Losses
from nnlab.ui.panel_picture import recorded


@pytest.fixture(scope="module")
def told_and_run():
    project, told = Project.example("spiral"), []
    run = project.train(epochs=3, device="cpu", on_event=told.append)
    return told, run


def test_recorded_curves_become_the_events_they_came_from(told_and_run):
    told, run = told_and_run
    events = recorded(1, run.history)
    assert isinstance(events[0], Losses)
    np.testing.assert_array_equal(events[0].values, np.concatenate([e.values for e in told if isinstance(e, Losses)]))
    assert events[1].rows == [row for e in told if isinstance(e, Epochs) for row in e.rows]


def test_a_run_without_validation_has_none_in_its_events(told_and_run):
    _, run = told_and_run
    curves = {**run.history, "validation_loss": np.full(3, np.nan), "validation_metric": np.full(3, np.nan)}
    assert all(row.validation_loss is None for row in recorded(1, curves)[1].rows)


def test_curves_that_do_not_belong_together_are_left_out(told_and_run):
    _, run = told_and_run
    assert recorded(1, None) == []
    assert recorded(1, {"loss": run.history["loss"]}) == []
    assert recorded(1, {**run.history, "step": np.arange(2)}) == []
