"""A drawing that scrolls says its sentence where it is seen."""

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from nnlab.ui.drawing import Drawing


def test_a_sentence_stands_in_the_middle_of_what_is_seen(qtbot: QtBot) -> None:
    area, drawing = QScrollArea(), Drawing("Name", "Description")
    qtbot.addWidget(area)
    area.setWidgetResizable(True)
    drawing.setMinimumHeight(2_000)
    area.setWidget(drawing)
    area.resize(300, 200)
    area.show()
    view = area.viewport().rect()
    assert drawing._seen() == QRectF(0, 0, view.width(), view.height())
    area.verticalScrollBar().setValue(500)
    assert drawing._seen() == QRectF(0, 500, view.width(), view.height())


def test_a_drawing_that_does_not_scroll_is_seen_as_it_is(qtbot: QtBot) -> None:
    drawing = Drawing("Name", "Description")
    qtbot.addWidget(drawing)
    drawing.resize(120, 80)
    assert drawing._seen() == QRectF(0, 0, 120, 80)
