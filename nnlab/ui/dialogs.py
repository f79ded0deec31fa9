"""Questions and messages in plain text: what happened, what to do, details folded away."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nnlab.ui.look import icons
from nnlab.ui.look.labels import label

WIDTH = 440
DETAILS_HEIGHT = 180
LEVELS = {"info": ("info", "accent"), "warning": ("warning", "warning"), "error": ("error", "error")}


class Message(QDialog):
    """A sentence, what to do about it, and its details behind a small arrow."""

    def __init__(
        self,
        parent: QWidget | None,
        sentence: str,
        advice: str = "",
        details: str = "",
        level: str = "info",
        buttons: Sequence[str] = ("Close",),
    ) -> None:
        """The last of `buttons` is what Escape and the window's cross mean; the first is the default."""
        super().__init__(parent)
        self.setWindowTitle("NNLab")
        self.setObjectName("message")
        self.finished.connect(self.deleteLater)  # or every message ever shown would stay with its window
        self.answer = buttons[-1]
        self._sentence = label(sentence, "title")
        self._advice = label(advice)
        self._details = QPlainTextEdit(details, readOnly=True)
        self._fold = QToolButton()
        self._copy = QPushButton("Copy details")
        self._build(level)
        self._build_buttons(buttons)
        self.set_details(details)

    @property
    def sentence(self) -> str:
        """What happened, as shown."""
        return self._sentence.text()

    @property
    def advice(self) -> str:
        """What to do, as shown."""
        return self._advice.text()

    @property
    def details(self) -> str:
        """What stands behind the arrow."""
        return self._details.toPlainText()

    def set_details(self, details: str) -> None:
        """Show other details, or none."""
        self._details.setPlainText(details)
        for widget in (self._fold, self._copy):
            widget.setVisible(bool(details))
        self._details.setVisible(bool(details) and self._fold.isChecked())

    def _build(self, level: str) -> None:
        self._sentence.setWordWrap(True)
        self._sentence.setMinimumWidth(WIDTH - 96)
        self._advice.setWordWrap(True)
        self._advice.setVisible(bool(self._advice.text()))
        self._advice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        sign = label("")
        sign.setPixmap(icons.pixmap(LEVELS[level][0], 24, LEVELS[level][1]))
        sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(8)
        words.addWidget(self._sentence)
        words.addWidget(self._advice)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(sign)
        top.addLayout(words, 1)
        self._details.setMinimumHeight(DETAILS_HEIGHT)
        self._details.setAccessibleName("Details")
        self._details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._fold.setText("Details")
        self._fold.setCheckable(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._fold.toggled.connect(self._unfold)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addLayout(top)
        column.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._details)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinAndMaxSize)
        self.setMinimumWidth(WIDTH)

    def _build_buttons(self, names: Sequence[str]) -> None:
        box = QDialogButtonBox()
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{self.sentence}\n\n{self.details}"))
        box.addButton(self._copy, QDialogButtonBox.ButtonRole.ActionRole)
        first = self._copy
        for place, name in enumerate(names):
            last = place == len(names) - 1
            role = QDialogButtonBox.ButtonRole.RejectRole if last else QDialogButtonBox.ButtonRole.AcceptRole
            button = QPushButton(name)
            box.addButton(button, role)
            button.clicked.connect(lambda _=False, chosen=name: self._choose(chosen))
            if place == 0:
                button.setDefault(True)
                button.setProperty("accented", len(names) > 1)
                first = button
        self._column.addWidget(box)
        first.setFocus()

    def _choose(self, name: str) -> None:
        self.answer = name
        self.accept()

    def _unfold(self, on: bool) -> None:
        self._fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._details.setVisible(on)
        self.adjustSize()


def tell(parent: QWidget | None, sentence: str, advice: str = "", details: str = "", level: str = "info") -> None:
    """Show a message and wait until it is read."""
    Message(parent, sentence, advice, details, level).exec()


def ask(parent: QWidget | None, sentence: str, advice: str, buttons: Sequence[str], level: str = "info") -> str:
    """Ask, and wait for the name of the chosen button; Escape means the last one."""
    question = Message(parent, sentence, advice, "", level, buttons)
    question.exec()
    return question.answer


def file_to_open(parent: QWidget | None, title: str, folder: Path, kinds: str) -> Path | None:
    """The file the user picks to open, or None."""
    chosen, _ = QFileDialog.getOpenFileName(parent, title, str(folder), kinds)
    return Path(chosen) if chosen else None


def file_to_save(parent: QWidget | None, title: str, start: Path, kinds: str) -> Path | None:
    """The file the user picks to write (asked already if it exists), or None; the first kind's ending is added if missing."""
    picker = QFileDialog(parent, title, str(start.parent), kinds)
    picker.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    picker.setDefaultSuffix(kinds.split("*.")[1].split(" ")[0].rstrip(")"))
    picker.selectFile(start.name)
    picker.finished.connect(picker.deleteLater)
    return Path(picker.selectedFiles()[0]) if picker.exec() and picker.selectedFiles() else None


def shown_key(sequence: QKeySequence) -> str:
    """A shortcut as it is printed on this computer's keyboard."""
    return sequence.toString(QKeySequence.SequenceFormat.NativeText)
