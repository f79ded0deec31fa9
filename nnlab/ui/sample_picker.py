"""A row of controls that chooses one sample of one part, for every panel that follows a sample through the network."""

from collections.abc import Sequence
from math import prod
from typing import cast

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSpinBox, QToolButton, QVBoxLayout, QWidget

from nnlab.core import sample_words, words
from nnlab.core.dataset import DataSpec
from nnlab.engine.events import Prepared
from nnlab.engine.wants import Array, Part, SampleValues
from nnlab.ui.look import labels, pictures, theme

PARTS: tuple[tuple[Part, str], ...] = (("train", "Training"), ("validation", "Validation"), ("test", "Test"))

SAID_WIDTH = 96  # a longer sentence takes two lines
PICTURE_SIDE = 36
CHANNELS = (1, 3)  # of a picture that can be shown as it is


class SamplePicker(QWidget):
    """Which sample, of which part. Numbers begin at 1, as people count."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[Part, int] = {}
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID // 2)
        column.addLayout(row)
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
        self.number.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)  # the room is for what is said
        self.said = labels.label("", "caption")
        self.said.setWordWrap(True)
        self.said.setMinimumWidth(SAID_WIDTH)
        before = self._arrow(Qt.ArrowType.LeftArrow, "Previous sample", -1)
        after = self._arrow(Qt.ArrowType.RightArrow, "Next sample", +1)
        self._controls: tuple[QWidget, ...] = (self.part_choice, before, self.number, after)
        for control in self._controls:
            row.addWidget(control)
        row.addStretch(0)
        self._row, self._lower = row, QHBoxLayout()
        self._lower.setSpacing(theme.GRID)
        column.addLayout(self._lower)
        self._shown = self._pictures()
        row.addWidget(self._shown)
        row.addWidget(self.said, 1)
        self.text = labels.label("")
        self.text.setAccessibleName("Words of the sample")
        self.text.setWordWrap(True)
        self.text.hide()
        column.addWidget(self.text)
        self.part_choice.currentIndexChanged.connect(self._on_part)
        self.number.valueChanged.connect(self.changed)

    def _pictures(self) -> QWidget:
        """The picture of a sample, and the one that the network answers with."""
        self.picture = labels.label("")
        self.picture.setAccessibleName("Picture of the sample")
        self.picture.hide()
        self.drawn = labels.label("")
        self.drawn.setAccessibleName("Picture that the network answers with")
        self.drawn.setToolTip(labels.tooltip("What the network makes of it"))
        self.drawn.hide()
        place = QWidget()
        both = QHBoxLayout(place)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(theme.GRID)
        both.addWidget(self.picture)
        both.addWidget(self.drawn)
        both.addStretch(1)
        return place

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

    def show_sample(self, sample: SampleValues, spec: DataSpec) -> None:
        """Show the sample if it is a picture or a sentence, and say what it is, unless the answer is a whole picture."""
        self.set_rows(self.part, sample.rows)
        self._show(self.picture, _picture_of(sample.raw, spec))
        self._show(self.drawn, _drawn(sample, spec))
        lines = (sample_words.text_of(spec, sample.raw), _said_at_places(sample, spec), *_said_besides(sample))
        self.text.setText("\n".join(line for line in lines if line))
        self.text.setVisible(bool(self.text.text()))
        if len(spec.targets[0].own_shape) > (spec.task == "values"):
            self._say("")  # a whole picture or sentence is the answer
        elif spec.task == "values" and len(spec.answers) > 1:
            self._say(f"{spec.answers[0]}: {_judged(sample.target, (), sample.prediction.ravel().tolist(), False)}")
        else:
            self.say(sample.target, spec.answers, sample.prediction.ravel().tolist(), spec.task == "classes")

    def say(self, target: float, answers: Sequence[str], prediction: Sequence[float], is_classes: bool) -> None:
        """Say what the sample is, and what the network takes it for if that is something else."""
        self._say(_judged(target, answers, prediction, is_classes))

    def _say(self, sentence: str) -> None:
        self.said.setText(sentence)
        self._arrange()

    def _show(self, where: QLabel, found: QImage | None) -> None:
        where.setVisible(found is not None)
        if found is not None:
            ratio = self.devicePixelRatioF()
            side = round(PICTURE_SIDE * ratio)
            shown = QPixmap.fromImage(found.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio))
            shown.setDevicePixelRatio(ratio)
            where.setPixmap(shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width: perhaps there is room for all in one row."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """What is chosen in one row with its pictures and what is said of it, or these below where one would be cut."""
        shown = (not self.picture.isHidden()) + (not self.drawn.isHidden())
        needed = sum(each.sizeHint().width() + theme.GRID for each in self._controls)
        is_narrow = self.width() < needed + shown * (PICTURE_SIDE + theme.GRID) + SAID_WIDTH
        row = self._lower if is_narrow else self._row
        if row.indexOf(self.said) < 0:
            row.addWidget(self._shown)
            row.addWidget(self.said, 1)
        self._shown.setVisible(bool(shown))
        self.said.setVisible(bool(self.said.text()) or not is_narrow)

    def _on_part(self) -> None:
        self._limit()
        self.changed.emit()

    def _limit(self) -> None:
        rows = max(1, self._rows.get(self.part, 1))
        self.number.setRange(1, rows)
        self.number.setSuffix(f" of {words.count(rows)}")
        self._arrange()

    def _arrow(self, arrow: Qt.ArrowType, name: str, by: int) -> QToolButton:
        button = QToolButton()
        button.setArrowType(arrow)
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.clicked.connect(lambda: self.number.stepBy(by))
        return button


def _picture_of(raw: Array, spec: DataSpec) -> QImage | None:
    """The first of a sample's inputs that is a picture, in its own colours; brightness is stretched where it is not 0 to 1."""
    for field, (values,) in zip(spec.fields, spec.unpack(raw[None]), strict=True):
        if field.kind == "x" and len(field.shape) == 3 and field.shape[0] in CHANNELS:
            low, high = min(0.0, float(values.min())), max(1.0, float(values.max()))
            return pictures.photograph(cast(Array, (values - low) / (high - low)))
    return None


