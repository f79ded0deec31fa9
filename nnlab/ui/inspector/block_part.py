"""What the inspector adds for blocks: a way in and a way to keep one; inside, which settings are shown outside."""

from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from nnlab.core.blocks import grouping, promoting
from nnlab.core.blocks.block import Block
from nnlab.core.blocks.promoting import Spot
from nnlab.core.graph import Graph, Node
from nnlab.errors import NNLabError
from nnlab.ui.keeping import my_blocks
from nnlab.ui.look import icons
from nnlab.ui.look.labels import tooltip
from nnlab.ui.scope import Scope

PIN = 24


class BlockPart(QWidget):
    """Two buttons under the name of a block: open it, keep it."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope, self._node_id = scope, ""
        self.open = QPushButton("Open")
        self.open.setToolTip(tooltip("Show the layers inside on the canvas (Enter)."))
        self.open.clicked.connect(lambda: self._scope.enter(self._node_id))
        self.keep = QPushButton("Keep in My blocks")
        self.keep.setToolTip(tooltip("Find this block again in every project, in the list of layers."))
        self.keep.clicked.connect(self._keep)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for button in (self.open, self.keep):
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            row.addWidget(button)

    def show_node(self, node: Node) -> None:
        """Show this node's part, if it is a block."""
        self._node_id = node.id
        self.setVisible(isinstance(node.layer, Block))

    def _keep(self) -> None:
        node = self._scope.document.graph.node(self._node_id)
        if isinstance(node.layer, Block):
            try:
                name = my_blocks.keep(node.layer, node.title)
            except NNLabError as error:
                self._scope.say("error", str(error))
            else:
                self._scope.say("info", f"{name} is in My blocks now, in the list of layers")


def pins(scope: Scope, node: Node) -> dict[str, QWidget]:
    """For a layer inside a block: a button at each setting that shows it on the block, or no longer does."""
    if not scope.path:
        return {}
    return {p.name: _pin(scope, Spot(node.id, p.name)) for p in node.layer.open_params()}


def _pin(scope: Scope, spot: Spot) -> QToolButton:
    button = QToolButton()
    button.setCheckable(True)
    button.setChecked(_name_of(scope, spot) is not None)
    button.setFixedSize(PIN, PIN)
    button.setAutoRaise(True)
    button.setIcon(icons.icon("pin", "accent" if button.isChecked() else "muted"))
    button.setToolTip(tooltip("Show this setting on the block as well, so that it can be changed without opening it."))
    button.setAccessibleName(f"Show {spot.field} on the block")
    button.toggled.connect(partial(_toggle, scope, spot, button))
    return button


def _toggle(scope: Scope, spot: Spot, button: QToolButton, on: bool) -> None:
    name = _name_of(scope, spot)
    if on and name is None:
        _set(scope, "Show on the block", lambda block: promoting.promote(block, spot))
    elif not on and name is not None:
        _set(scope, "Hide from the block", lambda block: promoting.demote(block, name))
    button.setIcon(icons.icon("pin", "accent" if button.isChecked() else "muted"))


def _open_block(scope: Scope) -> tuple[Graph, str, Block]:
    """The graph around the open block, the block's id, and the block."""
    around = grouping.inner_graph(scope.bench.document.graph, scope.path[:-1])
    return around, scope.path[-1], grouping.block_of(around, scope.path[-1])


def _name_of(scope: Scope, spot: Spot) -> str | None:
    """Under which name the open block shows this setting."""
    if not scope.path:
        return None
    _, _, block = _open_block(scope)
    return next((name for name, spots in block.promoted if str(spot) in spots), None)


def _set(scope: Scope, label: str, change: Any) -> None:
    around, block_id, block = _open_block(scope)
    try:
        changed = grouping.with_block(around, block_id, change(block))
        whole = grouping.with_inner(scope.bench.document.graph, scope.path[:-1], changed)
    except NNLabError as error:
        scope.say("error", str(error))
        return
    scope.bench.apply_graph(label, whole)
