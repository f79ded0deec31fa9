"""Layers dragged from the palette onto the canvas, and onto wires."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from nnlab.core.graph import Link
from nnlab.core.layer import LAYERS
from nnlab.ui.canvas import geometry, palette
from nnlab.ui.canvas.verbs import EditingView
from nnlab.ui.workbench import Workbench


class DropView(EditingView):
    """A canvas that takes layers from the palette."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(bench, parent)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Layers are welcome; anything else is the window's."""
        if palette.layer_in(event.mimeData()) is not None:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """A wire that would take the layer in stands out; Alt suspends that."""
        layer_id = palette.layer_in(event.mimeData())
        if layer_id is None:
            event.ignore()
            return
        link = self._link_for(layer_id, event)
        self.picture.offer_wire(link)
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Nothing will be dropped."""
        self.picture.offer_wire(None)

    def dropEvent(self, event: QDropEvent) -> None:
        """Add the layer."""
        layer_id = palette.layer_in(event.mimeData())
        if layer_id is None:
            event.ignore()
            return
        link = self._link_for(layer_id, event)
        self.picture.offer_wire(None)
        self.drop_layer(LAYERS[layer_id](), self.mapToScene(event.position().toPoint()), link)
        event.acceptProposedAction()
        self.setFocus()

    def _link_for(self, layer_id: str, event: QDropEvent) -> Link | None:
        kind = LAYERS[layer_id]
        if event.modifiers() & Qt.KeyboardModifier.AltModifier or not kind.inputs or not kind.outputs:
            return None
        place = self.mapToScene(event.position().toPoint())
        return self.picture.wire_at(place, geometry.SNAP_RADIUS / max(self.zoom, 0.5))
