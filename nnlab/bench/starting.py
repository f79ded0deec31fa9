"""A part of the bench: NNLab from nothing to its first painting, and how much processor time that took."""

import os
import time

from nnlab.bench import parts


def main(arguments: list[str]) -> int:
    """Start as the user does, up to the first painting; with "torch" among the arguments, load torch before."""
    if "torch" in arguments:
        import torch

        torch.get_num_threads()
    from nnlab.ui import app
    from nnlab.ui.shell.main_window import MainWindow

    paint = MainWindow.paintEvent

    def first(window: MainWindow, event: object) -> None:
        from PySide6.QtCore import QTimer

        QTimer.singleShot(0, _shown)  # when all that is in the window has been painted, before anything else begins
        paint(window, event)  # type: ignore[arg-type]

    MainWindow.paintEvent = first  # type: ignore[method-assign, assignment]
    return app.run([])


def _shown() -> None:
    parts.answer({"cpu": time.process_time()})
    os._exit(0)  # what comes later is not of interest, and shall not cost the next round
