"""The sample picker counts from 1, knows how many samples there are, and says what a sample is."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from nnlab.core.dataset import DataSpec, Field
from nnlab.core.document import Document
from nnlab.engine.events import Prepared
from nnlab.engine.wants import SampleValues
from nnlab.ui.sample_picker import SamplePicker


@pytest.fixture
def picker(qtbot: QtBot) -> SamplePicker:
    made = SamplePicker()
    qtbot.addWidget(made)
    made.show()
    return made


def prepared(*rows: int) -> Prepared:
    return Prepared(1, Document(), "CPU", "eager", 1, 10, rows)  # type: ignore[arg-type]


def test_begins_at_the_first_training_sample(picker: SamplePicker) -> None:
    assert (picker.part, picker.sample) == ("train", 0)


def test_goes_through_the_samples_and_around_the_end(picker: SamplePicker, qtbot: QtBot) -> None:
    picker.on_prepared(prepared(3, 2, 0))
    back, forth = picker.findChildren(QToolButton)
    seen = []
    for button in (forth, forth, forth, back):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        seen.append(picker.sample)
    assert seen == [1, 2, 0, 2]
    assert "of 3" in picker.number.text()


def test_another_part_has_its_own_number_of_samples(picker: SamplePicker, qtbot: QtBot) -> None:
    picker.on_prepared(prepared(300, 2, 0))
    picker.number.setValue(250)
    with qtbot.waitSignal(picker.changed):
        picker.part_choice.setCurrentIndex(1)
    assert (picker.part, picker.sample) == ("validation", 0)


def test_a_part_that_is_gone_gives_way_to_the_training_part(picker: SamplePicker) -> None:
    picker.on_prepared(prepared(30, 10, 10))
    picker.part_choice.setCurrentIndex(2)
    picker.on_prepared(prepared(30, 10, 0))
    assert picker.part == "train"


def test_says_class_or_value_and_what_was_predicted(picker: SamplePicker) -> None:
    picker.say(1, ("cat", "dog"), [0.9, 0.1], True)
    assert picker.said.text() == "dog, taken for cat"
    picker.say(0, ("cat", "dog"), [0.9, 0.1], True)
    assert picker.said.text() == "cat ✓"
    picker.say(2.5, ("price",), [2.25], False)
    assert picker.said.text() == "2.5, predicted 2.25"
    picker.say(7, (), [], True)
    assert picker.said.text() == "class 8"


def shown(
    spec: DataSpec, *inputs: np.ndarray, prediction: tuple[float, ...] = (0.9, 0.1)
) -> tuple[SampleValues, DataSpec]:
    raw = spec.pack([each[None] for each in inputs])[0]
    return SampleValues(raw, {}, 0.0, np.array(prediction, np.float32), 5), spec


def test_a_picture_is_shown_in_its_colours(picker: SamplePicker) -> None:
    red = np.zeros((3, 4, 4), np.float32)
    red[0] = 1
    picker.show_sample(*shown(DataSpec((3, 4, 4), "classes", answers=("cat", "dog")), red))
    assert picker.picture.isVisible()
    middle = picker.picture.pixmap().toImage().pixelColor(10, 10)
    assert middle.getRgb()[:3] == (255, 0, 0)
    assert picker.said.text() == "cat ✓"
    assert "of 5" in picker.number.text()


@pytest.mark.parametrize(("width", "rows"), [(290, 2), (600, 1)])
def test_a_narrow_panel_cuts_no_control_but_says_the_rest_below(
    picker: SamplePicker, qtbot: QtBot, width: int, rows: int
) -> None:
    picker.on_prepared(prepared(1438, 359, 0))
    picker.show_sample(*shown(DataSpec((3, 4, 4), "classes", answers=("cat", "dog")), np.zeros((3, 4, 4), np.float32)))
    picker.number.setValue(picker.number.maximum())
    picker.resize(width, 120)
    qtbot.waitUntil(lambda: (picker.said.y() > picker.number.geometry().bottom()) is (rows == 2))
    assert picker.width() == width
    for control in (picker.part_choice, picker.number):
        assert control.width() >= control.sizeHint().width()
    assert picker.picture.isVisible()
    assert picker.said.isVisible()


def test_a_picture_beside_a_table_is_found(picker: SamplePicker) -> None:
    spec = DataSpec((2,), "values", ("a", "b"), ("price",), more=(Field("picture", (3, 4, 4)),))
    green = np.zeros((3, 4, 4), np.float32)
    green[1] = 0.5
    picker.show_sample(*shown(spec, np.array([3.0, 4.0]), green, prediction=(2.0,)))
    assert picker.picture.pixmap().toImage().pixelColor(10, 10).getRgb()[:3] == (0, 128, 0)


def test_a_row_of_numbers_has_no_picture(picker: SamplePicker) -> None:
    picker.show_sample(*shown(DataSpec((2,), "classes", ("a", "b"), ("cat", "dog")), np.array([3.0, 4.0])))
    assert not picker.picture.isVisible()


def test_nothing_is_said_where_the_answer_is_a_whole_picture(picker: SamplePicker) -> None:
    spec = DataSpec((1, 2, 2), "classes", answers=("Background", "Object"), target_shape=(2, 2))
    picker.say(0, ("cat", "dog"), [0.9, 0.1], True)
    picker.show_sample(*shown(spec, np.zeros((1, 2, 2), np.float32), prediction=(0.1, 0.2, 0.3, 0.4)))
    assert picker.said.text() == ""
    assert picker.picture.isVisible()
