"""The activation of a Linear or a convolution, chosen in its own page; the drawing keeps it as a layer."""

from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nnlab.core import activation
from nnlab.core.document import Document
from nnlab.core.graph import Node
from nnlab.core.layer import LAYERS
from nnlab.core.param import Settings, param
from nnlab.ui.forms.form import SettingsForm
from nnlab.ui.look.labels import plain
from nnlab.ui.scope import Scope

NONE = (("", "None"),)


@dataclass(frozen=True)
class Following(Settings):
    """What stands behind a layer, as a form shows it."""

    title: ClassVar[str] = "Activation"

    kind: str = param(
        "", "What bends the layer's numbers: the activation drawn behind it. Another choice changes the drawing.",
        kind="text", label="Activation",
    )  # fmt: skip


class ActivationPart(QWidget):
    """One line with a list; there for layers that are asked for an activation."""

    explained = Signal(str)
    """What the list does, while it is pointed at."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope, self._node_id = scope, ""
        self.form = SettingsForm(Following(), self._change, choices={"kind": (*NONE, *activation.choices())})
        self.form.explained.connect(self.explained)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)

    def show_node(self, node: Node, document: Document) -> None:
        """Show the activation of this node, if it is asked for one."""
        self._node_id = node.id
        asked = activation.takes_activation(node.layer, node.type_id)
        self.setVisible(asked)
        if asked:
            at = activation.activation_of(document.graph, node.id)
            self.form.set_settings(Following(document.graph.nodes[at.node].type_id if at.node else ""))

    def _change(self, name: str, value: Any, done: bool) -> None:
        graph = self._scope.document.graph
        node = graph.nodes.get(self._node_id)
        if node is not None:
            title = LAYERS[value].title if value else "none"
            self._scope.apply_graph(
                f"Activation of {plain(node.title)}: {title}", activation.activated(graph, node.id, value)
            )
