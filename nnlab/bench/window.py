"""A part of the bench: the real window while it trains at full speed."""

import threading
import time
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent

from nnlab.bench import parts
from nnlab.bench.lab import Lab, spin
from nnlab.bench.waiting import Crew
from nnlab.bench.workloads import watched

SETTLE_SECONDS = 0.3  # after training goes on, before anything is measured
WARM_SECONDS = 2.5  # of training before the first round
GAP_SECONDS = 0.045  # between two inputs
LOST_SECONDS = 2.0  # an input that has no effect by then never will


def main(arguments: list[str]) -> int:
    """Open the window, then train, rest or use the mouse for as long as is asked; each time say how it went."""
    lab = Lab(watched())
    try:
        lab.train()
        spin(WARM_SECONDS)
        lab.pause()
        acts = {"train": _train, "rest": _paint, "input": _input}
        for what, seconds in parts.asked():
            parts.answer(acts[what](lab, seconds))
    finally:
        lab.close()
    return 0


def _train(lab: Lab, seconds: float) -> dict[str, Any]:
    lab.train()
    spin(SETTLE_SECONDS)
    crew, start = Crew(), time.perf_counter()
    found = _paint(lab, seconds)
    waited = crew.waited() / (time.perf_counter() - start)
    status, seen = lab.bench.trainer.status(), lab.pulse.seen
    lab.pause()
    (began, first, epoch), (ended, last, last_epoch) = seen[0], seen[-1]
    span, steps = max(ended - began, 1e-9), last - first
    share = min(waited, 0.99)
    return {
        **found,
        "rate": steps / span,
        "undisturbed": steps / span / (1 - share),
        "epochs": (last_epoch - epoch) / span,
        "engine": status.engine,
    }


def _paint(lab: Lab, seconds: float) -> dict[str, Any]:
    """How evenly the window paints, and what that costs the window's thread, in milliseconds."""
    lab.pulse.begin()
    cpu = time.thread_time()
    spin(seconds)
    cpu = time.thread_time() - cpu
    lab.pulse.stop()
    times = lab.pulse.painted
    if len(times) < 2:
        return {"gaps": [1000 * seconds], "waits": [0.0], "cpu": 1000 * cpu}
    gaps, waits = ([1000 * (b - a) for a, b in pairwise(each)] for each in (times, lab.pulse.waited))
    return {"gaps": gaps, "waits": waits, "cpu": 1000 * cpu}


def _input(lab: Lab, seconds: float) -> dict[str, Any]:
    """How long a click waits until its effect is painted, while training goes on."""
    lab.bench.select(())  # so that the first click, too, chooses something new
    lab.train()
    spin(SETTLE_SECONDS)
    clicks = Clicks(lab)
    clicks.start(seconds)
    spin(seconds)
    clicks.finish()
    lab.pause()
    return {"waits": clicks.waits, "lost": clicks.lost}


class Clicks(QObject):
    """Clicks on two nodes in turn, sent by a thread of its own, so that a busy window cannot put them off."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._view = lab.window.editor.viewport()
        self._places = _places(lab)
        self._bench = lab.bench
        self._sent = 0.0
        self._chosen = False
        self._ending = False
        self._answered = threading.Event()
        self._thread: threading.Thread | None = None
        self.waits: list[float] = []
        """Milliseconds from each click to its picture."""
        self.lost = 0
        self._bench.selection_changed.connect(self._on_selection)
        self._view.installEventFilter(self)

    def start(self, seconds: float) -> None:
        """Click for so long."""
        self._thread = threading.Thread(target=self._send, args=(seconds,), name="nnlab-bench-clicks", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the last one and leave the window alone."""
        self._ending = True
        while self._thread is not None and self._thread.is_alive():
            spin(0.01)
        self._bench.selection_changed.disconnect(self._on_selection)
        self._view.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The first painting after the click took effect shows it."""
        if self._chosen and event.type() == QEvent.Type.Paint:
            self._chosen = False
            QTimer.singleShot(0, self, self._note)  # when this painting is done
        return False

    def _on_selection(self, *_: object) -> None:
        self._chosen = True

    def _note(self) -> None:
        self.waits.append(1000 * (time.perf_counter() - self._sent))
        self._answered.set()

    def _send(self, seconds: float) -> None:
        end, number = time.perf_counter() + seconds, 0
        while time.perf_counter() < end and not self._ending:
            time.sleep(GAP_SECONDS)
            self._answered.clear()
            at = self._places[number % 2]
            self._sent = time.perf_counter()
            for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
                QCoreApplication.postEvent(self._view, _click(kind, at))
            self.lost += not self._answered.wait(LOST_SECONDS)
            number += 1


def _places(lab: Lab) -> list[QPointF]:
    """The middles of two nodes that are in sight."""
    editor = lab.window.editor
    seen = editor.seen()
    middles = [item.card().center() for item in editor.picture.nodes.values()]
    inside = [m for m in middles if seen.contains(m)] or middles
    a, b = next(((a, b) for a, b in pairwise(inside)), (inside[0], inside[0]))
    return [QPointF(editor.mapFromScene(a)), QPointF(editor.mapFromScene(b))]


def _click(kind: QEvent.Type, at: QPointF) -> QMouseEvent:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    held = left if kind == QEvent.Type.MouseButtonPress else none
    return QMouseEvent(kind, at, at, left, held, Qt.KeyboardModifier.NoModifier)
