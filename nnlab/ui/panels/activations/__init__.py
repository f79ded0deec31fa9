"""The panel of what every layer puts out."""

from PySide6.QtWidgets import QWidget

from nnlab.core.dataset import DataSpec
from nnlab.core.document import Document
from nnlab.engine.events import Event, Prepared, Snapshot
from nnlab.engine.wants import Activations, ActivationsWant, SampleValues, SampleWant, Want
from nnlab.ui.drawing import DrawnPanel
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.activations.drawing import ActivationsDrawing
from nnlab.ui.sample_picker import SamplePicker
from nnlab.ui.workbench import Workbench

FINE, COARSE = 96, 32  # resolution of the plane when one unit is large, and when all are small


@PANELS.register("activations")
class ActivationsPanel(DrawnPanel):
    """What every unit of every layer puts out.

    For points in the plane each small picture is one unit over the whole plane: blue where it puts out less than
    zero, orange where more. For pictures they are the feature maps of one sample, for tables its numbers as bars.
    Beside each layer stands the range of its values, and the share of units that are 0 for every sample: those
    have stopped learning. Click a unit to see it large.
    """

    title = "Activations"
    icon = "panel-activations"
    order = 30

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        self.units = ActivationsDrawing()
        super().__init__(bench, self.units, parent, scrolls=True)
        self.picker = SamplePicker()
        self.controls.addWidget(self.picker)
        self._show_picker()

    def wants(self) -> frozenset[Want]:
        """Every layer; the sample's own numbers where one sample is followed."""
        if self._spec() is None:
            return frozenset()
        wanted: set[Want] = {self._want()}
        if not self._is_plane():
            wanted.add(self._sample_want())
        return frozenset(wanted)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Draw the newest answer."""
        answer = snapshot.answers.get(self._want())
        if isinstance(answer, Activations):
            self.units.show_answer(answer, self.run_graph_document())
            self.has_picture = bool(self.units.rows)
        sample, spec = snapshot.answers.get(self._sample_want()), self._spec()
        if isinstance(sample, SampleValues) and spec is not None:
            self.picker.show_sample(sample, spec)
        if answer is not None:
            self.refresh(answer)

    def on_events(self, events: list[Event]) -> None:
        """A new run may have other data."""
        super().on_events(events)
        for event in events:
            if isinstance(event, Prepared):
                self.picker.on_prepared(event)
                self._show_picker()

    def on_document(self, old: Document, new: Document) -> None:
        """Other data, another way to choose."""
        super().on_document(old, new)
        self._show_picker()

    def _spec(self) -> DataSpec | None:
        return self.run_graph_document().spec

    def _is_plane(self) -> bool:
        spec = self._spec()
        return spec is not None and spec.input_shape == (2,)

    def _want(self) -> ActivationsWant:
        if self._is_plane():
            return ActivationsWant(resolution=FINE if self.units.large else COARSE)
        return ActivationsWant(self.picker.sample, self.picker.part)

    def _sample_want(self) -> SampleWant:
        return SampleWant(self.picker.sample, self.picker.part)

    def _show_picker(self) -> None:
        self.bar.setVisible(not self._is_plane())
