"""The real window with a network in it, opened for measuring."""

import sys
import threading
import time

from PySide6.QtCore import QEventLoop, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from nnlab.bench import waiting
from nnlab.core.document import Document
from nnlab.project import Project
from nnlab.ui import app
from nnlab.ui.collector import Collector
from nnlab.ui.shell.main_window import MainWindow

SIZE = QSize(1440, 900)
READY_SECONDS = 60.0  # until torch is loaded and the network built, at most
BEAT_MS = 16  # a screen of 60 pictures a second
NEAR = 0.75  # zoom at which every node shows its picture


def application() -> QApplication:
    """Qt, set up as the product sets it up."""
    running = QApplication.instance() or QApplication(["nnlab"])
    assert isinstance(running, QApplication)
    sys.setswitchinterval(app.SWITCH_SECONDS)
    return running


def spin(seconds: float) -> None:
    """Let the window live for so long."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop, loop.quit)
    loop.exec()


class Lab:
    """NNLab's window on a document, with loss, boundary and the nodes' pictures all in sight."""

    def __init__(self, document: Document) -> None:
        application()
        self.window = MainWindow(project=Project(document))
        self.collector = Collector(self.window)
        self.window.resize(SIZE)
        self.window.show()
        self.window.complete()
        self._lay_out()
        self.bench = self.window.bench
        self._await("paused")
        self.window.editor.fit_all()
        self.window.editor.zoom_by(max(1.0, NEAR / self.window.editor.zoom))
        self.pulse = Pulse(self)

    def train(self) -> None:
        """Start or go on."""
        self.bench.train()
        self._await("running")

    def pause(self) -> None:
        """Hold, and wait until it does."""
        self.bench.pause()
        self._await("paused")

    def close(self) -> None:
        """Close the window and end the training thread."""
        self.pulse.stop()
        self.collector.stop()
        self.window.leave_in_a_hurry()
        self.window.close()

    def _lay_out(self) -> None:
        """Loss below the canvas, instead of behind boundary."""
        workspace = self.window.workspace
        workspace.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, workspace.docks["loss"])
        spin(0.1)  # the window's own choice of panels comes first
        for id_ in ("boundary", "loss"):
            workspace.open(id_)
        spin(0.1)
        covered = [id_ for id_ in ("boundary", "loss") if workspace.docks[id_].is_covered()]
        if covered:
            raise RuntimeError(f"the panels {covered} are not in sight")

    def _await(self, state: str) -> None:
        end = time.monotonic() + READY_SECONDS
        while self.bench.trainer.status().state != state:
            if time.monotonic() > end:
                raise RuntimeError(f"the run is {self.bench.trainer.status().state}, and should be {state}")
            spin(0.02)


class Pulse(QWidget):
    """A small mark in the window's corner that asks to be painted 60 times a second, and notes when it was."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.window)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setGeometry(lab.window.width() - 14, 2, 12, 12)
        self._trainer = lab.bench.trainer
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self.painted: list[float] = []
        """When it was painted."""
        self.waited: list[float] = []
        """How long the window's thread had waited for a core by then, in seconds."""
        self._thread = waiting.Thread(threading.main_thread())
        self.seen: list[tuple[float, int, int]] = []
        """When a new step was first seen: (time, step, epoch)."""
        self.show()

    def begin(self) -> None:
        """Forget what was, and beat."""
        self.painted, self.waited, self.seen = [], [], []
        self._timer.start()

    def stop(self) -> None:
        """Beat no more."""
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint, and note when."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().highlight() if len(self.painted) % 2 else self.palette().base())
        painter.end()
        self.painted.append(time.perf_counter())
        self.waited.append(self._thread.waited())

    def _beat(self) -> None:
        self.update()
        status = self._trainer.status()
        if not self.seen or status.step != self.seen[-1][1]:
            self.seen.append((time.perf_counter(), status.step, status.epoch))
