"""A row of controls that chooses one sample of one part, for every panel that follows a sample through the network."""

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSpinBox, QToolButton, QWidget

from nnlab.core import words
from nnlab.engine.events import Prepared
from nnlab.engine.wants import Part
from nnlab.ui.look import labels, theme

PARTS: tuple[tuple[Part, str], ...] = (("train", "Training"), ("validation", "Validation"), ("test", "Test"))

SAID_WIDTH = 80  # in a narrow dock the sentence takes two lines


class SamplePicker(QWidget):
    """Which sample, of which part. Numbers begin at 1, as people count."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[Part, int] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        self.part_choice = QComboBox()
        self.part_choice.setAccessibleName("Part of the data")
        for part, text in PARTS:
            self.part_choice.addItem(text, part)
        self.number = QSpinBox()
        self.number.setAccessibleName("Sample number")
        self.number.setRange(1, 1)
        self.number.setWrapping(True)
        self.number.setKeyboardTracking(False)
        self.said = labels.label("", "caption")
        self.said.setWordWrap(True)
        self.said.setMinimumWidth(SAID_WIDTH)
        row.addWidget(self.part_choice)
        row.addWidget(self._arrow(Qt.ArrowType.LeftArrow, "Previous sample", -1))
        row.addWidget(self.number)
        row.addWidget(self._arrow(Qt.ArrowType.RightArrow, "Next sample", +1))
        row.addWidget(self.said, 1)
        self.part_choice.currentIndexChanged.connect(self._on_part)
        self.number.valueChanged.connect(self.changed)

    @property
    def part(self) -> Part:
        """The chosen part."""
        return cast(Part, self.part_choice.currentData())

    @property
    def sample(self) -> int:
        """The chosen sample's place in its part, from 0."""
        return self.number.value() - 1

    def on_prepared(self, event: Prepared) -> None:
        """Learn how many samples each part has; parts without any cannot be chosen."""
        self._rows = dict(zip((part for part, _ in PARTS), event.rows, strict=True))
        model = self.part_choice.model()
        for place, (part, _) in enumerate(PARTS):
            index = model.index(place, 0)
            has_rows = self._rows[part] > 0
            self.part_choice.view().setRowHidden(index.row(), not has_rows)  # type: ignore[attr-defined]
        if self._rows.get(self.part, 0) == 0:
            self.part_choice.setCurrentIndex(0)
        self._limit()

    def set_rows(self, part: Part, rows: int) -> None:
        """Learn how many samples this part has."""
        if self._rows.get(part) != rows:
            self._rows[part] = rows
            self._limit()

    def say(self, target: float, answers: Sequence[str], prediction: Sequence[float], is_classes: bool) -> None:
        """Say what the sample is, and what the network takes it for if that is something else."""
        if is_classes:
            best = max(range(len(prediction)), key=lambda k: prediction[k], default=-1)
            name = _name(answers, int(target))
            said = f"{name} ✓" if best == int(target) else f"{name}, taken for {_name(answers, best)}"
            self.said.setText(said if best >= 0 else name)
        else:
            said = f", predicted {words.number(prediction[0])}" if len(prediction) else ""
            self.said.setText(f"{words.number(target)}{said}")

    def _on_part(self) -> None:
        self._limit()
        self.changed.emit()

    def _limit(self) -> None:
        rows = max(1, self._rows.get(self.part, 1))
        self.number.setRange(1, rows)
        self.number.setSuffix(f" of {words.count(rows)}")

    def _arrow(self, arrow: Qt.ArrowType, name: str, by: int) -> QToolButton:
        button = QToolButton()
        button.setArrowType(arrow)
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.clicked.connect(lambda: self.number.stepBy(by))
        return button


def _name(answers: Sequence[str], number: int) -> str:
    return answers[number] if 0 <= number < len(answers) else f"class {number + 1}"
