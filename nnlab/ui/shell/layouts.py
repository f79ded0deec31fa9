"""Ready-made layouts of the lab: to build, to watch, to explain, to present."""

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer

from nnlab.ui.shell.docks import Dock

if TYPE_CHECKING:
    from nnlab.ui.shell.workspace import Workspace

RIGHT, BOTTOM = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
ACROSS, DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
NARROWEST = 320  # pixels that a panel with its controls needs
WIDE_HEIGHT = 150  # of a panel that lies across the window
WATCH_SHARE, EXPLAIN_SHARE = 0.62, 0.5  # of the window's width, for what is beside the network


def build(workspace: "Workspace") -> None:
    """Layers at the left, the network in the middle, panels and settings at the right."""
    _clear(workspace, ())
    workspace.reset()
    _fit(workspace)


def watch(workspace: "Workspace") -> None:
    """Every panel at once, two by two, beside the network; the timeline below."""
    wide = workspace.wide_docks()
    panels = [dock for id_ in workspace.panels if (dock := workspace.docks[id_]) not in wide]
    _clear(workspace, [*panels, *wide])
    for dock in wide:
        workspace.addDockWidget(BOTTOM, dock)
    for dock in panels:
        workspace.addDockWidget(RIGHT, dock)
    columns = panels[::2]
    for before, after in pairwise(columns):
        workspace.splitDockWidget(before, after, ACROSS)
    for upper, lower in zip(columns, panels[1::2], strict=False):
        workspace.splitDockWidget(upper, lower, DOWN)
    each = max(int(workspace.width() * WATCH_SHARE / max(len(columns), 1)), NARROWEST)
    workspace.resizeDocks(columns, [each] * len(columns), ACROSS)
    workspace.resizeDocks(panels, [workspace.height() // 2] * len(panels), DOWN)
    workspace.resizeDocks(wide, [WIDE_HEIGHT] * len(wide), DOWN)
    _fit(workspace)


def explain(workspace: "Workspace") -> None:
    """The neurons and their formulas large beside the network, the settings of what is selected below."""
    panel, inspector = workspace.docks["network"], workspace.docks["inspector"]
    _clear(workspace, (panel, inspector))
    workspace.addDockWidget(RIGHT, panel)
    workspace.splitDockWidget(panel, inspector, DOWN)
    workspace.resizeDocks([panel], [int(workspace.width() * EXPLAIN_SHARE)], ACROSS)
    workspace.resizeDocks([panel, inspector], [2 * workspace.height() // 3, workspace.height() // 3], DOWN)
    _fit(workspace)


def present(workspace: "Workspace") -> None:
    """The panel in front fills the window; the network steps back."""
    shown = [id_ for id_ in workspace.panels if workspace.is_open(id_) and not workspace.docks[id_].is_covered()]
    panel = workspace.docks[shown[0] if shown else next(iter(workspace.panels))]
    _clear(workspace, (panel,))
    workspace.addDockWidget(RIGHT, panel)
    workspace.editor.hide()


def _fit(workspace: "Workspace") -> None:
    QTimer.singleShot(0, workspace.editor, workspace.editor.fit_all)  # when the network's place has its new size


def _clear(workspace: "Workspace", kept: Iterable[Dock]) -> None:
    """The network in view, these parts shown, every other put away."""
    keep = list(kept)
    workspace.editor.show()
    for dock in workspace.docks.values():
        dock.setFloating(False)
        workspace.removeDockWidget(dock)
    for dock in keep:
        dock.show()
