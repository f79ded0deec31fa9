"""What the canvas and the inspector look at: the network, or the inside of one of its blocks, at any depth."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property

from PySide6.QtCore import QObject, Signal, SignalInstance

from nnlab.core.blocks.grouping import block_of
from nnlab.core.blocks.inside import look_into, put_back, valid_path
from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.core.history import History
from nnlab.engine.events import RunStatus
from nnlab.engine.wants import Want
from nnlab.errors import GraphError, NNLabError
from nnlab.ui.workbench import Workbench


class Scope(QObject):
    """The workbench as seen from one place in the network: edits inside a block are edits of the one document."""

    document_changed = Signal(object, object)
    """(old, new) Document, as seen from here; also when another place is looked at."""
    selection_changed = Signal(object)
    """frozenset of ids of nodes that are seen here."""
    path_changed = Signal()
    """A block was opened or left."""
    previewed = Signal(object)
    """A Document, as seen from here, that a fix would make and the canvas is to show; None ends it."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.bench = bench
        self.path: tuple[str, ...] = ()
        """The blocks that are open, each inside the one before."""
        self._shown: tuple[Document, tuple[str, ...], Document] | None = None
        self._inner: frozenset[str] = frozenset()
        bench.document_changed.connect(self._on_document)
        bench.selection_changed.connect(self._on_selection)

    # ---------------------------------------------------------------- the document from here

    @property
    def document(self) -> Document:
        """The network, or what is inside the open block."""
        whole = self.bench.document
        if not self.path:
            return whole
        if self._shown is None or self._shown[0] is not whole or self._shown[1] != self.path:
            self._shown = (whole, self.path, look_into(whole, valid_path(whole.graph, self.path)))
        return self._shown[2]

    def apply(self, label: str, document: Document, merge_key: str | None = None) -> None:
        """One edit of what is seen here, one undo step of the whole document."""
        key = f"{'/'.join(self.path)}:{merge_key}" if merge_key and self.path else merge_key
        try:
            changed = put_back(self.bench.document, self.path, document)
        except GraphError as problem:
            self.bench.say("warning", str(problem)[:1].upper() + str(problem)[1:])
            return
        self.bench.apply(label, changed, key)

    def apply_graph(self, label: str, graph: Graph, merge_key: str | None = None) -> None:
        """One edit of the graph that is seen here."""
        self.apply(label, replace(self.document, graph=graph), merge_key)

    def preview(self, change: Callable[[Document], Document] | None, whole: bool = False) -> None:
        """Show on the canvas what this change would make, until None comes; `whole`: it is one of the whole network."""
        if change is None:
            self.previewed.emit(None)
            return
        try:
            made = change(self.bench.document if whole else self.document)
        except NNLabError:
            made = None  # it fits no more: there is nothing to show
        if made is not None and whole and self.path:
            same = valid_path(made.graph, self.path) == self.path
            made = look_into(made, self.path) if same else None
        self.previewed.emit(made)

    # ---------------------------------------------------------------- the selection

    @property
    def selection(self) -> frozenset[str]:
        """The selected nodes among those that are seen here."""
        return self._inner if self.path else self.bench.selection

    def select(self, node_ids: Iterable[str]) -> None:
        """Make these nodes the selection."""
        if not self.path:
            self.bench.select(node_ids)
            return
        chosen = frozenset(node_ids) & frozenset(self.document.graph.nodes)
        if chosen != self._inner:
            self._inner = chosen
            self.selection_changed.emit(chosen)

    # ---------------------------------------------------------------- going in and out

    def enter(self, node_id: str) -> None:
        """Open a block that is seen here."""
        block_of(self.document.graph, node_id)
        self.go((*self.path, node_id))

    def leave(self) -> None:
        """Go back to what is around the open block, which is then selected."""
        if self.path:
            self.go(self.path[:-1], frozenset({self.path[-1]}))

    def go(self, path: Iterable[str], chosen: frozenset[str] = frozenset()) -> None:
        """Look at the inside of the block at this path; an empty one is the network."""
        old, before = self.document, self.path
        self.path = valid_path(self.bench.document.graph, tuple(path))
        if self.path == before:
            return
        self._inner = chosen if self.path else frozenset()
        self.bench.select(self.path[:1] or chosen)  # panels show the block as a whole
        self.document_changed.emit(old, self.document)
        self.path_changed.emit()
        self.selection_changed.emit(self.selection)

    def titles(self) -> list[str]:
        """What the open blocks are called, from the outside in."""
        found, graph = [], self.bench.document.graph
        for node_id in self.path:
            found.append(graph.node(node_id).title)
            graph = block_of(graph, node_id).inner
        return found

    # ---------------------------------------------------------------- what is the same everywhere

    @property
    def history(self) -> History[Document]:
        """The steps of the whole document."""
        return self.bench.history

    @property
    def status(self) -> RunStatus:
        """Where the run stands."""
        return self.bench.status

    @property
    def stale(self) -> bool:
        """Whether the run is of an older document."""
        return self.bench.stale

    @cached_property
    def happened(self) -> SignalInstance:
        """Events of the run."""
        return self.bench.happened

    @cached_property
    def pictured(self) -> SignalInstance:
        """New pictures."""
        return self.bench.pictured

    @cached_property
    def status_changed(self) -> SignalInstance:
        """News of where the run stands."""
        return self.bench.status_changed

    @cached_property
    def stale_changed(self) -> SignalInstance:
        """Whether the run has become that of an older document."""
        return self.bench.stale_changed

    def add_asker(self, asker: Callable[[], frozenset[Want]]) -> Callable[[], None]:
        """Ask this at each frame what it wants drawn; returns the way to leave."""
        return self.bench.add_asker(asker)

    def take_turn(self) -> int:
        """0 if something may be drawn now; else the milliseconds until then."""
        return self.bench.take_turn()

    def undo(self) -> None:
        """Take the last edit back, wherever it was made."""
        self.bench.undo()

    def redo(self) -> None:
        """Do the next edit again."""
        self.bench.redo()

    def new_dice(self) -> None:
        """Another start for the run, as one undoable edit."""
        self.bench.new_dice()

    def say(self, level: str, sentence: str) -> None:
        """Tell the user something, as plain text."""
        self.bench.say(level, sentence)

    # ---------------------------------------------------------------- following the bench

    def _on_document(self, old: Document, new: Document) -> None:
        before, was = self.path, look_into(old, valid_path(old.graph, self.path))
        self.path = valid_path(new.graph, before)
        self._inner = frozenset() if self.path != before else self._inner & self.document.graph.nodes.keys()
        self.document_changed.emit(was, self.document)
        if self.path != before:
            self.path_changed.emit()
            self.selection_changed.emit(self.selection)

    def _on_selection(self, chosen: frozenset[str]) -> None:
        if not self.path:
            self.selection_changed.emit(chosen)
        elif chosen and chosen != frozenset(self.path[:1]):
            self.go((), chosen)  # somebody asks for a layer outside


def scope_of(bench: "Workbench | Scope") -> Scope:
    """A scope of this bench; one that is a scope already stays the same."""
    return bench if isinstance(bench, Scope) else Scope(bench)
