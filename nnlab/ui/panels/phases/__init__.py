"""The panel that takes one batch through forward, loss, backward and update, one press at a time."""

from typing import cast

from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nnlab.core.document import Document
from nnlab.engine.events import Event, Prepared, RunStatus, Snapshot
from nnlab.engine.wants import MEAN, PhaseValues, PhaseWant, Want
from nnlab.ui.drawing import DrawnPanel
from nnlab.ui.forms.second_row import SecondRow
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.phases.controls import BatchSample, StepButtons
from nnlab.ui.panels.phases.drawing import StepsDrawing
from nnlab.ui.panels.phases.rows import Target
from nnlab.ui.workbench import Workbench

ONE_ROW = 640  # pixels that all controls need beside each other
OVER = "This run is over. Press Reset to step through it from the beginning, or go back to a moment on the timeline."


@PANELS.register("phases")
class PhasesPanel(DrawnPanel):
    """One training step in slow motion: forward, loss, backward, update.

    Each press of Next phase goes one phase further with the run's own next batch, on whatever network is drawn. For
    the chosen layer you see every number, the formula it follows and that formula with the numbers put in; the table
    below lists all layers with what they put out, how large their gradients are and how far their weights moved.
    Choose a layer on the canvas or in the table, a number in the coloured cells, a sample of the batch above.
    """

    title = "Steps"
    icon = "panel-phases"
    order = 60

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        self.steps = StepsDrawing()
        super().__init__(bench, self.steps, parent, scrolls=True)
        self.buttons = StepButtons(bench)
        self.sample = BatchSample()
        self.controls.addWidget(self.buttons)
        self.second = SecondRow(self.controls, cast(QVBoxLayout, self.layout()), ONE_ROW)
        self.second.row.addWidget(self.buttons.play)
        self.second.row.addWidget(self.buttons.speed)
        self.second.row.addStretch(1)
        self.second.row.addWidget(self.sample)
        self._node = ""
        self._places: dict[str, tuple[int, ...]] = {}
        self.steps.chosen.connect(self._on_chosen)
        bench.selection_changed.connect(self._on_selection)
        self._on_selection(bench.selection)

    def wants(self) -> frozenset[Want]:
        """The phases so far, with the formulas of the chosen number."""
        document = self.run_graph_document()
        return frozenset() if document.spec is None or not document.graph.nodes else frozenset({self._want()})

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Draw the newest answer."""
        answer = snapshot.answers.get(self._want())
        if isinstance(answer, PhaseValues):
            document = self.run_graph_document()
            self.sample.set_rows(max(1, answer.rows))
            if answer.focus is not None and answer.sample != MEAN:
                self._places.setdefault(answer.focus.node, answer.focus.place)
            self._hint(self.bench.status)
            self.steps.show_values(answer, document)
            self.has_picture = True
            self.sample.setEnabled(bool(answer.phase))
        if answer is not None:
            self.refresh(answer)

    def on_events(self, events: list[Event]) -> None:
        """Another run has other numbers."""
        super().on_events(events)
        if any(isinstance(event, Prepared) for event in events):
            self._places = {}
            self._node = self._chosen_node()

    def on_document(self, old: Document, new: Document) -> None:
        """A layer that is gone cannot be looked at."""
        super().on_document(old, new)
        if self._node not in self.run_graph_document().graph.nodes:
            self._node = self._chosen_node()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One row of controls where there is room for it, else two."""
        super().resizeEvent(event)
        self.second.fit(self.width())

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing goes on by itself where nobody looks."""
        self.buttons.stop()
        super().hideEvent(event)

    # ---------------------------------------------------------------- what is looked at

    def _want(self) -> PhaseWant:
        return PhaseWant(self.sample.sample, self._node, self._places.get(self._node, ()))

    def _on_chosen(self, target: Target) -> None:
        match target:
            case Target("phase", str(phase)):
                self.steps.look_at(phase)
            case Target("sample", int(number)):
                self.sample.setValue(number + 1)
            case Target("place", tuple(place)):
                self._places[self._node] = place
            case Target("node", str(node_id)):
                self._node = node_id
                if node_id in self.bench.document.graph.nodes:
                    self.bench.select([node_id])

    def _on_selection(self, chosen: object) -> None:
        ids = list(self.bench.selection)
        if len(ids) == 1 and ids[0] in self.run_graph_document().graph.nodes:
            self._node = ids[0]
        elif not self._node:
            self._node = self._chosen_node()

    def _chosen_node(self) -> str:
        """The selected layer, else the first that learns something."""
        document = self.run_graph_document()
        graph = document.graph
        if len(self.bench.selection) == 1 and next(iter(self.bench.selection)) in graph.nodes:
            return next(iter(self.bench.selection))
        learning = [
            n
            for n in graph.in_order
            if document.shapes[n].known and graph.nodes[n].layer.parameter_shapes(*document.shapes[n].inputs)
        ]
        return next(iter([*learning, *graph.in_order]), "")

    def _hint(self, status: RunStatus) -> None:
        self.steps.hint = OVER if status.state == "finished" else ""
