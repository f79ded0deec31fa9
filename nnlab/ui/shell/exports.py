"""What can be taken away from a project: programs, models for other tools, the learned weights, a picture."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.errors import NNLabError
from nnlab.files import disk as disk
from nnlab.ui import dialogs

if TYPE_CHECKING:
    from nnlab.files.store import Arrays
    from nnlab.ui.shell.aside import Aside
    from nnlab.ui.shell.main_window import MainWindow

UNCHANGED = "The network itself is unchanged."


def form(window: "MainWindow", to: str) -> None:
    """Ask for a file and write the project in one of the forms of `nnlab export`; slow ones while the window goes on."""
    from nnlab.engine.exports.format import FORMATS

    wanted = FORMATS[to]

    def write(path: Path) -> tuple[str, ...]:
        made = wanted.write(window.bench.document, weights_of(window))
        disk.write(path, made.data)
        return made.notices

    def begin(path: Path) -> None:
        from nnlab.ui.shell.aside import Aside

        disk.check_writable(path)
        for older in window.findChildren(Aside):
            if older.path == path:  # two would write one file, and only one of them could be cancelled
                older.stop()
                older.deleteLater()
        aside = Aside(window.bench.document, weights_of(window), to, path, lambda over: _tell(window, over), window)
        # stays until it is withdrawn
        window.toasts.say("working", f"Writing {disk.name_of(path)}…", [("Cancel", lambda: _cancel(window, aside))])

    kinds = f"{wanted.kind} (*{wanted.ending})"
    _export(window, f"Export: {wanted.title}", wanted.ending, kinds, begin if wanted.slow else write)


def weights_of(window: "MainWindow") -> "Arrays | None":
    """What the network has learned, by the names it has now; None if it has learned nothing, or was changed since."""
    if not window.files.has_learned:
        return None
    return window.bench.trainer.weights(window.bench.document) or None


def picture(window: "MainWindow") -> None:
    """Write the diagram; the ending of the name says which kind."""
    kinds = "Vector pictures (*.svg);;Pictures (*.png);;PDF documents (*.pdf)"
    _export(window, "Export a picture of the network", ".svg", kinds, window.editor.export)


def stop(window: "MainWindow") -> None:
    """End what is still being written: the window closes."""
    from nnlab.ui.shell.aside import Aside

    for under_way in window.findChildren(Aside):
        under_way.stop()


def file_name(name: str) -> str:
    """The name of a project as every system takes it for a file."""
    return "".join(c if c.isalnum() or c in " -_" else "-" for c in name.replace(",", "")).strip()[:80] or "Untitled"


def _export(window: "MainWindow", title: str, suffix: str, kinds: str, write: Callable[[Path], object]) -> None:
    start = window.settings.folder / f"{file_name(window.files.name)}{suffix}"
    path = dialogs.file_to_save(window, title, start, kinds)
    if path is None:
        return
    try:
        notices = write(path)
    except NNLabError as problem:
        dialogs.tell(window, str(problem), UNCHANGED, level="error")
        return
    window.settings.folder = path.parent
    if isinstance(notices, tuple):
        _say_written(window, path, list(notices))


def _cancel(window: "MainWindow", aside: "Aside") -> None:
    """The file is not wanted any more; what lay there before still does."""
    if aside.runs:
        aside.stop()
        aside.deleteLater()
        window.toasts.say("info", f"{disk.name_of(aside.path)} is not written")


def _tell(window: "MainWindow", over: "Aside") -> None:
    """An export of a process of its own has come to its end."""
    window.toasts.withdraw(f"Writing {disk.name_of(over.path)}…")
    if over.problem:
        dialogs.tell(window, over.problem, UNCHANGED, level="error")
    else:
        _say_written(window, over.path, over.notices)


def _say_written(window: "MainWindow", path: Path, notices: list[str]) -> None:
    from nnlab.engine.exports.format import TRIED

    window.toasts.say("info", f"Written to {disk.name_of(path)}")
    for notice in notices:
        window.toasts.say("info" if notice.startswith(TRIED) else "warning", notice)
