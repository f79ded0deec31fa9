"""How units look: small pictures of planes and maps, discs for single numbers, and their layers' names."""

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnlab.engine.wants import Array, NodeActivations
from nnlab.ui.look import pictures, plots, theme
from nnlab.ui.panels.network.columns import Stack


def draw_stack(painter: QPainter, stack: Stack, values: Array, known: NodeActivations | None) -> None:
    """One layer's units; `known` is what is known of it beyond this sample: its range, and its planes.

    Numbers at every place of a sequence are a square for each place, with a stripe for each number; of a film's maps
    the middle frame is drawn.
    """
    limit = pictures.limit_of(known) if known else float(np.nan_to_num(np.abs(values).max())) or 1.0
    if values.ndim > 1:
        tiles = _as_tiles(values[: stack.shown])
        _draw_tiles(painter, stack, NodeActivations("maps", tiles, -limit, limit, 0, 0, stack.total))
        _draw_frames(painter, stack, None)
    elif known is not None and known.kind == "plane" and len(known.values) >= stack.shown:
        _draw_tiles(painter, stack, known)
        _draw_frames(painter, stack, pictures.signed_colors(values[: stack.shown], limit))
    else:
        painter.setPen(QPen(theme.current().color("wire"), 1))
        for unit, color in enumerate(pictures.signed_colors(values[: stack.shown], limit)):
            painter.setBrush(color)
            painter.drawEllipse(stack.place(unit))
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _as_tiles(values: Array) -> Array:
    if values.ndim == 2:
        return values[:, None, :]
    while values.ndim > 3:
        values = values[:, values.shape[1] // 2]
    return values


def draw_names(painter: QPainter, stacks: Mapping[str, Stack]) -> None:
    """Each layer's name above its units, and below how many are not drawn."""
    now = theme.current()
    middles = sorted({stack.x for stack in stacks.values()})
    across = min((b - a for a, b in itertools.pairwise(middles)), default=160.0)
    crowded = any(plots.text_width(stack.title) > across - 4 for stack in stacks.values())
    for stack in stacks.values():
        rise = 13 if crowded and middles.index(stack.x) % 2 else 0  # every other name a line higher
        title = plots.shortened(stack.title, across * (2 if crowded else 1) - 6)
        at = QPointF(stack.x - plots.text_width(title) / 2, stack.place(0).top() - 9 - rise)
        plots.draw_text(painter, at, title, now.color("muted"))
        more = stack.more if plots.text_width(stack.more) < across else stack.more_short
        at = QPointF(stack.x - plots.text_width(more) / 2, stack.bottom + 15)
        plots.draw_text(painter, at, more, now.color("muted"))


def _draw_tiles(painter: QPainter, stack: Stack, node: NodeActivations) -> None:
    ratio = painter.device().devicePixelRatioF()
    side, gap = round(stack.side * ratio), round(stack.pitch * ratio) - round(stack.side * ratio)
    sheet = pictures.sheet(replace(node, values=node.values[: stack.shown]), 1, side, side, gap)
    sheet.setDevicePixelRatio(ratio)
    painter.drawImage(stack.place(0).topLeft(), sheet)


def _draw_frames(painter: QPainter, stack: Stack, colors: list[QColor] | None) -> None:
    """A frame around each tile, in the colour of the unit's number for the chosen sample if it has one."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(plots.faded("wire", 0.6), 1))
    for unit in range(stack.shown):
        if colors is not None:
            painter.setPen(QPen(colors[unit], 2))
        painter.drawRect(stack.place(unit).adjusted(-1, -1, 0, 0))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
