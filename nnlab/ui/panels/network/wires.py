"""How wires look, and which of them passes under the mouse."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QPainter, QPen

from nnlab.ui.look import plots
from nnlab.ui.panels.network.columns import Stack
from nnlab.ui.panels.network.wiring import Bundle

REACH = 5.0  # pixels from a wire at which it is meant
STRENGTHS = 6  # how many widths wires are drawn in


@dataclass(frozen=True)
class UnitTarget:
    """A unit that is pointed at or pinned."""

    node_id: str
    unit: int


@dataclass(frozen=True)
class WireTarget:
    """A wire that is pointed at or pinned."""

    source: str
    target: str
    start: int
    end: int


Target = UnitTarget | WireTarget
Chosen = NDArray[np.bool_]


def wire_at(at: QPointF, bundles: Iterable[Bundle], stacks: Mapping[str, Stack]) -> WireTarget | None:
    """The wire nearest to this place, if one is near."""
    best: tuple[float, WireTarget] | None = None
    for bundle in bundles:
        ends = _ends(bundle, stacks)
        if not ends[0, 0] < at.x() < ends[0, 2]:
            continue
        share = (at.x() - ends[:, 0]) / (ends[:, 2] - ends[:, 0])
        rise = (ends[:, 3] - ends[:, 1]) / (ends[:, 2] - ends[:, 0])
        away = np.abs(ends[:, 1] + share * (ends[:, 3] - ends[:, 1]) - at.y()) / np.hypot(1, rise)
        nearest = int(away.argmin())
        if away[nearest] <= REACH and (best is None or away[nearest] < best[0]):
            start, end = int(bundle.starts[nearest]), int(bundle.ends[nearest])
            best = (float(away[nearest]), WireTarget(bundle.source, bundle.target, start, end))
    return best[1] if best else None


def _ends(bundle: Bundle, stacks: Mapping[str, Stack]) -> plots.Numbers:
    """Where each wire of a bundle begins and ends: rows of x1, y1, x2, y2."""
    source, target = stacks[bundle.source], stacks[bundle.target]
    rows = np.empty((len(bundle), 4))
    rows[:, 0], rows[:, 2] = source.x + source.side / 2, target.x - target.side / 2
    rows[:, 1] = source.top + bundle.starts * source.pitch + source.side / 2
    rows[:, 3] = target.top + bundle.ends * target.pitch + target.side / 2
    return rows


def draw_wires(
    painter: QPainter, bundles: Sequence[Bundle], stacks: Mapping[str, Stack], target: Target | None
) -> None:
    """All wires: blue and orange by sign, thick by size; those of the target bright, and the others then faint."""
    weights = [np.abs(b.weights).max() for b in bundles if b.weights is not None]
    largest = float(np.nan_to_num(max(weights, default=1.0))) or 1.0
    for bundle in bundles:
        ends = _ends(bundle, stacks)
        bright = _touched(bundle, target)
        if bundle.weights is None:
            _stroke(painter, ends[~bright], "wire", 0.0, 0.35 if target is None else 0.15)
            _stroke(painter, ends[bright], "wire", 0.4, 1.0)
        else:
            _draw_weighted(painter, ends, bundle.weights / largest, bright, target is not None)


def _draw_weighted(
    painter: QPainter, ends: plots.Numbers, sizes: plots.Numbers, bright: Chosen, others_fade: bool
) -> None:
    """The weakest first, so that the strong ones lie on top; the ones pointed at above all."""
    strengths = np.minimum(np.nan_to_num(np.abs(sizes) * STRENGTHS).astype(int), STRENGTHS - 1)
    kinds = strengths * 2 + (sizes >= 0) + bright * 2 * STRENGTHS
    for kind in np.unique(kinds).tolist():
        is_bright, strength = divmod(kind // 2, STRENGTHS)
        share = (strength + 0.5) / STRENGTHS
        clear = 1.0 if is_bright else 0.12 if others_fade else 0.2 + 0.8 * share
        _stroke(painter, ends[kinds == kind], "positive" if kind % 2 else "negative", share, clear)


def _stroke(painter: QPainter, ends: plots.Numbers, token: str, share: float, clear: float) -> None:
    if len(ends):
        painter.setPen(QPen(plots.faded(token, clear), 1.0 + 3.0 * share))
        painter.drawLines([QLineF(*row) for row in ends.tolist()])


def _touched(bundle: Bundle, target: Target | None) -> Chosen:
    """Which wires of a bundle belong to the target: those into a unit, or the one wire."""
    if isinstance(target, UnitTarget) and bundle.target == target.node_id:
        return np.asarray(bundle.ends == target.unit)
    if isinstance(target, WireTarget) and (bundle.source, bundle.target) == (target.source, target.target):
        return np.asarray((bundle.starts == target.start) & (bundle.ends == target.end))
    return np.zeros(len(bundle), dtype=bool)
