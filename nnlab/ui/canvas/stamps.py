"""Drawings that repeat, kept as pictures for the present zoom: a card's shadow and rounding cost more than all its words."""

from collections.abc import Callable, Hashable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPaintEngine, QPainter, QPixmap, QTransform

LARGEST_SCALE = 3.0  # above, few are seen at once and each would take much memory
LIMIT = 200

_kept: dict[tuple[Hashable, float, float], QPixmap] = {}


def stamp(painter: QPainter, key: Hashable, area: QRectF, draw: Callable[[QPainter], None]) -> None:
    """Draw what `draw` draws inside `area`; on a screen from a picture made once for each key and zoom."""
    scale = painter.worldTransform().m11()
    ratio = painter.device().devicePixelRatio()
    if scale * ratio > LARGEST_SCALE or painter.paintEngine().type() != QPaintEngine.Type.Raster:
        draw(painter)
        return
    full_key = (key, scale, ratio)
    picture = _kept.get(full_key)
    if picture is None:
        if len(_kept) >= LIMIT:
            _kept.clear()
        picture = _kept[full_key] = _make(area, scale, ratio, draw)
    corner = painter.worldTransform().map(area.topLeft())
    kept = painter.worldTransform()
    painter.setWorldTransform(QTransform())  # on whole pixels, so that it stays sharp
    painter.drawPixmap(QPointF(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio), picture)
    painter.setWorldTransform(kept)


def _make(area: QRectF, scale: float, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap:
    picture = QPixmap(round(area.width() * scale * ratio) + 1, round(area.height() * scale * ratio) + 1)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    painter.translate(-area.topLeft())
    draw(painter)
    painter.end()
    return picture
