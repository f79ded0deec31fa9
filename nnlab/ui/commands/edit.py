"""Commands of the Edit and Model menus."""

from dataclasses import replace
from typing import TYPE_CHECKING

from nnlab.core.blocks.block import Block
from nnlab.ui.actions import action, in_lab

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow


def selected(window: "MainWindow") -> bool:
    """A layer is selected."""
    return window.in_lab and bool(window.editor.bench.selection)


def block_selected(window: "MainWindow") -> bool:
    """A block is selected."""
    if not window.in_lab:
        return False
    seen, nodes = window.editor.bench, window.editor.bench.document.graph.nodes
    return any(isinstance(nodes[n].layer, Block) for n in seen.selection if n in nodes)


def in_block(window: "MainWindow") -> bool:
    """A block is open."""
    return window.in_lab and bool(window.editor.bench.path)


def can_undo(window: "MainWindow") -> bool:
    """There is an edit to take back."""
    return window.in_lab and window.bench.history.undo_label is not None


def can_redo(window: "MainWindow") -> bool:
    """There is an edit to do again."""
    return window.in_lab and window.bench.history.redo_label is not None


def undo_text(window: "MainWindow") -> str:
    """ "Undo" with the name of the edit."""
    return f"Undo {_lower_first(window.bench.history.undo_label)}".strip()


def redo_text(window: "MainWindow") -> str:
    """ "Redo" with the name of the edit."""
    return f"Redo {_lower_first(window.bench.history.redo_label)}".strip()


def _lower_first(text: str | None) -> str:
    return text[:1].lower() + text[1:] if text and not text[1:2].isupper() else text or ""


@action("edit.undo", "Undo", menu="Edit", key="Ctrl+Z", icon="undo", enabled=can_undo, label=undo_text)
def undo(window: "MainWindow") -> None:
    """Take the last edit back."""
    window.bench.undo()


@action(
    "edit.redo", "Redo", menu="Edit", key=("Ctrl+Shift+Z", "Ctrl+Y"), icon="redo", enabled=can_redo, label=redo_text
)
def redo(window: "MainWindow") -> None:
    """Do again what was taken back."""
    window.bench.redo()


@action("edit.cut", "Cut", menu="Edit", key="Ctrl+X", icon="cut", enabled=selected, group=True, canvas=True)
def cut(window: "MainWindow") -> None:
    """Take the selected layers out and keep them for pasting."""
    window.editor.cut()


@action("edit.copy", "Copy", menu="Edit", key="Ctrl+C", icon="copy", enabled=selected, canvas=True)
def copy(window: "MainWindow") -> None:
    """Keep the selected layers for pasting, here or in another window."""
    window.editor.copy()


@action("edit.paste", "Paste", menu="Edit", key="Ctrl+V", icon="paste", enabled=in_lab, canvas=True)
def paste(window: "MainWindow") -> None:
    """Put the copied layers here."""
    window.editor.paste()


@action("edit.paste_wired", "Paste with wires", menu="Edit", key="Ctrl+Shift+V", enabled=in_lab, canvas=True)
def paste_wired(window: "MainWindow") -> None:
    """Put the copied layers here, fed by the same layers as the originals."""
    window.editor.paste(keep_wires=True)


@action("edit.duplicate", "Duplicate", menu="Edit", key="Ctrl+D", icon="duplicate", enabled=selected, canvas=True)
def duplicate(window: "MainWindow") -> None:
    """Make a second copy of the selected layers."""
    window.editor.duplicate()


@action("edit.duplicate_wired", "Duplicate with wires", menu="Edit", key="Ctrl+Shift+D", enabled=selected, canvas=True)
def duplicate_wired(window: "MainWindow") -> None:
    """Make a second copy of the selected layers, fed by the same layers."""
    window.editor.duplicate(keep_wires=True)


@action(
    "edit.delete", "Delete", menu="Edit", key=("Delete", "Backspace"), icon="trash", enabled=selected, canvas=True,
    group=True,
)  # fmt: skip
def delete(window: "MainWindow") -> None:
    """Take the selected layers and wires out."""
    window.editor.delete_selection()


@action(
    "edit.delete_reconnect", "Delete and reconnect", menu="Edit", key=("Ctrl+Delete", "Ctrl+Backspace"),
    enabled=selected, canvas=True,
)  # fmt: skip
def delete_reconnect(window: "MainWindow") -> None:
    """Take the selected layers out and join the loose ends."""
    window.editor.delete_selection(reconnect=True)


