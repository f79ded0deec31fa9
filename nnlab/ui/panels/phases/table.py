"""All nodes in the order of computing: what they put out, the size of their gradient, and of the step they took."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from nnlab.core import words
from nnlab.engine.wants import NodePhases, PhaseValues
from nnlab.ui.look import plots, theme
from nnlab.ui.panels.phases.rows import Row, Sizes, Target

DASH = "–"


@dataclass(frozen=True)
class Line:
    """One node in words."""

    node_id: str
    title: str
    output: str
    gradient: str
    step: str
    gradient_share: float
    """Its size against the largest one."""
    step_share: float


def lines_of(values: PhaseValues, titles: dict[str, str]) -> list[Line]:
    """Every node that has a title."""
    known = {n: node for n, node in values.nodes.items() if n in titles}
    flows = {n: 0.0 if node.gradient is None else _finite(node.gradient.size) for n, node in known.items()}
    moves = {n: step_size(node) for n, node in known.items()}
    widest = max(flows.values(), default=0.0) or 1.0
    longest = max((m for m in moves.values() if m is not None), default=0.0) or 1.0
    made = []
    for node_id, node in known.items():
        moved = moves[node_id]
        made.append(
            Line(
                node_id,
                titles[node_id],
                f"{words.number(node.output.low)} … {words.number(node.output.high)}",
                DASH if node.gradient is None else words.number(node.gradient.size),
                DASH if moved is None else words.number(moved),
                flows[node_id] / widest,
                (moved or 0.0) / longest,
            )
        )
    return made


def step_size(node: NodePhases) -> float | None:
    """The root mean square of the steps of all its weights; None if it took none."""
    steps = [p.step for p in node.parameters.values() if p.step is not None]
    count = sum(math.prod(step.shape) for step in steps)
    return math.sqrt(sum(_finite(s.size) ** 2 * math.prod(s.shape) for s in steps) / count) if count else None


def table_rows(lines: Sequence[Line], chosen: str, width: float, sizes: Sizes) -> list[Row]:
    """A heading and a row for each node."""
    edges = _edges(lines, width, sizes)
    head = _text_row(("Layer", "Puts out", "Gradient", "Step"), edges, sizes)
    return [head, *(_row(line, line.node_id == chosen, edges, sizes) for line in lines)]


def _edges(lines: Sequence[Line], width: float, sizes: Sizes) -> tuple[float, float, float]:
    """Where the columns of numbers end, from the left; the names have what is left over."""
    px = sizes.caption
    usual = plots.text_width("0.000888", px)  # so that the columns stand still while the numbers change
    step = max([plots.text_width(line.step, px) for line in lines] + [usual])
    flow = max([plots.text_width(line.gradient, px) for line in lines] + [usual])
    return width - step - flow - 34, width - step - 20, width - 6


def _text_row(texts: tuple[str, str, str, str], edges: tuple[float, float, float], sizes: Sizes) -> Row:
    px = sizes.caption

    def paint(painter: QPainter, place: QRectF) -> None:
        now, y = theme.current(), place.top() + px * 1.3
        plots.draw_text(painter, QPointF(place.left() + 6, y), texts[0], now.color("muted"), px)
        for text, edge in zip(texts[1:], edges, strict=True):
            at = QPointF(place.left() + edge - plots.text_width(text, px), y)
            plots.draw_text(painter, at, text, now.color("muted"), px)
        painter.setPen(QPen(now.color("hairline"), 1))
        painter.drawLine(place.bottomLeft(), place.bottomRight())

    return Row(round(px * 1.9), paint)


def _row(line: Line, is_chosen: bool, edges: tuple[float, float, float], sizes: Sizes) -> Row:
    px = sizes.caption

    def paint(painter: QPainter, place: QRectF) -> None:
        now, y = theme.current(), place.top() + px * 1.45
        if is_chosen:
            painter.fillRect(place.adjusted(0, 1, 0, -1), now.color("accent", 36))
        shown = plots.text_width(line.output, px)
        room = max(24.0, edges[0] - shown - 18)
        title = plots.shortened(line.title, room, px, is_chosen)
        plots.draw_text(painter, QPointF(place.left() + 6, y), title, now.color("text"), px, is_chosen)
        columns = ((line.output, 0.0), (line.gradient, line.gradient_share), (line.step, line.step_share))
        for (text, share), edge in zip(columns, edges, strict=True):
            wide = plots.text_width(text, px)
            at = QPointF(place.left() + edge - wide, y)
            plots.draw_text(painter, at, text, now.color("muted" if text == DASH else "text"), px)
            if share > 0:
                bar = QRectF(place.left() + edge - 46 * share, place.bottom() - 4, 46 * share, 2)
                painter.fillRect(bar, now.color("accent"))

    return Row(round(px * 2.2), paint, lambda at, place: Target("node", line.node_id))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
