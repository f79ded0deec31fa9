"""Arrays become pictures the right way up, in the theme's colours, with bytes of their own."""

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from nnlab.engine.wants import Array, NodeActivations
from nnlab.ui.look import pictures, theme

pytestmark = pytest.mark.usefixtures("qapp")


def node(kind: str, values: Array, low: float = -1, high: float = 1) -> NodeActivations:
    return NodeActivations(kind, values.astype(np.float32), low, high, 0, 0, len(values))  # type: ignore[arg-type]


def distance(a: QColor, b: QColor) -> int:
    return abs(a.red() - b.red()) + abs(a.green() - b.green()) + abs(a.blue() - b.blue())


def test_signed_values_are_blue_below_zero_and_orange_above() -> None:
    now = theme.current()
    below, zero, above = (QColor.fromRgb(int(p)) for p in pictures.signed(np.array([-2, 0, 2], np.float32), 2))
    assert (below.name(), zero.name(), above.name()) == (now.negative, now.zero, now.positive)


def test_what_is_no_number_is_drawn_as_zero_or_the_end_of_the_scale() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 1e38], np.float32)
    now = theme.current()
    names = [QColor.fromRgb(int(p)).name() for p in pictures.signed(values, 1)]
    assert names == [now.zero, now.positive, now.negative, now.positive]
    assert len(set(pictures.magnitude(values, 0, 1).tolist())) == 2
    assert pictures.signed(values, float("nan")).shape == (4,)
    assert pictures.classes(np.full((2, 2, 3), np.nan, np.float32)).shape == (2, 2)


def test_magnitudes_grow_lighter_all_the_way() -> None:
    ramp = pictures.magnitude(np.linspace(3, 9, 256, dtype=np.float32), 3, 9)
    light = [0.2126 * c.redF() + 0.7152 * c.greenF() + 0.0722 * c.blueF() for c in map(QColor.fromRgb, ramp.tolist())]
    assert all(b > a - 0.004 for a, b in pairwise(light))
    assert light[-1] - light[0] > 0.6


def test_a_plane_is_turned_so_that_its_lowest_y_is_at_the_bottom() -> None:
    values = np.array([[1, 1], [-1, -1]], np.float32)
    picture = pictures.image(pictures.signed(values, 1), flip=True)
    assert picture.pixelColor(0, 1).name() == theme.current().positive
    assert picture.pixelColor(0, 0).name() == theme.current().negative
    plane, maps = node("plane", values[None]), node("maps", values[None])
    assert pictures.thumbnail(plane, 20, 20).pixelColor(10, 18).name() == theme.current().positive
    assert pictures.thumbnail(maps, 20, 20).pixelColor(10, 1).name() == theme.current().positive


def test_an_image_has_bytes_of_its_own() -> None:
    pixels = pictures.signed(np.zeros((8, 8), np.float32), 1)
    picture = pictures.image(pixels)
    before = picture.pixelColor(3, 3)
    pixels[:] = 0
    assert picture.pixelColor(3, 3) == before


@pytest.mark.parametrize("count", [2, 3, 5, 10, 14])
def test_each_class_has_its_colour_and_an_even_chance_has_none(count: int) -> None:
    sure = np.eye(count, dtype=np.float32)[None]
    colors = [QColor.fromRgb(int(p)) for p in pictures.classes(sure)[0]]
    zero = theme.current().color("zero")
    for k, color in enumerate(colors):
        pure = QColor(theme.current().classes[k % 10])
        mixed = [round(z + pictures.WASH * (p - z)) for p, z in zip(pure.getRgb()[:3], zero.getRgb()[:3], strict=True)]
        assert distance(color, QColor(*mixed)) <= 3
    assert len({color.name() for color in colors}) == min(count, 10)
    even = np.full((1, 1, count), 1 / count, np.float32)
    assert distance(QColor.fromRgb(int(pictures.classes(even)[0, 0])), theme.current().color("zero")) <= 6
    half = even * 0.5 + sure[:, :1] * 0.5
    shades = [
        distance(QColor.fromRgb(int(pictures.classes(p)[0, 0])), theme.current().color("zero"))
        for p in (even, half, sure[:, :1])
    ]
    assert shades == sorted(shades)
    assert len(set(pictures.classes(np.concatenate([half, sure[:, :1]]), discretise=True).ravel().tolist())) == 1


