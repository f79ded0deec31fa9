"""Icons in the colours of the theme: outline drawings in resources/icons, coloured when they are asked for."""

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from nnlab.ui.look import resources, theme

SIZES = (16, 20, 24, 32)
DISABLED_ALPHA = 120

_pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}
_icons: dict[tuple[str, str, str, tuple[float, ...]], QIcon] = {}


@cache
def names() -> frozenset[str]:
    """Every icon there is."""
    return frozenset(file.stem for file in resources.path("icons").glob("*.svg"))


def for_category(category: str) -> str:
    """The name of the icon of a layer category: "Merge and reshape" is "cat-merge"."""
    name = "cat-" + category.split(" ")[0].lower()
    return name if name in names() else "layers"


def icon(name: str, token: str = "text") -> QIcon:
    """The icon in a colour of the present theme, paler where its control is disabled; empty for an empty name.

    `token` is a colour of the theme, or a layer category for the colour of its family.
    """
    if not name:
        return QIcon()
    current = theme.current()
    color, pale = _color(token), current.color("muted", DISABLED_ALPHA)
    ratios = _ratios()
    key = (name, color.name(QColor.NameFormat.HexArgb), pale.name(QColor.NameFormat.HexArgb), ratios)
    if key not in _icons:
        made = QIcon()
        for size in SIZES:
            for ratio in ratios:
                made.addPixmap(_pixmap(name, size, color, ratio), QIcon.Mode.Normal)
                made.addPixmap(_pixmap(name, size, pale, ratio), QIcon.Mode.Disabled)
        _icons[key] = made
    return _icons[key]


def pixmap(name: str, size: int, token: str = "text", ratio: float | None = None) -> QPixmap:
    """The icon as a picture `size` wide, for a screen of `ratio` device pixels per pixel (this screen's if not given)."""
    return _pixmap(name, size, _color(token), ratio or max(_ratios()))


def _color(token: str) -> QColor:
    """A token of the theme, or a layer category for the colour of its family."""
    current = theme.current()
    return QColor(current.families[token]) if token in current.families else current.color(token)


def _ratios() -> tuple[float, ...]:
    return tuple(sorted({1.0, *(screen.devicePixelRatio() for screen in QGuiApplication.screens())}))


def _pixmap(name: str, size: int, color: QColor, ratio: float) -> QPixmap:
    key = (name, color.name(QColor.NameFormat.HexArgb), size, ratio)
    if key not in _pixmaps:
        _pixmaps[key] = _render(name, size, color, ratio)
    return _pixmaps[key]


def _render(name: str, size: int, color: QColor, ratio: float) -> QPixmap:
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", color.name()).encode()))
    painter = QPainter(picture)
    painter.setOpacity(color.alphaF())
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture


@cache
def _source(name: str) -> str:
    if name not in names():
        raise KeyError(f"there is no icon {name!r} in resources/icons")
    return resources.path("icons", f"{name}.svg").read_text(encoding="utf-8")
