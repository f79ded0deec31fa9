"""Where the loss panel draws what: the axes of its charts for a record and a size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF

from nnlab.ui.look import plots
from nnlab.ui.look.curves import Curve, Numbers
from nnlab.ui.record import Record

NAMES_WIDTH = 84.0  # room for the names at the lines' ends
RATE_HEIGHT = 34.0
WHOLE_PLAN = 30  # runs of up to this many epochs show all of them from the start


@dataclass(frozen=True)
class Line:
    """One curve and how it looks."""

    curve: Curve
    name: str
    token: str


@dataclass(frozen=True)
class Charts:
    """The charts of one record on a drawing of this size."""

    record: Record
    width: float
    height: float
    log: bool = False

    def losses(self) -> list[Line]:
        """The loss curves that have points."""
        record = self.record
        lines = [
            Line(record.train_loss, "training", "train"),
            Line(record.validation_loss, "validation", "validation"),
        ]
        return [line for line in lines if line.curve.last]

    def metrics(self) -> list[Line]:
        """The metric's curves that have points."""
        record = self.record
        lines = [
            Line(record.train_metric, "training", "train"),
            Line(record.validation_metric, "validation", "validation"),
        ]
        return [line for line in lines if line.curve.last]

    def loss_axes(self) -> plots.Axes:
        """The upper chart."""
        curves = [line.curve for line in self.losses()] or [self.record.steps]
        values = _finite(curves)
        positive = values[values > 0]
        log = self.log and len(positive) > 0
        if log:
            span = plots.log_range(float(positive.min()), float(positive.max()))
        else:
            span = plots.round_range(min(0.0, float(values.min(initial=0))), float(values.max(initial=1e-9)))
        return plots.Axes(self._rects()[0], (0.0, self._last_epoch()), span, log)

    def metric_axes(self) -> plots.Axes:
        """The lower chart: shares from the lowest seen to 1; R² no lower than -1."""
        values = _finite([line.curve for line in self.metrics()])
        low, _ = plots.round_range(max(-1.0, min(0.9, float(values.min(initial=1)))), 1.0, 4)
        return plots.Axes(self._rects()[1], (0.0, self._last_epoch()), (low, 1.0 + 0.03 * (1.0 - low)))

    def rate_axes(self) -> plots.Axes:
        """The strip of the learning rate."""
        values = _finite([self.record.rate])
        return plots.Axes(self._rects()[2], (0.0, self._last_epoch()), (0.0, float(values.max(initial=1e-30)) * 1.1))

    def _rects(self) -> tuple[QRectF, QRectF, QRectF]:
        right = 14.0 if self.width < 280 else NAMES_WIDTH
        width = self.width - plots.LEFT - right
        rate = RATE_HEIGHT if self.record.rate_moves and self.height > 200 else 0.0
        room = self.height - plots.TOP - plots.BOTTOM - rate - (10 if rate else 0)
        upper = room if self.height < 150 else (room - 12) * 0.58
        lower = max(0.0, room - upper - 12)
        loss = QRectF(plots.LEFT, plots.TOP, width, upper)
        metric = QRectF(plots.LEFT, loss.bottom() + 12, width, lower)
        return loss, metric, QRectF(plots.LEFT, metric.bottom() + 10, width, rate)

    def _last_epoch(self) -> float:
        reach = max(1.0, self.record.reach)
        planned = self.record.document.training.epochs if self.record.document else 0
        if reach <= planned <= WHOLE_PLAN:
            return float(planned)
        end = plots.round_up(max(5.0, reach))
        return min(end, float(planned)) if reach <= planned else end


def _finite(curves: Sequence[Curve]) -> Numbers:
    parts = [curve.points()[1] for curve in curves]
    values = np.concatenate(parts) if parts else np.empty(0)
    return values[np.isfinite(values)]
