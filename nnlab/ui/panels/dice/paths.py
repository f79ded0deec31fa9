"""Many lines as one path, so that one call draws them all."""

import numpy as np
from pyqtgraph.functions import arrayToQPath
from PySide6.QtGui import QPainterPath

from nnlab.ui.look.curves import Numbers


def path_of(xs: Numbers, ys: Numbers) -> QPainterPath:
    """One line for each row; a line ends where its numbers do."""
    if ys.size == 0:
        return QPainterPath()
    known = np.isfinite(ys)
    follows = np.zeros(ys.shape, np.int32)  # 1: a line leads from this point to the next
    follows[:, :-1] = known[:, :-1] & known[:, 1:]
    values = np.where(known, ys, 0.0)
    path: QPainterPath = arrayToQPath(xs.ravel(), values.ravel(), connect=follows.ravel())
    return path
