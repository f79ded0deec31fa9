"""A panel's further controls: beside the first where there is room for them, else in a row below."""

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from nnlab.ui.look import theme


class SecondRow(QWidget):
    """Controls that move below the first ones in a narrow panel. Its panel calls `fit` when it is resized."""

    def __init__(self, controls: QHBoxLayout, column: QVBoxLayout, needed: int) -> None:
        """`controls` are the first ones, `column` the panel's layout; all beside each other need `needed` pixels."""
        super().__init__()
        self._controls, self._column, self._needed = controls, column, needed
        self.row = QHBoxLayout(self)
        self.row.setSpacing(theme.GRID)
        self._put(in_one=False)

    def fit(self, width: int) -> None:
        """One row in a panel of this width, or two."""
        in_one = width >= self._needed
        if in_one != (self._controls.indexOf(self) >= 0):
            self._put(in_one)

    def _put(self, in_one: bool) -> None:
        if in_one:
            self._controls.addWidget(self, 1)
        else:
            self._column.insertWidget(1, self)
        sides = 0 if in_one else theme.GRID * 2
        self.row.setContentsMargins(sides, 0, sides, 0 if in_one else theme.GRID)
