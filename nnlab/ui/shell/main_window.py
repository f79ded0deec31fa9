"""The window: welcome page and lab, menus and status bar, and what happens when it closes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget

from nnlab.core.dataset import DATASETS
from nnlab.core.example import EXAMPLES
from nnlab.engine.doctor import Note
from nnlab.engine.events import RunStatus
from nnlab.files import store
from nnlab.ui.actions import ACTIONS, Action, WindowActions
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.keeping.recovery import Found, Recovery
from nnlab.ui.keeping.settings import Settings
from nnlab.ui.look import icons
from nnlab.ui.look.labels import plain
from nnlab.ui.shell import appearance, recent_menu, window_place
from nnlab.ui.shell.appearance import Appearance
from nnlab.ui.shell.files import ProjectFiles
from nnlab.ui.shell.status_bar import StatusBar
from nnlab.ui.shell.toasts import Toasts
from nnlab.ui.shell.welcome import Welcome
from nnlab.ui.shell.workspace import Workspace
from nnlab.ui.workbench import Workbench

if TYPE_CHECKING:
    from nnlab.project import Project

SMALLEST = QSize(900, 600)
LATE_MS = 200  # a window that is never painted (a test) gets its panels all the same


class MainWindow(QMainWindow):
    """NNLab's window. `project` is an `nnlab.Project` to show at once; without one the welcome page is shown."""

    def __init__(self, project: "Project | None" = None, settings: Settings | None = None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.settings = settings or Settings()
        appearance.start(self.settings)
        self.has_project = project is not None
        self.bench = Workbench(project.document if project is not None else None, self)
        self.recovery = Recovery(self.bench, parent=self)
        self.commands = WindowActions(self)
        for described in [*ACTIONS.values(), *_example_commands(), *_data_commands()]:
            self.commands.add(described)
        self.workspace = Workspace(self.bench, self.commands)
        self.welcome = Welcome()
        self.status_line = StatusBar(self.bench)
        self._stack = QStackedWidget()
        self.toasts = Toasts(self._stack)
        self.files = ProjectFiles(self)
        self.appearance = Appearance(self.settings, self, self.commands.recolor)
        self._refresh_timer = QTimer(self, interval=0, singleShot=True)
        self._complete = False
        self._closed = False
        self._arrange()
        self._connect()
        self.workspace.set_motion(not self.settings.reduced_motion)
        self.bench.time.limit(self.settings.moments_megabytes)
        self.bench.time.limited.connect(self._keep_memory)
        window_place.restore(self, self.settings)
        self.files.adopt(project) if project is not None else self.show_welcome()
        QTimer.singleShot(LATE_MS, self, self.complete)

    @property
    def editor(self) -> GraphEditor:
        """The canvas."""
        return self.workspace.editor

    @property
    def in_lab(self) -> bool:
        """A project is on the screen, not the welcome page."""
        return self._stack.currentWidget() is self.workspace

    # ---------------------------------------------------------------- pages

    def show_welcome(self) -> None:
        """The first page."""
        self.welcome.show_recent(self.settings.recent)
        self.welcome.show_copies(self.recovery.found())
        self._stack.setCurrentWidget(self.welcome)
        self.status_line.hide()
        self.toasts.clear()
        self._on_file()
        self.commands.refresh()
        self.welcome.setFocus()

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

    def complete(self) -> None:
        """What can wait until the window is on the screen: the plots, and torch in its own thread."""
        if self._complete or self._closed:
            return
        self._complete = True
        self.workspace.build_panels()
        self.workspace.restore(self.settings.bytes_of("docks"))
        for number, (id_, panel) in enumerate(self.workspace.panels.items()):
            self.commands.add(_panel_command(id_, panel.title, panel.icon, group=number == 0))
        self.commands.fill(self.menuBar())
        self.commands.listen(self.editor)
        self.commands.refresh()
        if self.in_lab:
            self.workspace.show_fitting(self.bench.document)
            QTimer.singleShot(0, self.editor, self.editor.fit_all)  # the docks came back and left it another place
        if not self.has_project and EXAMPLES:
            first = min(EXAMPLES.values(), key=lambda example: example.order)
            self.bench.trainer.prepare(first.make())  # nobody sees it: torch is loaded and warm before it is needed
            self.bench.trainer.step("epoch")

    def finish(self) -> None:
        """Keep what is to be remembered, and leave nothing alive."""
        if self._closed:
            return
        self._closed = True
        window_place.keep(self, self.settings)
        if self._complete:
            self.settings.keep_bytes("docks", self.workspace.saveState())
        self.settings.save()
        self.status_line.stop()
        self.recovery.close()
        self.files.release()
        self.bench.close()

    def leave_in_a_hurry(self) -> None:
        """The session is being ended from outside: nothing is asked, unsaved work is kept for the next start."""
        if self._closed:
            return
        self._closed = True
        self.recovery.leave()
        self.files.release()
        self.bench.close()

    # ---------------------------------------------------------------- inside

    def _arrange(self) -> None:
        self._stack.addWidget(self.welcome)
        self._stack.addWidget(self.workspace)
        self.setCentralWidget(self._stack)
        self.setStatusBar(self.status_line)
        self.setMinimumSize(SMALLEST)
        self.setAcceptDrops(True)
        self.setWindowIcon(icons.icon("app", "accent"))
        self.commands.fill(self.menuBar())
        self.commands.listen(self.editor)
        recent = self.commands.menu(recent_menu.PATH)
        if recent is not None:
            recent_menu.fill_when_shown(recent, self.commands["file.clear_recent"], self.settings, self.files.open)

    def _connect(self) -> None:
        bench, page = self.bench, self.welcome
        for changed in (bench.document_changed, bench.selection_changed, bench.stale_changed, bench.file_changed):
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
        page.example_wanted.connect(self.files.example)
        page.file_wanted.connect(self.files.open)
        page.new_wanted.connect(self.files.new)
        page.open_wanted.connect(lambda: self.files.open())
        page.restore_wanted.connect(self.files.restore)
        page.discard_wanted.connect(self._discard)
        bench.time.changed.connect(lambda: self._on_status(bench.status))
        self._shown_state = ("", False, False)

    def _offer(self, note: Note) -> None:
        """Training blew up: its cure is one click away."""
        doctor = self.workspace.run_bar.doctor.doctor
        offers = [(cure.label, partial(doctor.take, cure)) for cure in note.cures[:1]]
        if self.in_lab:
            self.toasts.say("error", note.message, offers)

    def _on_status(self, status: RunStatus) -> None:
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

    def _discard(self, copy: Found) -> None:
        self.recovery.forget(copy)
        self.welcome.show_copies(self.recovery.found())

    # ---------------------------------------------------------------- Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """After the first one the rest of the window is made."""
        super().paintEvent(event)
        if not self._complete:
            QTimer.singleShot(0, self, self.complete)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask what must be asked. Ignored first, accepted last: a fault on the way leaves the window open."""
        event.ignore()
        if not self._closed:
            if not self.files.may_leave(closing=True):
                return
            self.finish()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A project file may be dropped anywhere."""
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the project that was dropped."""
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.files.open(path))  # the other program waits until we return


def _dropped(event: QDropEvent) -> Path | None:
    urls = event.mimeData().urls()[:2]
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.suffix.lower() == store.SUFFIX else None


def _example_commands() -> Sequence[Action]:
    def opening(id_: str) -> Action:
        example = EXAMPLES[id_]
        return Action(
            f"learn.{id_}", example.title, lambda w: w.files.example(id_), "Learn", why=example.blurb
        )  # fmt: skip

    return [opening(id_) for id_ in sorted(EXAMPLES, key=lambda i: EXAMPLES[i].order)]


def _data_commands() -> Sequence[Action]:
    def choosing(id_: str, first: bool) -> Action:
        kind = DATASETS[id_]

        def choose(window: "MainWindow") -> None:
            bench = window.bench
            if type(bench.document.data.dataset) is not kind:
                bench.apply(f"Choose {kind.title}", bench.document.with_data(dataset=kind()))

        return Action(
            f"data.{id_}",
            kind.title,
            choose,
            "Data",
            enabled=lambda w: w.in_lab,
            checked=lambda w: type(w.bench.document.data.dataset) is kind,
            group=first,
            why="Learn from this data; the network stays as it is drawn.",
        )

    ids = sorted(DATASETS, key=lambda i: DATASETS[i].title)
    return [choosing(id_, number == 0) for number, id_ in enumerate(ids)]


def _panel_command(id_: str, title: str, icon: str, group: bool) -> Action:
    return Action(
        f"panel.{id_}.toggle",
        title,
        lambda w: w.workspace.toggle(id_),
        "Window",
        icon=icon,
        enabled=lambda w: w.in_lab,
        checked=lambda w: w.workspace.is_open(id_),
        group=group,
        why=f"Show or hide {title}.",
    )
