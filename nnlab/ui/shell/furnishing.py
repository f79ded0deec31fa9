"""What stands behind the welcome page, made piece by piece and put into the window."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStackedWidget

from nnlab.ui.actions import ACTIONS, WindowActions
from nnlab.ui.keeping.recovery import Recovery
from nnlab.ui.shell import found_commands, recent_menu
from nnlab.ui.shell.appearance import Appearance
from nnlab.ui.shell.files import ProjectFiles
from nnlab.ui.shell.status_bar import StatusBar
from nnlab.ui.shell.toasts import Toasts
from nnlab.ui.shell.workspace import Workspace
from nnlab.ui.workbench import Workbench

if TYPE_CHECKING:
    from nnlab.project import Project
    from nnlab.ui.shell.main_window import MainWindow


def furnish(window: "MainWindow", stack: QStackedWidget, project: "Project | None") -> Iterator[None]:
    """Make every part but the panels; after the last piece the window can use them."""
    bench = window.bench = Workbench(project.document if project is not None else None, window)
    window.recovery = Recovery(bench, parent=window)
    yield
    commands = WindowActions(window)
    found = [*found_commands.of_templates(), *found_commands.of_examples(), *found_commands.of_data()]
    for described in [*ACTIONS.values(), *found]:
        commands.add(described)
    commands.fill(window.menuBar())
    yield
    workspace = Workspace(bench, commands)
    yield from workspace.build()
    yield
    stack.addWidget(workspace)
    yield
    status_line = StatusBar(bench)
    status_line.setVisible(window.in_lab)
    window.setStatusBar(status_line)
    for refresh in (workspace.editor.problems.look, workspace.inspector.refresh):
        status_line.confirmation.found.connect(refresh)
    commands.listen(workspace.editor)
    recent = commands.menu(recent_menu.PATH)
    if recent is not None:
        recent_menu.fill_when_shown(
            recent, commands["file.clear_recent"], window.settings, lambda path: window.files.open(path)
        )
    window.commands, window.workspace, window.status_line = commands, workspace, status_line
    window.toasts = Toasts(stack)
    window.files = ProjectFiles(window)
    window.appearance = Appearance(window.settings, window, commands.refresh)
    window.appearance.apply()
    commands.refresh()


def add_panels(window: "MainWindow") -> Iterator[None]:
    """Make the panels, and the commands that show and hide them."""
    workspace, commands = window.workspace, window.commands
    yield from workspace.build_panels()
    workspace.restore(window.settings.bytes_of("docks"))
    for number, (id_, panel) in enumerate(workspace.panels.items()):
        commands.add(found_commands.of_panel(id_, panel.title, panel.icon, group=number == 0))
    commands.fill(window.menuBar())
    commands.listen(window.editor)
    commands.refresh()
    if window.in_lab:
        workspace.show_fitting(window.bench.document)
        QTimer.singleShot(0, window.editor, window.editor.fit_all)  # the docks came back and left it another place
    yield