def _drawn(sample: SampleValues, spec: DataSpec) -> QImage | None:
    """The network's answer, where that is a picture: its numbers, or the class of every pixel."""
    target, said = spec.targets[0], sample.prediction
    shape = target.own_shape
    if target.task == "values":
        if len(shape) != 3 or shape[0] not in CHANNELS or said.size != prod(shape):
            return None
        values = said.reshape(shape)
        low, high = min(0.0, float(sample.raw.min())), max(1.0, float(sample.raw.max()))
        return pictures.photograph(np.clip((values - low) / (high - low), 0, 1).astype(np.float32))
    if len(shape) != 2:
        return None
    if said.size == prod(shape):  # how likely the second of two classes is
        return pictures.mask((said.reshape(shape) > 0.5).astype(np.int64))
    if said.shape[1:] != shape:
        return None
    return pictures.mask(said.argmax(0))


def _said_at_places(sample: SampleValues, spec: DataSpec) -> str:
    """Of classes at the places of a sentence, or of the members of a graph: what is right, and what is said instead."""
    target, said = sample.targets, sample.prediction
    if spec.task != "classes" or target is None or target.ndim != 1 or said.size != len(target) * spec.width:
        return ""
    return sample_words.answers_at_places(spec.answers, target, said.reshape(len(target), spec.width))


def _said_besides(sample: SampleValues) -> list[str]:
    """What the further answers of a network with several say, one a line; whole pictures are not told in words."""
    found = []
    for each in sample.others:
        target, right, said = each.target, each.right, each.prediction
        is_classes = target.task == "classes"
        if len(target.own_shape) == (not is_classes):
            text = _judged(float(right.ravel()[0]), target.answers, said.ravel().tolist(), is_classes)
        elif is_classes and right.ndim == 1:
            text = sample_words.answers_at_places(target.answers, right, said)
        else:
            continue
        found.append(f"{target.name}: {text}")
    return found


def _judged(right: float, answers: Sequence[str], prediction: Sequence[float], is_classes: bool) -> str:
    """What is right, and what the network says if that is something else."""
    if not is_classes:
        said = f", predicted {words.number(prediction[0])}" if len(prediction) else ""
        return f"{words.number(right)}{said}"
    best = max(range(len(prediction)), key=lambda k: prediction[k], default=-1)
    name = _name(answers, int(right))
    if best < 0:
        return name
    return f"{name} ✓" if best == int(right) else f"{name}, taken for {_name(answers, best)}"


def _name(answers: Sequence[str], number: int) -> str:
    return answers[number] if 0 <= number < len(answers) else f"class {number + 1}"
