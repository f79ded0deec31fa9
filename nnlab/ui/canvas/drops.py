"""Layers dragged from the palette onto the canvas, and onto wires."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from nnlab.core.graph import Link
from nnlab.ui.canvas import geometry, palette, shelf
from nnlab.ui.canvas.verbs import EditingView
from nnlab.ui.scope import Scope


class DropView(EditingView):
    """A canvas that takes layers from the palette."""

    def __init__(self, bench: Scope, parent: QWidget | None = None) -> None:
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
        layer = shelf.layer_of(layer_id, self.shape_on(link))
        if layer is not None:
            self.drop_layer(layer, self.mapToScene(event.position().toPoint()), link)
        event.acceptProposedAction()
        self.setFocus()

    def _link_for(self, layer_id: str, event: QDropEvent) -> Link | None:
        layer = shelf.layer_of(layer_id)
        if event.modifiers() & Qt.KeyboardModifier.AltModifier or not layer or not layer.inputs or not layer.outputs:
            return None
        place = self.mapToScene(event.position().toPoint())
        return self.picture.wire_at(place, geometry.SNAP_RADIUS / max(self.zoom, 0.5))
