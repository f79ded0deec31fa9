"""The window: welcome page and lab, menus and status bar, and what happens when it closes."""

import math
import pkgutil
from collections.abc import Iterable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QSize, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget

from nnlab.core.example import EXAMPLES
from nnlab.ui.actions import empty_menus
from nnlab.ui.keeping import places
from nnlab.ui.keeping.settings import Settings
from nnlab.ui.look import icons
from nnlab.ui.look.labels import plain
from nnlab.ui.shell import appearance, window_place
from nnlab.ui.shell.pieces import STROKE_SECONDS, Imports, Pieces
from nnlab.ui.shell.welcome import Welcome

if TYPE_CHECKING:
    from nnlab.engine.doctor.doctor import Note
    from nnlab.engine.events import RunStatus
    from nnlab.project import Project
    from nnlab.ui.actions import WindowActions
    from nnlab.ui.canvas.editor import GraphEditor
    from nnlab.ui.keeping.recovery import Found, Recovery
    from nnlab.ui.shell.appearance import Appearance
    from nnlab.ui.shell.files import ProjectFiles
    from nnlab.ui.shell.status_bar import StatusBar
    from nnlab.ui.shell.toasts import Toasts
    from nnlab.ui.shell.workspace import Workspace
    from nnlab.ui.workbench import Workbench

SMALLEST = QSize(900, 600)
LATE_MS = 200  # a window that is never painted (a test) gets the rest all the same
FOLDERS = (
    *("nnlab.layers", "nnlab.datasets", "nnlab.losses", "nnlab.optimizers", "nnlab.schedules", "nnlab.templates"),
    "nnlab.ui.commands",
)
PARTS = ("bench", "recovery", "commands", "workspace", "status_line", "toasts", "files", "appearance")


