"""The books of a roll: one row an epoch, one column a seed."""

import numpy as np
from numpy.typing import NDArray

from nnlab.engine.many.rolled import CURVES, Array

FIRST_ROWS = 1_024


class Book:
    """Curves that only ever grow downwards, so that a view of finished rows may be read by others."""

    def __init__(self, seeds: int, validation: bool, epochs: int) -> None:
        self._names = [name for name in CURVES if validation or not name.startswith("validation")]
        self._epochs = epochs
        self._tables = {name: np.full((min(epochs, FIRST_ROWS), seeds), np.nan) for name in self._names}
        self.rows = 0

    def write(self, figures: dict[str, NDArray[np.float64]], lost: NDArray[np.bool_]) -> None:
        """One more epoch; a seed that is lost has no figures any more."""
        if self.rows == len(self._tables["train_loss"]):
            self._grow()
        for name in self._names:
            self._tables[name][self.rows] = np.where(lost, np.nan, figures[name])
        self.rows += 1

    def write_column(self, place: int, columns: dict[str, NDArray[np.float64]]) -> None:
        """All epochs of one seed at once. Tables that were given away stay as they are."""
        for name in self._names:
            table = np.array(self._tables[name])
            values = columns[name][: self._epochs]
            if len(table) < len(values):
                table = np.vstack([table, np.full((len(values) - len(table), table.shape[1]), np.nan)])
            table[: len(values), place] = values
            self._tables[name] = table
            self.rows = max(self.rows, len(values))

    def curves(self) -> dict[str, Array]:
        """The rows so far, read-only."""
        found: dict[str, Array] = {}
        for name, table in self._tables.items():
            view = table[: self.rows]
            view.flags.writeable = False
            found[name] = view
        return found

    def _grow(self) -> None:
        for name, table in self._tables.items():
            more = min(len(table), self._epochs - len(table))
            self._tables[name] = np.vstack([table, np.full((max(1, more), table.shape[1]), np.nan)])
