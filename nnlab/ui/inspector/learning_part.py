"""What the inspector says of how a layer learns: frozen or not, how fast, from which start, with whose weights."""

from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from nnlab.core.document import Document
from nnlab.core.graph import Node
from nnlab.core.learning import takes_norm
from nnlab.ui.forms.controls import Fold
from nnlab.ui.forms.form import SettingsForm
from nnlab.ui.look.labels import label, plain, tooltip
from nnlab.ui.scope import Scope


class LearningPart(QWidget):
    """A line that opens the settings; there for layers with weights alone."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope, self._shown = scope, ("", False)
        self.form: SettingsForm | None = None
        self._inside = QWidget()
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.fold = Fold("How it learns", self._inside.setVisible)
        self._inside.hide()
        self.said = label("", "caption")
        self.said.setWordWrap(True)
        self.apart = QPushButton("Weights of its own")
        self.apart.setToolTip(tooltip("No longer use the weights of the other layer."))
        self.apart.clicked.connect(lambda: self._change("shares", "", True))
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        row.addWidget(self.apart)
        self._column.addLayout(row)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.fold)
        whole.addWidget(self._inside)

    def show_node(self, node: Node, document: Document) -> None:
        """Show how this node learns."""
        self.setVisible(bool(document.parameter_count(node.id)) or node.learning.shares != "")
        at = document.shapes[node.id]
        normed = node.learning.norm != "none" or (at.known and takes_norm(node.layer, *at.inputs))
        if self._shown != (node.id, normed) or self.form is None:
            self._shown = (node.id, normed)
            self._renew(node, normed)
        self.form_of().set_settings(node.learning)
        other = document.graph.nodes.get(node.learning.shares)
        start = "Starts from learned numbers." if node.id in document.starts else ""
        shared = f"Uses the weights of {plain(other.title)}." if other else ""
        self.said.setText(" ".join(filter(None, (shared, start))))
        self.said.setVisible(bool(shared or start))
        self.apart.setVisible(bool(node.learning.shares))

    def form_of(self) -> SettingsForm:
        """The form, which is there once a node was shown."""
        assert self.form is not None
        return self.form

    def _renew(self, node: Node, normed: bool) -> None:
        if self.form is not None:
            self._column.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
        self.form = SettingsForm(node.learning, self._change)
        if not normed:
            self.form.hide_setting("norm")
        self._column.insertWidget(0, self.form)

    def _change(self, name: str, value: Any, done: bool) -> None:
        graph = self._scope.document.graph
        node = graph.nodes.get(self._shown[0])
        if node is None:
            return  # the layer went away while its field was being left
        learning = node.learning.with_(**{name: value})
        what = node.learning.param(name).label
        changed = graph.with_node(replace(node, learning=learning))
        self._scope.apply_graph(f"{node.title}: {what}", changed, merge_key=f"learning:{node.id}:{name}")
        if done:
            self._scope.history.end_merge()
