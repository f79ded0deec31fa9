"""One panel as a picture file, without a window or a screen: of the saved weights if there are any, trained by nobody."""

import gc
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from nnlab.core.document import Document
from nnlab.engine.events import EpochDone, Epochs, Event, Failed, Losses, Prepared, Snapshot
from nnlab.errors import BuildError
from nnlab.files import disk as files
from nnlab.project.network import lookup
from nnlab.ui.look import style_sheet, theme
from nnlab.ui.panel import PANELS, Panel
from nnlab.ui.workbench import Workbench

Arrays = Mapping[str, NDArray[Any]]

SIZE = (640, 480)
PATIENCE = 60.0  # seconds for the network to be built and the picture to be made
PAUSE = 0.01

_application: list[QApplication] = []


def render(
    document: Document,
    panel_id: str,
    path: files.AnyPath,
    *,
    weights: Arrays | None = None,
    curves: Arrays | None = None,
    theme_name: str = "light",
    size: tuple[int, int] | None = None,
) -> None:
    """Write the panel as a PNG; UnknownKind if there is no such panel, BuildError if the network cannot be built."""
    kind: type[Panel] = lookup(PANELS, panel_id)
    app = _start()
    before, collecting = qInstallMessageHandler(_hear), gc.isenabled()
    gc.disable()  # a collection in the trainer's thread would destroy Qt objects there
    bench = Workbench(document)
    try:
        style_sheet.install(app, theme.resolve("dark" if theme_name == "dark" else "light"))
        panel = kind(bench)
        panel.resize(*(size or SIZE))
        panel.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)  # visible to itself, which is what makes it ask
        panel.show()
        _Sitting(bench, panel, curves).wait(app, weights)
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        panel.grab().save(buffer, "PNG")
        files.write(path, bytes(data.data()))
        panel.hide()
        panel.deleteLater()
    finally:
        bench.close()
        if collecting:
            gc.enable()
        qInstallMessageHandler(before)


class _Sitting:
    """Brings a panel all it draws: that the network is built, the recorded curves, one picture."""

    def __init__(self, bench: Workbench, panel: Panel, curves: Arrays | None) -> None:
        self._bench, self._panel, self._curves = bench, panel, curves
        self._prepared = False
        self._problem = ""
        self._drawn = False
        bench.happened.connect(self._on_events)
        bench.pictured.connect(self._on_snapshot)
        bench.add_asker(panel.wants)

    def wait(self, app: QApplication, weights: Arrays | None) -> None:
        """Come back when the panel has drawn everything."""
        self._bench.prepare(weights)
        end = time.monotonic() + PATIENCE
        while not self._done():
            app.processEvents()
            self._bench.frame()
            if self._problem:
                raise BuildError(self._problem)
            if time.monotonic() > end:
                raise BuildError("The picture was not ready in time: the network may be too large for this computer.")
            time.sleep(PAUSE)
        app.processEvents()

    def _done(self) -> bool:
        return self._prepared and (self._drawn or not self._panel.wants())

    def _on_events(self, events: list[Event]) -> None:
        self._panel.on_events(events)
        for event in events:
            if isinstance(event, Prepared):
                self._prepared = True
                self._panel.on_events(recorded(event.run, self._curves))
            elif isinstance(event, Failed):
                self._problem = event.message

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._panel.on_snapshot(snapshot)
        self._drawn = self._panel.wants() <= snapshot.answers.keys()


def recorded(run: int, curves: Arrays | None) -> list[Event]:
    """The events that these recorded curves came from, for a panel that draws them."""
    if not curves or "epoch" not in curves:
        return []
    columns = {name: curves.get(name) for name in ("step", "train_loss", "train_metric", "learning_rate", "seconds")}
    if any(column is None or len(column) != len(curves["epoch"]) for column in columns.values()):
        return []
    found: list[Event] = []
    if "loss" in curves:
        found.append(Losses(run, 0, np.asarray(curves["loss"], np.float32)))
    best = np.inf
    epochs: list[EpochDone] = []
    for k, epoch in enumerate(curves["epoch"]):
        step, loss, metric, rate, seconds = (float(column[k]) for column in columns.values() if column is not None)
        held = [_at(curves, name, k) for name in ("validation_loss", "validation_metric")]
        watched = loss if held[0] is None else held[0]
        epochs.append(EpochDone(int(epoch), int(step), loss, metric, held[0], held[1], rate, seconds, watched < best))
        best = min(best, watched)
    return [*found, Epochs.of(run, epochs)] if epochs else found


def _at(curves: Arrays, name: str, k: int) -> float | None:
    column = curves.get(name)
    return None if column is None or k >= len(column) or np.isnan(column[k]) else float(column[k])


def _hear(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Qt's messages go to stderr, but for the one that says that no screen is a screen of no size."""
    if "propagateSizeHints" not in message:
        sys.stderr.write(f"nnlab: note: {message}\n")


def _start() -> QApplication:
    """Qt's application object, on no screen; the one that runs, if one does."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    _application.append(QApplication(["nnlab", "-platform", "offscreen"]))
    return _application[0]
