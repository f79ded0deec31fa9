"""The lab itself: run bar, layers, network, panels and inspector around each other in docks."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QMainWindow, QTabBar, QTabWidget, QToolBar, QWidget

from nnlab.core.document import Document
from nnlab.engine.events import Event, Failed, Prepared, Snapshot
from nnlab.engine.wants import Want
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.canvas.motion import is_reduced
from nnlab.ui.canvas.palette import Palette
from nnlab.ui.inspector.inspector import Inspector
from nnlab.ui.panel import PANELS, Panel
from nnlab.ui.panels.timeline.strip import TimelineStrip
from nnlab.ui.scope import Scope
from nnlab.ui.shell.docks import Dock
from nnlab.ui.shell.front import OPEN_AT_FIRST, Front
from nnlab.ui.shell.run_bar import RunBar
from nnlab.ui.shell.turns import Turns
from nnlab.ui.workbench import Workbench

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea
PALETTE_SHARE, SIDE_SHARE, PANEL_SHARE = 0.145, 0.29, 0.52
PALETTE_WIDTHS, SIDE_WIDTHS = (168, 240), (320, 520)


class Workspace(QMainWindow):
    """A window inside the window: it keeps the docks, so that the welcome page can take the whole place."""

    panels_changed = Signal()
    """A panel was opened, closed, or put before another."""

    editor: GraphEditor
    palette_list: Palette
    inspector: Inspector
    run_bar: RunBar
    strip: TimelineStrip
    scope: Scope

    def __init__(self, bench: Workbench, actions: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Widget)
        self.setObjectName("workspace")
        self.bench = bench
        self.panels: dict[str, Panel] = {}
        self.docks: dict[str, Dock] = {}
        self._actions = actions
        self._hearing: list[Panel] = []  # also panels that have no place yet
        self._shared_out = False
        self._front = Front(self)
        self._turns = Turns(bench.take_turn, self)

    # ---------------------------------------------------------------- parts

    def build(self) -> Iterator[None]:
        """Make every part but the panels, piece by piece; before the end of it this is not to be used."""
        bench = self.bench
        self.scope = Scope(bench)
        self.editor = GraphEditor(self.scope)
        yield
        self.palette_list = Palette(self.scope)
        yield
        self.inspector = Inspector(self.scope)
        yield
        self.run_bar = RunBar(bench, self._actions)
        yield
        self.strip = TimelineStrip(bench)
        self._turns.add("strip", self.strip.hear)
        yield
        yield from self._put_together()
        doctor = self.run_bar.doctor
        doctor.doctor.changed.connect(lambda: self.editor.problems.show_notes(doctor.doctor.badges))
        doctor.layer_wanted.connect(self.show_layer)
        doctor.notes.pointed.connect(lambda cure: self.scope.preview(cure and cure.apply, whole=True))
        bench.happened.connect(self.show_events)
        bench.document_changed.connect(self._on_document)
        bench.pictured.connect(self._on_snapshot)

    def build_panels(self) -> Iterator[None]:
        """Make every panel, piece by piece, and then put all of them into their places."""
        made: dict[str, Panel] = {}
        for id_, kind in sorted(PANELS.items(), key=lambda pair: pair[1].order):
            made[id_] = panel = kind(self.bench)
            self._hearing.append(panel)
            self._turns.add(id_, panel.on_events, partial(self._show_picture, id_), panel.apart)
            panel.on_document(self.bench.document, self.bench.document)
            yield
        for id_, panel in made.items():
            self._add_panel(id_, panel)
        self.reset()

    def toggle(self, id_: str) -> None:
        """Open or close a part; a panel behind another comes to the front."""
        dock = self.docks[id_]
        if dock.isVisible() and not dock.is_covered():
            dock.close()
        else:
            self.open(id_)

    def open(self, id_: str) -> None:
        """Show a part and bring it to the front."""
        dock = self.docks.get(id_)
        if dock is not None:
            dock.show()
            dock.raise_()
            self._retitle()

    def show_fitting(self, document: Document) -> None:
        """Bring the panel to the front that says most about such data, unless the user closed it."""
        self._front.begin(document)

    def is_open(self, id_: str) -> bool:
        """Whether a part is shown, perhaps behind another in the same place."""
        return id_ in self.docks and not self.docks[id_].isHidden()

    def is_in_front(self, id_: str) -> bool:
        """Whether a part can be seen, behind no other."""
        dock = self.docks.get(id_)
        return dock is not None and dock.isVisible() and not dock.is_covered()

    def show_settings(self, training: bool) -> None:
        """Bring the settings of the run to the front: the training's or the data's."""
        self.open("inspector")
        self.inspector.show_training() if training else self.inspector.show_data()

    def show_layer(self, node_id: str) -> None:
        """Select a node and bring it into view."""
        self.bench.select([node_id])
        item = self.editor.picture.nodes.get(node_id)
        if item is not None:
            self.editor.show_point(item.sceneBoundingRect())

    def show_help(self) -> None:
        """Bring the description of the selected layer to the front."""
        self.open("inspector")
        self.inspector.node_page.fold.setChecked(True)
        self.inspector.node_page.fold.setFocus()

    def set_motion(self, on: bool) -> None:
        """Whether nodes and docks may glide to their places."""
        self.editor.glide.enabled = on and not is_reduced()
        self.setAnimated(on)

    def focus_next(self) -> None:
        """Move the focus to the next part of the window."""
        parts: list[QWidget] = [self.editor, *(d.part for d in self.docks.values() if d.part.isVisible())]
        now = next((i for i, part in enumerate(parts) if part.isAncestorOf(self.focusWidget() or self)), -1)
        part = parts[(now + 1) % len(parts)]
        part.setFocus(Qt.FocusReason.TabFocusReason)
        if not part.hasFocus():
            self.focusNextChild()

    def show_events(self, events: list[Event]) -> None:
        """Tell every panel what happened."""
        self._turns.happened(events, at_once=self.bench.status.state != "running")
        if any(isinstance(event, Prepared | Failed) for event in events):
            self._front.look()

    # ---------------------------------------------------------------- layout

    def reset(self) -> None:
        """Every part in its first place and size."""
        self.editor.show()
        for dock in self.docks.values():
            dock.setFloating(False)
        self.addDockWidget(LEFT, self.docks["palette"])
        panels = [self.docks[id_] for id_, panel in self.panels.items() if not panel.wide]
        for dock in panels:
            self.addDockWidget(RIGHT, dock)
        for dock in self.wide_docks():
            self.addDockWidget(BOTTOM, dock)
        self.addDockWidget(RIGHT, self.docks["inspector"])
        for before, after in pairwise(panels):
            self.tabifyDockWidget(before, after)
        for dock in self.docks.values():
            dock.setVisible(dock not in self.wide_docks())
        self.share_out()
        self.open(OPEN_AT_FIRST)

    def wide_docks(self) -> list[Dock]:
        """The panels that lie across the window."""
        return [self.docks[id_] for id_, panel in self.panels.items() if panel.wide]

    def share_out(self) -> None:
        """Give each part its share of the window."""
        width, height = max(self.width(), 640), max(self.height(), 400)
        narrowest = max(PALETTE_WIDTHS[0], self.palette_list.whole_width())
        left = min(max(int(width * PALETTE_SHARE), narrowest), PALETTE_WIDTHS[1])
        right = min(max(int(width * SIDE_SHARE), SIDE_WIDTHS[0]), SIDE_WIDTHS[1])
        self.resizeDocks([self.docks["palette"], self.docks["inspector"]], [left, right], Qt.Orientation.Horizontal)
        first = next((self.docks[id_] for id_ in self.panels), None)
        if first is not None:
            upper = int(height * PANEL_SHARE)
            self.resizeDocks([first, self.docks["inspector"]], [upper, height - upper], Qt.Orientation.Vertical)

    def restore(self, state: QByteArray) -> bool:
        """Put the docks where they were; False if that was of another version or is damaged."""
        if state.isEmpty() or not self.restoreState(state):
            return False
        self._shared_out = True
        self._retitle()
        return True

    def on_theme(self) -> None:
        """The colours changed."""
        for panel in self._hearing:
            panel.on_theme()

    def showEvent(self, event: QShowEvent) -> None:
        """The first time it has its real size, its parts get their shares."""
        super().showEvent(event)
        if not self._shared_out:
            self._shared_out = True
            self.share_out()

    # ---------------------------------------------------------------- inside

    def _put_together(self) -> Iterator[None]:
        self.setCentralWidget(self.editor)
        self.setDockNestingEnabled(True)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        bar = QToolBar("Run", movable=False, floatable=False)
        bar.setObjectName("bar.run")
        bar.setIconSize(QSize(20, 20))
        bar.addWidget(self.run_bar)
        self.addToolBar(bar)
        self._strip_bar = QToolBar("Timeline", movable=False, floatable=False)
        self._strip_bar.setObjectName("bar.timeline")
        self._strip_bar.setProperty("below", True)
        self._strip_bar.addWidget(self.strip)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self._strip_bar)
        self.strip.open_asked.connect(lambda: self.open("timeline"))
        yield
        self._add_dock("palette", "Layers", self.palette_list, LEFT)
        yield
        self._add_dock("inspector", "Inspector", self.inspector, RIGHT)

    def _add_panel(self, id_: str, panel: Panel) -> None:
        panel.setObjectName(f"panel.{id_}")
        panel.setAccessibleName(panel.title)
        self.panels[id_] = panel
        dock = self._add_dock(id_, panel.title, panel, BOTTOM if panel.wide else RIGHT)

        def wanted() -> frozenset[Want]:
            return panel.wants() if not dock.is_covered() and panel.isVisible() else frozenset()

        self.bench.add_asker(wanted)

    def _add_dock(self, id_: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> Dock:
        dock = Dock(id_, title, widget, self)
        dock.moved.connect(lambda: QTimer.singleShot(0, self, self._retitle))
        self.docks[id_] = dock
        self.addDockWidget(area, dock)
        return dock

    def _retitle(self) -> None:
        for dock in self.docks.values():
            dock.show_title(not self.tabifiedDockWidgets(dock) or dock.isFloating())
        for bar in self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setElideMode(Qt.TextElideMode.ElideNone)  # names that cannot be read help nobody: it scrolls instead
            bar.setUsesScrollButtons(True)
        self._strip_bar.setVisible(not self.is_open("timeline") or self.docks["timeline"].is_covered())
        self.panels_changed.emit()

    def _on_document(self, old: Document, new: Document) -> None:
        for panel in self._hearing:
            panel.on_document(old, new)
        self._front.look()

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._turns.pictured(snapshot, at_once=self.bench.status.state != "running")

    def _show_picture(self, id_: str, snapshot: Snapshot) -> None:
        panel = self.panels.get(id_)
        if panel is not None and panel.isVisible() and not self.docks[id_].is_covered():
            panel.on_snapshot(snapshot)