class MainWindow(QMainWindow):
    """NNLab's window. `project` is an `nnlab.Project` to show at once; without one the welcome page is shown.

    The welcome page is all there is at first. What stands behind it is made in pieces after the first painting, or at
    once when somebody asks for one of PARTS.
    """

    bench: "Workbench"
    recovery: "Recovery"
    commands: "WindowActions"
    workspace: "Workspace"
    status_line: "StatusBar"
    toasts: "Toasts"
    files: "ProjectFiles"
    appearance: "Appearance"

    def __init__(self, project: "Project | None" = None, settings: Settings | None = None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.settings = settings or Settings()
        appearance.start(self.settings)
        self.has_project = project is not None
        self._first = project
        self.welcome = Welcome()
        self._stack = QStackedWidget()
        self._imports = Imports(())
        self._pieces = Pieces(self._build(), self)
        self._refresh_timer = QTimer(self, interval=0, singleShot=True)
        self._furnished = False
        self.is_painted = False
        self._closed = False
        self._arrange()
        window_place.restore(self, self.settings)
        self.files.adopt(project) if project is not None else self.show_welcome()
        QTimer.singleShot(LATE_MS, self, self._pieces.start)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """A part that is asked for before it was made is made now, and all the others with it."""
            if name not in PARTS:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self.furnish()
            return self.__dict__[name]

    @property
    def editor(self) -> "GraphEditor":
        """The canvas."""
        return self.workspace.editor

    @property
    def in_lab(self) -> bool:
        """A project is on the screen, not the welcome page."""
        return self._stack.currentWidget() is not self.welcome

    @property
    def is_complete(self) -> bool:
        """All of it is made, the panels too."""
        return self._pieces.done and self._furnished

    # ---------------------------------------------------------------- pages

    def show_welcome(self) -> None:
        """The first page."""
        self.welcome.show_recent(self.settings.recent)
        self.welcome.show_copies(self.recovery.found() if places.recovery_copies() else [])
        self._stack.setCurrentWidget(self.welcome)
        self.welcome.setFocus()
        if self._furnished:
            self.status_line.hide()
            self.toasts.clear()
            self._on_file()
            self.commands.refresh()

    def show_lab(self, fresh: bool = False) -> None:
        """The lab; `fresh` brings the whole network into view."""
        self.has_project = True
        self._stack.setCurrentWidget(self.workspace)
        self.status_line.show()
        self._on_file()
        self.commands.refresh()
        self.editor.setFocus()
        if fresh:
            self.workspace.show_fitting(self.bench.document)
            self.editor.fit_all()
            QTimer.singleShot(0, self.editor, self.editor.fit_all)  # once more when all has its size

    # ---------------------------------------------------------------- looks

    def set_reduced_motion(self, on: bool) -> None:
        """Whether anything glides; remembered."""
        self.settings.reduced_motion = on
        self.workspace.set_motion(not on)

    def set_text_scale(self, scale: float) -> None:
        """How large everything is drawn, from the next start on; remembered."""
        self.settings.text_scale = scale
        self.toasts.say("info", "Everything has its new size when NNLab is started again.")

    def toggle_full_screen(self) -> None:
        """The whole screen, or a window again."""
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    # ---------------------------------------------------------------- beginning and end

    def furnish(self) -> None:
        """Make what stands behind the welcome page now, but for the panels."""
        if not self._furnished:
            self._pieces.until(lambda: self._furnished)

    def complete(self) -> None:
        """Make all that is not there yet now."""
        if not self._closed:
            self._pieces.all()

    def finish(self) -> None:
        """Keep what is to be remembered, and leave nothing alive."""
        if self._closed:
            return
        window_place.keep(self, self.settings)
        if self.is_complete:
            self.settings.keep_bytes("docks", self.workspace.saveState())
        self.settings.save()
        self._end()
        if "recovery" in self.__dict__:
            self.recovery.close()

    def leave_in_a_hurry(self) -> None:
        """The session is being ended from outside: nothing is asked, unsaved work is kept for the next start."""
        if self._closed:
            return
        if "recovery" in self.__dict__:
            self.recovery.leave()
        self._end()

    # ---------------------------------------------------------------- inside

    def _end(self) -> None:
        """Nothing more is made, and what was made ends."""
        self._closed = True
        self._pieces.stop()
        self._imports.abandon()
        if self._furnished:
            from nnlab.ui.shell import exports

            exports.stop(self)
            self.status_line.stop()
            self.files.release()
        if "bench" in self.__dict__:
            self.bench.close()

    def _arrange(self) -> None:
        self._stack.addWidget(self.welcome)
        self.setCentralWidget(self._stack)
        self.setMinimumSize(SMALLEST)
        self.setAcceptDrops(True)
        self.setWindowIcon(icons.icon("app", "accent"))
        self.setWindowTitle("NNLab")
        empty_menus(self, self.furnish)
        page = self.welcome
        page.example_wanted.connect(lambda id_: self.files.example(id_))
        page.template_wanted.connect(lambda id_: self.files.template(id_))
        page.file_wanted.connect(lambda path: self.files.open(path))
        page.new_wanted.connect(lambda: self.files.new())
        page.open_wanted.connect(lambda: self.files.open())
        page.restore_wanted.connect(lambda copy: self.files.restore(copy))
        page.discard_wanted.connect(self._discard)

    def _build(self) -> Iterator[None]:
        """All that is not on the first page, in the order in which it is needed."""
        yield from self._imported(["numpy", *_modules(FOLDERS), "nnlab.ui.shell.furnishing"])
        from nnlab.ui.shell import furnishing

        yield from furnishing.furnish(self, self._stack, self._first)
        self._connect()
        self._furnished = True
        yield
        # psutil is the status bar's: its library could not be opened while torch's libraries are
        yield from self._imported(["psutil", "pyqtgraph", *_modules(["nnlab.ui.panels"])])
        yield from furnishing.add_panels(self)
        if not self.has_project and EXAMPLES:
            first = min(EXAMPLES.values(), key=lambda example: example.order)
            self.bench.trainer.prepare(first.make())  # nobody sees it: torch is loaded and warm before it is needed
            self.bench.trainer.step("epoch")

    def _imported(self, names: Iterable[str]) -> Iterator[None]:
        self._imports = Imports(names)
        while self._imports.stroke(math.inf if self._pieces.hurried else STROKE_SECONDS):
            yield

    def _connect(self) -> None:
        bench = self.bench
        seen = self.workspace.scope
        for changed in (
            bench.document_changed,
            bench.selection_changed,
            bench.stale_changed,
            bench.file_changed,
            seen.selection_changed,
            seen.path_changed,
        ):
            changed.connect(lambda *_: self._refresh_timer.start())
        self._refresh_timer.timeout.connect(self.commands.refresh)
        self.workspace.panels_changed.connect(self._refresh_timer.start)
        bench.document_changed.connect(lambda *_: self.toasts.clear("mistake"))
        bench.status_changed.connect(self._on_status)
        bench.file_changed.connect(self._on_file)
        bench.said.connect(lambda level, sentence: self.toasts.say(level, sentence) if self.in_lab else None)
        doctor = self.workspace.run_bar.doctor.doctor
        doctor.offered.connect(self._offer)
        doctor.withdrawn.connect(lambda note: self.toasts.withdraw(note.message))
        bench.time.changed.connect(lambda: self._on_status(bench.status))
        self._shown_state = ("", False, False)
        self.workspace.set_motion(not self.settings.reduced_motion)
        bench.time.limit(self.settings.moments_megabytes)
        bench.time.limited.connect(self._keep_memory)

    def _offer(self, note: "Note") -> None:
        """Training blew up: its cure is one click away."""
        doctor = self.workspace.run_bar.doctor.doctor
        offers = [(cure.label, partial(doctor.take, cure)) for cure in note.cures[:1]]
        if self.in_lab:
            self.toasts.say("error", note.message, offers)

    def _on_status(self, status: "RunStatus") -> None:
        shown = (status.state, status.step > 0, self.bench.looks_back)
        if shown != self._shown_state:  # figures change at every frame, what may be done does not
            self._shown_state = shown
            self._refresh_timer.start()

    def _keep_memory(self, megabytes: int) -> None:
        self.settings.moments_megabytes = megabytes

    def _on_file(self) -> None:
        name = plain(self.files.name).replace("\n", " ")
        name = name.replace("[*]", "[*][*]")  # Qt's mark of unsaved work, doubled to be itself
        self.setWindowTitle(f"{name}[*] – NNLab" if self.in_lab else "NNLab")
        self.setWindowModified(self.in_lab and not self.bench.history.is_saved)
        self._refresh_timer.start()

    def _discard(self, copy: "Found") -> None:
        self.recovery.forget(copy)
        self.welcome.show_copies(self.recovery.found())

    # ---------------------------------------------------------------- Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """After the first one the rest of the window is made."""
        super().paintEvent(event)
        if not self.is_painted:
            self.is_painted = True
            QTimer.singleShot(0, self, self._pieces.start)

    def event(self, event: QEvent) -> bool:
        """A key that comes before there are commands may be that of one."""
        if event.type() == QEvent.Type.ShortcutOverride:
            self.furnish()
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask what must be asked. Ignored first, accepted last: a fault on the way leaves the window open."""
        event.ignore()
        if not self._closed:
            if self._furnished and not self.files.may_leave(closing=True):
                return
            self.finish()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A project file, or a model of another program, may be dropped anywhere."""
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the project that was dropped."""
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.files.open(path))  # the other program waits until we return


def _dropped(event: QDropEvent) -> Path | None:
    from nnlab.files.store import SUFFIX
    from nnlab.project.importing import ENDINGS

    urls = event.mimeData().urls()[:2]
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.suffix.lower() in (SUFFIX, *ENDINGS) else None


def _modules(folders: Iterable[str]) -> list[str]:
    """The modules of these packages, which their registries will ask for."""
    found = []
    for folder in folders:
        found += [f"{folder}.{module.name}" for module in pkgutil.iter_modules(import_module(folder).__path__)]
    return found
