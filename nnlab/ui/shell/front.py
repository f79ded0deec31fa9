"""Which panel stands in front: the one that says most about the data, unless the user chose another."""

from typing import TYPE_CHECKING

from nnlab.core.document import Document

if TYPE_CHECKING:
    from nnlab.ui.shell.workspace import Workspace

OPEN_AT_FIRST, ELSE_OPEN = "boundary", "activations"


class Front:
    """The first panel gives way while it has nothing to say, and takes its place back when it has."""

    def __init__(self, workspace: "Workspace") -> None:
        self._workspace = workspace
        self._fitted = True  # whether the first panel had something to say when it was last asked
        self._gave_way = False  # it had not, and another came to the front in its place

    def begin(self, document: Document) -> None:
        """A project was opened: the panel that fits its data comes to the front, unless the user closed it."""
        spec = document.spec
        self._fitted = spec is None or spec.has_plane
        self._gave_way = not self._fitted
        self._open(OPEN_AT_FIRST if self._fitted else ELSE_OPEN)

    def look(self) -> None:
        """Perhaps there are other data. What the user put in front stays, also a panel that was empty when he did."""
        first = self._workspace.panels.get(OPEN_AT_FIRST)
        if first is None or first.fits() == self._fitted:
            return
        self._fitted = not self._fitted
        if not self._fitted and self._workspace.is_in_front(OPEN_AT_FIRST):
            self._gave_way = True
            self._open(ELSE_OPEN)
        elif self._fitted and self._gave_way:
            self._gave_way = False
            if self._workspace.is_in_front(ELSE_OPEN):
                self._open(OPEN_AT_FIRST)

    def _open(self, id_: str) -> None:
        if self._workspace.is_open(id_):
            self._workspace.open(id_)