@pytest.mark.parametrize("kind", ["plane", "maps", "vector"])
@pytest.mark.parametrize("count", [1, 2, 8, 64])
@pytest.mark.parametrize("size", [(144, 36), (48, 40), (1, 1), (300, 12), (7, 200)])
def test_a_thumbnail_has_exactly_the_size_asked_for(kind: str, count: int, size: tuple[int, int]) -> None:
    values = np.random.default_rng(0).normal(size=(count, 8, 8) if kind != "vector" else (count,))
    picture = pictures.thumbnail(node(kind, values), *size)
    assert (picture.width(), picture.height()) == size
    assert picture.format() == QImage.Format.Format_ARGB32_Premultiplied


def test_bars_stand_on_zero_in_the_colour_of_their_sign() -> None:
    picture = pictures.thumbnail(node("vector", np.array([1.0, -1.0])), 48, 41)
    now = theme.current()
    assert picture.pixelColor(10, 5).name() == now.positive
    assert picture.pixelColor(34, 36).name() == now.negative
    assert picture.pixelColor(34, 5).alpha() == 0


def test_nothing_at_all_is_no_crash() -> None:
    empty = node("vector", np.empty(0))
    assert pictures.thumbnail(empty, 40, 20).width() == 40
    dead = node("plane", np.zeros((4, 16, 16)), 0, 0)
    assert pictures.thumbnail(dead, 40, 20).width() == 40


def test_the_colours_follow_the_theme(qapp: QApplication) -> None:
    values = np.array([-1, 0, 1], np.float32)
    light = pictures.signed(values, 1).tolist()
    try:
        theme.apply(qapp, theme.DARK)
        assert pictures.signed(values, 1).tolist() != light
    finally:
        theme.apply(qapp, theme.LIGHT)
    assert pictures.signed(values, 1).tolist() == light


@pytest.mark.parametrize(("count", "width", "height"), [(1, 100, 30), (8, 144, 36), (64, 144, 36), (16, 40, 40)])
def test_a_mosaic_never_leaves_its_picture(count: int, width: int, height: int) -> None:
    columns, rows, side = pictures.mosaic(count, width, height)
    assert columns * (side + pictures.GAP) - pictures.GAP <= width
    assert rows * (side + pictures.GAP) - pictures.GAP <= height


def test_a_photograph_has_the_colours_of_its_channels() -> None:
    values = np.zeros((3, 2, 3), np.float32)
    values[:, 0, 1], values[:, 1, 2] = (1.0, 0.5, 0.0), (2.0, -1.0, np.nan)
    photograph = pictures.photograph(values)
    assert (photograph.width(), photograph.height()) == (3, 2)
    assert photograph.pixelColor(1, 0).getRgb()[:3] == (255, 128, 0)
    assert photograph.pixelColor(2, 1).getRgb()[:3] == (255, 0, 0)
    grey = pictures.photograph(np.full((1, 2, 2), 0.2, np.float32))
    assert grey.pixelColor(0, 0).getRgb()[:3] == (51, 51, 51)


def test_a_mask_leaves_the_background_empty() -> None:
    labels = np.array([[0, 1], [2, 0]])
    shown = pictures.mask(labels)
    now = theme.current()
    assert shown.pixelColor(0, 0) == now.color("zero")
    assert shown.pixelColor(1, 0) == QColor(now.classes[0])
    assert shown.pixelColor(0, 1) == QColor(now.classes[1])


def test_an_input_in_colour_is_shown_as_its_picture() -> None:
    colours = np.zeros((3, 4, 8), np.float32)
    colours[2] = 1
    node = NodeActivations("maps", colours - 0.5, -1, 1, 0, 0, 3, colours)
    shown = pictures.thumbnail(node, 40, 40)
    assert (shown.width(), shown.height()) == (40, 40)
    assert shown.pixelColor(20, 20).getRgb() == (0, 0, 255, 255)
    assert shown.pixelColor(20, 2).alpha() == 0
