"""A list of inputs that cuts a long name with an ellipsis instead of clipping it."""

import re

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

from nnlab.ui.look import labels


class InputChoice(QComboBox):
    """Which input is drawn along one axis."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def set_names(self, names: tuple[str, ...], chosen: int) -> None:
        """Offer these inputs; their units stand at the axes, not here."""
        self.clear()
        self.addItems([re.sub(r" \([^()]*\)$", "", labels.plain(name)) for name in names])
        self.setCurrentIndex(min(chosen, len(names) - 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """As ever, with the text cut to its room."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        text = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, field.width() - 8)
        option.currentText = text
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()
