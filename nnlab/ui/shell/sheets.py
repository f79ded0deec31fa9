"""Pages to read: the list of shortcuts, and what this program is made of."""

import platform
from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from nnlab.ui.actions import Action
from nnlab.ui.dialogs import shown_key
from nnlab.ui.look import icons
from nnlab.ui.look.labels import PlainLabel, label

PACKAGES = ("torch", "numpy", "PySide6_Essentials", "pyqtgraph", "scikit-learn", "safetensors", "psutil")
LICENCES = (
    "NNLab stands on free software: PyTorch, NumPy and scikit-learn (BSD), Qt for Python (LGPL), "
    "pyqtgraph (MIT), safetensors (Apache), psutil (BSD)."
)
GESTURES = (
    ("Connect", "drag from port to port"),
    ("Search a layer", "double-click the canvas"),
    ("Insert into a wire", "drop a layer on it"),
    ("Pan", "middle-drag or Space-drag"),
    ("Zoom", "wheel"),
    ("Select several", "drag a box, or Shift-click"),
)


class Shortcuts(QDialog):
    """Every key that does something, menu by menu."""

    def __init__(self, commands: Sequence[tuple[Action, QAction]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.finished.connect(self.deleteLater)
        self.setWindowTitle("Keyboard shortcuts")
        blocks = [self._block("Mouse", [(name, how) for name, how in GESTURES])]
        keyed = [(a, q) for a, q in commands if q.shortcuts()]
        for menu, group in groupby(keyed, key=lambda pair: pair[0].menu.split("/")[0]):
            rows = [(a.text.rstrip("…"), ", ".join(shown_key(k) for k in q.shortcuts())) for a, q in group]
            blocks.append(self._block(menu, rows))
        row = QHBoxLayout()
        row.setSpacing(40)
        for column in _in_columns(blocks, 3):
            upright = QVBoxLayout()
            upright.setSpacing(20)
            for block in column:
                upright.addWidget(block)
            upright.addStretch(1)
            row.addLayout(upright)
        page = QWidget()
        page.setLayout(row)
        area = QScrollArea(widgetResizable=True)
        area.setWidget(page)
        area.setAccessibleName("Keyboard shortcuts")
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(20, 20, 20, 16)
        column_.setSpacing(16)
        column_.addWidget(area, 1)
        column_.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        fitting = page.sizeHint()
        room = parent.size()
        self.resize(min(fitting.width() + 64, room.width() - 40), min(fitting.height() + 96, room.height() - 40))

    def _block(self, title: str, rows: list[tuple[str, str]]) -> QWidget:
        block = QWidget()
        grid = QGridLayout(block)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        head = label(title)
        font = head.font()
        font.setWeight(font.Weight.DemiBold)
        head.setFont(font)
        grid.addWidget(head, 0, 0, 1, 2)
        for line, (name, key) in enumerate(rows, 1):
            grid.addWidget(label(name), line, 0)
            grid.addWidget(_muted(key), line, 1, Qt.AlignmentFlag.AlignRight)
        return block


class About(QDialog):
    """Name, versions, device, licences, and a button that copies them for a report."""

    def __init__(self, device: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("about")
        self.finished.connect(self.deleteLater)
        self.setWindowTitle("About NNLab")
        self._device = device
        sign = label("")
        sign.setPixmap(icons.pixmap("app", 56, "accent"))
        head = QVBoxLayout()
        head.setSpacing(4)
        head.addWidget(label("NNLab", "title"))
        head.addWidget(label(f"Version {version('nnlab')}"))
        head.addWidget(_muted("Assemble a network, train it, watch it learn."))
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(sign)
        top.addLayout(head, 1)
        facts = label(self.diagnostics())
        facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        facts.setAccessibleName("Versions")
        licences = label(LICENCES, "caption")
        licences.setWordWrap(True)
        copy = QPushButton("Copy diagnostics")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.diagnostics()))
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(16)
        column.addLayout(top)
        column.addWidget(facts)
        column.addWidget(licences)
        column.addLayout(buttons)
        self.setFixedWidth(440)
        close.setFocus()

    def diagnostics(self) -> str:
        """The facts of this installation, line by line."""
        lines = [
            f"NNLab {version('nnlab')}",
            f"Python {platform.python_version()} on {platform.system()} {platform.release()}",
        ]
        lines += [f"{name.replace('_', ' ')} {version(name)}" for name in PACKAGES]
        return "\n".join([*lines, f"Device: {self._device or 'not yet known'}"])


def version(package: str) -> str:
    """The installed version of a package, found without importing it."""
    from importlib import metadata  # slow to load, and few look at this page

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _muted(text: str) -> PlainLabel:
    made = label(text)
    made.setForegroundRole(made.palette().ColorRole.PlaceholderText)
    return made


def _in_columns(blocks: list[QWidget], count: int) -> list[list[QWidget]]:
    heights = [0] * count
    columns: list[list[QWidget]] = [[] for _ in range(count)]
    for block in blocks:
        lowest = heights.index(min(heights))
        columns[lowest].append(block)
        heights[lowest] += block.sizeHint().height() + 20
    return columns
