"""The panel that suits the data stands in front, without taking the place of one that the user chose."""

from dataclasses import replace

import pytest

from nnlab.core.dataset import DATASETS
from nnlab.ui.shell.main_window import MainWindow


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=lambda w: w.leave_in_a_hurry())
    made.show()
    made.complete()
    made.files.example("spiral")
    qtbot.wait(1)
    return made


def choose(window: MainWindow, dataset: str) -> None:
    bench = window.bench
    data = bench.document.data.with_(dataset=DATASETS[dataset]())
    bench.apply("Data", replace(bench.document, data=data))


def front(window: MainWindow) -> list[str]:
    return [id_ for id_ in window.workspace.panels if window.workspace.is_in_front(id_)]


def test_data_without_a_plane_bring_the_activations_forward_and_back(window, qtbot):
    assert front(window) == ["boundary"]
    choose(window, "digits")
    qtbot.waitUntil(lambda: front(window) == ["activations"])
    choose(window, "mood")
    assert front(window) == ["activations"]
    choose(window, "moons")
    qtbot.waitUntil(lambda: front(window) == ["boundary"])


def test_a_panel_that_the_user_chose_stays_in_front(window, qtbot):
    window.workspace.open("loss")
    qtbot.waitUntil(lambda: front(window) == ["loss"])
    choose(window, "digits")
    qtbot.waitUntil(lambda: not window.workspace._front._fitted)
    assert front(window) == ["loss"]
    window.workspace.open("boundary")  # though it has nothing to say
    qtbot.waitUntil(lambda: front(window) == ["boundary"])
    choose(window, "mood")
    qtbot.wait(5)
    assert front(window) == ["boundary"]


def test_the_activations_stay_closed_for_whom_closed_them(window, qtbot):
    window.workspace.docks["activations"].close()
    choose(window, "digits")
    qtbot.waitUntil(lambda: not window.workspace._front._fitted)
    qtbot.waitUntil(lambda: "Activations" in window.workspace.panels["boundary"].drawing.message)
    assert front(window) == ["boundary"]
