"""The keys that belong to the canvas. Those with a menu entry are the window's actions and do not come by here."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from nnlab.ui.canvas.geometry import GRID

if TYPE_CHECKING:
    from nnlab.ui.canvas.editor import GraphEditor

NUDGE, NUDGE_MORE = GRID, 5 * GRID
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_NONE, _SHIFT, _CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def press(editor: "GraphEditor", event: QKeyEvent) -> bool:
    """Do what this key does on the canvas; False if it does nothing here."""
    key = Qt.Key(event.key())
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if key in _ARROWS:
        return _arrow(editor, key, held)
    if held == _SHIFT and key == Qt.Key.Key_A:
        editor.add_layer()
        return True
    if held != _NONE:
        return False
    return _plain(editor, key, event.isAutoRepeat())


def release(editor: "GraphEditor", event: QKeyEvent) -> bool:
    """Space is let go; tapped without a drag it selects the focused layer."""
    if event.key() != Qt.Key.Key_Space or event.isAutoRepeat():
        return False
    was_held, editor.space_held = editor.space_held, False
    editor.viewport().unsetCursor()
    focused = editor.hover.focused
    if was_held and focused is not None and focused in editor.picture.nodes:
        editor.bench.select(editor.bench.selection ^ {focused})
    return True


def _plain(editor: "GraphEditor", key: Qt.Key, repeated: bool) -> bool:
    if key == Qt.Key.Key_Space:
        if not repeated:
            editor.space_held = True
            editor.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        return True
    verbs: dict[Qt.Key, Callable[[], None]] = {
        Qt.Key.Key_A: editor.add_layer,
        Qt.Key.Key_Insert: editor.add_layer,
        Qt.Key.Key_C: editor.connect_selection,
        Qt.Key.Key_Escape: editor.escape,
        Qt.Key.Key_Delete: editor.delete_selection,  # for wires: the window's action asks for a selected layer
        Qt.Key.Key_Backspace: editor.delete_selection,
        Qt.Key.Key_Return: lambda: _edit(editor),
        Qt.Key.Key_Enter: lambda: _edit(editor),
    }
    verb = verbs.get(key)
    if verb is None:
        return False
    verb()
    return True


def _edit(editor: "GraphEditor") -> None:
    focused = editor.hover.focused
    if not editor.bench.selection and focused in editor.picture.nodes:
        editor.bench.select({str(focused)})
    editor.edit_selection()


def _arrow(editor: "GraphEditor", key: Qt.Key, held: Qt.KeyboardModifier) -> bool:
    dx, dy = _ARROWS[key]
    if held == _CTRL and dx:
        _extend(editor, dx)
    elif held not in (_NONE, _SHIFT):
        return False
    elif editor.bench.selection:
        step = NUDGE_MORE if held == _SHIFT else NUDGE
        editor.nudge(dx * step, dy * step)
    else:
        _walk(editor, dx, dy)
    return True


def _extend(editor: "GraphEditor", direction: int) -> None:
    """The selection grows by its neighbours along the wires."""
    graph = editor.bench.document.graph
    grown = set(editor.bench.selection)
    for node_id in editor.bench.selection:
        if direction > 0:
            grown |= {link.target for link in graph.outgoing[node_id]}
        else:
            grown |= {link.source for link in graph.incoming[node_id]}
    editor.bench.select(grown)


def _walk(editor: "GraphEditor", dx: int, dy: int) -> None:
    """The focus goes to the nearest layer in that direction; along a wire, if one leads there."""
    scene, graph = editor.picture, editor.bench.document.graph
    focused = editor.hover.focused
    if focused not in scene.nodes:
        editor.hover.focus(first_node(editor))
        return
    here = scene.nodes[str(focused)].card().center()
    wired = graph.outgoing[str(focused)] if dx > 0 else graph.incoming[str(focused)] if dx < 0 else ()
    others = {link.target if dx > 0 else link.source for link in wired} or (scene.nodes.keys() - {focused})
    scored = [(_away(scene.nodes[n].card().center() - here, dx, dy), n) for n in others]
    scored = [(away, n) for away, n in scored if wired or away < float("inf")]
    if scored:
        editor.hover.focus(min(scored)[1])


def first_node(editor: "GraphEditor") -> str | None:
    """Where the keyboard begins: the layer furthest up and left."""
    nodes = editor.picture.nodes
    return min(nodes, key=lambda n: (nodes[n].y(), nodes[n].x()), default=None)


def _away(way: QPointF, dx: int, dy: int) -> float:
    along = way.x() * dx + way.y() * dy
    aside = abs(way.x() * dy) + abs(way.y() * dx)
    return along + 2 * aside if along > 0 else float("inf")
