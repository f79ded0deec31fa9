"""The panel of the network unfolded into units and wires."""

from PySide6.QtWidgets import QWidget

from nnlab.core.dataset import DataSpec
from nnlab.engine.events import Event, Prepared, Snapshot
from nnlab.engine.wants import Activations, ActivationsWant, SampleValues, SampleWant, Want, Weights, WeightsWant
from nnlab.ui.drawing import DrawnPanel
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.network.drawing import NetworkDrawing
from nnlab.ui.panels.network.formula import Moment
from nnlab.ui.sample_picker import SamplePicker
from nnlab.ui.workbench import Workbench

NOTHING_TO_UNFOLD = (
    "The layers of this network put out no rows of numbers, sequences or maps, so there are no units to draw."
)


@PANELS.register("network")
class NetworkPanel(DrawnPanel):
    """The network unfolded: every unit, every weight, and the arithmetic of one sample going through.

    Blue wires have negative weights, orange ones positive; the thicker, the larger. A unit has the colour of its
    number for the chosen sample; where a layer has numbers at every place of a sequence, each square is a place, with
    a stripe for each number. Point at a unit to see how its number is made, with the biggest products as bars; point
    at a wire to see its weight. A click keeps the card open while training goes on.
    """

    title = "Network"
    icon = "panel-network"
    order = 40

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        self.units = NetworkDrawing()
        super().__init__(bench, self.units, parent, scrolls=True)
        self.picker = SamplePicker()
        self.controls.addWidget(self.picker)

    def wants(self) -> frozenset[Want]:
        """One sample's way, every learned tensor, and the range of each layer."""
        if self._spec() is None:
            return frozenset()
        return frozenset({self._sample_want(), WeightsWant(), self._activations_want()})

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Draw the newest answers, which are all of one moment."""
        sample = snapshot.answers.get(self._sample_want())
        weights = snapshot.answers.get(WeightsWant())
        if isinstance(sample, SampleValues) and isinstance(weights, Weights):
            found = snapshot.answers.get(self._activations_want())
            activations = found if isinstance(found, Activations) else None
            self.units.show_moment(Moment(self.run_graph_document(), sample, weights), activations)
            self.has_picture = True
            self._say_sample(sample)
            self.refresh("" if self.units.stacks else NOTHING_TO_UNFOLD)
        elif isinstance(sample, str) or isinstance(weights, str):
            self.refresh(sample if isinstance(sample, str) else weights)

    def on_events(self, events: list[Event]) -> None:
        """A new run may have other data."""
        super().on_events(events)
        for event in events:
            if isinstance(event, Prepared):
                self.picker.on_prepared(event)

    def _say_sample(self, sample: SampleValues) -> None:
        spec = self._spec()
        if spec is not None:
            self.picker.show_sample(sample, spec)

    def _spec(self) -> DataSpec | None:
        return self.run_graph_document().spec

    def _sample_want(self) -> SampleWant:
        return SampleWant(self.picker.sample, self.picker.part)

    def _activations_want(self) -> ActivationsWant:
        spec = self._spec()
        if spec is not None and spec.input_shape == (2,):
            return ActivationsWant()  # the planes are the same for every sample, and other panels ask for them too
        return ActivationsWant(self.picker.sample, self.picker.part)