@action("edit.select_all", "Select all", menu="Edit", key="Ctrl+A", enabled=in_lab, canvas=True, group=True)
def select_all(window: "MainWindow") -> None:
    """Select every layer."""
    window.editor.select_all()


@action(
    "edit.add_layer", "Add a layer…", menu="Model", key=("A", "Shift+A", "Ins"), icon="plus", enabled=in_lab,
    canvas=True,
)  # fmt: skip
def add_layer(window: "MainWindow") -> None:
    """Search a layer and put it at the pointer."""
    window.editor.add_layer()


@action("edit.settings", "Edit the layer", menu="Model", key="Return", enabled=selected, canvas=True, icon="pencil")
def edit_layer(window: "MainWindow") -> None:
    """Go to the settings of the selected layer."""
    window.editor.edit_selection()


@action("edit.rename", "Rename…", menu="Model", key="F2", enabled=selected, canvas=True)
def rename(window: "MainWindow") -> None:
    """Give the selected layer a name of your own."""
    window.editor.rename_selection()


@action("edit.group", "Group into a block", menu="Model", key="Ctrl+G", enabled=selected, group=True)
def group(window: "MainWindow") -> None:
    """Put the selected layers into one block that can be opened, repeated and kept."""
    window.editor.group_selection()


@action("edit.ungroup", "Ungroup", menu="Model", key="Ctrl+Shift+G", enabled=block_selected)
def ungroup(window: "MainWindow") -> None:
    """Take the selected block apart: its layers stand in its place."""
    window.editor.ungroup_selection()


def has_weights(window: "MainWindow") -> bool:
    """A layer with weights is selected."""
    return window.in_lab and bool(_with_weights(window))


def several_have_weights(window: "MainWindow") -> bool:
    """Two or more layers of one kind with weights are selected."""
    if not window.in_lab:
        return False
    found = _with_weights(window)
    nodes = window.editor.bench.document.graph.nodes
    return len(found) > 1 and len({type(nodes[n].layer) for n in found}) == 1


def _with_weights(window: "MainWindow") -> list[str]:
    seen = window.editor.bench
    document = seen.document
    return [n for n in document.graph.nodes if n in seen.selection and document.parameter_count(n)]


@action("edit.freeze", "Freeze or thaw weights", menu="Model", enabled=has_weights, group=True)
def freeze(window: "MainWindow") -> None:
    """Keep the weights of the selected layers as they are while the others learn; again: let them learn."""
    seen, chosen = window.editor.bench, _with_weights(window)
    graph = seen.document.graph
    on = not all(graph.nodes[n].learning.frozen for n in chosen)
    changed = [replace(graph.nodes[n], learning=graph.nodes[n].learning.with_(frozen=on)) for n in chosen]
    seen.apply_graph("Freeze weights" if on else "Thaw weights", graph.with_nodes(changed))


@action("edit.share", "Use the same weights", menu="Model", enabled=several_have_weights)
def share(window: "MainWindow") -> None:
    """The selected layers, all of one kind, use the weights of the first of them."""
    seen, (first, *others) = window.editor.bench, _with_weights(window)
    graph = seen.document.graph
    changed = [replace(graph.nodes[n], learning=graph.nodes[n].learning.with_(shares=first)) for n in others]
    seen.apply_graph("Use the same weights", graph.with_nodes(changed))


@action("edit.leave_block", "Leave the block", menu="Model", enabled=in_block)
def leave_block(window: "MainWindow") -> None:
    """Go back to the network around the open block."""
    window.editor.bench.leave()


@action("view.tidy", "Tidy the layout", menu="Model", key="Ctrl+Shift+F", icon="tidy", enabled=in_lab, group=True)
def tidy(window: "MainWindow") -> None:
    """Put the layers in order from left to right; one undo brings the old places back."""
    window.editor.tidy()


@action("data.settings", "Data settings", menu="Data", icon="data", enabled=in_lab)
def data_settings(window: "MainWindow") -> None:
    """Choose the data set and how it is divided."""
    window.workspace.show_settings(training=False)


@action("edit.settings_training", "Training settings", menu="Train", icon="settings", enabled=in_lab)
def training_settings(window: "MainWindow") -> None:
    """Choose loss, optimizer, learning rate and how long to train."""
    window.workspace.show_settings(training=True)
