"""Sliders for the inputs that are not on the axes: each is held at its mean until it is moved."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QScrollArea, QSlider, QWidget

from nnlab.core import words
from nnlab.engine.wants import Array, Points, PointsWant
from nnlab.ui.look import labels, theme

STEPS = 200
HIGHEST = 150  # pixels; beyond, the list scrolls


class HeldInputs(QScrollArea):
    """One slider for each input that is held, over the range that the training part has."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        self._axes: tuple[int, int] = (0, 1)
        self._ranges: dict[int, tuple[float, float, float]] = {}  # input -> low, mean, high
        self._chosen: dict[int, float] = {}
        self._rows: dict[int, tuple[QSlider, labels.PlainLabel]] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setMaximumHeight(HIGHEST)
        self.setAccessibleName("Inputs held fixed")

    def set_inputs(self, names: Sequence[str], x_input: int, y_input: int) -> None:
        """Show these inputs but the two on the axes; what was chosen stays while the names do."""
        if tuple(names) != self.names:
            self.names, self._ranges, self._chosen = tuple(names), {}, {}
        self._axes = (x_input, y_input)
        self._rebuild()

    def missing(self) -> frozenset[PointsWant]:
        """The questions whose answers tell the ranges that are not known yet."""
        count = len(self.names)
        unknown = [k for k in range(count) if k not in self._ranges]
        return frozenset(PointsWant("train", k, min(k + 1, count - 1)) for k in unknown[::2])

    def learn(self, want: PointsWant, points: Points) -> bool:
        """Take the ranges of two inputs from an answer; whether anything was new."""
        new = False
        for number, values in ((want.x_input, points.x), (want.y_input, points.y)):
            if number not in self._ranges and number < len(self.names) and len(values):
                self._ranges[number] = _range(values)
                new = True
        if new:
            self._rebuild()
        return new

    def held(self) -> tuple[float, ...] | None:
        """A value for every input, or None while all are at their means."""
        if not self._chosen or len(self._ranges) < len(self.names):
            return None
        return tuple(self._chosen.get(k, self._ranges[k][1]) for k in range(len(self.names)))

    def reset(self) -> None:
        """Every input back to its mean."""
        self._chosen = {}
        self._rebuild()
        self.changed.emit()

    def _rebuild(self) -> None:
        self._rows = {}
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(theme.GRID * 2, 0, theme.GRID * 2, theme.GRID)
        grid.setVerticalSpacing(theme.GRID)
        for number, (low, mean, high) in sorted(self._ranges.items()):
            if number not in self._axes:
                self._add_row(grid, number, low, self._chosen.get(number, mean), high)
        if self._rows:
            button = QPushButton("All to their means")
            button.clicked.connect(self.reset)
            grid.addWidget(button, grid.rowCount(), 0, 1, 3, Qt.AlignmentFlag.AlignLeft)
        else:
            grid.addWidget(labels.label("The inputs appear here once the network is built.", "caption"), 0, 0)
        self.setWidget(inside)

    def _add_row(self, grid: QGridLayout, number: int, low: float, value: float, high: float) -> None:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, STEPS)
        slider.setValue(round((value - low) / (high - low) * STEPS))
        slider.setAccessibleName(self.names[number])
        shown = labels.label(words.number(value), "caption")
        shown.setMinimumWidth(52)
        self._rows[number] = (slider, shown)
        row = grid.rowCount()
        grid.addWidget(labels.label(self.names[number], "caption"), row, 0)
        grid.addWidget(slider, row, 1)
        grid.addWidget(shown, row, 2)
        slider.valueChanged.connect(lambda place: self._move(number, low + (high - low) * place / STEPS))

    def _move(self, number: int, value: float) -> None:
        self._chosen[number] = value
        self._rows[number][1].setText(words.number(value))
        self.changed.emit()


def _range(values: Array) -> tuple[float, float, float]:
    low, mean, high = float(np.min(values)), float(np.mean(values)), float(np.max(values))
    return (low, mean, high) if high > low else (low - 1, mean, high + 1)
