"""The panel of the decision boundary."""

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from nnlab.core.dataset import DataSpec
from nnlab.core.document import Document
from nnlab.engine.events import Event, Prepared, Snapshot
from nnlab.engine.wants import Boundary, BoundaryWant, Part, Points, PointsWant, Want
from nnlab.ui.drawing import DrawnPanel
from nnlab.ui.look import graphs, labels, theme
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.boundary.drawing import BoundaryDrawing
from nnlab.ui.panels.boundary.held_inputs import HeldInputs
from nnlab.ui.panels.boundary.input_choice import InputChoice
from nnlab.ui.panels.boundary.view import View
from nnlab.ui.workbench import Workbench

PICTURES = "Pictures have too many inputs for a plane of two. The Activations panel shows what the network sees in one."
NO_PLANE = (
    "These data have no plane of two inputs to draw. The Activations panel shows what the network sees in a sample."
)
NO_DATA = "The data set of this project is missing: choose another under Data."


@PANELS.register("boundary")
class BoundaryPanel(DrawnPanel):
    """What the network answers everywhere, not only at the samples.

    Every place on the plane of two inputs has the colour of the class the network would choose there, paler where
    it is less certain; for values to predict, the colour is the value. Filled marks are the training samples,
    hollow ones the validation samples, and a ring means that the network is wrong there. With more than two
    inputs you choose which two are drawn; the others are held at their means, or where you put them. Turn the wheel to look
    closer, drag to move, press F to see everything again.
    """

    title = "Boundary"
    icon = "panel-boundary"
    order = 10

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        self.plane = BoundaryDrawing()
        super().__init__(bench, self.plane, parent)
        self.train_box = self._check_box("Training", "Show the samples the network learns from (filled).", True)
        self.validation_box = self._check_box("Validation", "Show the samples held back (hollow).", True)
        self.discrete_box = self._check_box("Discretise", "Show the winning class alone, without shading.", False)
        self.controls.addStretch(1)
        self.show_all = graphs.ShowAllButton(self.plane.canvas, self)
        self.controls.addWidget(self.show_all)
        self._build_inputs()
        self.plane.canvas.come_last()
        self._spec: DataSpec | None = None
        self._show_spec()

    def _build_inputs(self) -> None:
        self.inputs_row = QWidget()
        row = QHBoxLayout(self.inputs_row)
        row.setContentsMargins(theme.GRID * 2, 0, theme.GRID * 2, theme.GRID)
        row.setSpacing(theme.GRID * 2)
        self.x_choice, self.y_choice = InputChoice("Input drawn across"), InputChoice("Input drawn up")
        for text, choice in (("→", self.x_choice), ("↑", self.y_choice)):
            row.addWidget(labels.label(text, "caption"))
            row.addWidget(choice, 1)
            choice.activated.connect(self._choose_inputs)
        self.others_button = QToolButton()
        self.others_button.setText("Others")
        self.others_button.setCheckable(True)
        self.others_button.setToolTip(labels.tooltip("Where the inputs that are not drawn are held."))
        row.addWidget(self.others_button)
        self.held = HeldInputs()
        self.held.setVisible(False)
        self.others_button.toggled.connect(self.held.setVisible)
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertWidget(1, self.inputs_row)
        column.insertWidget(2, self.held)

    # ---------------------------------------------------------------- the contract

    def fits(self) -> bool:
        """Only data with single numbers span a plane."""
        spec = self._data_spec()
        return spec is not None and spec.has_plane

    def wants(self) -> frozenset[Want]:
        """The plane, the points of both parts, and what the sliders still have to know."""
        if not self.fits():
            return frozenset()
        return frozenset({self._plane_want(), *self._point_wants().values(), *self._slider_wants()})

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Draw the newest answers."""
        for want in self._slider_wants():
            answer = snapshot.answers.get(want)
            if isinstance(answer, Points):
                self.held.learn(want, answer)
        boundary = snapshot.answers.get(self._plane_want())
        if isinstance(boundary, Boundary) and self._spec is not None:
            found = {part: snapshot.answers.get(want) for part, want in self._point_wants().items()}
            points = {part: answer for part, answer in found.items() if isinstance(answer, Points)}
            view = View(boundary, self._spec, *self._inputs(), points, self._shown(), self._discrete())
            self.plane.show_view(view)
            self.has_picture = True
        if boundary is not None:
            self.refresh(boundary)

    def on_events(self, events: list[Event]) -> None:
        """A new run may be of other data."""
        super().on_events(events)
        if any(isinstance(event, Prepared) for event in events):
            self._show_spec()

    def on_document(self, old: Document, new: Document) -> None:
        """Other data, other axes."""
        if old.data is not new.data:
            self._show_spec()
        super().on_document(old, new)

    def refresh(self, problem: object = None) -> None:
        """Say why these data have no plane, if they have none."""
        if not self.fits() and self.bench.document.graph.nodes:
            spec = self._data_spec()
            self.drawing.say(NO_DATA if spec is None else PICTURES if spec.is_picture else NO_PLANE)
        else:
            super().refresh(problem)
        self.plane.arrange()

    def on_theme(self) -> None:
        """Draw in the new colours."""
        self.show_all.refresh()
        if self.plane.view is not None:
            self.plane.show_view(replace(self.plane.view))
        self.refresh()

    # ---------------------------------------------------------------- questions

    def _data_spec(self) -> DataSpec | None:
        return self.run_graph_document().spec

    def _plane_want(self) -> BoundaryWant:
        x, y = self._inputs()
        return BoundaryWant(x_input=x, y_input=y, held=self.held.held())

    def _point_wants(self) -> dict[Part, PointsWant]:
        x, y = self._inputs()
        return {"train": PointsWant("train", x, y), "validation": PointsWant("validation", x, y)}

    def _slider_wants(self) -> frozenset[PointsWant]:
        return self.held.missing() if self.others_button.isChecked() else frozenset()

    def _inputs(self) -> tuple[int, int]:
        count = len(self._spec.inputs) if self._spec else 0
        if count < 3:
            return (0, max(0, count - 1))
        return (max(0, self.x_choice.currentIndex()), max(0, self.y_choice.currentIndex()))

    def _shown(self) -> tuple[Part, ...]:
        boxes: list[tuple[Part, QCheckBox]] = [("train", self.train_box), ("validation", self.validation_box)]
        return tuple(part for part, box in boxes if box.isChecked())

    def _discrete(self) -> bool:
        return self.discrete_box.isChecked()

    # ---------------------------------------------------------------- controls

    def _show_spec(self) -> None:
        spec = self._data_spec()
        if spec is self._spec:
            return
        self.has_picture = False
        before, self._spec = self._spec, spec
        names = spec.inputs if spec else ()
        self.bar.setVisible(self.fits())
        self.inputs_row.setVisible(self.fits() and len(names) > 2)
        self.others_button.setChecked(False)
        self.discrete_box.setVisible(spec is None or spec.task == "classes")
        if before is None or before.inputs != names:
            first = spec.axes if spec else (0, 1)
            for choice, number in zip((self.x_choice, self.y_choice), first, strict=True):
                choice.set_names(names, number)
            self.held.set_inputs(names, *self._inputs())
        self.refresh()

    def _choose_inputs(self) -> None:
        x, y = self._inputs()
        if x == y:
            mover = self.sender()
            other = self.y_choice if mover is self.x_choice else self.x_choice
            other.setCurrentIndex((x + 1) % max(1, other.count()))
        self.held.set_inputs(self.held.names, *self._inputs())

    def _check_box(self, text: str, why: str, checked: bool) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(labels.tooltip(why))
        box.setAccessibleDescription(why)
        box.setChecked(checked)
        box.toggled.connect(self._choose)
        self.controls.addWidget(box)
        return box

    def _choose(self) -> None:
        if self.plane.view is not None:
            self.plane.show_view(replace(self.plane.view, shown=self._shown(), discretise=self._discrete()))
            self.refresh()
